"""A scanner on a lane: its thread, what a lane makes of it, and a vehicle that passes by it alone."""

import json
import logging
import queue
import threading
from types import SimpleNamespace

import pytest

from agent.assembly.app import App
from agent.clock.clock import Clock
from agent.core.model.reasons import Reason, Verdict
from agent.devices.port_supervisor import Retry
from agent.devices.scanner import ScannerMonitor, ScannerState, ScanRateLimit, losses_text
from agent.service.systemd_notify import Notifier
from agent.settings.configuration_loading import load_configuration
from drivers import registry
from drivers.api import DeviceUnavailableError, Scan, ScanLosses
from drivers.emulators.scanner import ScannerEmulator
from drivers.inputs import simulated as simulated_inputs
from drivers.relay import simulated
from tests.support.gate.gate_site import GateSite
from tests.support.waiting import PATIENCE_S, eventually, scaled

LOSSES = ("overlong", "unfinished", "unmarked", "crowded")


# ------------------------------------------------------------------------------------------------- the pace


def passed(pace, *scans):
    """Those of the scans (payload, time) that are let through, repeats left out."""
    found = []
    for payload, at in scans:
        scan = Scan(payload, at)
        if not pace.is_repeat(scan) and pace.let_through(scan):
            found.append((payload, at))
    return found


def test_the_same_text_again_goes_on_only_after_a_moment():
    repeats = [(b"A", number / 20) for number in range(21)]
    assert [at for _, at in passed(ScanRateLimit(repeat_s=0.25), *repeats)] == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_another_text_goes_on_at_once():
    scans = [(b"A", 0.0), (b"B", 0.01), (b"A", 0.02)]
    assert passed(ScanRateLimit(), *scans) == scans


def test_texts_beyond_the_rate_are_held_back_and_the_rate_returns_with_time():
    pace = ScanRateLimit(rate_hz=10, burst=5)
    flood = [(b"%d" % number, 7.0) for number in range(100)]
    assert len(passed(pace, *flood)) == 5
    assert len(passed(pace, *[(b"x%d" % number, 7.2) for number in range(100)])) == 2
    assert len(passed(pace, *[(b"y%d" % number, 99.0) for number in range(100)])) == 5


def test_what_was_dropped_is_told_in_words_for_each_cause():
    assert losses_text(ScanLosses(), 0) == ""
    told = [losses_text(ScanLosses(**{name: 7}), 0) for name in LOSSES] + [losses_text(ScanLosses(), 7)]
    assert len(set(told)) == 5
    assert all(words.startswith("7 ") for words in told)
    assert "max_length" in told[0]
    assert "timeout_ms" in told[1]
    assert losses_text(ScanLosses(overlong=1, crowded=2), 0).count(", ") == 1


# ------------------------------------------------------------------------------------------------- the watch


class Scanner:
    """A scanner in memory. `next` holds what its reads bring: texts, errors, None."""

    def __init__(self):
        self.next = queue.SimpleQueue()
        self.losses = ScanLosses()
        self.closed = 0

    def open(self):
        return "a scanner in memory"

    def close(self):
        self.closed += 1

    def read(self, timeout_s):
        try:
            found = self.next.get(timeout=min(timeout_s, 0.01))
        except queue.Empty:
            return None
        if isinstance(found, Exception):
            raise found
        return found

    def scan(self, *payloads, at=0.0):
        for payload in payloads:
            self.next.put(Scan(payload, at))


class Watching:
    """A watch with what it said."""

    def __init__(self, scanner):
        self.heard, self.states = [], []
        self.watch = ScannerMonitor("exit/post", scanner, self.heard.append, self._changed)
        self.watch._port._retry = Retry(0.01, 0.05)

    def __enter__(self):
        self.watch.start()
        return self

    def __exit__(self, *_):
        self.watch.stop()
        assert self.watch.worker.ended(PATIENCE_S)

    def _changed(self, state, detail):
        self.states.append((state, detail))

    @property
    def texts(self):
        return [one.payload for one in self.heard]

    def wait_texts(self, *wanted):
        eventually(lambda: self.texts == list(wanted), what=f"{wanted}, not {self.texts}")

    def wait_state(self, state, times=1):
        eventually(lambda: [one for one, _ in self.states].count(state) >= times, what=f"{state} in {self.states}")


