"""Makes the site: a page of HTML for each page of docs, its pictures, and an index to search in."""

from __future__ import annotations

import json
import posixpath
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from agent.console.help.markdown import PICTURES, Rendered, render, target
from agent.console.help.search import sections

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
STATIC: Final = ROOT / "agent" / "console" / "static"
PICTOGRAMS: Final = "/static/pictograms/"
LEFT_OUT: Final = "adr/"
"""What was decided is for those who change the code: they have the repository."""


def build(docs: Path, site: Path) -> int:
    """Write the site into a folder, which is emptied first. Returns the number of its pages. Raises OSError."""
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(parents=True)
    names = {path.relative_to(docs).as_posix(): path for path in sorted(docs.rglob("*")) if path.is_file()}
    pages = {
        name.removesuffix(".md"): path.read_text(encoding="utf-8")
        for name, path in names.items()
        if name.endswith(".md") and not name.startswith(LEFT_OUT)
    }
    template = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined).get_template(
        "page.html"
    )
    for name, source in pages.items():
        rendered = _rendered(name, source, pages)
        (site / f"{name}.html").parent.mkdir(parents=True, exist_ok=True)
        (site / f"{name}.html").write_text(
            template.render(
                title=rendered.headings[0].title if rendered.headings else name,
                contents=[one for one in rendered.headings if one.level == 2],  # noqa: PLR2004 - below the title
                body=rendered.html,
                up="../" * name.count("/"),
                is_first=name == "index",
            ),
            encoding="utf-8",
        )
    for name, path in names.items():
        if name.endswith(PICTURES):
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, site / name)
    shutil.copytree(STATIC / "pictograms", site / "pictograms", dirs_exist_ok=True)
    for file in (
        STATIC / "tokens.css",
        STATIC / "help.css",
        STATIC / "icon.svg",
        HERE / "site.css",
        HERE / "search.js",
    ):
        shutil.copyfile(file, site / file.name)
    (site / "search-index.js").write_text(_index(pages), encoding="utf-8")
    return len(pages)


def _rendered(name: str, source: str, pages: Mapping[str, str]) -> Rendered:
    """A page with links and pictures relative to it, so that the site works below any address and from a disk."""

    def address_of(href: str) -> str:
        address = target(name, href, pages).removeprefix("/settings/help/")
        if not address:
            return ""
        path, mark, anchor = address.partition("#")
        file = path if path.endswith(PICTURES) else f"{path}.html"
        return f"{posixpath.relpath(file, posixpath.dirname(name) or '.')}{mark}{anchor}"

    found = render(source, address_of)
    up = "../" * name.count("/")
    moved = str(found.html).replace(f'src="{PICTOGRAMS}', f'src="{up}pictograms/')
    html = Markup(moved)  # noqa: S704 - made safe there
    return Rendered(html, found.headings)


def _index(pages: Mapping[str, str]) -> str:
    """All sections as a script: a page that is opened from a disk may read no other file."""
    rows = [
        [f"{one.page}.html#{one.anchor}", one.page_title, one.title, one.text]
        for name, source in pages.items()
        for one in sections(name, source)
    ]
    return f"window.SECTIONS = {json.dumps(rows, ensure_ascii=False, separators=(',', ':'))};\n"
