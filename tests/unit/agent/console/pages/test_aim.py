"""The page Aim over HTTP: what is written into the configuration, by whom, and what is refused."""

from __future__ import annotations

import json
import threading
import tomllib

import pytest

from agent.console.aim_target import CODE_MM, target_code, target_plate
from tests.support.console.consoles import ConsoleGate, acts
from tests.support.waiting import eventually
from tests.unit.agent.console.live.test_live import LANES

WAS = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]
NEW = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]
PATH = "/settings/aim/out/front/zone"


class AimGate(ConsoleGate):
    def __init__(self, folder, *, vision=False):
        self.asked = threading.Event()
        super().__init__(folder, lanes=LANES.format(board=folder.name), reload=self.asked.set, vision=vision)

    @property
    def text(self):
        return self.path.read_text(encoding="utf-8")

    @property
    def zone(self):
        return tomllib.loads(self.text)["lanes"]["out"]["cameras"][0]["zone"]

    def acts(self):
        """What was recorded of acts on the console: (act, person, done, detail)."""
        return [(one["act"], one["person"], one["done"], one["detail"]) for one in acts(self)]


@pytest.fixture
def gate(tmp_path):
    with AimGate(tmp_path) as gate:
        yield gate


@pytest.fixture
def seeing_gate(tmp_path):
    with AimGate(tmp_path, vision=True) as gate:
        yield gate


def send(gate, zone, was=WAS, role="technician"):
    return gate.browser(role).post(PATH, data={"zone": json.dumps(zone), "was": json.dumps(was)})


def test_a_zone_is_written_into_the_configuration_recorded_and_taken(gate):
    before = gate.text
    answer = send(gate, NEW)
    assert answer.status_code == 200
    assert "Saved" in answer.text
    assert gate.zone == NEW
    assert gate.text == before.replace(json.dumps(WAS), json.dumps(NEW))
    assert gate.asked.is_set()
    act = eventually(lambda: [one for one in gate.acts() if one[0] == "configuration.changed"])
    assert act[0][1:3] == ("some-technician", True)
    assert json.dumps(NEW) in act[0][3]
    assert send(gate, [], was=NEW).status_code == 200
    assert gate.zone == []


@pytest.mark.parametrize(
    ("zone", "cause"),
    [
        ("no json", "The zone is invalid"),
        ("[[0.1]]", "The zone is invalid"),
        ('{"a": 1}', "The zone is invalid"),
        ("[" * 1000, "The zone is invalid"),
        ('[["x", 1], [0, 0], [1, 1]]', "The zone is invalid"),
        ("[[0.1, 0.1], [0.9, 0.9]]", "three corners or more"),
        ("[[0, 0], [1, 1], [1, 0], [0, 1]]", "two of its sides cross"),
        ("[[0, 0], [0.01, 0], [0.01, 0.01]]", "a hundredth of the picture"),
        ("[[0, 0], [2, 0], [1, 1]]", "a number from 0 to 1"),
        ("[[0, 0], [NaN, 0], [1, 1]]", "zone"),
        (json.dumps([[0.5, 0.01 * number] for number in range(33)]), "32"),
    ],
)
def test_a_zone_that_cannot_be_is_refused_with_the_cause_and_nothing_changes(gate, zone, cause):
    before = gate.text
    answer = gate.browser("technician").post(PATH, data={"zone": zone, "was": json.dumps(WAS)})
    assert answer.status_code == 422
    assert cause in answer.text
    assert gate.text == before
    assert not gate.asked.is_set()


def test_the_second_of_two_technicians_is_told_and_changes_nothing(gate):
    assert send(gate, NEW).status_code == 200
    answer = send(gate, [[0.3, 0.3], [0.7, 0.3], [0.7, 0.7]])
    assert answer.status_code == 409
    assert "Someone else has changed" in answer.text
    assert gate.zone == NEW


@pytest.mark.parametrize("role", ["viewer", None])
def test_nobody_but_technicians_and_admins_may_change_a_zone(gate, role):
    before = gate.text
    assert send(gate, NEW, role=role).status_code in {303, 403}
    assert gate.text == before


def test_a_configuration_that_is_broken_on_the_disk_is_left_as_it_is(gate):
    gate.path.write_text(gate.text + "\n[nonsense]\n", encoding="utf-8")
    before = gate.text
    answer = send(gate, NEW)
    assert answer.status_code == 422
    assert "nonsense" in answer.text
    assert gate.text == before


def test_an_exposure_is_tried_recorded_and_bounded(seeing_gate):
    gate = seeing_gate
    camera = gate.app.parts.lanes.cameras[0]
    eventually(lambda: camera.status.up and camera.last_heartbeat)
    browser = gate.browser("technician")
    assert browser.post("/settings/aim/out/front/exposure", data={"divisor": "4"}).status_code == 200
    eventually(lambda: (beat := camera.last_heartbeat) and beat.exposure == 0.25)
    assert browser.post("/settings/aim/out/front/exposure", data={"divisor": "1"}).status_code == 200
    eventually(lambda: (beat := camera.last_heartbeat) and beat.exposure == 1.0)
    for bad in ("0", "-1", "1000", "much", ""):
        assert browser.post("/settings/aim/out/front/exposure", data={"divisor": bad}).status_code == 422
    assert [act[0] for act in gate.acts()].count("camera.exposure_tried") == 2


def test_pages_of_cameras_that_are_not_there_are_not_there(gate):
    browser = gate.browser("technician")
    assert browser.get("/settings/aim").headers["location"] == "/settings/aim/out/front"
    for path in ("/settings/aim/out/nowhere", "/settings/aim/nowhere/front", "/settings/aim/in/front"):
        assert browser.get(path).status_code == 404
        assert browser.post(path + "/zone", data={"zone": "[]", "was": "[]"}).status_code == 404


def test_the_target_has_the_size_that_it_says():
    code = target_code()
    width = float(code.split('width="')[1].split("mm")[0])
    assert width == pytest.approx(CODE_MM * 49 / 41)
    halves = target_plate()
    assert [half.split('viewBox="')[1].split('"')[0] for half in halves] == ["0.0 0 202.5 140", "202.5 0 237.5 140"]
