"""The lane's loop: record before raise, effects in order, and a loop that neither starves nor dies in silence."""

import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from math import inf
from types import SimpleNamespace

import pytest
from typing_extensions import override

from agent.barrier.barrier import PulseReport
from agent.barrier.relay_board import RelayBoard
from agent.core.decision.decision import Decision
from agent.core.lane.effects import OrderAnswered
from agent.core.lane.lane_state_machine import Lane, LaneRules
from agent.core.lane.state import LaneLockout
from agent.core.lane.step_inputs import CommandKind, Decided, OfficerCommand, TextForDriver, TextOrdered
from agent.core.model import DriverMessage
from agent.core.model.instant import Instant
from agent.core.model.ledger import LedgerState
from agent.core.model.observations import Presentation, Reading, VinReading, VinSource
from agent.core.model.reasons import Reason, Verdict
from agent.core.model.signals import Signals
from agent.devices.port_supervisor import PortState, Retry
from agent.lane.loop import MOST_WAITING, SHARE_BYTES, LaneDependencies, LaneDetection, LaneLoop
from agent.lane.shared_interlock import Interlock
from agent.recording.recorder import Recorder
from agent.service.worker import end_on_thread_failure
from agent.store.errors import JournalFullError, JournalUnavailableError, LedgerConflictError
from drivers.api import Delivery
from drivers.relay import simulated
from drivers.relay.simulated import BoardFault
from tests.support.board.barriers import SteadyRelay, wiring
from tests.support.pki.permits import PERMIT
from tests.support.store.flaky_journal import FlakyJournal
from tests.support.store.journals import UTC
from tests.support.waiting import PATIENCE_S, eventually

PASS = Decision(Verdict.PASS, Reason.OK, (), PERMIT)
RETRY = Decision(Verdict.RETRY, Reason.PLATE_UNREADABLE, ())
LONG = dict.fromkeys(("read_s", "decide_s", "open_s", "enter_s", "pass_s", "grant_s"), 600.0)
BLIND = {"blind": True, "gone_s": 600.0, "blind_passage_s": 600.0, "deny_again_s": 0.0} | LONG


def now():
    at = time.monotonic()
    return Instant(at, UTC + at)


class TracedRelay(SteadyRelay):
    """Notes its commands in the same trace as the journal."""

    trace: list
    gate = staticmethod(lambda what: None)

    @override
    def pulse(self, channel, duration_ms, *, deadline):
        self.gate("pulse")
        self.trace.append(f"pulse {channel}")
        return super().pulse(channel, duration_ms, deadline=deadline)

    @override
    def set(self, channel, *, on, deadline=inf):
        self.gate("set")
        if on:
            self.trace.append(f"on {channel}")
        return super().set(channel, on=on, deadline=deadline)


class Gate:
    """One lane from inbox to relay, with a real journal. `decisions`: the answers to come, the last one for good.

    `late`: they are not there at once but when `later` is called.
    """

    def __init__(self, folder, name, *, wires=None, interlock=None, clock=now, **rules):
        self.journal = FlakyJournal(folder / "journal.db")
        self.journal.hook = lambda drafts, _ledger: self.trace.extend(draft.event.TYPE for draft in drafts)
        self.recorder = Recorder(self.journal, lambda: UTC)
        self.trace, self.views, self.kept, self.questions, self.answers = [], [], {}, [], []
        self.decisions = [PASS]
        self.late, self.later = False, None
        relay = TracedRelay(simulated.SimulatedRelaySettings(name=name))
        relay.trace = self.trace
        self.relay = relay
        self.board = simulated.board(name)
        self.owner = RelayBoard(name, relay)
        self.owner._port._retry = Retry(0.02, 0.1)
        self.barrier = self.owner.barrier(
            wiring(red_channel=7, green_channel=8, **(wires or {})), self._pulsed, self._relay_changed
        )
        self.loop = LaneLoop(
            Lane.start(LaneRules("exit", 1, **(BLIND | rules)), 1),
            LaneDependencies(
                self.barrier,
                self.recorder,
                clock,
                self.decide,
                self.kept.update,
                self.views.append,
                self.answers.append,
                interlock,
            ),
        )

    def __enter__(self):
        self.loop.start()
        self.owner.start()
        eventually(lambda: self.knows_the_relay and self.state == "idle")
        return self

    def __exit__(self, *_):
        self.loop.wind_down()
        self.owner.stop()
        self.loop.stop()
        self.journal.close()
        assert not self.loop.runs

    def _pulsed(self, report):
        self.loop.pulsed(report)

    def _relay_changed(self, state, _detail):
        self.loop.relay_changed(state)

    def decide(self, question, at, later):
        self.questions.append(question)
        answer = self.decisions.pop(0) if len(self.decisions) > 1 else self.decisions[0]
        decided = Decided(at, answer, 1, question.transaction)
        if not self.late:
            return decided
        self.later = lambda: later(decided)
        return None

    @property
    def state(self):
        return self.views[-1].state if self.views else ""

    @property
    def knows_the_relay(self):
        """Whether the lane was told that the relay board is up; the barrier knows a moment earlier."""
        return bool(self.views) and self.views[-1].relay_up

    @property
    def pulses(self):
        return sum(one.on for one in self.board.relays.history if one.channel == 1)

    def wait_state(self, state):
        eventually(lambda: self.state == state, what=f"state {state}")

    def show(self, payload=b"permit", pictures=None, readings=()):
        picture = next(iter(pictures), None) if pictures else None
        shown = Presentation(payload, "test", "front", 1, time.monotonic(), picture=picture)
        self.loop.detected(LaneDetection((shown,), readings, pictures or {}))

    def order(self, kind, order=""):
        self.loop.commanded(lambda at: OfficerCommand(at, kind, "officer 7", "test", order))

    def of_type(self, kind):
        return [data for one, data in self.journal.events if one == kind]


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    monkeypatch.setattr("agent.barrier.relay_board.STOP_TIMEOUT_S", PATIENCE_S)
    monkeypatch.setattr("agent.lane.loop.STOP_TIMEOUT_S", PATIENCE_S)


