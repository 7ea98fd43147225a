"""The pictograms: one for each message to a driver, of two colours that the page gives, without words."""

from __future__ import annotations

import re
from importlib.resources import files
from xml.etree import ElementTree as ET

import pytest

from agent.core.model import DriverMessage
from tests.support.console.consoles import ConsoleGate

FOLDER = files("agent.console") / "static" / "pictograms"
SVG = "{http://www.w3.org/2000/svg}"
SHAPES = {"svg", "title", "g", "path", "circle", "rect"}
COLOURS = {"currentColor", "none", "var(--pictogram-ground, #fff)"}
MOST_BYTES = 2_048


def text_of(message):
    return (FOLDER / f"{message}.svg").read_text(encoding="utf-8")


def drawing(message):
    return ET.fromstring(text_of(message))  # noqa: S314 - our own file


@pytest.fixture(params=sorted(DriverMessage))
def message(request):
    return request.param


def test_there_is_one_for_each_message_and_no_other_file():
    assert {file.name for file in FOLDER.iterdir()} == {f"{message}.svg" for message in DriverMessage}


def test_it_is_drawn_of_plain_shapes_and_has_nothing_that_runs_or_is_elsewhere(message):
    root = drawing(message)
    assert {one.tag for one in root.iter()} <= {SVG + shape for shape in SHAPES}
    for one in root.iter():
        assert not [name for name in one.attrib if "href" in name or name.startswith("on") or name == "style"]
        assert {one.attrib[name] for name in ("fill", "stroke") if name in one.attrib} <= COLOURS
    assert not re.search(r"<[!?]|url\(|&|https?://(?!www\.w3\.org/2000/svg\")", text_of(message))


def test_it_has_a_title_for_those_who_do_not_see_it_and_no_other_words(message):
    root = drawing(message)
    said = [(one.tag, one.text.strip()) for one in root.iter() if one.text and one.text.strip()]
    assert said == [(f"{SVG}title", message.replace("_", " ").capitalize())]


def test_it_takes_the_pages_colours_and_can_be_used_from_its_file(message):
    root = drawing(message)
    assert (root.get("fill"), root.get("viewBox"), root.get("id")) == ("currentColor", "0 0 100 100", "pictogram")


def test_it_is_small(message):
    assert len(text_of(message).encode()) <= MOST_BYTES


def test_no_two_are_the_same_drawing():
    drawn = {re.sub(r"<title>.*</title>", "", text_of(message)) for message in DriverMessage}
    assert len(drawn) == len(DriverMessage)


def test_who_must_stop_sees_an_octagon_and_nobody_else_does():
    octagon = 'd="M30 3h40l27 27v40L70 97H30L3 70V30z"'
    assert {message for message in DriverMessage if octagon in text_of(message)} == {
        DriverMessage.STOP_BARRIER_CLOSES,
        DriverMessage.STOP_FOR_OFFICER,
        DriverMessage.STOP_OTHER_SIDE,
    }


def test_anybody_gets_them_from_the_gate_and_nothing_runs_in_them(tmp_path):
    with ConsoleGate(tmp_path) as gate:
        response = gate.browser().get("/static/pictograms/drive_on.svg")
    assert (response.status_code, response.headers["content-type"]) == (200, "image/svg+xml")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.text == text_of("drive_on")
