"""The signs and the loudspeaker of a whole gate: made of its settings, told what its lane says, and told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.core.model import DriverMessage
from agent.doctor.codes import DiagnosticCheck, FindingCode
from agent.i18n import Language
from agent.i18n.driver_texts import sign_lines
from agent.settings.configuration_loading import load_configuration
from drivers.inputs import simulated as simulated_inputs
from drivers.sign.simulated import forget_panels, panel
from drivers.voice.simulated import forget_speakers, speaker
from tests.support.gate.gate_site import GateSite
from tests.support.gate.simulated_gate import forgotten_boards, gate_app, never_stale, scale_stops, simulated_lane
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_mock import MockerFixture

    from agent.assembly.app import App

MORE = """
[[lanes.exit-1.signs]]
id = "left"
kind = "simulated"
name = "left"
lines = 2
languages = ["zh"]

[lanes.exit-1.voice]
kind = "simulated"
name = "post"
"""


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """A gate that runs; whoever asks for it stops it."""
    scale_stops(monkeypatch)
    monkeypatch.setattr("agent.devices.sign.SILENT_S", 600.0)
    monkeypatch.setattr("agent.devices.voice_player.LATEST_S", 600.0)
    settings = GateSite(tmp_path).configure(simulated_lane(tmp_path.name), mqtt="enabled = false", more=MORE)
    with forgotten_boards():
        app = never_stale(gate_app(load_configuration(settings)))
        app.start()
        yield app
        forget_panels()
        forget_speakers()


@pytest.fixture
def app(started: App) -> Iterator[App]:
    """One that is stopped at the end."""
    yield started
    assert started.stop("the end of the test")


def shows(text: str) -> bool:
    page = panel("left").page
    return page is not None and any(text in line.text for line in page.lines)


def said() -> list[str]:
    """The names of the recordings that were played, or are being played."""
    there = speaker("post")
    return [one.stem for one in (*(one.recording for one in there.played), there.playing) if one is not None]


def test_a_vehicle_that_comes_is_told_what_to_do_on_the_sign_and_aloud(app: App, tmp_path: Path) -> None:
    eventually(lambda: shows("欢迎"))
    board = simulated_inputs.board(tmp_path.name)
    board.set(1, True)
    eventually(lambda: shows("二维码"), what=f"the question for the code; it shows {panel('left').page}")
    eventually(lambda: "show_code" in said())
    health = app.parts.status.health()
    assert health["driver_messages"] == {"exit-1": "show_code"}
    eventually(lambda: set(app.parts.status.health()["driver_outputs"]) == {"exit-1/left", "exit-1/voice"})
    output = app.parts.status.health()["driver_outputs"]["exit-1/left"]
    assert (output["languages"], output["receipt"]) == (["zh"], "confirmed")


def test_signs_and_loudspeaker_stand_in_inventory_devices_and_among_the_doctors_findings(app: App) -> None:
    lane = app.parts.status.inventory()["lanes"]["exit-1"]
    assert (lane["signs"], lane["voice"]) == ({"left": "simulated"}, "simulated")
    devices = app.parts.devices
    eventually(lambda: (devices.states.get("exit-1/left"), devices.states.get("exit-1/voice")) == ("up", "up"))
    panel("left").unplugged = True
    speaker("post").unplug()
    eventually(lambda: devices.states["exit-1/left"] == "lost")
    found = app.parts.diagnostics.health_monitor.examine().findings
    codes = {(one.check, one.subject): one.code for one in found}
    assert codes[DiagnosticCheck.SIGNS, "exit-1/left"] is FindingCode.SIGN_LOST
    panel("left").unplugged = False
    speaker("post").plug()
    eventually(lambda: devices.states["exit-1/left"] == "up")
    assert (DiagnosticCheck.VOICES, "exit-1/voice") in codes


def test_a_gate_that_stops_leaves_wait_on_its_sign(started: App, mocker: MockerFixture) -> None:
    eventually(lambda: shows("欢迎"))
    put = mocker.spy(panel("left"), "put")
    assert started.stop("a new configuration", again=True)
    page = put.call_args.args[0]  # it may have gone by itself since
    assert [line.text for line in page.lines] == list(sign_lines(DriverMessage.WAIT, Language.ZH, 16, 2) or ())