@pytest.fixture
def gate(request, tmp_path, monkeypatch):
    monkeypatch.setattr("agent.recording.recorder.RETRY_S", 0.05)
    with Gate(tmp_path, request.node.name) as gate:
        yield gate
    simulated.forget_boards()


def reading(text="A1", picture=None):
    return Reading(text, (), "civil", 0.9, "front", 1, time.monotonic(), picture=picture)


# ------------------------------------------------------------------------------------------------- record before raise


def test_the_grant_is_on_disk_before_the_relay_moves_and_the_report_after_it(gate):
    seen = []

    def at_the_relay(what):
        if what == "pulse":
            seen.extend(gate.journal.types)
            seen.append(gate.journal.real.use_state(PERMIT.permit_id).open_reservation)

    gate.relay.gate = at_the_relay
    gate.show()
    eventually(lambda: gate.of_type("barrier.pulsed"))
    transaction = gate.questions[0].transaction
    assert seen == ["vehicle.present", "permit.presented", "access.decided", "access.granted", transaction]
    order = [gate.trace.index(step) for step in ("access.granted", "pulse 1", "barrier.pulsed")]
    assert order == sorted(order)
    (report,) = gate.of_type("barrier.pulsed")
    assert report == {"grant": f"{transaction}-1", "action": "open", "delivery": "delivered"}
    assert gate.pulses == 1


@pytest.mark.parametrize("error", [JournalFullError("full"), JournalUnavailableError("away")])
def test_a_grant_that_cannot_be_recorded_raises_nothing_and_goes_to_an_officer(gate, error):
    journal = gate.journal
    journal.hook = lambda drafts, ledger: setattr(journal, "fails", error if ledger or journal.fails else None)
    gate.show()
    gate.wait_state("manual")
    assert gate.pulses == 0
    assert gate.recorder.failing, "the refusal waits"
    assert "access.granted" not in gate.journal.types
    # Also where the hook before is being called.
    journal.hook = lambda _drafts, _ledger: setattr(journal, "fails", None)
    eventually(lambda: not gate.recorder.failing)
    assert gate.journal.types[-2:] == ["alarm.raised", "access.decided"]
    assert gate.of_type("access.decided")[0]["verdict"] == "MANUAL"
    assert gate.of_type("access.decided")[0]["reason"] == Reason.GATE_FAULT
    assert gate.of_type("access.decided")[0]["permit"]["permit"] == PERMIT.permit_id.hex()
    assert gate.of_type("alarm.raised")[0]["alarm"] == "journal_failed"
    assert gate.journal.real.use_state(PERMIT.permit_id).open_reservation is None
    assert gate.pulses == 0


def test_a_grant_whose_use_is_taken_is_denied(gate):
    gate.journal.hook = lambda _drafts, ledger: setattr(
        gate.journal,
        "fails",
        LedgerConflictError("taken") if ledger and ledger[0].state is LedgerState.RESERVED else None,
    )
    gate.show()
    gate.wait_state("denied")
    (decided,) = gate.of_type("access.decided")
    assert (decided["verdict"], decided["reason"]) == ("DENY", Reason.ALREADY_USED)
    (closed,) = gate.of_type("transaction.closed")
    assert (closed["outcome"], closed["reason"]) == ("denied", Reason.ALREADY_USED)
    assert gate.pulses == 0


@pytest.mark.parametrize("taken", [False, True])
def test_an_officers_order_takes_the_use_of_the_permit_and_opens_also_where_it_is_taken(gate, taken):
    gate.decisions = [Decision(Verdict.MANUAL, Reason.PLATE_UNSURE, (), PERMIT)]
    gate.journal.hook = lambda drafts, ledger: (
        setattr(gate.journal, "fails", LedgerConflictError("taken") if ledger and taken else None),
        gate.trace.extend(draft.event.TYPE for draft in drafts if gate.journal.fails is None),
    )
    gate.show()
    gate.wait_state("manual")
    gate.order(CommandKind.OPEN)
    eventually(lambda: gate.pulses == 1)
    assert gate.trace.index("access.granted") < gate.trace.index("pulse 1"), "recorded before it is carried out"
    (granted,) = gate.of_type("access.granted")
    assert (granted["by"], granted["operator"]) == ("operator", "officer 7")
    (decided,) = gate.of_type("access.decided")
    assert decided["verdict"] == "MANUAL", "the vehicle is not refused"
    assert (gate.journal.real.use_state(PERMIT.permit_id).open_reservation is None) is taken


@pytest.mark.parametrize("kind", [CommandKind.OPEN, CommandKind.HOLD])
def test_an_officers_opening_that_cannot_be_recorded_moves_nothing(gate, kind):
    gate.journal.fails = JournalFullError("full")
    gate.order(kind)
    eventually(lambda: gate.recorder.failing)
    gate.order(CommandKind.CLOSE)
    gate.journal.fails = None
    eventually(lambda: "alarm.raised" in gate.journal.types)
    assert gate.state == "idle"
    assert not gate.board.relays.states[0]
    assert {"access.granted", "barrier.held"}.isdisjoint(gate.journal.types)


