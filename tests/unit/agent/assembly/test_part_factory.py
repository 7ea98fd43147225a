"""The evidence writer, and an assembled lane."""

import hashlib
import threading
from dataclasses import replace

import pytest

from agent.assembly.part_factory import second_reading_of
from agent.barrier.relay_board import RelayBoard
from agent.clock.clock import Clock
from agent.core.commands.command import CommandAnswer, Result
from agent.core.decision.decision import Decision
from agent.core.events.event_types import Alarm, Draft, TransactionClosed
from agent.core.lane.state import LaneLockout
from agent.core.lane.step_inputs import CommandKind, Decided
from agent.core.model import Outcome
from agent.core.model.camera_view import View
from agent.core.model.instant import Instant
from agent.core.model.observations import Presentation, Reading, VinReading, VinSource
from agent.core.model.reasons import Reason, Verdict
from agent.core.plates.recogniser_columns import ColumnsError
from agent.devices.device_status import DeviceStatusTable
from agent.devices.port_supervisor import PortState
from agent.i18n import Language
from agent.i18n.cameras import camera_view_text
from agent.lane.rules_from_settings import rules
from agent.lane.service import LaneDevices, LaneService, LaneServiceDependencies
from agent.lane.shared_interlock import Interlock
from agent.recording.evidence_writer import EvidenceWriter
from agent.recording.recorder import Recorder
from agent.settings.model.lane import Lane as LaneSettings
from agent.store.errors import EvidenceError
from agent.store.evidence.evidence_store import EvidenceStore
from agent.store.evidence.retention import RetentionClass
from agent.vision.mapping import CameraStatus, MappedDetection
from drivers.emulators.scanner import ScannerEmulator
from drivers.inputs import simulated as simulated_inputs
from drivers.registry import inputs as make_inputs
from drivers.registry import relay as make_relay
from drivers.registry import scanner as make_scanner
from drivers.relay import simulated
from tests.support.gate.simulated_gate import scale_stops
from tests.support.pki.permits import PERMIT
from tests.support.store.flaky_journal import FlakyJournal
from tests.support.store.journals import UTC, present
from tests.support.waiting import PATIENCE_S, eventually, scaled

JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"
DIGEST = hashlib.sha256(JPEG).hexdigest()


@pytest.fixture(autouse=True)
def scaled_stops(monkeypatch):
    scale_stops(monkeypatch)


@pytest.fixture
def journal(tmp_path):
    journal = FlakyJournal(tmp_path / "journal.db")
    yield journal
    journal.close()


@pytest.fixture
def devices(journal):
    devices = DeviceStatusTable(Recorder(journal, lambda: UTC), lambda: UTC)
    devices.start()
    yield devices
    devices.stop()
    assert not devices.worker.runs


# ----------------------------------------------------------------------------------------- evidence writer


class Store:
    """Keeps what it is given once `open` is set; `fails` names what it cannot keep."""

    def __init__(self):
        self.open, self.entered = threading.Event(), threading.Event()
        self.kept, self.fails = [], set()

    def keep(self, digest, picture):
        self.entered.set()
        assert self.open.wait(PATIENCE_S)
        if digest in self.fails:
            raise EvidenceError("no room")
        self.kept.append((digest, picture))


@pytest.fixture
def store():
    store = Store()
    yield store
    store.open.set()


def test_pictures_are_on_disk_when_the_evidence_writer_has_stopped(tmp_path):
    store = EvidenceStore(tmp_path, 1 << 20)
    evidence_writer = EvidenceWriter(store)
    evidence_writer.start()
    evidence_writer.keep({})
    evidence_writer.keep({DIGEST: JPEG})
    evidence_writer.stop()
    assert (tmp_path / "open" / DIGEST[:2] / f"{DIGEST}.jpg").read_bytes() == JPEG


@pytest.mark.parametrize("kept_first", [True, False])
def test_pictures_are_sorted_by_what_was_recorded_of_their_transaction(tmp_path, kept_first):
    store = EvidenceStore(tmp_path, 1 << 20)
    evidence_writer = EvidenceWriter(store)
    evidence_writer.start()
    closed = TransactionClosed(
        outcome=Outcome.PASSED, reason=Reason.OK, assumed=False, duration_s=1.0, pictures=(DIGEST,)
    )
    steps = [
        lambda: evidence_writer.keep({DIGEST: JPEG}),
        lambda: evidence_writer.on_recorded([present(), Draft(closed, "1", "t1", 0.0)]),
    ]
    for step in steps if kept_first else reversed(steps):
        step()
    evidence_writer.stop()
    assert store.retention_class(DIGEST) is RetentionClass.PASSED


