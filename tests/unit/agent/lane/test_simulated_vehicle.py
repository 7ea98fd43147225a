"""A simulated vehicle goes when the gate stops, and the stop waits for it."""

from __future__ import annotations

import json

import pytest

from agent.lane.simulated_vehicle import SimulatedLane, SimulatedVehicleRun
from drivers.inputs import simulated as simulated_inputs
from drivers.relay import simulated
from tests.support.waiting import PATIENCE_S, eventually

SIGNALS = {"presence": 1, "safety": 2}


@pytest.fixture
def stage(tmp_path):
    yield SimulatedLane(tmp_path.name, 4, 1, tmp_path.name, 4, SIGNALS, tmp_path / "scene.json")
    simulated.forget_boards()
    simulated_inputs.forget_boards()


def test_a_stop_sends_the_vehicle_away_and_waits_until_it_has_gone(stage, monkeypatch):
    monkeypatch.setattr("agent.lane.simulated_vehicle.STOP_TIMEOUT_S", PATIENCE_S)
    run = SimulatedVehicleRun(stage)
    assert run.play("京A12345", "a code")
    eventually(lambda: stage.scene_file.exists() and json.loads(stage.scene_file.read_bytes()))
    assert run.stop()
    assert not run.playing
    assert json.loads(stage.scene_file.read_bytes()) == {}


def test_where_no_vehicle_came_there_is_none_to_wait_for(stage):
    assert SimulatedVehicleRun(stage).stop()


def test_a_vehicle_that_does_not_go_is_told(stage, monkeypatch):
    monkeypatch.setattr("agent.lane.simulated_vehicle.STOP_TIMEOUT_S", 0.0)
    run = SimulatedVehicleRun(stage)
    monkeypatch.setattr(run._stopping, "set", lambda: None)  # it hears nothing
    assert run.play("京A12345", "a code")
    assert not run.stop()
    monkeypatch.undo()
    run.stop()
    eventually(lambda: not run.playing)