def test_letting_go_of_a_hold_does_not_wait_for_the_journal(gate):
    gate.order(CommandKind.HOLD)
    assert gate.board.relays.wait_until(lambda states: states[0], PATIENCE_S)
    assert gate.journal.types[-1] == "barrier.held"
    gate.journal.fails = JournalFullError("full")
    gate.order(CommandKind.RELEASE)
    assert gate.board.relays.wait_until(lambda states: not states[0], PATIENCE_S)
    gate.journal.fails = None
    eventually(lambda: len(gate.of_type("barrier.held")) == 2)


@pytest.mark.parametrize("kind", [CommandKind.LOCK, CommandKind.OUT_OF_SERVICE])
def test_what_is_to_stand_stands_once_it_is_written_and_else_is_answered_with_no(gate, kind):
    gate.journal.fails = JournalFullError("full")
    gate.order(kind, "order 1")
    eventually(lambda: gate.answers)
    assert gate.answers == [
        OrderAnswered("order 1", done=False, detail="it could not be recorded, so nothing was done")
    ]
    gate.journal.fails = None
    eventually(lambda: not gate.recorder.failing)
    assert gate.journal.types == ["alarm.raised"]
    assert gate.views[-1].lockout == LaneLockout()
    answered = []
    gate.journal.hook = lambda _drafts, _ledger: answered.append(len(gate.answers))
    gate.order(kind, "order 2")
    eventually(lambda: len(gate.answers) == 2)
    assert gate.answers[1].done
    assert answered == [1], "recorded before it is answered"
    assert gate.journal.types == ["alarm.raised", "lane.ordered"]
    eventually(lambda: "officer 7" in {gate.views[-1].lockout.locked_by, gate.views[-1].lockout.out_of_service_by})


def test_a_locked_lane_lets_a_vehicle_wait_and_an_unlocked_one_lets_it_through(gate):
    gate.order(CommandKind.LOCK, "order 1")
    gate.show()
    gate.wait_state("waiting")
    gate.order(CommandKind.OPEN, "order 2")
    eventually(lambda: len(gate.answers) == 2)
    assert gate.answers[1] == OrderAnswered("order 2", done=False, detail="the lane is locked by officer 7")
    assert (gate.pulses, gate.views[-1].message) == (0, "LANE_LOCKED")
    gate.order(CommandKind.UNLOCK, "order 3")
    eventually(lambda: gate.pulses == 1)
    assert len(gate.questions) == 2, "it is judged anew"


def test_a_text_of_central_is_in_view_while_it_is_shown_and_recorded(gate):
    gate.decisions = [replace(PASS, verdict=Verdict.MANUAL, permit=None)]
    gate.show()
    gate.wait_state("manual")
    text = TextForDriver((("en", "Go to window 3"),), 600, gate.questions[0].transaction)
    gate.loop.commanded(lambda at: TextOrdered(at, text, "officer 7", "test", "order 1"))
    eventually(lambda: gate.views[-1].texts == (("en", "Go to window 3"),))
    assert gate.answers == [OrderAnswered("order 1", done=True, detail="it is shown for 600 s")]
    assert (gate.views[-1].message, gate.views[-1].driver_message) == ("manual", DriverMessage.FROM_CENTRAL)
    (told,) = gate.of_type("driver.told")
    assert told == {
        "texts": [{"language": "en", "text": "Go to window 3"}],
        "seconds": 600,
        "operator": "officer 7",
        "cause": "test",
    }
    gate.order(CommandKind.OPEN, "order 2")
    eventually(lambda: gate.views[-1].driver_message in {DriverMessage.BARRIER_OPENS, DriverMessage.DRIVE_ON})
    assert gate.views[-1].texts == ()


def test_letting_go_while_nothing_can_be_written_is_done_and_answered_with_a_word(gate):
    gate.order(CommandKind.HOLD, "order 1")
    gate.order(CommandKind.RELEASE, "order 2")
    gate.order(CommandKind.HOLD, "order 3")
    eventually(lambda: len(gate.answers) == 3)
    gate.journal.fails = JournalFullError("full")
    gate.order(CommandKind.RELEASE, "order 4")
    eventually(lambda: len(gate.answers) == 4)
    assert [(one.done, one.detail) for one in gate.answers] == [
        (True, "it is held open"),
        (True, "the hold is released"),
        (True, "it is held open"),
        (True, "the hold is released; the journal cannot be written; the record waits"),
    ]
    gate.journal.fails = None


def test_a_fire_opens_also_when_nothing_can_be_recorded_and_is_recorded_later(request, tmp_path, monkeypatch):
    monkeypatch.setattr("agent.recording.recorder.RETRY_S", 0.05)
    with Gate(tmp_path, request.node.name, has_hold=True) as gate:
        gate.journal.fails = JournalUnavailableError("away")
        gate.loop.sampled(Signals(time.monotonic(), hold=False))
        gate.loop.sampled(Signals(time.monotonic(), hold=True))
        assert gate.board.relays.wait_until(lambda states: states[0], PATIENCE_S)
        gate.journal.fails = None
        eventually(lambda: gate.of_type("barrier.held"))
        assert gate.of_type("barrier.held")[0]["operator"] == "hold contact"
    simulated.forget_boards()


def test_a_fire_opens_while_the_disk_stands_still(request, tmp_path):
    opened = []
    with Gate(tmp_path, request.node.name, has_hold=True) as gate:

        def stand_still(drafts, _ledger):
            if any(draft.event.TYPE == "barrier.held" for draft in drafts):
                opened.append(gate.board.relays.wait_until(lambda states: states[0], PATIENCE_S))

        gate.journal.hook = stand_still
        gate.loop.sampled(Signals(time.monotonic(), hold=False))
        gate.loop.sampled(Signals(time.monotonic(), hold=True))
        eventually(lambda: gate.of_type("barrier.held"))
    assert opened == [True], "before its record was written"
    simulated.forget_boards()