def test_a_violation_keeps_pictures_longer_and_trouble_with_sorting_is_told(tmp_path, caplog):
    store = EvidenceStore(tmp_path, 1 << 20)
    evidence_writer = EvidenceWriter(store)
    evidence_writer.start()
    evidence_writer.keep({DIGEST: JPEG})
    evidence_writer.record_outcome((), Outcome.PASSED)
    evidence_writer.record_outcome([DIGEST], Outcome.OVERRIDDEN, violated=True)
    evidence_writer.stop()
    assert store.retention_class(DIGEST) is RetentionClass.OTHER
    store = EvidenceStore(tmp_path / "2", 1 << 20)
    store.keep(DIGEST, JPEG)
    (tmp_path / "2" / "passed").rmdir()
    evidence_writer = EvidenceWriter(store)
    evidence_writer.start()
    evidence_writer.record_outcome([DIGEST], Outcome.PASSED)
    evidence_writer.stop()
    assert "pictures that could not be sorted: 1: cannot move" in caplog.text


def test_a_picture_that_cannot_be_kept_is_told_of_and_holds_up_no_other(store, caplog):
    store.fails = {"bad"}
    store.open.set()
    evidence_writer = EvidenceWriter(store)
    evidence_writer.start()
    evidence_writer.keep({"good": b"1", "bad": b"2", "fine": b"3"})
    evidence_writer.stop()
    assert store.kept == [("good", b"1"), ("fine", b"3")]
    assert "picture bad could not be kept: no room" in caplog.text


def test_a_disk_that_does_not_follow_costs_pictures_and_never_time(store, caplog, monkeypatch):
    monkeypatch.setattr("agent.recording.evidence_writer.WAITING_LIMIT", 2)
    monkeypatch.setattr("agent.recording.evidence_writer.STOP_TIMEOUT_S", 0.02)
    evidence_writer = EvidenceWriter(store)
    evidence_writer.start()
    evidence_writer.keep({"0": b""})
    assert store.entered.wait(PATIENCE_S)
    for number in range(1, 5):
        evidence_writer.keep({str(number): b""})
    assert caplog.text.count("pictures dropped: 1") == 2
    evidence_writer.stop()
    assert "the waiting pictures are dropped" in caplog.text
    store.open.set()
    eventually(lambda: len(store.kept) == 3)
    evidence_writer.stop()
    evidence_writer.worker.join(PATIENCE_S)
    assert [digest for digest, _ in store.kept] == ["0", "1", "2"]


def test_a_disk_that_hangs_at_the_stop_is_left_behind_with_a_word(store, caplog, monkeypatch):
    monkeypatch.setattr("agent.recording.evidence_writer.STOP_TIMEOUT_S", 0.02)
    evidence_writer = EvidenceWriter(store)
    evidence_writer.start()
    evidence_writer.keep({"0": b""})
    assert store.entered.wait(PATIENCE_S)
    evidence_writer.stop()
    assert "the agent stops without" in caplog.text
    store.open.set()
    evidence_writer.worker.join(PATIENCE_S)


# ------------------------------------------------------------------------------------------------- a lane put together


def settings(**changes):
    return LaneSettings.model_validate(
        {
            "number": 3,
            "direction": "export",
            "barrier": {"pulse_ms": 200},
            "relay": {"kind": "simulated"},
            "inputs": {"kind": "simulated"},
            "signals": {"presence": 1, "safety": 2, "closed": 3, "inverted": [3], "debounce_ms": 0, "poll_hz": 100},
            "timing": {"decide_s": 60, "open_s": 60, "enter_s": 600, "stale_s": 5, "grant_s": 60},
        }
        | changes
    )


