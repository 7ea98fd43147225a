"""The witnesses of a gate: made of its settings, told of as devices, and their words kept for who judges a plate."""

import time

import pytest

from agent.assembly.lanes import GateLanes
from agent.clock.clock import Clock
from agent.core.lane.state import LaneLockout
from agent.core.model import WitnessReading
from agent.devices import PortState
from agent.devices.device_status import DeviceStatusTable
from agent.lane import LaneServiceDependencies
from agent.lane.shared_interlock import Interlock
from agent.recording.recorder import Recorder
from agent.settings.model.lane import Lane
from agent.vision.mapping import CameraStatus
from agent.vision.witness import WitnessedPicture
from agent.vision.worker.protocol import CameraPhase
from drivers.relay import simulated
from tests.support.store.flaky_journal import FlakyJournal
from tests.support.store.journals import UTC

TABLE = {"kind": "hikvision", "host": "192.168.1.64", "user": "gate", "password": "hush"}


class Settings:
    """As much of the settings as the lanes are made of."""

    def __init__(self, **lane):
        relay = {"kind": "simulated", "name": "witnesses"}
        self.lanes = {"exit-1": Lane.model_validate({"number": 1, "direction": "export", "relay": relay} | lane)}


@pytest.fixture
def devices(tmp_path):
    journal = FlakyJournal(tmp_path / "journal.db")
    yield DeviceStatusTable(Recorder(journal, lambda: UTC), lambda: UTC)
    journal.close()
    simulated.forget_boards()


@pytest.fixture
def lanes(devices):
    recorder = Recorder(None, lambda: UTC)
    services = LaneServiceDependencies(
        recorder, devices, Clock().now, lambda _pictures: None, Interlock((), ()), lambda _lane: LaneLockout()
    )
    settings = Settings(
        witnesses=[
            {"id": "second", **TABLE},
            {
                "id": "third",
                "kind": "dahua",
                "camera_lane": 2,
                "host": "b",
                "user": "u",
                "password": "p",
                "certain": 100,
            },
        ]
    )
    return GateLanes(settings, services, lambda _lane: lambda *_: None)


def said(text, at, witness="exit-1/second"):
    return WitnessedPicture(WitnessReading(witness, text, 1.0, at), {})


def test_each_witness_of_the_settings_has_a_supervisor_with_all_its_drivers_keys(lanes):
    second, third = lanes.witnesses
    assert (second.name, third.name) == ("exit-1/second", "exit-1/third")
    assert second._configure.witness_kind == "hikvision"
    assert second._configure.witness["password"] == TABLE["password"]
    assert second._configure.witness["silence_s"] == 60.0
    assert (third._configure.witness["certain"], third._camera_lane) == (100.0, 2)


def test_what_a_witness_says_is_kept_for_a_while_and_asked_for_by_time(lanes):
    (lane,) = lanes.units
    now = time.monotonic()
    for number in range(100):
        lanes.witnesses[0]._on_seen(said(f"A{number}", now + number))
    assert [one.text for one in lane.witness_readings(now + 98)] == ["A98", "A99"]
    assert len(lane.witness_readings(0.0)) == 64


def test_a_witness_that_talks_without_end_pushes_out_no_word_of_another(lanes):
    (lane,) = lanes.units
    second, third = (witness._on_seen for witness in lanes.witnesses)
    second(said("B1", 1.0))
    for number in range(100):
        third(said("A1", 0.5 + number, "exit-1/third"))
    kept = lane.witness_readings(0.0)
    assert [one.text for one in kept if one.witness == "exit-1/second"] == ["B1"]
    assert [one.at for one in kept] == sorted(one.at for one in kept)


def test_a_witness_is_told_of_as_a_camera_and_is_no_reader_of_the_lane(lanes, devices):
    (lane,) = lanes.units
    tell = lanes.witnesses[0]._on_status
    tell(CameraStatus("exit-1/second", PortState.UP, CameraPhase.STREAMING, detail="a camera at 192.168.1.64:80"))
    assert (devices.known["exit-1/second"].family, devices.states["exit-1/second"]) == ("camera", "streaming")
    tell(CameraStatus("exit-1/second", PortState.LOST, CameraPhase.BACKOFF, detail="no connection"))
    assert devices.states["exit-1/second"] == "lost"
    assert lane._readers == {}