def test_each_text_is_a_presentation_of_the_scanner_without_a_picture():
    scanner = Scanner()
    with Watching(scanner) as watching:
        scanner.scan(b"A", at=5.0)
        scanner.scan(b"\xff\x00", at=6.0)
        watching.wait_texts(b"A", b"\xff\x00")
        first, second = watching.heard
        assert (first.engine, first.camera, first.at, first.picture, first.corners) == (
            "scanner", "exit/post", 5.0, None, ()
        )  # fmt: skip
        assert (first.frame, second.frame) == (1, 2)
        assert watching.states == [(ScannerState.UP, "a scanner in memory")]
        assert watching.watch.state.works


def test_a_scanner_gone_mad_is_told_of_once_goes_on_and_is_well_again_when_it_is_quiet():
    scanner = Scanner()
    watching = Watching(scanner)
    watching.watch._quiet_s = 0.3
    # All at once: a pause between two of them would be quiet.
    scanner.scan(*(b"%d" % number for number in range(200)))
    with watching:
        watching.wait_state(ScannerState.NOISY)
        watching.wait_state(ScannerState.UP, 2)
        assert len(watching.texts) == 10
        assert [state for state, _ in watching.states] == ["up", "noisy", "up"]
        assert watching.states[1][1].startswith("texts were dropped: 1 more than the lane accepts")
        assert "190 more than the lane accepts" in watching.states[2][1]
        scanner.scan(b"a good text", at=60.0)
        eventually(lambda: watching.texts[-1] == b"a good text")


@pytest.mark.parametrize("cause", LOSSES)
def test_what_the_driver_dropped_is_told(cause):
    scanner = Scanner()
    with Watching(scanner) as watching:
        watching.wait_state(ScannerState.UP)
        scanner.losses = ScanLosses(**{cause: 3})
        watching.wait_state(ScannerState.NOISY)
        assert losses_text(scanner.losses, 0) in watching.states[1][1]
        assert watching.watch.state.works


def test_losses_of_before_do_not_make_a_scanner_noisy_that_comes_back():
    scanner = Scanner()
    with Watching(scanner) as watching:
        watching.wait_state(ScannerState.UP)
        scanner.losses = ScanLosses(overlong=1)
        watching.wait_state(ScannerState.NOISY)
        scanner.next.put(DeviceUnavailableError("pulled"))
        watching.wait_state(ScannerState.UP, 2)
        scanner.scan(b"A")
        watching.wait_texts(b"A")
        assert [state for state, _ in watching.states] == ["up", "noisy", "lost", "up"]


def test_a_fault_of_the_driver_or_of_the_listener_is_a_lost_scanner_that_is_opened_anew(caplog):
    scanner = Scanner()
    with Watching(scanner) as watching:
        scanner.next.put(KeyError("a bug"))
        watching.wait_state(ScannerState.UP, 2)
        scanner.scan(b"A")
        watching.wait_texts(b"A")
    assert watching.states[1] == (ScannerState.LOST, "an error in the driver: KeyError")
    assert not ScannerState.LOST.works
    assert "a bug" in caplog.text


def test_a_scanner_that_hangs_at_the_stop_is_left_behind_with_a_word(caplog, monkeypatch):
    monkeypatch.setattr("agent.devices.scanner.STOP_TIMEOUT_S", 0.02)
    entered, leave = threading.Event(), threading.Event()
    scanner = Scanner()
    scanner.read = lambda _timeout_s: (entered.set(), leave.wait(PATIENCE_S), None)[2]
    watching = Watching(scanner)
    watching.watch.start()
    assert entered.wait(PATIENCE_S)
    watching.watch.stop()
    assert "scanner-exit/post does not stop; the agent stops without its thread" in caplog.text
    leave.set()
    watching.watch.worker.join(PATIENCE_S)
    assert scanner.closed


@pytest.fixture
def emulator(tmp_path):
    with ScannerEmulator(tmp_path / "scanner") as emulator:
        yield emulator


def make(emulator, **table):
    return registry.scanner("serial_lines", {"port": str(emulator.line.link), **table})


def test_a_real_port_is_watched_over_a_pulled_cable_and_half_a_text_is_forgotten(emulator):
    with Watching(make(emulator)) as watching:
        for times in (1, 2, 3):
            watching.wait_state(ScannerState.UP, times)
            emulator.scan(f"whole {times}")
            watching.wait_texts(*(b"whole %d" % number for number in range(1, times + 1)))
            emulator.line.send(b"half a te")
            emulator.unplug()
            watching.wait_state(ScannerState.LOST, times)
            emulator.plug()
        assert [one.frame for one in watching.heard] == [1, 2, 3]
        assert "was lost" in watching.states[1][1]


