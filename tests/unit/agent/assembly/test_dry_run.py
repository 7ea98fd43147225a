"""A whole gate with a lane in dry run: vehicles come and go, and nothing of it is more than a record."""

import json

import pytest

from agent.console.driver_page.shown import shown
from agent.core.commands import Result
from agent.core.lane import CommandKind, TextForDriver
from agent.core.model import DriverMessage
from agent.i18n import Language
from agent.lane.service import DRY_RUN
from agent.settings.configuration_loading import load_configuration
from drivers.emulators.scanner import ScannerEmulator
from drivers.inputs import simulated as simulated_inputs
from drivers.relay import simulated
from tests.support.gate.gate_site import GateSite
from tests.support.gate.simulated_gate import forgotten_boards, gate_app, never_stale, scale_stops
from tests.support.waiting import eventually, scaled

LANE = """\
mode = "{mode}"
[lanes.exit-1.timing]
decide_s = {decide_s}
open_s = 1
stale_s = 5
clear_s = 0.2

[lanes.exit-1.rules]
without_plate = "pass"

[lanes.exit-1.barrier]
pulse_ms = 200
red_channel = 2
green_channel = 3

[lanes.exit-1.relay]
kind = "simulated"
name = "{board}"

[lanes.exit-1.inputs]
kind = "simulated"
name = "{board}"

[lanes.exit-1.signals]
presence = 1
safety = 2
opened = 3
closed = 4
debounce_ms = 0
poll_hz = 50

[[lanes.exit-1.scanners]]
id = "post"
kind = "serial_lines"
port = "{port}"
"""


class Gate:
    """A gate with one lane that has a scanner, loops and limit switches."""

    def __init__(self, folder, emulator, board, mode="dry_run"):
        self.scanner = emulator
        self.site, self.loaded = self.configured(folder, emulator, board, mode)
        self.app = never_stale(gate_app(self.loaded))
        self.inputs = simulated_inputs.board(board)
        self.inputs.set(4, True)
        self.relays = simulated.board(board).relays

    @staticmethod
    def configured(folder, emulator, board, mode="dry_run"):
        site = GateSite(folder)
        lane = LANE.format(mode=mode, decide_s=scaled(0.5), board=board, port=emulator.line.link)
        return site, load_configuration(site.configure(lane, mqtt="enabled = false"))

    def __enter__(self):
        self.app.start()
        self.wait_state("idle")
        eventually(lambda: self.app.parts.devices.states.get("exit-1/post") == "up", what="scanner")
        return self

    def __exit__(self, *_):
        self.app.stop("end of the test")

    @property
    def lane(self):
        (lane,) = self.app.lanes
        return lane

    @property
    def envelopes(self):
        journal = self.app.parts.journal
        return [json.loads(one.payload) for one in journal.range(1, journal.head)]

    def events(self, kind):
        return [one["data"] for one in self.envelopes if one["type"] == kind]

    def wait(self, kind, count=1):
        eventually(lambda: len(self.events(kind)) >= count, what=f"{count} of {kind}")
        return self.events(kind)[count - 1]

    def wait_state(self, *states):
        eventually(lambda: self.lane.view is not None and self.lane.view.state in states, what=states)

    def pass_by(self, text, *, let_in):
        """A vehicle comes, shows a code, and is let in by somebody else's hand, or sent away."""
        before = len(self.events("access.compared"))
        self.inputs.set(1, True)
        self.wait_state("present", "deciding")
        self.scanner.scan(text)
        self.wait_state("opening", "open", "denied", "manual")
        if let_in:
            self.inputs.set(4, False)
            self.inputs.set(3, True)
            self.inputs.set(2, True)
            eventually(lambda: self.lane.view.input_state.taken, what="under the arm")
            self.inputs.set(1, False)
            eventually(lambda: self.lane.view.input_state.signals.presence is False, what="off the loop")
            self.inputs.set(2, False)
            self.inputs.set(3, False)
            self.inputs.set(4, True)
        else:
            self.inputs.set(1, False)
        found = self.wait("access.compared", before + 1)
        self.wait_state("idle")
        return found


@pytest.fixture
def emulator(tmp_path):
    with ScannerEmulator(tmp_path / "scanner") as emulator:
        yield emulator


@pytest.fixture
def gate(tmp_path, emulator, request, monkeypatch):
    scale_stops(monkeypatch)
    with forgotten_boards(), Gate(tmp_path, emulator, request.node.name) as gate:
        yield gate


