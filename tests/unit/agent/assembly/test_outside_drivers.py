"""A gate with a driver that an installed package brings, and the same gate once the package is gone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.cli.configuration import relay_boards, usable_configuration
from agent.devices import PortState, UnusableInputs, UnusableRelay, UnusableScanner, UnusableSign, UnusableVoice
from agent.settings import SettingsError
from agent.settings.configuration_loading import load_configuration
from agent.settings.editing.history import History, present_files
from agent.settings.editing.last_known_good import state_directory
from drivers.api import DeviceMisconfiguredError, ScanLosses, SignPage
from tests.support.drivers.outside_packages import DECLARED, PACKAGE, RELAY, installed, put
from tests.support.gate.gate_site import GateSite
from tests.support.gate.simulated_gate import forgotten_boards, gate_app, never_stale, scale_stops, simulated_lane
from tests.support.waiting import eventually

GONE = "no driver of kind 'acme'"
LANE = 'relay = { kind = "acme", port = "/dev/gate-barrier" }'


@pytest.fixture
def site(tmp_path, monkeypatch):
    """The configuration of two lanes: one with a board of the package, one with a simulated one."""
    for name in [name for name in os.environ if name.startswith(("GATE_", "CREDENTIALS_", "STATE_"))]:
        monkeypatch.delenv(name)
    second = simulated_lane("second", lane="exit-2")
    return GateSite(tmp_path).configure(
        LANE,
        mqtt="enabled = false",
        more=f'[lanes.exit-2]\nnumber = 2\ndirection = "export"\n{second}',
    )


@pytest.fixture
def package(tmp_path):
    return put(tmp_path / "site-packages", DECLARED, {"acme_board": RELAY})


@pytest.fixture
def started(monkeypatch):
    """Starts a gate in this process, and stops it at the end."""
    scale_stops(monkeypatch)
    apps = []

    def start(loaded):
        app = never_stale(gate_app(loaded))
        apps.append(app)
        app.start()
        return app

    with forgotten_boards():
        yield start
        for app in apps:
            app.stop("end of the test")


def test_the_birth_names_the_drivers_of_packages_that_are_in_use(site, package, started):
    with installed(package):
        app = started(load_configuration(site))
        assert app.parts.status.inventory()["drivers"] == {"relay.acme": PACKAGE}
        board = app.parts.lanes.boards["/dev/gate-barrier"]
        eventually(lambda: board.detail == "an ACME board")


def test_a_gate_whose_package_is_gone_runs_with_the_last_good_configuration_and_all_other_devices(
    site, package, started
):
    history = History(state_directory(site, os.environ), site)
    with installed(package), history.held():
        assert "/dev/gate-barrier" in relay_boards(load_configuration(site).settings.lanes)
        history.keep_good(present_files(site), 1.0)
    found = usable_configuration(site)
    assert GONE in str(found.refused)
    assert "lanes.exit-1.relay.kind" in [warning.key for warning in found.loaded.warnings]
    assert "of lane exit-1" in relay_boards(found.loaded.settings.lanes)
    app = started(found.loaded)
    lost = app.parts.lanes.boards["of lane exit-1"]
    eventually(lambda: lost.state is PortState.LOST)
    assert GONE in lost.detail
    (other,) = (board for place, board in app.parts.lanes.boards.items() if place != "of lane exit-1")
    eventually(lambda: other.state is PortState.UP)
    assert app.parts.status.inventory()["drivers"] == {}


def test_a_gate_that_never_ran_with_such_a_configuration_does_not_start_with_it(site):
    with pytest.raises(SettingsError, match=GONE):
        usable_configuration(site)


@pytest.mark.parametrize(
    "call",
    [
        lambda: UnusableRelay("gone").open(),
        lambda: UnusableRelay("gone").pulse(1, 500),
        lambda: UnusableRelay("gone").set(1, on=True),
        lambda: UnusableRelay("gone").all_off(),
        lambda: UnusableRelay("gone").state(),
        lambda: UnusableInputs("gone").open(),
        lambda: UnusableInputs("gone").sample(),
        lambda: UnusableScanner("gone").open(),
        lambda: UnusableScanner("gone").read(0.0),
        lambda: UnusableSign("gone").open(),
        lambda: UnusableSign("gone").show(SignPage((), 1)),
        lambda: UnusableVoice("gone").open(),
        lambda: UnusableVoice("gone").play(Path("drive_on.wav")),
    ],
)
def test_what_stands_in_a_devices_place_refuses_all_with_the_reason(call):
    with pytest.raises(DeviceMisconfiguredError, match=r"^gone$"):
        call()


def test_what_stands_in_a_devices_place_can_do_nothing_and_be_let_go():
    capabilities = UnusableRelay("gone").capabilities
    assert not capabilities.hardware_pulse
    assert not capabilities.read_back
    assert UnusableScanner("gone").losses == ScanLosses()
    sign, voice = UnusableSign("gone"), UnusableVoice("gone")
    assert (sign.can_show(""), sign.can_speak(""), voice.is_playing()) == (False, False, False)
    for device in (UnusableRelay("gone"), UnusableInputs("gone"), UnusableScanner("gone"), sign, voice):
        device.close()
        device.close()