@contextmanager
def lowering(folder, name):
    """A lane whose agent has lowered the arm, which is not down yet."""
    rules = {"blind": False, "stale_s": 600.0, "close_s": 600.0, "close_mode": "agent"}
    gate = Gate(folder, name, wires={"close_channel": 2}, **rules)
    gate.loop.sampled(Signals(time.monotonic(), presence=False, safety=False))
    with gate:
        gate.order(CommandKind.TEST_CLOSE)
        eventually(lambda: gate.of_type("barrier.pulsed"))
        yield gate
    simulated.forget_boards()


def test_the_agent_undoes_its_own_close_also_when_nothing_can_be_recorded_and_it_is_recorded_later(
    request, tmp_path, monkeypatch
):
    monkeypatch.setattr("agent.recording.recorder.RETRY_S", 0.05)
    with lowering(tmp_path, request.node.name) as gate:
        gate.journal.fails = JournalUnavailableError("away")
        gate.order(CommandKind.LOCK, "order 1")
        eventually(lambda: gate.answers)
        assert not gate.answers[0].done, "the lane knows that nothing can be recorded"
        gate.loop.sampled(Signals(time.monotonic(), presence=False, safety=True))
        eventually(lambda: gate.pulses == 1)
        gate.wait_state("passing")
        assert "access.granted" not in gate.journal.types
        gate.journal.fails = None
        eventually(lambda: len(gate.of_type("barrier.pulsed")) == 2)
        (granted,) = gate.of_type("access.granted")
        assert granted["by"] == "safety"
        assert gate.of_type("barrier.pulsed")[1]["grant"] == granted["grant"]
        moves = [kind for kind in gate.journal.types if kind in {"access.granted", "barrier.pulsed"}]
        assert moves == ["barrier.pulsed", "access.granted", "barrier.pulsed"], "in their order"
    assert gate.pulses == 1


def test_the_agent_undoes_its_own_close_while_the_disk_stands_still(request, tmp_path):
    raised = []
    with lowering(tmp_path, request.node.name) as gate:

        def stand_still(drafts, _ledger):
            if any(draft.event.TYPE == "access.granted" for draft in drafts):
                raised.append(gate.board.relays.wait_until(lambda states: states[0], PATIENCE_S))

        gate.journal.hook = stand_still
        gate.loop.sampled(Signals(time.monotonic(), presence=False, safety=True))
        eventually(lambda: gate.of_type("access.granted"))
    assert raised == [True], "before its record was written"
    assert gate.pulses == 1


def test_a_claim_is_given_back_when_the_record_fails(request, tmp_path):
    guard = Interlock([("exit", "entry")], ())
    entry, heard = guard.of_lane("entry"), []
    entry.listen(lambda *standing: heard.append(standing))
    with Gate(tmp_path, request.node.name, interlock=guard.of_lane("exit"), neighbours=True) as gate:
        entry.note_occupied(occupied=False)
        eventually(lambda: heard == [(True, False)])
        gate.journal.fails = JournalFullError("full")
        gate.order(CommandKind.OPEN)
        eventually(lambda: heard == [(True, False), (False, False), (True, False)])
        gate.journal.fails = None
        eventually(lambda: not gate.recorder.failing)
        assert (gate.pulses, entry.claim()) == (0, True)
        gate.show()
        gate.wait_state("waiting")
        assert "access.granted" not in gate.journal.types
        entry.note_occupied(occupied=False)
        eventually(lambda: gate.of_type("barrier.pulsed"))
        assert (gate.pulses, entry.claim()) == (1, False)
    simulated.forget_boards()


def test_news_of_a_failing_journal_is_written_in_order_by_the_loops_own_ticks(gate):
    gate.journal.fails = JournalUnavailableError("away")
    gate.show()
    gate.wait_state("manual")
    gate.loop.readers_changed(up=False)
    gate.loop.readers_changed(up=True)
    gate.loop.readers_changed(up=False)
    eventually(gate.loop._inbox.empty)
    gate.journal.fails = None
    eventually(lambda: not gate.recorder.failing and gate.journal.types.count("alarm.raised") == 3)
    assert gate.journal.types[:2] == ["vehicle.present", "permit.presented"]
    assert [data["alarm"] for data in gate.of_type("alarm.raised")] == [
        "journal_failed",
        "readers_lost",
        "readers_lost",
    ]
    assert gate.pulses == 0


# ------------------------------------------------------------------------------------------------- deciding


def test_two_permits_in_one_picture_are_decided_on_together_though_the_plate_is_known_already(gate):
    gate.decisions = [RETRY, Decision(Verdict.MANUAL, Reason.QR_MULTIPLE, ())]
    gate.show(b"early")
    gate.wait_state("deciding")
    two = tuple(Presentation(text, "test", "front", 1, time.monotonic()) for text in (b"permit A", b"permit B"))
    gate.loop.detected(LaneDetection(two, (), {}))
    gate.wait_state("manual")
    assert [[shown.payload for shown in question.presentations] for question in gate.questions] == [
        [b"early"],
        [b"early", b"permit A", b"permit B"],
    ]
    assert gate.pulses == 0


def test_what_a_camera_tells_beyond_what_can_be_looked_at_is_lost_and_neither_a_scanner_nor_the_next_frame_is(
    tmp_path, caplog
):
    gate = Gate(tmp_path, "flood")
    flood = LaneDetection((), (), {"a picture": bytes(3 * SHARE_BYTES)})
    for _ in range(2 * MOST_WAITING):
        gate.loop.detected(flood, shown_again=True)
    waiting = gate.loop._inbox.qsize()
    assert waiting == MOST_WAITING // 4
    assert caplog.text.count("some reports are lost") == 1
    gate.loop.detected(LaneDetection((), (), {}))
    assert gate.loop._inbox.qsize() == waiting + 1
    shown = Presentation(b"permit", "test", "front", 1, time.monotonic())
    with gate:
        eventually(lambda: gate.loop._waiting == 0, what="all is looked at")
        gate.loop.detected(LaneDetection((shown,), (), {}), shown_again=True)
        eventually(lambda: gate.questions)
    simulated.forget_boards()


