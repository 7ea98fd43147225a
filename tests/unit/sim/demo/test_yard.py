"""The demo's yard: the sign is drawn as its card shows it, whatever vehicle is there."""

import json
from pathlib import Path

import pytest

from agent.lane import put_scene
from drivers.camera.simulated_yard.scene import Scene
from drivers.emulators.sign_display import ShownText, SignDisplay
from sim.demo.site import SIGN_COLUMNS, SIGN_LINES
from sim.demo.yard import Yard

VEHICLE = {"vehicle": {"plate": "新A12345"}}


class Folder:
    """A site, as far as the yard needs one."""

    def __init__(self, folder: Path) -> None:
        self.scene_file = folder / "scene.json"

    def show(self, scene):
        put_scene(self.scene_file, scene)

    @property
    def scene(self):
        return Scene.model_validate(json.loads(self.scene_file.read_text(encoding="utf-8")))


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def display(clock):
    return SignDisplay(SIGN_LINES, SIGN_COLUMNS, clock)


@pytest.fixture
def site(tmp_path):
    return Folder(tmp_path)


@pytest.fixture
def told():
    return []


@pytest.fixture
def yard(site, display, told):
    return Yard(site, lambda: tuple((one.text, one.colour) for one in display.in_sight), told.append)


def test_before_anybody_looked_at_the_sign_there_is_none(yard, site):
    yard.show(VEHICLE)
    assert site.scene.vehicle.plate == "新A12345"
    assert site.scene.sign is None


def test_what_the_card_shows_is_drawn_and_told_and_the_vehicle_stays(yard, site, display, told):
    yard.show(VEHICLE)
    display.put(0, ShownText("请通行", "green"), 8)
    yard.look()
    assert [(line.text, line.colour) for line in site.scene.sign.lines] == [("请通行", "green"), ("", "yellow")]
    assert site.scene.sign.columns == SIGN_COLUMNS
    assert site.scene.vehicle.plate == "新A12345"
    assert told == [(("请通行", "green"), ("", ""))]


def test_the_sign_stays_while_vehicles_come_and_go(yard, site, display):
    display.put(1, ShownText("WAIT", "red"), 8)
    yard.look()
    yard.show({"arm_raised": True})
    assert site.scene.arm_raised
    assert site.scene.sign.lines[1].text == "WAIT"


def test_a_text_that_the_card_took_off_by_itself_is_drawn_no_more(yard, site, display, clock, told):
    display.put(0, ShownText("DRIVE ON", "green"), 8)
    yard.look()
    clock.now = 8.0
    yard.look()
    assert not any(line.text for line in site.scene.sign.lines)
    assert told[-1] == (("", ""), ("", ""))


def test_nothing_is_drawn_anew_while_the_sign_shows_the_same(yard, site, display, told):
    display.put(0, ShownText("WAIT", "red"))
    yard.look()
    before = site.scene_file.stat()
    yard.look()
    assert site.scene_file.stat().st_ino == before.st_ino
    assert len(told) == 1
