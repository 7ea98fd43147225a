"""The page docs/architecture.md: pictures and tables are what the imports say, and every file and test that it names is
there.
"""

import ast
import re
import sys
from pathlib import Path

import pytest

from tests.support.packaging.drawn_pictures import check_words_stand_apart

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
GUIDE = ROOT / "CONTRIBUTING.md"
PROOFS = ROOT / "docs" / "proofs.md"
GENERATED = ROOT / "docs" / "generated.md"
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED = re.compile(r"`([\w.-]+(?:/[\w.<>*-]+)+(?:::\w+)?)`")
FOLDERS = (
    "agent",
    "bench",
    "central",
    "config",
    "docs",
    "drivers",
    "examples",
    "packaging",
    "sim",
    "systemd",
    "tests",
    "tools",
    "training",
)


@pytest.fixture(scope="module")
def tool():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tools"))
        before = set(sys.modules)
        import architecture  # noqa: PLC0415 - the tools are on the path only here

        yield architecture
        for name in set(sys.modules) - before:
            if name in {"architecture", "layered_picture", "wiring_picture"}:
                del sys.modules[name]


@pytest.fixture(scope="module")
def graph(tool):
    return tool.imports()


def named(text):
    return [one for one in NAMED.findall(text) if one.split("/")[0] in FOLDERS and "<" not in one]


def missing(text):
    gone = []
    for name in named(text):
        path, _, test = name.partition("::")
        there = list(ROOT.glob(path))
        if not there or (test and test not in functions_of(there[0])):
            gone.append(name)
    return gone


def functions_of(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_pictures_are_what_the_imports_say(tool):
    for path, text in tool.pictures().items():
        assert path.read_text(encoding="utf-8") == text, "run: make architecture"


def test_the_tables_are_what_the_faces_say(tool):
    text = PAGE.read_text(encoding="utf-8")
    assert text == tool.page(text), "run: make architecture"


@pytest.mark.parametrize("container", ["agent", "agent.core"])
def test_no_words_of_a_picture_touch_other_words_or_leave_the_card(tool, graph, container):
    check_words_stand_apart(tool.picture(graph, container))


def test_what_is_drawn_and_what_is_left_out_are_all_the_imports(tool, graph):
    rooms = [room for layer in tool.layers_of("agent") for room in layer]
    known = tool.arrows(graph, "agent", rooms)
    shown = tool.implied_left_out(known)
    reached = set(shown)
    while more := {(one, end) for one, other in reached for start, end in shown if start == other} - reached:
        reached |= more
    assert shown < known <= reached
    assert ("lane", "barrier") in shown
    assert ("assembly", "core") in known - shown


@pytest.mark.parametrize("page", [PAGE, GUIDE, GENERATED], ids=lambda page: page.stem)
def test_every_file_and_every_test_that_is_named_is_there(page):
    text = page.read_text(encoding="utf-8")
    assert len(named(text)) > 5
    assert missing(text) == []


@pytest.mark.parametrize("page", [PAGE, GUIDE, PROOFS, GENERATED], ids=lambda page: page.stem)
def test_every_make_target_that_is_named_is_there(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    wanted = set(re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8")))
    assert wanted
    assert wanted <= targets


@pytest.mark.parametrize("page", [PAGE, GUIDE, PROOFS, GENERATED], ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, place = target.partition("#")
        if target.startswith("https://"):
            continue
        assert (page.parent / path).exists(), target
        if place:
            heads = re.findall(r"^#+ (.+)$", (page.parent / path).read_text(encoding="utf-8"), re.MULTILINE)
            assert place in [re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads], target


def test_a_file_that_is_gone_and_a_test_that_is_gone_are_noticed():
    here = Path(__file__).relative_to(ROOT).as_posix()
    gone = ["agent/core/gone.py", f"{here}::test_gone"]
    assert missing(f"`{gone[0]}`, `{gone[1]}`, `{here}::test_rooms_in_a_circle_are_not_drawn`") == gone


def test_a_stale_table_is_written_anew_and_a_lost_place_is_told(tool):
    text = PAGE.read_text(encoding="utf-8")
    stale = text.replace("| 6 | [`agent/core`]", "| 5 | [`agent/core`]")
    assert stale != text
    assert tool.page(stale) == text
    with pytest.raises(ValueError, match=r"no place for the rooms of agent\.core"):
        tool.page(text.replace("<!-- end of agent.core -->", ""))


def test_rooms_in_a_circle_are_not_drawn(tool):
    with pytest.raises(ValueError, match="cycle"):
        tool.implied_left_out({("lane", "barrier"), ("barrier", "lane")})
