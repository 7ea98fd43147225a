"""A watchman of a lane: checks what goes in against what comes out, and knows nothing of how the lane works inside.

With the transitions that a lane may make: `SIGHTED` with inputs, `BLIND` without.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING

from agent.core.events.event_types import (
    AccessDecided,
    AccessGranted,
    Alarm,
    BarrierHeld,
    BarrierTested,
    Draft,
    Event,
    LaneOrdered,
    TransactionClosed,
    VehicleEntering,
    VehiclePresent,
    VehicleVin,
)
from agent.core.lane.effects import Close, Decide, Hold, OrderAnswered, Raise, Record
from agent.core.lane.lane_state_machine import LaneState
from agent.core.lane.state import LaneLockout
from agent.core.lane.step_inputs import (
    CommandKind,
    Decided,
    Input,
    InterlockChanged,
    OfficerCommand,
    Presented,
    Pulsed,
    RecordFailed,
    RelayChanged,
    Sampled,
    Ticked,
)
from agent.core.model import Outcome
from agent.core.model.ledger import LedgerChange, LedgerState
from agent.core.model.reasons import Reason, Verdict

if TYPE_CHECKING:
    from agent.core.lane.effects import Effect
    from agent.core.lane.lane_state_machine import LaneRules

S = LaneState
TO_HELD = {(s, S.HELD_OPEN) for s in S if s is not S.HELD_OPEN}
TO_FAULT = {(s, S.FAULT) for s in S if s is not S.FAULT}
BEFORE_THE_PULSE = {
    (S.INIT, S.IDLE),
    (S.IDLE, S.PRESENT),
    (S.IDLE, S.DECIDING),
    (S.IDLE, S.MANUAL),
    (S.PRESENT, S.IDLE),
    (S.PRESENT, S.DECIDING),
    (S.PRESENT, S.MANUAL),
    (S.PRESENT, S.DENIED),
    (S.DECIDING, S.IDLE),
    (S.DECIDING, S.MANUAL),
    (S.DECIDING, S.DENIED),
    (S.MANUAL, S.IDLE),
    (S.MANUAL, S.PRESENT),
    (S.MANUAL, S.DECIDING),
    (S.MANUAL, S.DENIED),
    (S.PRESENT, S.WAITING),
    (S.DECIDING, S.WAITING),
    (S.WAITING, S.IDLE),
    (S.WAITING, S.DECIDING),
    (S.IDLE, S.YIELDING),
    (S.YIELDING, S.IDLE),
    (S.IDLE, S.OUT_OF_SERVICE),
    *((s, S.OUT_OF_SERVICE) for s in (S.INIT, S.PRESENT, S.DECIDING, S.MANUAL, S.WAITING, S.DENIED, S.YIELDING)),
    (S.OUT_OF_SERVICE, S.INIT),
    (S.OUT_OF_SERVICE, S.YIELDING),
    (S.OUT_OF_SERVICE, S.OPENING),
    (S.OPEN, S.OUT_OF_SERVICE),
    (S.DENIED, S.IDLE),
    (S.DENIED, S.DECIDING),
    (S.DENIED, S.MANUAL),
    (S.OPENING, S.OPEN),
    (S.OPENING, S.DENIED),
    *((s, S.OPENING) for s in (S.IDLE, S.PRESENT, S.DECIDING, S.MANUAL, S.WAITING, S.DENIED, S.OPEN)),
}
SIGHTED = {
    *BEFORE_THE_PULSE,
    *TO_HELD,
    *TO_FAULT,
    (S.FAULT, S.INIT),
    (S.INIT, S.VIOLATION),
    (S.INIT, S.YIELDING),
    (S.INIT, S.CLOSING),
    (S.IDLE, S.CLOSING),
    (S.OUT_OF_SERVICE, S.CLOSING),
    *((s, S.VIOLATION) for s in (S.IDLE, S.PRESENT, S.DECIDING, S.MANUAL, S.WAITING, S.DENIED, S.YIELDING)),
    (S.OUT_OF_SERVICE, S.VIOLATION),
    *((s, S.OUT_OF_SERVICE) for s in (S.CLEARING, S.CLOSING, S.VIOLATION)),
    (S.YIELDING, S.OPENING),
    (S.OPENING, S.VIOLATION),
    (S.OPENING, S.PASSING),
    (S.OPEN, S.PASSING),
    (S.OPEN, S.CLOSING),
    (S.OPEN, S.IDLE),
    (S.OPEN, S.DENIED),
    (S.OPEN, S.YIELDING),
    (S.PASSING, S.CLEARING),
    (S.CLEARING, S.PASSING),
    (S.CLEARING, S.CLOSING),
    (S.CLEARING, S.IDLE),
    (S.CLOSING, S.IDLE),
    (S.CLOSING, S.PASSING),
    (S.CLOSING, S.YIELDING),
    (S.CLOSING, S.VIOLATION),
    (S.CLOSING, S.OPENING),
    (S.VIOLATION, S.IDLE),
    (S.VIOLATION, S.CLOSING),
    (S.VIOLATION, S.OPENING),
    (S.HELD_OPEN, S.OPEN),
}
BLIND = {
    *BEFORE_THE_PULSE,
    *(pair for pair in TO_HELD if pair[0] in {a for a, _ in BEFORE_THE_PULSE} | {S.OPEN}),
    (S.OPEN, S.IDLE),
    (S.HELD_OPEN, S.IDLE),
    (S.HELD_OPEN, S.OUT_OF_SERVICE),
}

SERVES = {S.IDLE, S.PRESENT, S.DECIDING, S.MANUAL, S.WAITING}
"""States that a lane which is to be out of service has left, or never enters."""
TESTS = {CommandKind.TEST_OPEN: "open", CommandKind.TEST_CLOSE: "close"}
SEEN_THROUGH = {Outcome.PASSED, Outcome.PASSED_WITH_VIOLATION}


@dataclass
class Ordered:
    """An open pulse that was ordered for a transaction, and what became of it; `delivery` is empty while it is under
    way.
    """

    transaction: str | None
    deadline: float
    delivery: str = ""


@dataclass
class Monitor:
    """Raises AssertionError at the first breach of the rules that may never break."""

    rules: LaneRules
    lockout: LaneLockout = field(default_factory=LaneLockout)
    relay_up: bool = False
    samples: list[Sampled] = field(default_factory=list)
    asked: str | None = None
    open: str | None = None
    began_at: float = -inf
    payloads: frozenset[bytes] = frozenset()
    told_vins: list[tuple[str, str]] = field(default_factory=list)
    payloads_before: frozenset[bytes] = frozenset()
    through_before: bool = False
    seen_before_at: float = -inf
    entered: bool = False
    granted: bool = False
    ids: set[str] = field(default_factory=set)
    grants: set[str] = field(default_factory=set)
    pulses: dict[str, Ordered] = field(default_factory=dict)
    arm_in_use: bool = False
    seen_under: bool = False
    clearing_since: float = inf
    turned_away: str = ""
    came_back: bool = False
    reserved: dict[str, LedgerChange] = field(default_factory=dict)
    lowered: bool = False
    lowering: str | None = None
    lowered_at: float = -inf
    tested: bool = False
    closes_due: int = 0
    held: bool = False
    contact: bool = False
    ordered: bool = False
    holding: bool = False
    free: bool = True
    raises: int = 0
    closes: int = 0
    outcomes: dict[Outcome, int] = field(default_factory=dict)
    answers: dict[tuple[CommandKind, bool], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.free = not self.rules.neighbours

    def take_in(self, item: Input) -> None:
        """Note what the lane is told."""
        if isinstance(item, RecordFailed):
            self.free = self.free and item.reason is not Reason.INTERLOCKED
            if isinstance(item.item, Sampled):
                self.take_in(item.item)
        elif isinstance(item, InterlockChanged):
            self.free, self.arm_in_use = item.free, item.arm_in_use
        elif isinstance(item, Pulsed):
            self._report(item)
        elif isinstance(item, Sampled):
            self._sample(item)
        elif isinstance(item, RelayChanged):
            self.relay_up = item.up
        elif isinstance(item, Presented):
            self._sight(item)

    def _sight(self, item: Presented) -> None:
        """Keep in mind what the vehicle before showed, for as long as it is seen."""
        if item.now.at - self.seen_before_at > self.rules.gone_s:
            self.payloads_before = frozenset()
        elif item.presentation.payload in self.payloads_before:
            self.seen_before_at = item.now.at

    def _report(self, item: Pulsed) -> None:
        if item.action == "close" and self.closes_due:
            self.closes_due -= 1
            self.lowering = item.delivery if self.lowering == "" else self.lowering
        pulse = self.pulses.get(item.grant or "")
        if pulse is not None and not pulse.delivery and item.now.at <= pulse.deadline:
            pulse.delivery = item.delivery

    def _sample(self, item: Sampled) -> None:
        if not self.samples or min(item.signals.at, item.now.at) >= self.seen_at(self.samples[-1]):
            self.samples.append(item)
            del self.samples[:-400]
            self.contact = self.contact if item.signals.hold is None else item.signals.hold
            under = self.occupied(item) and not self.arm_in_use
            self.seen_under, self.came_back = self.seen_under or under, self.came_back or under

    def check(self, item: Input, effects: tuple[Effect, ...]) -> None:
        """Check a step whose record, if any, was written."""
        records = [index for index, effect in enumerate(effects) if isinstance(effect, Record)]
        assert records in ([], [0]), "one Record at most, before everything else"
        drafts = [draft for effect in effects if isinstance(effect, Record) for draft in effect.events]
        rows = [row for effect in effects if isinstance(effect, Record) for row in effect.ledger]
        self.holding = any(isinstance(draft.event, BarrierHeld) for draft in drafts)
        if self.holding and isinstance(item, OfficerCommand):
            self.ordered = item.kind is CommandKind.HOLD
        self._expire(item)
        self._ledger(item, drafts, rows)
        self._answer(item, effects, [draft.event for draft in drafts])
        for draft in drafts:
            self._event(item, draft.event, draft.transaction)
        events = [draft.event for draft in drafts]
        for effect in effects:
            match effect:
                case Raise():
                    self._raise(item, effect, events, rows)
                case Close():
                    self._close(item, effect)
                case Hold():
                    self._hold(item, effect, events)
                case Decide():
                    assert effect.transaction == self.open
                    self.asked = effect.transaction
                    self._evidence(effect)
                case _:
                    pass

    def _evidence(self, effect: Decide) -> None:
        """Nobody is judged by what the vehicle before him showed before he came, however late it was read."""
        late = [p.payload for p in effect.presentations if p.at < self.began_at and p.payload in self.payloads_before]
        assert late == []
        self.payloads |= {presentation.payload for presentation in effect.presentations}

    def _expire(self, item: Input) -> None:
        for grant, pulse in list(self.pulses.items()):
            if not pulse.delivery and item.now.at > pulse.deadline:
                pulse.delivery = "unknown"
            if pulse.delivery and pulse.transaction != self.open:
                del self.pulses[grant]

    def states(self, item: Input, before: LaneState, after: LaneState, effects: tuple[Effect, ...]) -> None:
        """Check what the lane says of its state: lost inputs leave it at rest, and a start moves nothing (rule 6)."""
        if not self.fresh(item):
            assert after in (LaneState.INIT, LaneState.FAULT, LaneState.HELD_OPEN)
        if self.lockout.out_of_service_by:
            assert after not in SERVES, "it begins nothing out of service (rule 9)"
        else:
            assert after is not LaneState.OUT_OF_SERVICE, "it is in service"
        if before is LaneState.INIT and not isinstance(item, OfficerCommand):
            acts = [effect for effect in effects if isinstance(effect, Raise | Close | Hold)]
            assert acts in ([], [Hold(on=True, override=True)])
        if any(isinstance(d.event, BarrierTested) for e in effects if isinstance(e, Record) for d in e.events):
            assert before in (LaneState.IDLE, LaneState.OUT_OF_SERVICE), (
                "a test only where nothing is under way (rule 11)"
            )
            assert after in (LaneState.OPENING, LaneState.CLOSING)
        self._lowered(item, before, after, effects)
        self._served(item, after)
        if isinstance(item, Sampled):
            assert (after is LaneState.HELD_OPEN) is (self.contact or self.ordered)

    def _lowered(self, item: Input, before: LaneState, after: LaneState, effects: tuple[Effect, ...]) -> None:
        """Rule 2, of close pulses: one that may have been given is not repeated, and no arm is taken for down by time
        alone to which none was given. `lowering`: what is known of the newest; None: none was ordered since the state
        was entered, empty: no report yet.
        """
        if before is LaneState.CLOSING and after in (LaneState.IDLE, LaneState.OUT_OF_SERVICE) and self.lowered_by_us():
            shut = self.rules.has_closed and self.samples[-1].signals.closed is True
            assert shut or self.tested or self.lowering not in (None, "not_delivered"), "no close pulse was given"
        if before is LaneState.CLOSING and after is LaneState.PASSING and self.relay_up:
            raised = any(isinstance(effect, Raise) and effect.override for effect in effects)
            lowered = self.tested or self.lowering not in (None, "not_delivered")
            assert raised is lowered, "its own close is undone, and no other"
        if before is not LaneState.CLOSING:
            self.lowering, self.tested = None, False
        if any(isinstance(effect, Close) for effect in effects):
            again = self.lowering is not None
            assert not again or not self.tested, "a test is one pulse"
            assert not again or self.lowering == "not_delivered", "the close pulse before may have been given"
            assert not again or item.now.at - self.lowered_at >= 1.0, "it is tried too often"
            drafts = [draft for effect in effects if isinstance(effect, Record) for draft in effect.events]
            self.tested = any(isinstance(draft.event, BarrierTested) for draft in drafts)
            self.lowering, self.lowered_at = "unknown" if self.closes_due else "", item.now.at
            self.closes_due += 1

    def _served(self, item: Input, after: LaneState) -> None:
        """A vehicle that stands before the arm is served once the one before has had the time to go and the arm to
        close.
        """
        if after is not LaneState.CLEARING:
            self.clearing_since = inf
            return
        self.clearing_since = min(self.clearing_since, item.now.at)
        over = item.now.at - self.clearing_since >= self.rules.clear_s + self.rules.close_s
        clear = item.now.at - self._clear_since() >= self.rules.clear_s
        stands = self.samples[-1].signals.presence is True and clear
        assert not (over and stands and isinstance(item, Sampled | Ticked)), "the next vehicle waits in vain"

    def _clear_since(self) -> float:
        """Since when every sample has shown for sure that nothing is under the arm; inf where the newest does not."""
        since = inf
        for sample in reversed(self.samples):
            signals = sample.signals
            photocell_is_clear = signals.photocell is False or (
                signals.photocell is None and not self.rules.has_photocell
            )
            if signals.safety is not False or not photocell_is_clear:
                break
            since = sample.now.at
        return since

    # ------------------------------------------------------------------------------------------------------- the rules

    def _raise(self, item: Input, effect: Raise, events: list[Event], rows: list[LedgerChange]) -> None:
        """Rules 1 and 2: a recorded, unexpired, unused grant, and one pulse for it."""
        granted = [event for event in events if isinstance(event, AccessGranted)]
        assert [event.grant for event in granted] == [effect.grant], "the grant is recorded before it is used"
        assert effect.grant not in self.grants, "one grant, one pulse"
        assert item.now.at < effect.deadline <= item.now.at + self.rules.grant_s
        assert self.relay_up, "no order to a board that is away"
        assert self.fresh(item), "no pulse without inputs"
        by = granted[0].by
        self._once_more(by)
        assert effect.override is (by == "safety")
        assert self.free or effect.override, "of lanes that must wait for one another, one at a time (rule 7)"
        assert effect.override or not self.lockout.locked_by, "nothing opens a locked lane (rule 8)"
        if by == "permit":
            assert isinstance(item, Decided)
            assert item.decision.verdict is Verdict.PASS
            assert self.asked == self.open, "the lane had asked"
            assert any(isinstance(event, AccessDecided) and event.verdict is Verdict.PASS for event in events)
            assert [(row.state, row.use) for row in rows] == [(LedgerState.RESERVED, item.use)]
            assert self.rules.blind or self.samples[-1].signals.presence is not False, "the vehicle is still there"
        elif by == "operator":
            self._ordered(item, granted[0])
            assert not (rows and isinstance(item, RecordFailed)), "no use that another lane has"
        else:
            assert isinstance(item, Sampled)
            assert self.lowered, "only an arm that the agent lowered is raised again"
            assert self.samples[-1].signals.safety is True or self.samples[-1].signals.photocell is True
        self.asked, self.lowered = None, False
        self.grants.add(effect.grant)
        self.pulses[effect.grant] = Ordered(None if by == "safety" else self.open, effect.deadline)
        self.raises += 1

    def _once_more(self, by: str) -> None:
        """Rule 2: a transaction has a second pulse only where an officer asks for it, and the first may not have
        happened.
        """
        before = [pulse.delivery for pulse in self.pulses.values() if pulse.transaction == self.open]
        if before and by != "safety":
            assert by == "operator"
            assert "" not in before, "the pulse before is under way"
            assert "delivered" not in before
            assert not self.samples or self.samples[-1].signals.opened is not True, "no second pulse on an open arm"

    def _ordered(self, item: Input, granted: AccessGranted) -> None:
        order = item.item if isinstance(item, RecordFailed) else item
        if isinstance(order, OfficerCommand):
            assert order.kind in (CommandKind.OPEN, CommandKind.TEST_OPEN)
            assert (granted.operator, granted.cause) == (order.operator, order.cause)
        else:
            assert order is self.samples[-1]
            assert (self.samples[-2].signals.key, self.samples[-1].signals.key) == (False, True), "the key was turned"
            assert granted.operator == "key switch"

    def _close(self, item: Input, effect: Close) -> None:
        """Rules 3 and 4: every input that guards it is fresh and clear; unknown is not clear."""
        assert self.rules.close_mode == "agent"
        assert not self.rules.blind
        assert self.relay_up
        sample = self.samples[-1]
        assert item.now.at - self.seen_at(sample) <= self.rules.stale_s
        assert sample.signals.safety is False
        assert sample.signals.photocell is False if self.rules.has_photocell else sample.signals.photocell is not True
        assert sample.signals.presence is not None
        assert effect.deadline <= item.now.at + self.rules.stale_s
        self.lowered = True
        self.closes += 1

    def _hold(self, item: Input, effect: Hold, events: list[Event]) -> None:
        if effect.override:
            assert effect.on
            assert isinstance(item, Sampled)
            assert item.signals.hold is True
        elif effect.on:
            assert isinstance(item, OfficerCommand)
            assert item.kind is CommandKind.HOLD
            assert self.free, "no hold where a neighbour is open (rule 7)"
            assert not self.lockout.locked_by, "no hold of a locked lane (rule 8)"
        else:
            assert not self.contact
            assert not self.ordered
        assert any(isinstance(event, BarrierHeld) and event.held is effect.on for event in events)
        assert effect.on is not self.held
        self.held = effect.on

    def _answer(self, item: Input, effects: tuple[Effect, ...], events: list[Event]) -> None:
        """Rule 10: one answer for each order with an id, and done is what the effects and the record say."""
        answers = [effect for effect in effects if isinstance(effect, OrderAnswered)]
        order = item.item if isinstance(item, RecordFailed) else item
        if not isinstance(order, OfficerCommand):
            assert answers == []
            assert not any(isinstance(event, LaneOrdered) for event in events)
            return
        assert [answer.order for answer in answers] == ([order.order] if order.order else [])
        stands = [event for event in events if isinstance(event, LaneOrdered)]
        acts = [effect for effect in effects if isinstance(effect, Raise | Close | Hold)]
        for answer in answers:
            self.answers[order.kind, answer.done] = self.answers.get((order.kind, answer.done), 0) + 1
            assert answer.detail
            assert not answer.done or item.now.at < order.deadline, "not after its time"
            assert answer.done or not (acts or stands), "what is not done changes nothing"
            if order.kind in (CommandKind.OPEN, CommandKind.CLOSE, *TESTS):
                assert len(acts) == answer.done
        self._tested(item, order, acts, [event for event in events if isinstance(event, BarrierTested)])
        assert all((event.operator, event.cause) == (order.operator, order.cause) for event in stands)
        for event in stands:
            self._stand(event)
        assert not answers or not answers[0].done or self._as_ordered(order.kind, events)

    def _tested(self, item: Input, order: OfficerCommand, acts: list[Effect], tests: list[BarrierTested]) -> None:
        """Rule 11: a test is one recorded pulse, of a lane where nothing is and nothing goes on."""
        if order.kind not in TESTS:
            assert tests == []
            return
        assert len(acts) == len(tests) <= 1, "what a test moves is recorded as one"
        if not tests:
            return
        assert isinstance(item, OfficerCommand), "no test in place of what could not be recorded"
        assert (tests[0].action, tests[0].operator, tests[0].cause) == (TESTS[order.kind], order.operator, order.cause)
        assert isinstance(acts[0], Raise if tests[0].action == "open" else Close)
        assert self.open is None, "no vehicle is being served"
        assert self.free, "nor is a neighbour's"
        assert self.relay_up
        assert not self.lockout.locked_by
        if not self.rules.blind:
            last = self.samples[-1]
            assert (last.signals.presence, last.signals.safety) == (False, False), "nothing is there, for sure"
            assert last.signals.photocell is False if self.rules.has_photocell else last.signals.photocell is not True
            assert last.signals.closed is True if self.rules.has_closed else last.signals.opened is not True

    def _stand(self, event: LaneOrdered) -> None:
        match event.order:
            case "locked":
                assert not self.lockout.locked_by
                assert not self.ordered
                self.lockout = replace(self.lockout, locked_by=event.operator)
            case "unlocked":
                assert self.lockout.locked_by
                self.lockout = replace(self.lockout, locked_by="")
            case "out_of_service":
                assert not self.lockout.out_of_service_by
                self.lockout = replace(self.lockout, out_of_service_by=event.operator)
            case "in_service":
                assert self.lockout.out_of_service_by
                self.lockout = replace(self.lockout, out_of_service_by="")
                if not self.through_before:  # who was turned away may try again at once
                    self.payloads_before = frozenset()

    def _as_ordered(self, kind: CommandKind, events: list[Event]) -> bool:
        match kind:
            case CommandKind.LOCK | CommandKind.UNLOCK:
                return bool(self.lockout.locked_by) is (kind is CommandKind.LOCK)
            case CommandKind.OUT_OF_SERVICE | CommandKind.IN_SERVICE:
                return bool(self.lockout.out_of_service_by) is (kind is CommandKind.OUT_OF_SERVICE)
            case CommandKind.HOLD | CommandKind.RELEASE:
                return self.ordered is (kind is CommandKind.HOLD) and self.holding
            case CommandKind.OPEN:
                return any(isinstance(event, AccessGranted) and event.by == "operator" for event in events)
            case CommandKind.REFUSE | CommandKind.CLOSE:
                closed = [event for event in events if isinstance(event, TransactionClosed)]
                refused = [event.outcome for event in closed if event.operator]
                return refused == [Outcome.DENIED] * (kind is CommandKind.REFUSE)
            case CommandKind.TEST_OPEN | CommandKind.TEST_CLOSE:
                return any(isinstance(event, BarrierTested) for event in events)

    def _event(self, item: Input, event: Event, transaction: str | None) -> None:
        """Rule 5: a transaction has exactly one outcome, and nothing is decided outside of one."""
        if isinstance(event, VehiclePresent):
            self._begin(item, event, transaction)
        elif isinstance(event, VehicleEntering):
            assert transaction == self.open
            self.entered = True
            assert not self.rules.blind
        elif isinstance(event, TransactionClosed):
            assert transaction is not None
            assert transaction == self.open
            self._outcome(item, event)
            self.open = self.asked = None
            self.payloads_before, self.seen_before_at = self.payloads, item.now.at
        elif isinstance(event, AccessGranted) and event.by == "safety":
            assert transaction is None
        elif isinstance(event, (AccessDecided, AccessGranted, VehicleVin)):
            assert transaction is not None
            assert transaction == self.open
            self._of_decision(item, event)

    def _of_decision(self, item: Input, event: AccessDecided | AccessGranted | VehicleVin) -> None:
        if isinstance(event, AccessGranted):
            under = bool(self.samples) and self.occupied(self.samples[-1])
            self.seen_under, self.granted = under or (self.granted and self.seen_under), True
        elif isinstance(event, AccessDecided):
            self.asked = self.asked if event.verdict is Verdict.PASS else None
        else:
            self._vin(item, event)

    def _vin(self, item: Input, event: VehicleVin) -> None:
        """A VIN is told of with the decision that knows what it is to be, once, and not without end."""
        assert isinstance(item, Decided | RecordFailed)
        assert (event.vin, event.source) not in self.told_vins
        self.told_vins.append((event.vin, event.source))
        assert len(self.told_vins) <= 8

    def _begin(self, item: Input, event: VehiclePresent, transaction: str | None) -> None:
        """A transaction has a number of its own, and begins after the one before has ended."""
        assert event.seen_by == "operator" or not self.lockout.out_of_service_by, "begun out of service (rule 9)"
        assert event.direction == (self.rules.direction or None)
        assert self.open is None
        assert transaction is not None
        assert transaction not in self.ids
        assert len(transaction) == 20
        self.ids.add(transaction)
        self.open, self.entered, self.granted, self.asked = transaction, False, False, None
        self.began_at, self.payloads = item.now.at, frozenset()
        self.told_vins = []
        self.seen_under = False

    def _outcome(self, item: Input, event: TransactionClosed) -> None:
        """Rule 4 again: a passage is over only when the lane was seen to be free for long enough."""
        self.outcomes[event.outcome] = self.outcomes.get(event.outcome, 0) + 1
        assert event.duration_s >= 0
        through = event.outcome in SEEN_THROUGH or (event.outcome is Outcome.OVERRIDDEN and not self.holding)
        self.through_before = through
        assert event.granted is self.granted
        assert (event.direction, event.permit is None) == (self.rules.direction or None, event.vin is None)
        if self.entered:
            assert event.taken is True
        else:
            assert event.taken is None or event.taken is (self.rules.blind and through)
        if event.taken is False:
            assert not self.under_way(), "it may still go under the arm"
            assert not self.seen_under, "something was under the arm"
            assert event.outcome is not Outcome.FAULT or not self.may_have_risen(), "it may be going under the arm"
        if self.rules.blind:
            assert event.assumed is (event.outcome in SEEN_THROUGH or event.outcome is Outcome.OVERRIDDEN)
        elif through:
            assert self.entered
            assert not event.assumed or Alarm.TAILGATING in event.violations
            since = item.now.at - self.rules.clear_s
            assert self.seen_at(self.samples[-1]) >= item.now.at - self.rules.stale_s
            for sample in self.samples:
                if sample.now.at > since + 1e-9:
                    assert sample.signals.safety is False, "nothing was under the arm, for sure"
                    assert sample.signals.photocell is not True

    def _ledger(self, item: Input, drafts: list[Draft], rows: list[LedgerChange]) -> None:
        """Rule 12: a use is consumed by a passage, given back where it is known that nothing passed, else in doubt."""
        closed = [(d.event, d.transaction) for d in drafts if isinstance(d.event, TransactionClosed)]
        entered = self.entered or any(isinstance(d.event, VehicleEntering) for d in drafts)
        settled = set()
        for row in rows:
            if row.state is LedgerState.RESERVED:
                assert row.transaction not in self.reserved, "one use of a permit a transaction"
            else:
                before = self.reserved[row.transaction]
                assert (before.permit_id, before.use, before.state) == (row.permit_id, row.use, LedgerState.RESERVED)
                settled.add(row.transaction)
                self._settled(item, row, closed, entered=entered)
            self.reserved[row.transaction] = row
        for event, transaction in closed:
            if transaction in self.reserved and transaction not in settled:
                self._left(event, transaction)

    def _settled(
        self, item: Input, row: LedgerChange, closed: list[tuple[TransactionClosed, str | None]], *, entered: bool
    ) -> None:
        if row.transaction == self.turned_away:
            assert row.state is LedgerState.RELEASED
            assert self.fresh(item)
            assert not self.came_back, "something went a vehicle was under the arm before it was down"
            assert self.arm_is_down(), "the arm is up"
            seen = self.rules.has_closed or self.rules.has_opened
            assert seen or not self.lowered_by_us() or self.lowering == "delivered", "the arm may be up"
            return
        assert [transaction for _, transaction in closed] == [row.transaction]
        event = closed[0][0]
        if row.state is LedgerState.CONSUMED:
            assert event.taken is True
            assert entered or (self.rules.blind and event.outcome in (*SEEN_THROUGH, Outcome.OVERRIDDEN))
        else:
            assert event.outcome not in SEEN_THROUGH
            assert not entered, "what was under the arm is never given back"
            self._given_back(item, event.outcome)

    def _left(self, event: TransactionClosed, transaction: str) -> None:
        """Check that a use that is left reserved is in doubt, or waits for the arm behind a vehicle
        that turned away.
        """
        assert event.outcome not in SEEN_THROUGH
        if event.outcome is Outcome.NOT_TAKEN:
            self.turned_away, self.came_back = transaction, False
        else:
            assert event.taken is not False, "in doubt though nothing passed"

    def _given_back(self, item: Input, outcome: Outcome) -> None:
        assert not self.under_way(), "a pulse may still come"
        if not self.may_have_risen():
            return
        assert outcome is Outcome.NOT_TAKEN, "the arm may be up"
        assert not self.rules.blind, "nothing sees it go"
        assert self.fresh(item)
        last = self.samples[-1]
        assert not self.seen_under, "something was under the arm"
        assert last.signals.safety is False
        assert last.signals.closed is True, "the arm is up"

    # --------------------------------------------------------------------------------------------------------- helpers

    def under_way(self) -> bool:
        """Whether a pulse, of whatever grant, may still be given."""
        return any(not pulse.delivery for pulse in self.pulses.values())

    def may_have_risen(self) -> bool:
        """Whether a pulse of the open transaction may have raised the arm, or still may."""
        own = [pulse for pulse in self.pulses.values() if pulse.transaction == self.open]
        return any(pulse.delivery != "not_delivered" for pulse in own) or self.under_way()

    def arm_is_down(self) -> bool:
        """Whether the limit switches that are there say that the arm is closed."""
        last = self.samples[-1]
        return (
            last.signals.closed is True
            if self.rules.has_closed
            else not self.rules.has_opened or last.signals.opened is False
        )

    def lowered_by_us(self) -> bool:
        """Whether the arm comes down by a close pulse of the agent only."""
        return self.rules.close_mode == "agent" and not self.rules.blind

    @staticmethod
    def occupied(sample: Sampled) -> bool:
        """Whether a sample shows something under the arm."""
        return sample.signals.safety is True or sample.signals.photocell is True

    @staticmethod
    def seen_at(sample: Sampled) -> float:
        return min(sample.signals.at, sample.now.at)

    def fresh(self, item: Input) -> bool:
        """Whether the inputs that the lane was told of are fresh."""
        return self.rules.blind or (
            bool(self.samples) and item.now.at - self.seen_at(self.samples[-1]) <= self.rules.stale_s
        )
