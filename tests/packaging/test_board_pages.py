"""Every board has a page with a picture of its wiring, and what the page says can be used."""

from __future__ import annotations

import re
import sys
import tomllib
from itertools import combinations, product
from pathlib import Path

import pytest

from agent.settings import load
from agent.settings.configuration_loading import models
from agent.settings.model.agent import EXAMPLE_ROOT_KEY
from drivers import registry

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BOARDS = DOCS / "boards"
SAMPLES = sorted((ROOT / "config" / "lanes").glob("*.toml"))
KINDS = sorted({*registry.RELAYS.own, *registry.INPUTS.own, *registry.SCANNERS.own})
PAGES = sorted([*BOARDS.glob("*.md"), DOCS / "safety.md"])
TOML = re.compile(r"^```toml\n(.*?)^```", re.DOTALL | re.MULTILINE)
BLOCKS = [
    pytest.param(text, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, text in enumerate(TOML.findall(page.read_text("utf-8")))
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
SIGNALS = ("presence", "safety", "photocell", "opened", "closed", "key", "hold")
LINKED = ("waveshare_d", "waveshare_io")
"""Profiles of boards whose inputs drive their own relays until they are told not to."""
MAIN = (
    f'version = 1\n[gate]\nid = "gate-1"\nsite = 1\n[permits]\nroot_keys = ["{EXAMPLE_ROOT_KEY}"]\n[mqtt]\nenabled '
    "= false\n"
)


@pytest.fixture(scope="module")
def tool():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tools"))
        before = set(sys.modules)
        import wiring_diagrams  # noqa: PLC0415 - the tools are on the path only here

        yield wiring_diagrams
        for name in set(sys.modules) - before:
            if name.startswith("wiring_"):
                del sys.modules[name]


@pytest.fixture(scope="module")
def pictures(tool):
    return tool.pictures()


def completion(lanes):
    """What is missing until the lanes of a block are a whole configuration; a simulated board where they name none."""
    parts = [MAIN]
    for number, (name, lane) in enumerate(lanes.items(), start=1):
        if "number" not in lane:
            assert "direction" not in lane
            parts.append(f'[lanes.{name}]\nnumber = {number}\ndirection = "export"\n')
        if "relay" not in lane:
            parts.append(f'[lanes.{name}.relay]\nkind = "simulated"\nname = "{name}"\n')
        if "signals" in lane and "inputs" not in lane:
            parts.append(f'[lanes.{name}.inputs]\nkind = "simulated"\nname = "{name}"\n')
        if "inputs" in lane and "signals" not in lane:
            parts.append(f"[lanes.{name}.signals]\npresence = 1\nsafety = 2\n")
    return "".join(parts)


def is_part_of(part, whole):
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(name in whole and is_part_of(part[name], whole[name]) for name in part)
    if isinstance(part, list) and part and isinstance(part[0], dict):
        return all(any(is_part_of(each, other) for other in whole) for each in part)
    return part == whole


def words(page):
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_page_that_shows_a_picture_of_its_wiring(kind):
    page = BOARDS / f"{kind}.md"
    shown = re.findall(r"!\[[^\]]+\]\((\S+\.svg)\)", words(page))
    assert shown
    assert all((BOARDS / picture).is_file() for picture in shown)
    assert f"]({kind}.md)" in words(BOARDS / "README.md")


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_shows_a_part_of_the_shipped_sample_as_it_is(kind):
    samples = [tomllib.loads(words(sample)) for sample in SAMPLES]
    shown = [tomllib.loads(block) for block in TOML.findall(words(BOARDS / f"{kind}.md"))]
    assert any(is_part_of(part, sample) for part in shown for sample in samples)


def test_every_kind_that_is_refused_stands_on_the_page_of_the_refused():
    page = words(BOARDS / "refused.md")
    assert [kind for kind in registry.REFUSED if f"`{kind}`" not in page] == []


def test_every_page_and_every_picture_is_led_to_from_the_index():
    index = words(BOARDS / "README.md")
    assert [page.name for page in BOARDS.glob("*.md") if page.name != "README.md" and page.name not in index] == []
    shown = "".join(words(page) for page in PAGES)
    assert [picture.name for picture in BOARDS.glob("*.svg") if f"{picture.name})" not in shown] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page):
    for target in LINK.findall(words(page)):
        if target.startswith(("https://", "http://")):
            continue
        path, _, place = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if place:
            heads = re.findall(r"^#+ (.+)$", words(file), re.MULTILINE)
            assert place in {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}, target


@pytest.mark.parametrize("text", BLOCKS)
def test_every_configuration_of_a_page_passes_the_check(text, tmp_path):
    (tmp_path / "block.toml").write_text(text, encoding="utf-8")
    lanes = tomllib.loads(text)["lanes"]
    main = tmp_path / "gate.toml"
    main.write_text('include = ["block.toml"]\n' + completion(lanes), encoding="utf-8")
    loaded = load(main, environment={}, credentials_directory=None, models=models, relays=registry.relay)
    assert set(loaded.settings.lanes) == set(lanes)


def test_no_picture_is_stale(tool, pictures):
    there = {path.name: path.read_text(encoding="utf-8") for path in BOARDS.glob("*.svg")}
    assert there == {name: picture.svg() for name, picture in pictures.items()}, f"run: python {tool.__file__}"


def test_no_words_of_a_picture_touch_other_words_or_leave_the_card(pictures):
    for name, picture in pictures.items():
        for text in picture.texts:
            assert text.room.x0 > 4, (name, text)
            assert text.room.x1 < picture.width - 4, (name, text)
            assert text.room.y1 < picture.height - 4, (name, text)
        for one, other in combinations(picture.texts, 2):
            assert not overlap(one.room, other.room), (name, one.words, other.words)


def test_no_wire_of_a_picture_runs_through_words_a_device_or_another_wire(pictures):
    for name, picture in pictures.items():
        for wire in picture.wires:
            for room in pieces(wire):
                assert [text.words for text in picture.texts if overlap(room, text.room)] == [], (name, wire)
                assert [box for box in picture.boxes if overlap(room, shrunk(box))] == [], (name, wire)
        for one, other in combinations(picture.wires, 2):
            assert not any(overlap(a, b) for a in pieces(one) for b in pieces(other)), (name, one, other)


def test_no_words_of_a_picture_lie_across_the_edge_of_a_device(pictures):
    for name, picture in pictures.items():
        for text, box in product(picture.texts, picture.boxes):
            assert not overlap(text.room, box) or is_within(text.room, box), (name, text.words)


def test_the_devices_and_flags_of_a_picture_stand_apart(pictures):
    for name, picture in pictures.items():
        for flag in picture.flags:
            assert not any(overlap(flag, box) for box in (*picture.boxes, *(set(picture.flags) - {flag}))), name
        for one, other in combinations(picture.boxes, 2):
            assert not overlap(one, other), (name, one, other)


def test_no_number_of_a_picture_contradicts_the_shipped_samples(tool):
    for name, board in tool.BOARDS.items():
        for sample in SAMPLES:
            for lane in tomllib.loads(words(sample))["lanes"].values():
                if not describes(name, lane):
                    continue
                assert lane["barrier"]["open_channel"] == board.open
                drawn = {**dict(board.signals), "red_channel": board.red, "green_channel": board.green}
                given = {**lane.get("signals", {}), **lane["barrier"]}
                assert {key: given[key] for key in drawn if key in given} == {
                    key: number for key, number in drawn.items() if key in given
                }


def test_nothing_shown_opens_by_a_relay_that_an_input_may_drive_by_itself():
    blocks = [block for page in PAGES for block in TOML.findall(words(page))]
    for text in (*blocks, *map(words, SAMPLES)):
        for lane in tomllib.loads(text)["lanes"].values():
            relay = lane.get("relay", {})
            if (
                relay.get("kind") == "modbus_rtu"
                and relay.get("profile", "waveshare_d") in LINKED
                and "signals" in lane
            ):
                inputs = {number for signal, number in lane["signals"].items() if signal in SIGNALS}
                assert lane["barrier"]["open_channel"] not in inputs, text


def describes(name, lane):
    """Whether the sample lane is the one that the picture shows: the board's kind, or its profile where it has them."""
    return name in {lane["relay"]["kind"], lane["relay"].get("profile")} and "signals" in lane


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def is_within(one, other):
    return one[0] >= other[0] and one[1] >= other[1] and one[2] <= other[2] and one[3] <= other[3]


def shrunk(box):
    return (box.x0 + 1, box.y0 + 1, box.x1 - 1, box.y1 - 1)


def pieces(wire):
    """The room of each straight piece of a wire."""
    half = wire.kind.width / 2
    for (x0, y0), (x1, y1) in zip(wire.points, wire.points[1:], strict=False):
        assert x0 == x1 or y0 == y1, "a wire runs at right angles"
        across, along = (half, 0) if x0 == x1 else (0, half)
        yield (min(x0, x1) - across, min(y0, y1) - along, max(x0, x1) + across, max(y0, y1) + along)
