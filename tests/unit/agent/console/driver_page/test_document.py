"""The page, its drawings and its colours: their form, and that nothing in them breaks the policy of the console."""

from __future__ import annotations

import re
from importlib.resources import files
from xml.etree import ElementTree as ET

import pytest

from agent.console.driver_page.document import document, version
from agent.console.driver_page.pictograms import HOW_TO_HOLD, OF_MESSAGES, OF_PAGE
from agent.core.model import DriverMessage
from agent.i18n import Language

STATIC = files("agent.console") / "static"
FOLDERS = [STATIC / name for name in (OF_MESSAGES, OF_PAGE) if (STATIC / name).is_dir()]
DRAWINGS = sorted(path for folder in FOLDERS for path in folder.iterdir() if path.name.endswith(".svg"))
STYLE = (STATIC / "driver" / "driver.css").read_text(encoding="utf-8")
CONTRAST = 7.0
TONES = ("ask", "go", "wait", "stop", "idle", "plate")


def luminance(colour):
    """Of WCAG 2."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def themes():
    """The colours of each theme, by name."""
    blocks = re.findall(r":root(?:\[[^\]]*\])? \{([^}]*)\}", STYLE)
    return [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block)) for block in blocks]


@pytest.mark.parametrize("number", [0, 1, 2], ids=["bright", "dark", "dark as the device asks"])
@pytest.mark.parametrize("tone", TONES)
def test_every_pair_of_colours_is_told_apart_by_seven_to_one(number, tone):
    colours = themes()[number]
    assert contrast(colours[tone], colours[f"{tone}-on"]) >= CONTRAST


def test_the_dark_theme_is_the_same_however_it_is_asked_for():
    _, dark, by_device = themes()
    assert dark == by_device
    assert len(dark) == 2 * len(TONES)


def test_the_tones_differ_in_lightness_or_in_shape():
    bright = themes()[0]
    by_lightness = sorted((luminance(bright[tone]), tone) for tone in ("ask", "go", "wait", "stop", "idle"))
    assert by_lightness[-1][1] == "wait"
    shapes = {(STATIC / OF_PAGE / f"tone_{tone}.svg").read_text(encoding="utf-8") for _, tone in by_lightness}
    assert len(shapes) == 5


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_a_drawing_is_one_picture_in_the_colour_of_the_text_without_a_style_or_a_link(path):
    text = path.read_text(encoding="utf-8")
    root = ET.fromstring(text)  # noqa: S314 - a file of ours
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "viewBox" in root.attrib
    assert "currentColor" in text
    for element in root.iter():
        assert element.tag.rpartition("}")[2] not in {"style", "script", "image", "use", "foreignObject", "a", "text"}
        assert not {name for name in element.attrib if name == "style" or name.startswith("on") or "href" in name}


def test_each_name_of_a_drawing_is_that_of_a_message_a_tone_or_the_picture_of_how_to_hold():
    names = {path.name.removesuffix(".svg") for path in DRAWINGS}
    tones = {f"tone_{tone}" for tone in ("ask", "go", "wait", "stop", "idle")}
    assert tones | {HOW_TO_HOLD} <= names <= tones | {HOW_TO_HOLD} | set(DriverMessage)


def test_a_page_loads_two_files_of_this_gate_and_nothing_else():
    page = document("exit-1", (Language.ZH, Language.KK, Language.EN), "dark", "90")
    assert set(re.findall(r'(?:src|href)="([^"]+)"', page)) == {
        "data:,",
        "/static/driver/driver.css",
        "/static/driver/driver.js",
    }
    assert "http" not in page
    assert page.count("<title>") == 1
    assert len(re.findall(r' id="(?!message-|how-to-hold)', page)) == 7
    assert "http" not in STYLE
    assert 'data-theme="dark" data-turn="90"' in page
    assert page.count("<template id=") == len(DriverMessage) + 1


def test_movement_is_the_style_sheets_alone_and_ends_where_less_of_it_is_asked_for():
    reduced = STYLE.partition("prefers-reduced-motion: reduce")[2]
    moved = set(re.findall(r"([^\n{}]+) \{ animation: (?!none)", STYLE))
    assert len(moved) == 4
    for selector in (".how-phone", ".how-good", ".how-beam", ".screen .picture svg"):
        assert selector in reduced
    assert "animation: none !important" in reduced


def test_a_page_of_other_languages_is_of_another_version():
    assert version((Language.ZH,)) != version((Language.ZH, Language.EN)) != version((Language.EN, Language.ZH))
    assert version((Language.ZH,)) == version((Language.ZH,))