class Unit:
    """A lane unit on simulated boards whose every decision is PASS."""

    def __init__(
        self,
        name,
        journal,
        devices,
        orders=lambda _lane: LaneLockout(),
        hear=lambda _present: None,
        scanners=None,
        **changes,
    ):
        lane = settings(**changes)
        self.relay = RelayBoard(name, make_relay("simulated", {"name": name}))
        inputs = None if lane.inputs is None else make_inputs("simulated", {"name": name})
        self.relays = simulated.board(name).relays
        self.inputs = simulated_inputs.board(name)
        self.kept, self.questions = {}, []
        self.unit = LaneService(
            "exit",
            lane,
            LaneDevices(self.relay, inputs, scanners or {}),
            LaneServiceDependencies(
                Recorder(journal, lambda: UTC), devices, Clock().now, self.kept.update, Interlock((), ()), orders
            ),
            self._decide,
            7,
        )
        loop = self.unit.loop
        if "timing" not in changes:  # the settings allow for no more than 5 s
            loop._lane = replace(loop._lane, rules=replace(loop._lane.rules, stale_s=PATIENCE_S))
        self.unit.notify_code_awaited(hear)

    def _decide(self, question, now, _later):
        self.questions.append(question)
        return Decided(now, Decision(Verdict.PASS, Reason.OK, (), PERMIT), 1, question.transaction)

    def __enter__(self):
        self.unit.start()
        self.relay.start()
        return self

    def __exit__(self, *_):
        self.unit.wind_down()
        self.relay.stop()
        self.unit.stop()
        simulated.forget_boards()
        simulated_inputs.forget_boards()

    def wait_state(self, state):
        eventually(lambda: self.unit.view is not None and self.unit.view.state == state, what=state)


def told_of(journal, device):
    return [data for kind, data in journal.events if kind == "device.changed" and data["device"] == device]


def alarms(journal):
    return [data["alarm"] for kind, data in journal.events if kind == "alarm.raised"]


def test_a_vehicle_goes_through_a_whole_lane_of_threads(request, journal, devices):
    with Unit(request.node.name, journal, devices) as lane:
        assert lane.unit.name == "exit"
        lane.wait_state("idle")
        eventually(lambda: devices.states == {"exit/relay": "up", "exit/inputs": "up"})
        lane.inputs.set(1, True)
        lane.wait_state("present")
        shown = Presentation(b"permit", "test", "front", 1, Clock().now().at, picture=DIGEST)
        lane.unit.detected(MappedDetection("front", 1, shown.at, (shown,), (), {DIGEST: JPEG}))
        eventually(lambda: any(one.on and one.channel == 1 for one in lane.relays.history))
        lane.inputs.set(3, True)
        lane.inputs.set(2, True)
        lane.wait_state("passing")
        lane.inputs.set(1, False)
        lane.inputs.set(2, False)
        lane.wait_state("closing")
        lane.inputs.set(3, False)
        lane.wait_state("idle")
        (outcome,) = [data for kind, data in journal.events if kind == "transaction.closed"]
        assert outcome["outcome"] == "passed"
        assert lane.kept == {DIGEST: JPEG}
        assert journal.real.use_state(PERMIT.permit_id).used == 1
        eventually(lambda: [one.on for one in lane.relays.history if one.channel == 1] == [True, False])
    assert not any(lane.relays.states)


def test_a_vin_that_is_handed_in_alone_is_decided_on_with_its_picture_and_a_text_that_is_none_is_not(
    request, journal, devices
):
    with Unit(request.node.name, journal, devices) as lane:
        lane.wait_state("idle")
        lane.inputs.set(1, True)
        lane.wait_state("present")
        seen = VinReading(PERMIT.vin, VinSource.CODE_39, "front", 1, Clock().now().at, picture=DIGEST, legible=True)
        lane.unit.vin_read(replace(seen, text="PART NO 4711 00017"))
        lane.unit.vin_read(seen, {DIGEST: JPEG})
        lane.unit.vin_read(replace(seen, text=PERMIT.vin[:-1] + "2", source=VinSource.SCANNER, camera="desk"))
        shown = Presentation(b"permit", "test", "front", 1, Clock().now().at)
        lane.unit.detected(MappedDetection("front", 1, shown.at, (shown,), (), {}))
        eventually(lambda: lane.questions)
        assert [one.text for one in lane.questions[0].vins] == [PERMIT.vin, PERMIT.vin[:-1] + "2"]
        assert lane.questions[0].pictures == {DIGEST: JPEG}