def test_a_decision_that_asks_for_more_is_followed_by_another_one_on_new_evidence(gate):
    gate.decisions = [RETRY, RETRY, PASS]
    gate.show()
    gate.wait_state("deciding")
    gate.loop.detected(LaneDetection((), (reading("A1"),), {}))
    gate.loop.detected(LaneDetection((), (reading("A2"),), {}))
    eventually(lambda: gate.of_type("barrier.pulsed"))
    assert [len(question.readings) for question in gate.questions] == [0, 1, 2]
    assert len(gate.of_type("access.granted")) == gate.pulses == 1


def pass_with_another_behind(gate, begun_at, later_s):
    """Let a vehicle through whose plate is read twice, and `later_s` after the first time that of the one behind it."""
    near = {"confidence": 0.99, "at": begun_at, "box": (600, 500, 160, 50), "track": 1}
    far = {"confidence": 0.99, "at": begun_at + later_s, "box": (640, 250, 90, 28), "track": 2}
    gate.decisions = [RETRY, RETRY, PASS]
    gate.show()
    gate.wait_state("deciding")
    gate.loop.detected(LaneDetection((), (replace(reading("A1"), **near),), {}))
    gate.loop.detected(LaneDetection((), (replace(reading("B2"), **far),), {}))
    gate.loop.detected(LaneDetection((), (replace(reading("A1"), **(near | {"at": begun_at + 4})),), {}))
    eventually(lambda: gate.of_type("barrier.pulsed"))


def test_the_plate_of_the_vehicle_behind_is_no_evidence(gate):
    pass_with_another_behind(gate, time.monotonic() - 10, 3)
    assert [one.text for one in gate.questions[-1].readings] == ["A1", "A1"]


def test_the_decider_is_told_of_the_plates_that_were_set_aside(gate):
    # Ahead of the clock: they are in view however late the loop comes to them.
    pass_with_another_behind(gate, time.monotonic() + PATIENCE_S, 4)
    assert (gate.questions[0].set_aside, gate.questions[-1].set_aside) == (0, 1)


def test_the_loop_before_the_arm_tells_which_plates_stand_over_vehicles(gate):
    for presence in (True, False, None):
        gate.loop.sampled(Signals(time.monotonic(), presence=presence))
        eventually(lambda presence=presence: gate.loop._bystanders.present is presence)


def test_an_answer_that_comes_later_opens_once_and_a_second_one_changes_nothing(gate):
    gate.late = True
    gate.show()
    eventually(lambda: gate.later)
    gate.wait_state("deciding")
    assert gate.pulses == 0
    gate.later()
    gate.later()
    eventually(lambda: gate.of_type("barrier.pulsed"))
    assert len(gate.of_type("access.granted")) == gate.pulses == 1


def test_an_answer_that_comes_later_than_its_deadline_is_asked_for_anew(gate):
    gate.late = True
    gate.show()
    eventually(lambda: gate.later)
    decide, gate.late = gate.decide, False
    gate.loop._decide = lambda *asked: replace(decide(*asked), use=2)
    question = gate.questions[0]
    gate.loop.decided(Decided(now(), PASS, 1, question.transaction, deadline=now().at))
    eventually(lambda: gate.of_type("barrier.pulsed"))
    assert [asked.transaction for asked in gate.questions] == [question.transaction] * 2
    assert gate.journal.real.use_state(PERMIT.permit_id).next_use == 1, "the second answer's use was reserved"
    assert len(gate.of_type("access.granted")) == gate.pulses == 1


def test_an_answer_that_comes_after_the_vehicle_was_answered_moves_nothing(gate):
    gate.late = True
    gate.show()
    eventually(lambda: gate.later)
    gate.loop.commanded(lambda at: OfficerCommand(at, CommandKind.OUT_OF_SERVICE, "officer", "road works"))
    gate.wait_state("out_of_service")
    gate.later()
    eventually(gate.loop._inbox.empty)
    seen = len(gate.views)
    eventually(lambda: len(gate.views) > seen + 1)
    assert gate.state == "out_of_service"
    assert (gate.of_type("access.granted"), gate.pulses) == ([], 0)


def test_an_answer_for_another_transaction_is_not_taken(gate):
    answer = gate.decide
    gate.loop._decide = lambda *asked: replace(answer(*asked), transaction="another")
    gate.show()
    gate.wait_state("deciding")
    assert gate.journal.types == ["vehicle.present", "permit.presented"]
    assert gate.pulses == 0


def test_the_pictures_of_a_transaction_are_kept_and_no_others(gate):
    gate.show(pictures={"p1": b"of the permit", "p2": b"of something else"})
    eventually(lambda: gate.kept)
    assert gate.kept == {"p1": b"of the permit"}


def test_plates_that_are_read_again_and_again_push_out_no_picture_of_a_code(gate):
    gate.decisions = [RETRY]
    gate.loop.detected(LaneDetection((), (), {"code": b"of the code"}))
    for number in range(100):
        crop = f"crop{number}"
        gate.loop.detected(
            LaneDetection((), (replace(reading(picture=crop), track=1, box=(600, 500, 160, 50)),), {crop: b"x"})
        )
    shown = Presentation(b"permit", "test", "front", 2, time.monotonic(), picture="code")
    gate.loop.detected(LaneDetection((shown,), (), {}))
    eventually(lambda: "code" in gate.kept)
    assert gate.kept["code"] == b"of the code"


