"""Every link within the pages leads somewhere, and so does every "?" of the console."""

import re
from pathlib import Path

import pytest

from agent.console.help import HelpLibrary
from agent.console.help.markdown import headings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
ASKED = re.compile(r"""help_(?:link|address)\(\s*["']([^"']+)["']|["'](?:/settings/help/)([\w/.-]+(?:#[\w-]+)?)["']""")
BUILT = ("docs/images/weather-",)
"""Pictures that only a machine with the photographs makes (docs/generated.md)."""
CONSOLE = ROOT / "agent" / "console"


def links(page):
    """The relative links of a page."""
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    return [one for one in LINK.findall(text) if not re.match(r"[a-z]+:", one)]


def anchors(page):
    return {heading.anchor for _, heading in headings(page.read_text(encoding="utf-8"))}


def leads_nowhere(page, link):
    """Whether a link of a page names a file or a heading that is not there."""
    path, _, anchor = link.partition("#")
    there = (page.parent / path).resolve() if path else page
    name = there.relative_to(ROOT).as_posix()
    if not there.exists():
        return not name.startswith(BUILT)
    return bool(anchor) and there.suffix == ".md" and anchor not in anchors(there)


def asked():
    """Every "?" of the console, with the file that has it."""
    for path in sorted([*CONSOLE.rglob("*.html"), *CONSOLE.rglob("*.py")]):
        for found in ASKED.finditer(path.read_text(encoding="utf-8")):
            yield path.relative_to(ROOT).as_posix(), found[1] or found[2]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page):
    assert [link for link in links(page) if leads_nowhere(page, link)] == []


def test_every_question_mark_leads_to_a_page_and_a_heading_of_the_help():
    pages = HelpLibrary(ROOT / "docs").anchors()
    wrong = []
    for file, target in asked():
        page, _, anchor = target.partition("#")
        if page not in pages or (anchor and anchor not in pages[page]):
            wrong.append((file, target))
    assert wrong == []


def test_every_page_is_listed_on_the_first_one():
    listed = {link.partition("#")[0] for link in links(ROOT / "docs" / "index.md")}
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - listed == {"index.md"}