def test_a_plate_that_cannot_be_weighed_does_not_keep_back_the_permit_beside_it(request, journal, devices):
    with Unit(request.node.name, journal, devices) as lane:
        lane.wait_state("idle")
        lane.inputs.set(1, True)
        lane.wait_state("present")
        at = Clock().now().at
        shown = Presentation(b"permit", "test", "front", 1, at)
        wrong = Reading(
            "京A12345", tuple(((c, 0.9),) for c in "京A12345"), "civil", 0.9, "front", 1, at, columns=b"no columns"
        )
        with pytest.raises(ColumnsError):
            lane.unit.detected(MappedDetection("front", 1, at, (shown,), (wrong,), {}))
        eventually(lambda: any(one.on and one.channel == 1 for one in lane.relays.history))


def test_a_label_that_is_held_before_the_scanner_is_no_permit(request, journal, devices, tmp_path):
    label, permit = b"[)>\x1e06\x1dILSVAA49J132047371\x1dP1\x1e\x04", b"GP1:permit LSVAA49J132047371"
    with ScannerEmulator(tmp_path / "scanner") as emulator:
        desk = make_scanner("serial_lines", {"port": str(emulator.line.link)})
        with Unit(request.node.name, journal, devices, scanners={"desk": desk}) as lane:
            lane.wait_state("idle")
            eventually(lambda: devices.states.get("exit/desk") == "up")
            lane.inputs.set(1, True)
            lane.wait_state("present")
            emulator.scan(label)
            emulator.scan(permit)
            eventually(lambda: any(one.on and one.channel == 1 for one in lane.relays.history))
    assert {one.payload for asked in lane.questions for one in asked.presentations} == {permit}


def test_officers_order_a_lane_and_hear_what_becomes_of_it(request, journal, devices):
    with Unit(request.node.name, journal, devices) as lane:
        lane.wait_state("idle")
        eventually(lambda: devices.states.get("exit/relay") == "up")
        answer = lane.unit.order(CommandKind.HOLD, "officer 7", "a parade", PATIENCE_S)
        assert answer == CommandAnswer(Result.DONE, "it is held open")
        assert lane.relays.wait_until(lambda states: states[0], PATIENCE_S)
        answer = lane.unit.order(CommandKind.LOCK, "officer 8", "a search", PATIENCE_S)
        assert answer == CommandAnswer(Result.NOT_DONE, "officer 7 holds it open: release it first")
        held = [data for kind, data in journal.events if kind == "barrier.held"]
        assert held == [{"held": True, "operator": "officer 7", "cause": "a parade"}]
    answer = lane.unit.order(CommandKind.OPEN, "officer 7", "too late", PATIENCE_S)
    assert answer == CommandAnswer(Result.FAILED, "the lane is not running; nothing was done")


def test_a_lock_outlives_the_agent_and_an_unlock_too(request, journal, devices):
    stands = journal.real.lane_orders
    with Unit(request.node.name, journal, devices, orders=stands) as lane:
        assert lane.unit.order(CommandKind.LOCK, "officer 7", "a search", PATIENCE_S).result is Result.DONE
    with Unit(request.node.name, journal, devices, orders=stands) as lane:
        lane.wait_state("idle")
        assert (lane.unit.view.lockout, lane.unit.view.message) == (LaneLockout(locked_by="officer 7"), "LANE_LOCKED")
        answer = lane.unit.order(CommandKind.OPEN, "officer 8", "in a hurry", PATIENCE_S)
        assert answer == CommandAnswer(Result.NOT_DONE, "the lane is locked by officer 7")
        assert lane.unit.order(CommandKind.UNLOCK, "officer 8", "all found", PATIENCE_S).result is Result.DONE
    assert stands("exit") == LaneLockout()
    assert [data["order"] for kind, data in journal.events if kind == "lane.ordered"] == ["locked", "unlocked"]


def test_a_lane_starts_with_the_orders_that_stand(request, journal, devices):
    orders = {"exit": LaneLockout(out_of_service_by="officer 7")}
    with Unit(request.node.name, journal, devices, orders=orders.__getitem__) as lane:
        lane.wait_state("out_of_service")
        assert lane.unit.view.lockout == orders["exit"]
        lane.inputs.set(1, True)
        answer = lane.unit.order(CommandKind.IN_SERVICE, "officer 8", "repaired", PATIENCE_S)
        assert answer == CommandAnswer(Result.DONE, "it is in service")
        lane.wait_state("present")