def test_nothing_moves_no_use_is_spent_and_each_vehicle_is_compared_with_what_it_did(gate):
    found = gate.pass_by(gate.site.permit(None), let_in=True)
    assert found == {"verdict": "PASS", "reason": "OK", "passed": True, "agrees": True}
    found = gate.pass_by(gate.site.permit(None), let_in=False)
    assert found == {"verdict": "PASS", "reason": "OK", "passed": False, "agrees": False}
    found = gate.pass_by(gate.site.permit(None, expires_at=gate.site.utc - 600), let_in=True)
    assert (found["verdict"], found["reason"], found["agrees"]) == ("DENY", "EXPIRED", False)

    assert gate.relays.history == (), "no relay was switched, no lamp either"
    permits = [data["permit"]["permit"] for data in gate.events("access.decided")]
    for one in permits:
        uses = gate.app.parts.journal.use_state(bytes.fromhex(one), "another")
        assert (uses.used, uses.open_reservation, uses.next_use) == (0, None, 1)
    # The view is the loop's last published one: it may follow the event by a turn.
    eventually(
        lambda: (gate.lane.view.dry_run.agreed, gate.lane.view.dry_run.disagreed) == (1, 2),
        what="the counts of three vehicles",
    )
    assert gate.lane.view.dry_run.unknown == 0
    assert gate.events("alarm.raised") == [], "an arm that others move is no alarm"


def test_every_event_of_the_lane_says_that_it_is_of_a_dry_run_and_no_other_does(gate):
    gate.pass_by(gate.site.permit(None), let_in=True)
    of_lane = [one for one in gate.envelopes if one.get("lane") == "exit-1"]
    assert {"vehicle.present", "access.decided", "access.granted", "transaction.closed", "access.compared"} <= {
        one["type"] for one in of_lane
    }
    assert all(one["dryrun"] is True for one in of_lane)
    others = [one for one in gate.envelopes if one.get("lane") != "exit-1"]
    assert others
    assert not any("dryrun" in one for one in others)
    (closed,) = gate.events("transaction.closed")
    assert closed["driver_messages"] == [], "the driver was told nothing"
    (started,) = gate.events("gate.started")
    assert started["dry_run"] == ["exit-1"]


def test_what_would_move_something_or_tell_the_driver_is_refused_and_a_lock_is_not(gate):
    for kind in CommandKind:
        if kind in {CommandKind.LOCK, CommandKind.UNLOCK, CommandKind.OUT_OF_SERVICE, CommandKind.IN_SERVICE}:
            continue
        answer = gate.lane.order(kind, "officer 7", "test", scaled(5))
        assert (answer.result, answer.detail) == (Result.NOT_DONE, DRY_RUN)
    told = gate.lane.display(TextForDriver((("en", "Drive on"),), 10), "officer 7", "test", scaled(5))
    assert (told.result, told.detail) == (Result.NOT_DONE, DRY_RUN)
    assert gate.lane.order(CommandKind.LOCK, "officer 7", "test", scaled(5)).result is Result.DONE
    assert gate.events("access.granted") == gate.events("barrier.held") == gate.events("driver.told") == []


def test_the_driver_page_asks_to_wait_and_status_and_inventory_say_why(gate):
    gate.inputs.set(1, True)
    gate.wait_state("present")
    view = gate.lane.view
    assert view.message
    timing = gate.loaded.settings.lanes["exit-1"].timing
    assert shown(view, timing, [Language.ZH], view.progress_at).message is DriverMessage.WAIT
    status = gate.app.parts.status
    assert status.health()["dry_run"] == ["exit-1"]
    assert status.health()["driver_messages"] == {}
    assert status.inventory()["lanes"]["exit-1"]["mode"] == "dry_run"
    assert "DRY RUN, nothing moves: exit-1" in status.summary()


def test_no_driver_of_its_relay_board_is_even_made(tmp_path, emulator, request, mocker):
    with forgotten_boards():
        loaded = Gate.configured(tmp_path, emulator, request.node.name)[1]
        made = mocker.patch("drivers.registry.relay")
        gate_app(loaded).parts.close()
    assert made.call_count == 0


def test_a_lane_at_work_is_not_of_a_dry_run(tmp_path, emulator, request, monkeypatch):
    scale_stops(monkeypatch)
    with forgotten_boards(), Gate(tmp_path, emulator, request.node.name, mode="live") as gate:
        gate.inputs.set(1, True)
        gate.wait_state("present", "deciding")
        gate.scanner.scan(gate.site.permit(None))
        gate.wait("barrier.pulsed")
        assert [one.on for one in gate.relays.history if one.channel == 1][:1] == [True]
        assert not any("dryrun" in one for one in gate.envelopes)
        assert gate.app.parts.status.health()["dry_run"] == []
        assert "DRY RUN" not in gate.app.parts.status.summary()
        assert gate.lane.view.dry_run is None
