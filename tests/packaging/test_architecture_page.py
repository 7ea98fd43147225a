"""The page docs/architecture.md: pictures and tables are what the imports say, and every file and test that it names is there."""

import ast
import re
import sys
from itertools import combinations
from pathlib import Path

import pytest

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


def named(page):
    return [one for one in NAMED.findall(page.read_text(encoding="utf-8")) if one.split("/")[0] in FOLDERS]


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
    picture = tool.picture(graph, container)
    for one in picture.texts:
        room = one.room
        assert 0 < room.x0 < room.x1 < picture.width, one.words
        assert 0 < room.y0 < room.y1 < picture.height, one.words
    for one, other in combinations(picture.texts, 2):
        apart = one.room.x1 <= other.room.x0 or other.room.x1 <= one.room.x0
        assert apart or one.room.y1 <= other.room.y0 or other.room.y1 <= one.room.y0, (one.words, other.words)


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
    names = named(page)
    assert len(names) > 5
    for name in names:
        path, _, test = name.partition("::")
        if "<" in path:
            continue
        assert list(ROOT.glob(path)), name
        assert not test or test in functions_of(ROOT / path), name


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


def test_a_file_that_is_gone_a_stale_table_and_a_lost_place_are_noticed(tool):
    text = PAGE.read_text(encoding="utf-8")
    assert tool.page(text.replace("The barrier of a lane", "Another word")) == text
    with pytest.raises(ValueError, match=r"no place for the rooms of agent\.core"):
        tool.page(text.replace("<!-- end of agent.core -->", ""))
    assert NAMED.findall("`agent/core/gone.py` and `tests/unit/gone.py::test_gone`") == [
        "agent/core/gone.py",
        "tests/unit/gone.py::test_gone",
    ]


def test_rooms_in_a_circle_are_not_drawn(tool):
    with pytest.raises(ValueError, match="cycle"):
        tool.implied_left_out({("lane", "barrier"), ("barrier", "lane")})