def test_a_lane_without_inputs_is_blind(request, journal, devices):
    with Unit(request.node.name, journal, devices, inputs=None, signals=None) as lane:
        lane.wait_state("idle")
        eventually(lambda: devices.states == {"exit/relay": "up"})


def test_who_hears_that_the_relay_board_is_up_can_order_at_once(request, journal, devices, monkeypatch):
    answers, changed = [], devices.changed
    lane = Unit(request.node.name, journal, devices, inputs=None, signals=None)

    def told(family, name, state, *more):
        changed(family, name, state, *more)
        if state == "up":
            answers.append(lane.unit.order(CommandKind.OPEN, "officer 7", "at once", PATIENCE_S))

    monkeypatch.setattr(devices, "changed", told)
    with lane:
        eventually(lambda: answers)
    assert answers[0].result is Result.DONE, answers[0]


def test_lost_inputs_are_a_fault_of_the_lane_and_a_changed_device(request, journal, devices):
    with Unit(request.node.name, journal, devices, timing={"stale_s": scaled(0.05)}) as lane:
        lane.wait_state("idle")
        lane.inputs.unplugged = True
        eventually(lambda: devices.states["exit/inputs"] == "lost")
        lane.wait_state("fault")
        assert Alarm.INPUTS_LOST in alarms(journal)
        lane.inputs.unplugged = False
        lane.wait_state("idle")


def status(state):
    return CameraStatus("exit/front", PortState(state))


def test_the_lane_hears_whether_any_camera_reads_codes(request, journal, devices):
    with Unit(request.node.name, journal, devices) as lane:
        lane.wait_state("idle")

        def tell(camera, state, *, reads_codes=True):
            lane.unit.camera_changed(camera, status(state), reads_codes=reads_codes)
            eventually(lane.unit.loop._inbox.empty)

        tell("front", "connecting")
        tell("front", "up")
        tell("rear", "lost")
        tell("plate", "lost", reads_codes=False)
        eventually(lambda: devices.states["exit/plate"] == "lost")
        assert alarms(journal) == []
        tell("front", "stale")
        eventually(lambda: alarms(journal) == ["readers_lost"])
        tell("rear", "up")
        tell("front", "lost")
        tell("rear", "lost")
        eventually(lambda: alarms(journal) == ["readers_lost"] * 2)
        assert devices.states["exit/front"] == "lost"
        tell("rear", "up")
        assert devices.states["exit/rear"] == "streaming"


def test_a_camera_that_the_machine_cannot_keep_up_with_goes_on_reading_and_is_told_of(request, journal, devices):
    with Unit(request.node.name, journal, devices) as lane:
        lane.wait_state("idle")
        for overloaded, state in ((True, "overloaded"), (False, "streaming")):
            lane.unit.camera_changed("front", replace(status("up"), overloaded=overloaded), reads_codes=True)
            assert devices.states["exit/front"] == state
        lane.unit.camera_changed("front", replace(status("lost"), overloaded=True), reads_codes=True)
        assert devices.states["exit/front"] == "lost"
        eventually(lambda: alarms(journal) == ["readers_lost"])
        eventually(lambda: [one["state"] for one in told_of(journal, "exit/front")][-1:] == ["lost"])
    changes = told_of(journal, "exit/front")
    assert [(one["state"], "too slow" in one["detail"]) for one in changes] == [
        ("overloaded", True),
        ("streaming", False),
        ("lost", False),
    ]


def test_what_stands_against_a_cameras_picture_is_told_in_an_event_with_what_to_do(request, journal, devices):
    with Unit(request.node.name, journal, devices) as lane:
        lane.wait_state("idle")
        for view in (View.COVERED, View.CLEAR, View.MOVED):
            lane.unit.camera_changed("front", replace(status("up"), view=view), reads_codes=True)
        lane.unit.camera_changed("front", replace(status("lost"), view=View.MOVED), reads_codes=True)
        eventually(lambda: alarms(journal) == ["readers_lost"])
        changes = eventually(lambda: len(told := told_of(journal, "exit/front")) == 4 and told)
    assert [(one["state"], one["detail"]) for one in changes] == [
        ("covered", "Something covers the lens of the camera. Uncover and clean it."),
        ("streaming", ""),
        ("moved", camera_view_text(View.MOVED, Language.EN)),
        ("lost", ""),
    ]