def test_a_scanner_that_is_away_at_the_start_is_tried_for_ever(emulator):
    emulator.unplug()
    tries = threading.Semaphore(0)
    scanner = make(emulator)
    original = scanner.open
    scanner.open = lambda: tries.release() or original()
    with Watching(scanner) as watching:
        for _ in range(5):
            assert tries.acquire(timeout=PATIENCE_S)
        assert [state for state, _ in watching.states] == [ScannerState.LOST]
        assert "no such port" in watching.states[0][1]
        emulator.plug()
        watching.wait_state(ScannerState.UP)


def test_noise_on_the_line_grows_nothing_and_a_good_text_comes_through_after_it(emulator):
    scanner = make(emulator, max_length=100)
    with Watching(scanner) as watching:
        watching.wait_state(ScannerState.UP)
        for seed in range(40):
            emulator.noise(2048, seed)
        watching.wait_state(ScannerState.NOISY)
        assert len(scanner._framing.pending) <= 100
        assert len(scanner._texts) <= 32
        good = b"GP1:GOOD"
        # Its beginning may still be stuck to the last noise, as on a real line; a driver shows the code again.
        eventually(lambda: emulator.scan(good) or good in watching.texts)
        assert len(watching.heard) == len({one.frame for one in watching.heard})


# ------------------------------------------------------------------------------------------------- a whole gate


LANE = """\
[lanes.exit-1.timing]
decide_s = {decide_s}
gone_s = {gone_s}
blind_passage_s = 1
stale_s = 5

[lanes.exit-1.barrier]
pulse_ms = 200

[lanes.exit-1.relay]
kind = "simulated"
name = "{board}"
{inputs}
[[lanes.exit-1.scanners]]
id = "post"
kind = "serial_lines"
port = "{port}"
"""
INPUTS = """
[lanes.exit-1.inputs]
kind = "simulated"
name = "{board}"

[lanes.exit-1.signals]
presence = 1
safety = 2
debounce_ms = 0
poll_hz = 50
"""


class Gate:
    """A gate whose lane has a scanner and no camera. `without_plate`: the rule for permits that declare no plate."""

    def __init__(self, folder, emulator, board, *, blind=False, without_plate="pass"):
        self.site = GateSite(folder)
        self.scanner = emulator
        inputs = "" if blind else INPUTS.format(board=board)
        lane = LANE.format(
            decide_s=scaled(0.5), board=board, port=emulator.line.link, inputs=inputs, gone_s=1 if blind else 3
        )
        path = self.site.configure(lane, mqtt="enabled = false")
        text = path.read_text(encoding="utf-8")
        path.write_text(f'{text}\n[lanes.exit-1.rules]\nwithout_plate = "{without_plate}"\n', encoding="utf-8")
        self.loaded = load_configuration(path)
        self.app = App(self.loaded, Clock(), Notifier(None), pytest.fail)
        self.relays = simulated.board(board).relays
        self.inputs = simulated_inputs.board(board)

    def __enter__(self):
        self.app.start()
        return self

    def __exit__(self, *_):
        self.app.stop("end of the test")
        eventually(lambda: not any(thread.name.startswith("scanner-") for thread in threading.enumerate()))
        simulated.forget_boards()
        simulated_inputs.forget_boards()

    def events(self, kind):
        journal = self.app.parts.journal
        lines = [json.loads(one.payload) for one in journal.range(1, journal.head)]
        return [SimpleNamespace(**line["data"]) for line in lines if line["type"] == kind]

    def wait(self, kind, count=1):
        eventually(lambda: len(self.events(kind)) >= count, what=f"{count} of {kind}")
        return self.events(kind)[count - 1]

    def wait_device(self, state):
        eventually(lambda: self.app.parts.devices.states.get("exit-1/post") == state, what=f"scanner {state}")

    def wait_ready(self):
        self.wait_state("idle")
        eventually(lambda: self.app.parts.devices.states.get("exit-1/relay") == "up", what="relay")
        self.wait_device("up")

    def wait_state(self, state):
        (lane,) = self.app.lanes
        eventually(lambda: lane.view is not None and lane.view.state == state, what=state)

    def pulses(self):
        return [one.on for one in self.relays.history if one.channel == 1]

    def arrive(self):
        self.inputs.set(1, True)
        self.wait_state("present")

    def drive_through(self):
        self.inputs.set(2, True)
        self.wait_state("passing")
        self.inputs.set(1, False)
        self.inputs.set(2, False)

    def leave(self):
        self.inputs.set(1, False)
        self.wait_state("idle")