def test_a_vin_of_the_frame_that_shows_the_permit_is_decided_on_with_it_and_its_picture_is_there(gate):
    vin = VinReading(PERMIT.vin, VinSource.QR, "front", 1, time.monotonic(), picture="label", legible=True)
    shown = Presentation(b"permit", "test", "front", 1, time.monotonic(), picture="code")
    pictures = {"code": b"of the code", "label": b"of the label", "other": b"of something else"}
    gate.loop.detected(LaneDetection((shown,), (), pictures, (vin,)))
    eventually(lambda: gate.questions)
    assert gate.questions[0].vins == (vin,)
    assert gate.questions[0].pictures == {"code": b"of the code", "label": b"of the label"}


# ------------------------------------------------------------------------------------------------- all else it is told


def test_a_relay_that_goes_and_comes_is_told_of_and_no_vehicle_passes_meanwhile(gate):
    gate.board.fault = BoardFault.UNPLUGGED
    eventually(lambda: gate.of_type("alarm.raised"))
    gate.show()
    gate.wait_state("manual")
    gate.board.fault = None
    eventually(lambda: gate.of_type("barrier.pulsed"))
    assert gate.pulses == 1


def test_a_pulse_without_an_answer_is_an_alarm_and_not_repeated(gate):
    gate.relay.gate = lambda what: setattr(gate.board, "fault", BoardFault.DIES_IN_COMMAND) if what == "pulse" else None
    gate.show()
    eventually(lambda: gate.of_type("barrier.pulsed"))
    assert gate.of_type("barrier.pulsed")[0]["delivery"] == "unknown"
    eventually(lambda: gate.barrier.state is PortState.LOST)
    gate.board.fault = None
    eventually(lambda: gate.barrier.state is PortState.UP)
    eventually(lambda: {"pulse_unknown", "relay_lost"} <= {data["alarm"] for data in gate.of_type("alarm.raised")})
    assert gate.pulses == 1
    assert len(gate.of_type("barrier.pulsed")) == 1


def test_a_report_of_a_pulse_that_nobody_ordered_changes_nothing(gate):
    gate.loop.pulsed(PulseReport("nobody", "open", Delivery.DELIVERED, 0.0))
    gate.loop.pulsed(PulseReport(None, "close", Delivery.DELIVERED, 0.0))
    eventually(gate.loop._inbox.empty)
    assert (gate.state, gate.journal.types) == ("idle", [])


def test_the_lamp_and_the_sign_follow_the_lane(gate):
    assert (gate.views[-1].lamp, gate.views[-1].message) == ("red", "idle")
    gate.show()
    eventually(lambda: gate.views[-1].lamp == "green")
    assert gate.board.relays.wait_until(lambda states: states[6:] == (False, True), PATIENCE_S)
    assert gate.views[-1].transaction == gate.questions[0].transaction


def test_samples_move_a_lane_with_inputs(request, tmp_path):
    gate = Gate(tmp_path, request.node.name, blind=False, stale_s=600.0)

    def sample(presence, safety=False, photocell=None):
        gate.loop.sampled(Signals(time.monotonic(), presence, safety, photocell, None, None))

    sample(False)
    with gate:
        sample(True)
        gate.wait_state("present")
        sample(False)
        gate.wait_state("idle")
        assert gate.of_type("transaction.closed")[0]["outcome"] == "abandoned"
    simulated.forget_boards()


class SlowHours:
    """A clock that a disk or a decision can hold up, while the input board goes on.

    It goes on with the samples alone: a machine that stands still is no gap in them.
    """

    def __init__(self):
        self.at = time.monotonic()
        self.gate = None
        self._lock = threading.Lock()

    def __call__(self):
        return Instant(self.at, UTC + self.at)

    def sample(self, after_s, presence):
        """So much later, a sample of the inputs."""
        with self._lock:
            self.at += after_s
            self.gate.loop.sampled(Signals(self.at, presence, False))

    def pass_by(self):
        """Two seconds, in which a vehicle stands still before the arm."""
        for _ in range(20):
            self.sample(0.1, True)


@pytest.mark.parametrize("what", ["the disk", "the decision"])
def test_what_holds_the_loop_up_is_no_loss_of_the_inputs(request, tmp_path, what):
    clock = SlowHours()
    gate = clock.gate = Gate(tmp_path, request.node.name, clock=clock, blind=False, stale_s=0.3)
    noted, decide = gate.journal.hook, gate.decide

    def note_slowly(drafts, ledger):
        if what == "the disk" and any(draft.event.TYPE == "access.granted" for draft in drafts):
            clock.pass_by()
        noted(drafts, ledger)

    def decide_slowly(*asked):
        if what == "the decision":
            clock.pass_by()
        return decide(*asked)

    gate.journal.hook = note_slowly
    gate.loop._decide = decide_slowly
    with polled(gate, clock) as inputs:
        gate.wait_state("idle")
        inputs.presence = True
        gate.wait_state("present")
        gate.show()
        eventually(lambda: gate.of_type("barrier.pulsed"))
        assert gate.state == "opening"
        assert gate.of_type("alarm.raised") == []
    simulated.forget_boards()


