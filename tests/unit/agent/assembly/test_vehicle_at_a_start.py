"""A vehicle that stands at the barrier while the gate starts: it is judged once its relay board was tried."""

import json
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from agent.settings.configuration_loading import load_configuration
from drivers.emulators.scanner import ScannerEmulator
from drivers.inputs import simulated as simulated_inputs
from drivers.relay import simulated
from tests.support.gate.gate_site import GateSite
from tests.support.gate.simulated_gate import forgotten_boards, gate_app, never_stale, scale_stops, simulated_lane
from tests.support.waiting import PATIENCE_S, eventually

MORE = """
[lanes.exit-1.rules]
without_plate = "pass"

[lanes.exit-1.timing]
decide_s = 10
open_s = 30

[[lanes.exit-1.scanners]]
id = "post"
kind = "serial_lines"
port = "{port}"
"""


@pytest.fixture
def gate(tmp_path, monkeypatch):
    """A gate whose board answers once `answers` is set, and a vehicle that has shown its permit before that."""
    answers, connect = threading.Event(), simulated.SimulatedBoard.connect

    def connect_late(board, owner):
        assert answers.wait(PATIENCE_S)
        connect(board, owner)

    monkeypatch.setattr(simulated.SimulatedBoard, "connect", connect_late)
    scale_stops(monkeypatch)
    site, name = GateSite(tmp_path), tmp_path.name
    with forgotten_boards(), ScannerEmulator(tmp_path / "scanner") as scanner:
        lane = simulated_lane(name) + MORE.format(port=scanner.line.link)
        app = never_stale(gate_app(load_configuration(site.configure(lane, mqtt="enabled = false"))))
        loop = app.lanes[0].loop
        # However long this machine takes to come to it, the board is waited for.
        loop._lane = replace(loop._lane, rules=replace(loop._lane.rules, board_s=2 * PATIENCE_S))
        board = simulated.board(name)
        simulated_inputs.board(name).set(1, True)
        app.start()
        eventually(lambda: app.parts.devices.states.get("exit-1/post") == "up", what="the scanner")
        scanner.scan(site.permit(None))
        gate = SimpleNamespace(app=app, board=board, answers=answers, events=lambda kind: events(app, kind))
        eventually(lambda: gate.events("permit.presented"), what="the permit")
        rounds(app.lanes[0])
        try:
            yield gate
        finally:
            answers.set()
            app.stop("end of the test")


def events(app, kind):
    journal = app.parts.journal
    told = [json.loads(one.payload) for one in journal.range(1, journal.head)]
    return [one["data"] for one in told if one["type"] == kind]


def rounds(lane):
    """Let the lane look at everything that it has heard."""
    for _ in range(3):
        before = lane.view.progress_at
        eventually(lambda before=before: lane.view.progress_at > before, what="a round of the lane")


def test_a_vehicle_at_a_start_is_let_in_once_the_board_is_there_and_no_officer_is_called(gate):
    assert gate.events("access.decided") == []
    assert not any(gate.board.relays.states), "nothing opens before"
    gate.answers.set()
    eventually(lambda: gate.events("access.granted"), what="the grant")
    assert [(one["verdict"], one["reason"]) for one in gate.events("access.decided")] == [("PASS", "OK")]
    assert gate.events("alarm.raised") == []


def test_a_vehicle_at_a_start_is_left_to_an_officer_once_the_board_has_failed(gate):
    gate.board.fault = simulated.BoardFault.UNPLUGGED
    gate.answers.set()
    eventually(lambda: gate.events("access.decided"), what="the decision")
    assert [(one["verdict"], one["reason"]) for one in gate.events("access.decided")] == [("MANUAL", "GATE_FAULT")]
    assert [one["alarm"] for one in gate.events("alarm.raised")] == ["relay_lost"]
    assert gate.events("access.granted") == []