@pytest.fixture
def gate(tmp_path, emulator, request):
    with Gate(tmp_path, emulator, request.node.name) as gate:
        gate.wait_ready()
        yield gate


def test_a_lane_with_a_scanner_and_no_camera_is_sound_and_told_of(gate):
    assert gate.loaded.warnings == ()
    assert gate.app.parts.status.inventory()["lanes"]["exit-1"]["scanners"] == {"post": "serial_lines"}
    (up,) = eventually(lambda: [event for event in gate.events("device.changed") if event.family == "scanner"])
    assert (up.device, up.state) == ("exit-1/post", "up")


def test_a_scanned_permit_opens_once_and_the_vehicle_passes(gate, caplog):
    caplog.set_level(logging.DEBUG)
    gate.arrive()
    permit = gate.site.permit(None)
    for _ in range(3):
        gate.scanner.scan(permit)
    decided = gate.wait("access.decided")
    assert (decided.verdict, decided.reason) == (Verdict.PASS, Reason.OK)
    gate.wait("barrier.pulsed")
    gate.scanner.scan(permit)
    gate.drive_through()
    assert gate.wait("transaction.closed").outcome == "passed"
    eventually(lambda: gate.pulses() == [True, False])
    (presented,) = gate.events("permit.presented")
    assert (presented.engine, presented.camera, presented.picture) == ("scanner", "exit-1/post", None)
    assert presented.length == len(permit)
    assert permit not in caplog.text
    assert permit.encode().hex() not in caplog.text


def test_a_forged_permit_is_denied_and_a_good_one_after_it_passes(gate):
    gate.arrive()
    gate.scanner.scan(gate.site.forged("京A12345"))
    decided = gate.wait("access.decided")
    assert (decided.verdict, decided.reason) == (Verdict.DENY, Reason.SIGNATURE_INVALID)
    assert gate.pulses() == []
    gate.scanner.scan(gate.site.permit(None))
    gate.wait("access.granted")
    eventually(gate.pulses)


def test_a_text_that_is_cut_opens_nothing(gate):
    gate.arrive()
    permit = gate.site.permit(None)
    gate.scanner.scan(permit[:-1])
    gate.wait("permit.presented")
    gate.scanner.scan(b"\xff\xfe" + permit.encode())
    gate.wait("permit.presented", 2)
    gate.leave()
    assert gate.events("access.granted") == []
    assert gate.pulses() == []


def test_a_permit_that_names_a_plate_waits_for_an_officer_where_no_camera_reads_it(gate):
    gate.arrive()
    gate.scanner.scan(gate.site.permit("京A12345"))
    eventually(lambda: any(event.verdict == Verdict.MANUAL for event in gate.events("access.decided")))
    assert gate.events("access.decided")[-1].reason == Reason.PLATE_UNREADABLE
    assert gate.pulses() == []


def test_the_only_reader_is_lost_with_its_cable_and_back_with_it(gate):
    gate.arrive()
    gate.scanner.unplug()
    gate.wait_device("lost")
    gate.wait_state("manual")
    assert "readers_lost" in [event.alarm for event in gate.events("alarm.raised")]
    gate.scanner.plug()
    gate.wait_device("up")
    gate.wait_state("present")
    gate.scanner.scan(gate.site.permit(None))
    gate.wait("access.granted")
    eventually(gate.pulses)


def test_a_flood_of_texts_opens_nothing_and_the_lane_goes_on(gate):
    gate.arrive()
    for number in range(500):
        gate.scanner.scan(f"GP1:{number}")
    gate.wait_device("noisy")
    gate.wait("permit.presented", 8)
    gate.leave()
    assert gate.events("access.granted") == []
    assert len(gate.events("permit.presented")) == 8, "a transaction names no more"


def test_on_a_blind_lane_a_scanned_permit_announces_the_vehicle_and_opens_once(tmp_path, emulator, request):
    with Gate(tmp_path, emulator, request.node.name, blind=True) as gate:
        gate.wait_ready()
        permit = gate.site.permit(None)
        gate.scanner.scan(permit)
        outcome = gate.wait("transaction.closed")
        assert (outcome.outcome, outcome.assumed) == ("passed", True)
        gate.wait_state("idle")
        eventually(lambda: gate.pulses() == [True, False])
        gate.scanner.scan(permit)
        gate.scanner.scan(gate.site.permit(None))
        assert gate.wait("transaction.closed", 2).outcome == "passed", (
            "the next vehicle, not the one that is still there"
        )
        assert len(gate.events("access.decided")) == 2
        eventually(lambda: gate.pulses() == [True, False] * 2)
