"""The page Set-up: what is left to do, and a simulated vehicle that is read, judged and let through."""

from __future__ import annotations

import pytest

from agent.clock.clock import Clock
from agent.console.pages.setup import NAV
from agent.lane import simulated_vehicle
from agent.setup.practice import practice_permit
from tests.support.console.consoles import LANE, ConsoleGate
from tests.support.waiting import eventually, scaled

PLATE = "京A12345"
CLOCK = """
[clock]
require_synchronised = false
"""
LIMITS_AND_CAMERA = """
opened = 3
closed = 4

[[lanes.out.cameras]]
id = "front"
kind = "simulated"
scene_file = "{scene}"
frame_rate_hz = 4
"""
TIMING = f"""
[lanes.out.timing]
read_s = {min(600.0, scaled(30))}
decide_s = {min(60.0, scaled(5))}
grant_s = {min(60.0, scaled(10))}
stale_s = {min(5.0, scaled(0.3))}
"""


def has_closed(journal):
    return any(one.type == "transaction.closed" for one in journal.range(1, journal.head))


def test_a_simulated_vehicle_with_the_practice_permit_passes_and_the_steps_follow(tmp_path, monkeypatch):
    monkeypatch.setattr(simulated_vehicle, "WAIT_S", scaled(20))
    papers = practice_permit(7, "export", PLATE, int(Clock().now().utc))
    folder = tmp_path / "practice"
    folder.mkdir()
    (folder / "trust-list.txt").write_bytes(papers.trust_list)
    (folder / "permit.txt").write_text(papers.text)
    lane = (CLOCK + LANE + LIMITS_AND_CAMERA).format(board=tmp_path.name, scene=tmp_path / "state/rehearsal/scene.json")
    lane += TIMING
    gate = ConsoleGate(tmp_path, lanes=lane, key=papers.root, permits=f'trust_list = "{folder}/trust-list.txt"')
    with gate:
        browser = gate.browser("technician")
        assert papers.text in browser.get(NAV.path).text
        eventually(lambda: gate.app.lanes[0].view and gate.app.lanes[0].view.state == "idle", 60, "an idle lane")
        eventually(lambda: gate.app.parts.lanes.cameras[0].status.up, 60, "the camera")
        came = browser.post("/settings/setup/out/vehicle", data={"plate": PLATE, "permit": papers.text})
        again = browser.post("/settings/setup/out/vehicle", data={"plate": PLATE, "permit": papers.text})
        # The page is asked once the vehicle has gone: to make it costs more than to look into the journal.
        eventually(lambda: has_closed(gate.app.parts.journal), 60, "the end of the vehicle")
        eventually(lambda: "Passed" in browser.get("/lanes/out/vehicles").text, 60, "a vehicle that passed")
        words = browser.get(NAV.path).text
    assert (came.status_code, came.headers["location"], again.status_code) == (303, "/lanes/out", 409)
    assert "No vehicle has passed yet" not in words
    assert "The gate accepts only its practice permit." in words


def test_no_vehicle_is_simulated_where_the_hardware_is_real(tmp_path):
    with ConsoleGate(tmp_path) as gate:
        answer = gate.browser("technician").post("/settings/setup/out/vehicle", data={"plate": PLATE, "permit": "GP1:"})
        nobody = gate.browser("viewer").post("/settings/setup/out/vehicle", data={"plate": PLATE, "permit": "GP1:"})
    assert (answer.status_code, nobody.status_code) == (404, 403)


def scene_gate(folder, scene, lanes=""):
    """A gate of one lane without hardware whose camera's scene is that file: nobody looks at it."""
    lane = (CLOCK + LANE + LIMITS_AND_CAMERA).format(board=folder.name, scene=scene) + lanes
    return ConsoleGate(folder, lanes=lane, vision=False)


def send_vehicle(gate):
    form = {"plate": PLATE, "permit": "GP1:NOTHING"}
    return gate.browser("technician").post("/settings/setup/out/vehicle", data=form)


@pytest.mark.parametrize(
    "place",
    ["state/journal.db", "state/registry.db", "gate.toml", "precious.json", "state/rehearsal/../../precious.json"],
)
def test_a_simulated_vehicle_never_writes_over_a_file_that_is_no_scene(tmp_path, place):
    (tmp_path / "precious.json").write_text('{"seq": 7}', encoding="utf-8")
    with scene_gate(tmp_path, tmp_path / place) as gate:
        before = (tmp_path / place).resolve().read_bytes()[:16]
        assert send_vehicle(gate).status_code == 404
        assert (tmp_path / place).resolve().read_bytes()[:16] == before
        head = gate.app.parts.journal.head
        assert [one.seq for one in gate.app.parts.journal.range(1, head)] == list(range(1, head + 1))


@pytest.mark.parametrize("content", ['{"seq": 7}', "SQLite format 3\0", '"text"', "{"])
def test_nor_one_of_that_kind_among_the_scenes(tmp_path, content):
    scene = tmp_path / "state/rehearsal/scene.json"
    scene.parent.mkdir(parents=True)
    scene.write_text(content, encoding="utf-8")
    with scene_gate(tmp_path, scene) as gate:
        assert send_vehicle(gate).status_code == 404
        assert scene.read_text(encoding="utf-8") == content


def test_nor_through_a_link(tmp_path):
    precious = tmp_path / "precious.json"
    precious.write_text("{}", encoding="utf-8")
    scene = tmp_path / "state/rehearsal/scene.json"
    scene.parent.mkdir(parents=True)
    scene.symlink_to(precious)
    with scene_gate(tmp_path, scene) as gate:
        assert send_vehicle(gate).status_code == 404
        assert precious.read_text(encoding="utf-8") == "{}"


REAL_LANE = """
[lanes.real]
number = 2
direction = "export"

[lanes.real.relay]
kind = "lcus"
port = "/dev/gate-nothing"
channels = 2
"""


def test_no_simulated_vehicle_comes_at_a_gate_with_a_real_barrier(tmp_path):
    with scene_gate(tmp_path, tmp_path / "state/rehearsal/scene.json", REAL_LANE) as gate:
        assert send_vehicle(gate).status_code == 404
        assert 'action="/settings/setup/out/vehicle"' not in gate.browser("technician").get("/settings/setup").text