def test_the_cameras_of_a_lane_are_told_whether_a_vehicle_waits_for_its_answer(request, journal, devices):
    heard = []
    with Unit(request.node.name, journal, devices, hear=heard.append) as lane:
        lane.wait_state("idle")
        eventually(lambda: heard[-1:] == [False])
        lane.inputs.set(1, True)
        lane.wait_state("present")
        eventually(lambda: heard[-1])
        shown = Presentation(b"permit", "test", "front", 1, Clock().now().at)
        lane.unit.detected(MappedDetection("front", 1, shown.at, (shown,), (), {}))
        lane.wait_state("opening")
        eventually(lambda: not heard[-1])
    assert [now for before, now in zip([None, *heard], heard, strict=False) if now is not before] == [
        False,
        True,
        False,
    ]


def test_the_first_camera_that_is_lost_is_heard_at_once(request, journal, devices):
    with Unit(request.node.name, journal, devices) as lane:
        lane.unit.camera_changed("front", status("lost"), reads_codes=True)
        eventually(lambda: alarms(journal) == ["readers_lost"])


def test_the_rules_of_a_lane_are_its_settings():
    made = rules("exit", settings(close_mode="agent"), Interlock((), ()))
    assert (made.lane, made.lane_number, made.blind, made.close_mode) == ("exit", 3, False, "agent")
    assert (made.has_opened, made.has_closed, made.has_photocell, made.stale_s) == (False, True, False, 5)
    blind = rules("exit", settings(inputs=None, signals=None), Interlock((), ()))
    assert (blind.blind, blind.has_opened, blind.has_closed, blind.has_photocell) == (True, False, False, False)


@pytest.mark.parametrize(
    ("readers", "wanted"),
    [([], 0), ([["qr", "plate"]], 1), ([["vin"]], 1), ([["qr"], ["plate"], ["qr", "plate", "vin"]], 1)],
)
def test_a_second_reader_waits_where_a_lane_has_a_camera(readers, wanted):
    cameras = [{"id": f"camera-{n}", "kind": "simulated", "readers": own} for n, own in enumerate(readers)]
    service = second_reading_of([settings(), settings(cameras=cameras)])
    assert service.status.wanted == wanted


@pytest.mark.parametrize(
    ("changes", "gone_s"),
    [
        ({}, 3.0),
        ({"inputs": None, "signals": None, "cameras": [{"id": "front", "kind": "simulated"}]}, 3.0),
        ({"inputs": None, "signals": None}, 30.0),
        ({"inputs": None, "signals": None, "timing": {"gone_s": 50, "read_s": 40}}, 50.0),
    ],
    ids=["loops see it", "a camera sees it", "a scanner reads once", "a scanner reads once, and the site waits longer"],
)
def test_a_lane_that_cannot_see_a_vehicle_stay_does_not_take_silence_for_its_leaving(changes, gone_s):
    assert rules("exit", settings(**changes), Interlock((), ())).gone_s == gone_s


def test_a_lane_knows_its_key_its_hold_contact_and_its_neighbours():
    keyed = settings(signals={"key": 1, "hold": 2})
    made = rules("exit", keyed, Interlock([("entry", "exit")], ()))
    assert (made.blind, made.has_key, made.has_hold, made.neighbours, made.shares_arm) == (
        True,
        True,
        True,
        True,
        False,
    )
    made = rules("exit", settings(), Interlock((), [("entry", "exit")]))
    assert (made.blind, made.has_key, made.has_hold, made.neighbours, made.shares_arm) == (
        False,
        False,
        False,
        True,
        True,
    )
    assert not rules("other", keyed, Interlock([("entry", "exit")], ())).neighbours


def test_the_time_of_the_views_is_monotonic(request, journal, devices):
    with Unit(request.node.name, journal, devices) as lane:
        lane.wait_state("idle")
        assert lane.unit.view.progress_at <= Clock().now().at
        assert isinstance(Clock().now(), Instant)