def test_a_record_that_fails_after_a_while_leaves_the_vehicle_to_an_officer_and_is_no_loss_of_the_inputs(
    request, tmp_path
):
    clock = SlowHours()
    gate = clock.gate = Gate(tmp_path, request.node.name, clock=clock, blind=False, stale_s=0.3)

    def fail_slowly(drafts, _ledger):
        granted = any(draft.event.TYPE == "access.granted" for draft in drafts)
        gate.journal.fails = JournalUnavailableError("away") if granted else None
        if granted:
            clock.pass_by()

    gate.journal.hook = fail_slowly
    with polled(gate, clock) as inputs:
        gate.wait_state("idle")
        inputs.presence = True
        gate.wait_state("present")
        gate.show()
        gate.wait_state("manual")
        assert [data["alarm"] for data in gate.of_type("alarm.raised")] == ["journal_failed"]
        assert [data["verdict"] for data in gate.of_type("access.decided")] == ["MANUAL"]
        assert gate.of_type("transaction.closed") == []
    assert gate.pulses == 0
    simulated.forget_boards()


def test_a_sample_that_takes_long_to_record_is_no_loss_of_the_inputs_for_what_waits_behind_it(request, tmp_path):
    clock = SlowHours()
    gate = clock.gate = Gate(tmp_path, request.node.name, clock=clock, blind=False, stale_s=0.3)

    def note_slowly(drafts, _ledger):
        if any(draft.event.TYPE == "vehicle.present" for draft in drafts):
            clock.pass_by()

    gate.journal.hook = note_slowly
    gate.loop.sampled(Signals(clock().at, presence=False, safety=False))
    gate.loop._run_once()
    assert gate.loop._lane.state == "idle"
    # The order of the inbox is this one, but samples are looked at first.
    gate.loop.readers_changed(up=False)
    gate.loop.sampled(Signals(clock().at, presence=True, safety=False))
    gate.loop._run_once()
    assert gate.loop._lane.state == "manual"
    assert [data["alarm"] for data in gate.of_type("alarm.raised")] == ["readers_lost"]
    assert gate.of_type("transaction.closed") == []
    gate.journal.close()
    simulated.forget_boards()


def test_an_arm_that_the_other_direction_raises_is_known_to_be_in_use_before_it_is_seen_to_move(request, tmp_path):
    guard = Interlock((), [("exit", "entry")])
    gate = Gate(
        tmp_path,
        request.node.name,
        interlock=guard.of_lane("exit"),
        neighbours=True,
        shares_arm=True,
        blind=False,
        has_closed=True,
        stale_s=600.0,
    )
    entry = guard.of_lane("entry")
    entry.note_occupied(occupied=False)
    for _ in range(2):
        gate.loop.sampled(Signals(time.monotonic(), presence=False, safety=False, closed=True))
        while not gate.loop._inbox.empty():
            gate.loop._run_once()
    assert gate.loop._lane.state == "idle"
    # What is in hand takes a while: meanwhile the other direction opens, and its arm is seen to rise.
    gate.loop.readers_changed(up=True)
    assert entry.claim()
    gate.loop.sampled(Signals(time.monotonic(), presence=False, safety=False, closed=False))
    while not gate.loop._inbox.empty():
        gate.loop._run_once()
    assert gate.loop._lane.state == "yielding"
    assert gate.of_type("alarm.raised") == []
    gate.journal.close()
    simulated.forget_boards()


@contextmanager
def polled(gate, clock):
    """A gate whose inputs are sampled all the time."""
    inputs, ended = SimpleNamespace(presence=False), threading.Event()

    def poll():
        while not ended.wait(0.01):
            clock.sample(0.01, inputs.presence)

    polling = threading.Thread(target=poll)
    polling.start()
    try:
        with gate:
            yield inputs
    finally:
        ended.set()
        polling.join(PATIENCE_S)


def test_a_key_opens_and_an_input_that_flaps_is_told_of_by_name(request, tmp_path):
    gate = Gate(tmp_path, request.node.name, blind=False, stale_s=600.0, has_key=True)
    gate.loop.sampled(Signals(time.monotonic(), False, False, key=False))
    with gate:
        gate.loop.sampled(Signals(time.monotonic(), False, False, key=True))
        eventually(lambda: gate.of_type("access.granted"))
        assert gate.of_type("access.granted")[0]["operator"] == "key switch"
        gate.loop.sampled(Signals(time.monotonic(), False, None, key=True, flapping=("safety",)))
        eventually(lambda: "inputs_flapping" in {data["alarm"] for data in gate.of_type("alarm.raised")})
        assert "safety" in gate.of_type("alarm.raised")[-1]["detail"]
    simulated.forget_boards()


def test_a_close_order_is_given_as_a_pulse_where_the_agent_closes(request, tmp_path):
    rules = {"blind": False, "stale_s": 600.0, "close_mode": "agent", "has_opened": True}
    gate = Gate(tmp_path, request.node.name, wires={"close_channel": 2}, **rules)
    gate.loop.start()
    gate.owner.start()
    gate.loop.sampled(Signals(time.monotonic(), False, False, None, True, None))
    eventually(lambda: gate.knows_the_relay)
    gate.order(CommandKind.CLOSE)
    eventually(lambda: gate.of_type("barrier.pulsed"))
    assert gate.of_type("barrier.pulsed") == [{"grant": None, "action": "close", "delivery": "delivered"}]
    gate.__exit__()
    simulated.forget_boards()


@pytest.mark.parametrize(("kind", "relay"), [(CommandKind.TEST_OPEN, 0), (CommandKind.TEST_CLOSE, 1)])
def test_a_test_pulse_is_on_the_disk_before_its_relay_moves_and_else_moves_nothing(
    request, tmp_path, monkeypatch, kind, relay
):
    monkeypatch.setattr("agent.recording.recorder.RETRY_S", 0.05)
    rules = {"blind": False, "stale_s": 600.0, "close_mode": "agent"}
    gate = Gate(tmp_path, request.node.name, wires={"close_channel": 2}, **rules)
    gate.loop.sampled(Signals(time.monotonic(), presence=False, safety=False))
    with gate:
        gate.journal.fails = JournalFullError("full")
        gate.order(kind, "order 1")
        eventually(lambda: gate.answers)
        assert gate.answers == [
            OrderAnswered("order 1", done=False, detail="it could not be recorded, so nothing was done")
        ]
        gate.journal.fails = None
        eventually(lambda: not gate.recorder.failing)
        recorded = []
        gate.relay.gate = lambda what: recorded.append(list(gate.journal.types)) if what == "pulse" else None
        gate.order(kind, "order 2")
        eventually(lambda: any(one.on and one.channel == relay + 1 for one in gate.board.relays.history))
        assert [types.count("barrier.tested") for types in recorded] == [1]
        assert gate.answers[1].done
        assert gate.of_type("barrier.tested")[0]["operator"] == "officer 7"
    simulated.forget_boards()


# ------------------------------------------------------------------------------------------------- the loop itself


def test_ten_thousand_items_at_once_do_not_starve_the_ticks(gate):
    done, held = threading.Event(), threading.Event()
    gate.loop._inbox.put(lambda _: held.wait(PATIENCE_S))
    ticks = []

    def slow(_moment):
        ticks.append(len(gate.views))
        threading.Event().wait(0.06)

    for _ in range(4):
        for _ in range(2_500):
            gate.loop.pulsed(PulseReport("nobody", "open", Delivery.DELIVERED, 0.0))
        gate.loop._inbox.put(slow)
    gate.loop._inbox.put(lambda _: done.set())
    held.set()
    assert done.wait(PATIENCE_S)
    assert len(ticks) == 4
    assert ticks == sorted(set(ticks)), "a tick after each item that took longer than a tick, though others wait"


def test_progress_goes_on_while_idle(gate):
    stamp = gate.loop.worker.progress_at()
    eventually(lambda: gate.loop.worker.progress_at() > stamp + 0.1)
    stamps = [view.progress_at for view in gate.views]
    assert stamps == sorted(stamps)


@pytest.fixture
def net():
    """The last net of the process, with the names of the threads that it caught."""
    before, caught = threading.excepthook, []
    end_on_thread_failure(caught.append)
    yield caught
    threading.excepthook = before


@pytest.mark.parametrize("culprit", ["decide", "make", "observe"])
def test_a_fault_in_the_loop_ends_it_and_the_process_moves_nothing_and_lets_progress_stand_still(
    gate, net, culprit, caplog
):
    def fault(*_arguments):
        raise ZeroDivisionError("a bug")

    if culprit == "decide":
        gate.loop._decide = fault
        gate.show()
    elif culprit == "make":
        gate.loop.commanded(fault)
    else:
        gate.loop._observe = fault
    assert gate.loop.worker.ended(PATIENCE_S)
    assert not gate.loop.runs
    assert net == ["lane-exit"]
    assert "the thread lane-exit has failed; the agent stops" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    stamp = gate.loop.worker.progress_at()
    gate.show()
    assert (gate.loop.worker.progress_at(), gate.pulses) == (stamp, 0)


def test_a_loop_runs_from_its_start_to_its_end(request, tmp_path):
    gate = Gate(tmp_path, request.node.name)
    assert not gate.loop.runs
    with gate:
        assert gate.loop.runs
    assert not gate.loop.runs
    simulated.forget_boards()


def test_stopping_leaves_what_waits_alone(gate):
    entered, leave = threading.Event(), threading.Event()
    gate.loop._inbox.put(lambda _: (entered.set(), leave.wait(PATIENCE_S)))
    assert entered.wait(PATIENCE_S)
    gate.show()
    stopper = threading.Thread(target=gate.loop.stop)
    stopper.start()
    eventually(lambda: gate.loop._winding_down)
    leave.set()
    stopper.join(PATIENCE_S)
    assert gate.questions == []
    assert gate.pulses == 0


def test_reports_that_wait_at_the_stop_are_recorded_and_nothing_else_is_done(gate):
    entered, leave = threading.Event(), threading.Event()
    gate.loop._inbox.put(lambda _: (entered.set(), leave.wait(PATIENCE_S)))
    assert entered.wait(PATIENCE_S)
    gate.order(CommandKind.OPEN)
    gate.loop.wind_down()
    gate.loop.pulsed(PulseReport("nobody", "open", Delivery.UNKNOWN, 0.0))
    fed = []
    feed = gate.loop._feed
    gate.loop._feed = lambda *items: (fed.extend(type(item).__name__ for item in items), feed(*items))
    leave.set()
    gate.loop.stop()
    assert fed == ["Pulsed"]
    assert (gate.pulses, gate.journal.types) == (0, [])


def test_a_loop_that_hangs_at_the_stop_is_left_behind_with_a_word(gate, caplog, monkeypatch):
    monkeypatch.setattr("agent.lane.loop.STOP_TIMEOUT_S", 0.02)
    entered, leave = threading.Event(), threading.Event()
    gate.loop._inbox.put(lambda _: (entered.set(), leave.wait(PATIENCE_S)))
    assert entered.wait(PATIENCE_S)
    gate.loop.stop()
    assert "the agent stops without" in caplog.text
    leave.set()
    assert gate.loop.worker.ended(PATIENCE_S)


def test_many_threads_may_feed_it(gate):
    def feed(number):
        for _ in range(100):
            gate.loop.pulsed(PulseReport(str(number), "open", Delivery.DELIVERED, 0.0))
            gate.loop.readers_changed(up=True)

    threads = [threading.Thread(target=partial(feed, number)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    eventually(gate.loop._inbox.empty)
    gate.show()
    eventually(lambda: gate.of_type("barrier.pulsed"))
    assert Counter(gate.journal.types)["access.granted"] == 1
