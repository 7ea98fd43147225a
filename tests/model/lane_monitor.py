"""What must hold of a lane, from docs/lane.md and docs/permits.md: by what goes in and what comes out, and the state it
shows.

The monitor knows nothing of how the lane works inside. What it must remember is small (`Known`), so that it is a part
of the state that is explored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Final

from agent.core.events import (
    AccessGranted,
    BarrierHeld,
    BarrierTested,
    LaneOrdered,
    TransactionClosed,
    VehicleEntering,
    VehiclePresent,
)
from agent.core.lane.effects import Close, Decide, Hold, OrderAnswered, Raise, Record, Show
from agent.core.lane.state import LaneState
from agent.core.lane.step_inputs import (
    CommandKind,
    Decided,
    InterlockChanged,
    OfficerCommand,
    Pulsed,
    RecordFailed,
    RelayChanged,
    Sampled,
)
from agent.core.model import LedgerChange, LedgerState, Outcome, Reason, Signals, Verdict
from tests.model.lane_inputs import OPEN_TRANSACTION
from tests.support.lane.monitor import BLIND, SIGHTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.core.events import Draft
    from agent.core.lane.effects import Effect
    from agent.core.lane.lane_state_machine import LaneRules
    from agent.core.lane.step_inputs import Input

_WITHOUT_INPUTS: Final = frozenset({LaneState.INIT, LaneState.FAULT, LaneState.HELD_OPEN})
_THROUGH: Final = frozenset({Outcome.PASSED, Outcome.PASSED_WITH_VIOLATION})
_OPENS: Final = frozenset({CommandKind.OPEN, CommandKind.TEST_OPEN})
_TESTS: Final = frozenset({CommandKind.TEST_OPEN, CommandKind.TEST_CLOSE})
_NO_SAMPLE: Final = Signals(-inf)
_MAYBE_DOWN: Final = frozenset({"waiting", "delivered", "unknown"})


@dataclass(frozen=True, slots=True)
class Served:
    """The open transaction. `under`: something was under the arm since its first grant. `may_have_risen`: a pulse of it
    was not certainly undelivered. `used`: the use that it has reserved, 0 for none.
    """

    asked: bool = False
    granted: bool = False
    entered: bool = False
    under: bool = False
    may_have_risen: bool = False
    used: int = 0


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An open pulse without a report. `own`: of the open transaction."""

    grant: str
    own: bool
    deadline: float


@dataclass(frozen=True, slots=True)
class Known:
    """What the lane was told and has told. Times are relative to now, as in the form of the lane.

    `lowering`: what became of the newest close pulse of this way down; "" before one. `turned_away`: the use of a
    vehicle that went away waits for the arm, or something came back under it.
    """

    relay_up: bool = False
    free: bool = True
    arm_in_use: bool = False
    signals: Signals = _NO_SAMPLE
    known_at: float = -inf
    served: Served | None = None
    pulses: tuple[UnderWay, ...] = ()
    lowering: str = ""
    closes_due: int = 0
    held: bool = False
    ordered: bool = False
    contact: bool = False
    locked: bool = False
    out_of_service: bool = False
    turned_away: str = ""

    def fresh(self, rules: LaneRules, at: float) -> bool:
        """Whether every input of the lane was known a moment ago."""
        return rules.blind or at - self.known_at <= rules.stale_s

    def clear(self, rules: LaneRules) -> bool:
        """Whether nothing is under the arm, for sure."""
        photocell = self.signals.photocell
        return self.signals.safety is False and (photocell is False if rules.has_photocell else photocell is not True)

    def taken(self) -> bool:
        """Whether something is under the arm."""
        return self.signals.safety is True or self.signals.photocell is True

    def arm_is_down(self, rules: LaneRules) -> bool:
        """Whether the limit inputs that are there say so."""
        if rules.has_closed:
            return self.signals.closed is True
        return not rules.has_opened or self.signals.opened is False


def told(known: Known, rules: LaneRules, item: Input) -> tuple[Known, bool]:
    """What is known once an input is taken in, and whether it was a turn of the officer's key."""
    turned = False
    match item:
        case RecordFailed(reason=reason, item=inner):
            if reason is Reason.INTERLOCKED:
                known = replace(known, free=False)
            if isinstance(inner, Sampled):
                known, turned = _sampled(known, rules, inner)
        case Sampled():
            known, turned = _sampled(known, rules, item)
        case InterlockChanged(free=free, arm_in_use=arm_in_use):
            known = replace(known, free=free, arm_in_use=arm_in_use)
        case RelayChanged(up=up):
            known = replace(known, relay_up=up)
        case _:
            pass
    known = _expired(known, item.now.at)
    if isinstance(item, Pulsed):
        known = _report(known, item)
    return known, turned


def _expired(known: Known, at: float) -> Known:
    for one in known.pulses:
        if at > one.deadline:
            known = _reported(known, one, "unknown")
    return known


def _sampled(known: Known, rules: LaneRules, item: Sampled) -> tuple[Known, bool]:
    now, before = item.now.at, known.signals
    signals = replace(item.signals, at=min(item.signals.at, now), flapping=())
    if signals.at < before.at:
        return known, False
    if rules.blind:
        signals = Signals(signals.at, key=signals.key, hold=signals.hold)
    complete = (
        None not in (signals.presence, signals.safety)
        and (signals.photocell is not None or not rules.has_photocell)
        and (signals.opened is not None or not rules.has_opened)
        and (signals.closed is not None or not rules.has_closed)
    )
    close = now - signals.at <= rules.stale_s and signals.at - before.at <= rules.stale_s
    turned = close and before.key is False and signals.key is True
    known = replace(
        known,
        signals=signals,
        known_at=signals.at if complete else known.known_at,
        contact=known.contact if signals.hold is None else signals.hold,
    )
    if known.taken() and not known.arm_in_use:
        served = None if known.served is None else replace(known.served, under=True)
        known = replace(known, served=served, turned_away="came back" if known.turned_away else "")
    return known, turned


def _report(known: Known, item: Pulsed) -> Known:
    delivery = item.delivery if item.delivery in {"delivered", "not_delivered"} else "unknown"
    if item.action == "close":
        if not known.closes_due:
            return known
        lowering = delivery if known.lowering == "waiting" else known.lowering
        return replace(known, closes_due=known.closes_due - 1, lowering=lowering)
    found = next((one for one in known.pulses if one.grant == item.grant), None)
    return known if found is None else _reported(known, found, delivery)


def _reported(known: Known, pulse: UnderWay, delivery: str) -> Known:
    known = replace(known, pulses=tuple(one for one in known.pulses if one is not pulse))
    if pulse.own and delivery != "not_delivered" and known.served is not None:
        known = replace(known, served=replace(known.served, may_have_risen=True))
    return known


@dataclass(slots=True)
class LaneMonitor:
    """Checks one step: `before` and `after` are the states that the lane shows. `breaches` are in words."""

    rules: LaneRules
    known: Known
    item: Input
    turned: bool
    before: LaneState
    after: LaneState
    breaches: list[str]
    events: Sequence[Draft] = ()
    ledger: Sequence[LedgerChange] = ()
    closed_use: int = 0

    @property
    def order(self) -> OfficerCommand | None:
        """The order in the input, also in one whose record failed."""
        base = self.item.item if isinstance(self.item, RecordFailed) else self.item
        return base if isinstance(base, OfficerCommand) else None

    @property
    def at(self) -> float:
        """Now."""
        return self.item.now.at

    def expect(self, holds: object, rule: str) -> None:
        """Note a breach of a rule unless it holds."""
        if not holds:
            self.breaches.append(rule)

    def check(self, effects: tuple[Effect, ...]) -> Known:
        """Check the effects and the states, and return what is known after them."""
        if any(not isinstance(effect, Show) for effect in effects) or self.order is not None:
            self._effects(effects)
        self._states()
        return self.known

    # ------------------------------------------------------------------------------------------------------ the effects

    def _effects(self, effects: tuple[Effect, ...]) -> None:
        records = [number for number, effect in enumerate(effects) if isinstance(effect, Record)]
        self.expect(records in ([], [0]), "one record at most, before everything else")
        for effect in effects:
            if isinstance(effect, Record):
                self.events, self.ledger = effect.events, effect.ledger
        moves = [effect for effect in effects if isinstance(effect, Raise | Close | Hold)]
        self.expect(len(moves) <= 1, "one movement a step at most")
        self._answered(effects, moves)
        if self.events or self.ledger:
            self._recorded()
        granted = [draft.event.grant for draft in self.events if isinstance(draft.event, AccessGranted)]
        raised = [effect.grant for effect in moves if isinstance(effect, Raise)]
        self.expect(granted == raised, "rule 1: each open pulse has its recorded grant, and each grant its pulse")
        reserved = any(row.state is LedgerState.RESERVED for row in self.ledger)
        self.expect(not reserved or raised, "rule 1: a use is reserved for a pulse only")
        for move in moves:
            self._moves(move)
        if any(isinstance(effect, Decide) for effect in effects):
            self.expect(self.known.served is not None, "decides only on a vehicle that is there")
            self._serve(asked=True)

    def _moves(self, move: Raise | Close | Hold) -> None:
        match move:
            case Raise():
                self._raise(move)
            case Close():
                self._close(move)
            case Hold():
                self._hold(move)

    def _serve(self, **changes: object) -> None:
        if self.known.served is not None:
            self.known = replace(self.known, served=replace(self.known.served, **changes))

    def _recorded(self) -> None:
        rows = list(self.ledger)
        for draft in self.events:
            event = draft.event
            match event:
                case VehiclePresent():
                    self._begin(event)
                case VehicleEntering():
                    fresh = self.known.fresh(self.rules, self.at)
                    self.expect(fresh and self.known.signals.safety is True, "rule 4: entering is seen, not assumed")
                    self.expect(self.known.served is not None, "rule 5: a vehicle enters inside its transaction")
                    self._serve(entered=True)
                case AccessGranted() if event.by != "safety":
                    self._granted(event)
                case TransactionClosed():
                    self._closed(event, rows)
                case LaneOrdered():
                    self._stands(event)
                case _:
                    pass
        for row in rows:
            self._row(row)

    def _begin(self, event: VehiclePresent) -> None:
        known = self.known
        self.expect(known.served is None, "rule 5: a transaction begins after the one before has ended")
        self.expect(event.seen_by == "operator" or not known.out_of_service, "rule 9: nothing begins out of service")
        if event.seen_by == "inputs":
            seen = known.fresh(self.rules, self.at) and known.signals.presence is not False
            self.expect(seen, "rule 4: a vehicle by the inputs is one that they show")
        self.known = replace(known, served=Served())

    def _granted(self, event: AccessGranted) -> None:
        served = self.known.served
        self.expect(served is not None, "rule 1: a grant belongs to a transaction")
        if served is None:
            return
        self._serve(granted=True, under=self.known.taken() or (served.granted and served.under))
        self.expect(not self.known.locked, "rule 8: a locked lane opens for nobody")
        self.expect(self.known.free, "rule 7: nothing opens while a neighbour is open")
        if event.by == "permit":
            self._by_permit(served)
        else:
            order = self.order
            ordered = order is not None and order.kind in _OPENS and self.at < order.deadline
            self.expect(ordered or self.turned, "rule 1: an officer's grant comes of an order or a turn of the key")
            failed = self.item.reason if isinstance(self.item, RecordFailed) else None
            self.expect(failed in (None, Reason.ALREADY_USED), "rule 10: nothing opens that could not be recorded")

    def _by_permit(self, served: Served) -> None:
        item, known = self.item, self.known
        awaited = (
            isinstance(item, Decided)
            and item.decision.verdict is Verdict.PASS
            and item.decision.permit is not None
            and item.use >= 1
            and self.at < item.deadline
            and item.transaction != "another"
            and served.asked
        )
        self.expect(awaited, "rule 1: a permit opens by an awaited PASS for its vehicle that still holds")
        rows = [row for row in self.ledger if row.state is LedgerState.RESERVED]
        right = isinstance(item, Decided) and [row.use for row in rows] == [item.use]
        self.expect(right, "rule 1: a permit opens with its use reserved in the same record")
        self.expect(not known.out_of_service, "rule 9: no permit passes out of service")
        if not self.rules.blind:
            seen = known.fresh(self.rules, self.at) and known.signals.presence is not False
            self.expect(seen, "rule 4: a permit opens where its vehicle is not known to be gone")

    def _closed(self, event: TransactionClosed, rows: list[LedgerChange]) -> None:
        """Rules 4, 5 and 12: one outcome, as far as it was seen, and what becomes of the use."""
        served, known, rules = self.known.served, self.known, self.rules
        self.expect(served is not None, "rule 5: a transaction has exactly one outcome")
        if served is None:
            return
        fresh = known.fresh(rules, self.at)
        held = any(isinstance(draft.event, BarrierHeld) for draft in self.events)
        through = event.outcome in _THROUGH or (event.outcome is Outcome.OVERRIDDEN and not held)
        if rules.blind:
            self.expect(event.assumed is (event.outcome in {*_THROUGH, Outcome.OVERRIDDEN}), "a blind lane assumes")
        elif through:
            seen = fresh and served.entered and known.clear(rules)
            self.expect(seen, "rule 4: a vehicle has passed that was under the arm and surely is no more")
        if event.outcome is Outcome.ABANDONED and not rules.blind:
            self.expect(fresh and known.signals.presence is False, "rule 4: who is gone is seen to be gone")
        gone = known.clear(rules) or known.signals.closed is True
        if event.outcome in {Outcome.NOT_TAKEN, Outcome.BACKED_OUT} and not rules.blind:
            self.expect(fresh and gone, "rule 4: who did not pass is seen not to be under the arm")
        self.expect(event.granted is served.granted, "the outcome says whether there was a grant")
        self._taken(event, served)
        self._use(event, served, rows, through=through)
        pulses = tuple(replace(one, own=False) for one in self.known.pulses)
        self.known = replace(self.known, served=None, pulses=pulses)

    def _use(self, event: TransactionClosed, served: Served, rows: list[LedgerChange], *, through: bool) -> None:
        """Rule 12: what becomes of the use at the end of its transaction."""
        mine = [row for row in rows if row.state is not LedgerState.RESERVED]
        self.expect(len(mine) <= 1, "rule 12: a use is settled once")
        if served.used and mine:
            rows.remove(mine[0])
            self._settled(mine[0], event, served)
        elif served.used:
            self.expect(not through, "rule 12: the use of a vehicle that passed is consumed")
            waits = event.outcome is Outcome.NOT_TAKEN
            self.expect(waits or event.taken is not False, "rule 12: in doubt though nothing passed")
            self.known = replace(self.known, turned_away="waits" if waits else "")
        else:
            self.expect(not mine, "rule 12: no use is settled that was not reserved")

    def _taken(self, event: TransactionClosed, served: Served) -> None:
        if served.entered:
            self.expect(event.taken is True, "what was under the arm is told as taken")
        elif event.taken is True:
            self.expect(self.rules.blind, "taken is told of what was seen under the arm")
        elif event.taken is False:
            self.expect(not self.known.pulses, "not taken is told though a pulse may still come")
            self.expect(not served.under, "not taken is told though something was under the arm")
            maybe = served.may_have_risen and event.outcome is Outcome.FAULT
            self.expect(not maybe, "not taken is told though it may be going under the arm")

    def _settled(self, row: LedgerChange, event: TransactionClosed, served: Served) -> None:
        self.expect(row.use == served.used, "rule 12: the use that is settled is the one that was reserved")
        through = event.outcome in _THROUGH or event.outcome is Outcome.OVERRIDDEN
        if row.state is LedgerState.CONSUMED:
            self.expect(served.entered or (self.rules.blind and through), "rule 12: consumed is what passed")
            return
        self.expect(not served.entered, "rule 12: what was under the arm is never given back")
        self.expect(not self.known.pulses, "rule 12: nothing is given back while a pulse may still come")
        if served.may_have_risen:
            down = self.known.fresh(self.rules, self.at) and self.known.signals.closed is True
            safe = down and not self.rules.blind and not served.under and event.outcome is Outcome.NOT_TAKEN
            self.expect(safe, "rule 12: given back is what surely did not pass")

    def _row(self, row: LedgerChange) -> None:
        """A row that is no settlement of the open transaction: a reservation, or the use of who turned away."""
        served, known, rules = self.known.served, self.known, self.rules
        if row.state is LedgerState.RESERVED:
            self.expect(served is not None and not served.used, "rule 1: one use of a permit a transaction")
            self._serve(used=row.use)
            return
        self.expect(known.turned_away == "waits", "rule 12: given back is what nothing came under the arm after")
        self.expect(row.state is LedgerState.RELEASED, "rule 12: who turned away did not pass")
        self.expect(known.fresh(rules, self.at) and known.arm_is_down(rules), "rule 12: given back under a raised arm")
        seen = rules.has_closed or rules.has_opened or rules.close_mode == "controller"
        self.expect(seen or known.lowering == "delivered", "rule 12: given back though the arm may be up")
        self.known = replace(known, turned_away="")

    # ---------------------------------------------------------------------------------------------------- the movements

    def _raise(self, effect: Raise) -> None:
        known = self.known
        self.expect(all(effect.grant != one.grant for one in known.pulses), "rule 2: one grant, one pulse")
        self.expect(self.at < effect.deadline <= self.at + self.rules.grant_s, "rule 1: a grant lives for grant_s")
        self.expect(known.relay_up, "no pulse to a board that is away")
        self.expect(not known.held, "no pulse while the barrier is held")
        if effect.override:
            maybe = known.lowering in _MAYBE_DOWN and self.before is LaneState.CLOSING
            self.expect(maybe, "rule 1: an arm goes up again that the agent has lowered")
            self.expect(known.taken(), "rule 1: an arm goes up again for what it met")
        own = not effect.override
        pulse = UnderWay(effect.grant, own, effect.deadline)
        self.known = replace(known, pulses=(*known.pulses, pulse), turned_away="" if own else known.turned_away)

    def _close(self, effect: Close) -> None:
        known, rules = self.known, self.rules
        self.expect(rules.close_mode == "agent" and not rules.blind, "rule 3: closes where it is told to")
        sure = known.fresh(rules, self.at) and known.clear(rules) and known.signals.presence is not None
        self.expect(sure, "rule 3: closes where every input that guards it is fresh and clear")
        self.expect(known.relay_up, "no pulse to a board that is away")
        self.expect(effect.deadline <= self.at + rules.stale_s, "rule 3: a close pulse is as fresh as its inputs")
        self.expect(not known.arm_in_use, "rule 7: closes an arm that the other direction uses")
        self.expect(known.served is None, "rule 3: closes behind a transaction, not inside of it")
        again = self.before is LaneState.CLOSING and known.lowering in _MAYBE_DOWN
        self.expect(not again, "rule 2: a close pulse that may have been delivered is not repeated")
        test = any(isinstance(draft.event, BarrierTested) for draft in self.events)
        unsure = "unknown" if test or known.closes_due else "waiting"
        self.known = replace(known, lowering=unsure, closes_due=known.closes_due + 1)

    def _hold(self, effect: Hold) -> None:
        known = self.known
        if effect.on and effect.override:
            base = self.item.item if isinstance(self.item, RecordFailed) else self.item
            self.expect(isinstance(base, Sampled) and known.signals.hold is True, "the contact holds while it is on")
        elif effect.on:
            order = self.order
            self.expect(order is not None and order.kind is CommandKind.HOLD, "an officer holds by an order")
            self.expect(known.free, "rule 7: nothing is held while a neighbour is open")
            self.expect(not known.locked, "rule 8: a locked lane is held by nobody")
        told = any(isinstance(one.event, BarrierHeld) and one.event.held is effect.on for one in self.events)
        self.expect(told, "a hold is recorded")
        self.expect(effect.on is not known.held, "a hold is given once")
        self.known = replace(known, held=effect.on)

    # ----------------------------------------------------------------------------------------------- orders and answers

    def _answered(self, effects: tuple[Effect, ...], moves: Sequence[Raise | Close | Hold]) -> None:
        """Rule 10: each order has one answer, and done is what was done."""
        answers = [effect for effect in effects if isinstance(effect, OrderAnswered)]
        order, stands = self.order, [one for one in self.events if isinstance(one.event, LaneOrdered)]
        if order is None:
            self.expect(not answers and not stands, "rule 10: only an order is answered")
            return
        self.expect(len(answers) == bool(order.order), "rule 10: each order with an id has exactly one answer")
        tests = [draft.event for draft in self.events if isinstance(draft.event, BarrierTested)]
        for answer in answers:
            acts = [move for move in moves if not (isinstance(move, Hold) and not move.on)]
            self.expect(answer.done or not (acts or stands), "rule 10: what is not done changes nothing")
            if answer.done:
                self.expect(self.at < order.deadline, "rule 10: nothing is carried out after its time")
                failed = self.item.reason if isinstance(self.item, RecordFailed) else None
                self.expect(failed in (None, Reason.ALREADY_USED), "rule 10: done is only what was recorded")
            if order.kind in {CommandKind.OPEN, CommandKind.CLOSE, *_TESTS}:
                self.expect(len(moves) == answer.done, "rule 10: done is what moved the barrier")
            self._meant(order, moves, done=answer.done)
        holds = any(isinstance(one.event, BarrierHeld) for one in self.events)
        if holds and order.kind in {CommandKind.HOLD, CommandKind.RELEASE}:
            self.known = replace(self.known, ordered=order.kind is CommandKind.HOLD)
        self.expect(not tests or order.kind in _TESTS, "rule 11: only a test is recorded as one")
        if tests:
            self._tested(moves)

    def _meant(self, order: OfficerCommand, moves: Sequence[Raise | Close | Hold], *, done: bool) -> None:
        """Rule 14: an officer refuses the vehicle that waits for one, and nothing moves."""
        meant = order.subject.transaction in {"", OPEN_TRANSACTION}
        self.expect(meant or not done, "rule 14: an order for one vehicle is carried out for no other")
        if order.kind is not CommandKind.REFUSE:
            return
        closed = [draft.event for draft in self.events if isinstance(draft.event, TransactionClosed)]
        named = [event for event in closed if event.operator is not None]
        self.expect(not moves, "rule 14: nothing moves where a vehicle is refused")
        self.expect(len(named) == done, "rule 14: the outcome of a refused vehicle names the officer")
        if done:
            self.expect(self.before is LaneState.MANUAL, "rule 14: only who waits for an officer is refused by one")
            self.expect(self.after is LaneState.DENIED, "rule 14: a refused vehicle is turned away")
            self.expect(named[0].outcome is Outcome.DENIED, "rule 14: the outcome of a refused vehicle is that")

    def _tested(self, moves: Sequence[Raise | Close | Hold]) -> None:
        known, rules = self.known, self.rules
        self.expect(isinstance(self.item, OfficerCommand), "rule 11: no test in place of what was not recorded")
        self.expect(len(moves) == 1, "rule 11: a test is one pulse")
        quiet = self.before in {LaneState.IDLE, LaneState.OUT_OF_SERVICE} and known.served is None
        self.expect(quiet and not known.pulses and not known.closes_due, "rule 11: a test is given at rest")
        self.expect(known.free and not known.arm_in_use and not known.locked, "rule 11: nobody is in the way of a test")
        if not rules.blind:
            nobody = known.fresh(rules, self.at) and known.signals.presence is False and known.clear(rules)
            self.expect(nobody and known.arm_is_down(rules), "rule 11: a test is given where nobody is")

    def _stands(self, event: LaneOrdered) -> None:
        known = self.known
        self.expect(isinstance(self.item, OfficerCommand), "rule 10: what stands was ordered and recorded")
        match event.order:
            case "locked" | "unlocked":
                self.expect(known.locked is (event.order == "unlocked"), "rule 8: a lock changes when it is ordered")
                self.known = replace(known, locked=event.order == "locked")
            case "out_of_service" | "in_service":
                was = known.out_of_service
                self.expect(was is (event.order == "in_service"), "rule 9: service changes when it is ordered")
                self.known = replace(known, out_of_service=event.order == "out_of_service")

    # ------------------------------------------------------------------------------------------------------- the states

    def _states(self) -> None:
        known, before, after = self.known, self.before, self.after
        if not known.fresh(self.rules, self.at):
            self.expect(after in _WITHOUT_INPUTS, "rule 4: without fresh inputs a lane is at rest or held")
        if before is not after:
            self._moved()
        self.expect((after is LaneState.HELD_OPEN) is known.held, "held open is what the relay holds")
        self.expect(after is not LaneState.OUT_OF_SERVICE or known.out_of_service, "rule 9: it is in service")
        if known.held:
            self.expect(known.contact or known.ordered, "who holds lets go")

    def _moved(self) -> None:
        known, before, after = self.known, self.before, self.after
        table = BLIND if self.rules.blind else SIGHTED
        self.expect((before, after) in table, f"docs/lane.md has no move from {before} to {after}")
        if before is LaneState.CLOSING:
            if after in {LaneState.IDLE, LaneState.OUT_OF_SERVICE} and self.rules.close_mode == "agent":
                seen = self.rules.has_closed and known.signals.closed is True
                lowered = seen or known.lowering in _MAYBE_DOWN or known.arm_in_use
                self.expect(lowered, "rule 2: an arm is taken for down by time alone that was never lowered")
            if after is LaneState.PASSING and known.relay_up and known.lowering in _MAYBE_DOWN:
                undone = any(isinstance(one.event, AccessGranted) for one in self.events)
                self.expect(undone, "rule 1: an arm that the agent lowered goes up again for what it met")
            self.known = replace(known, lowering="")
        elif after is LaneState.CLOSING and known.lowering not in {"waiting", "unknown"}:
            self.known = replace(known, lowering="")
        if before is LaneState.INIT and self.order is None and not self.turned:
            self.expect(
                not any(isinstance(one.event, AccessGranted) for one in self.events), "rule 6: a start moves nothing"
            )


def placed(known: Known, names: dict[str, str], now: float, stale_s: float, oldest_s: float) -> Known:
    """What is known at time 0, with the names and the cuts of the form of its lane."""
    at = known.signals.at
    at = at if at == -inf else max(-oldest_s, at - now)
    known_at = known.known_at if known.known_at == -inf else max(-(stale_s + 1), known.known_at - now)
    pulses = tuple(UnderWay(names[one.grant], one.own, one.deadline - now) for one in known.pulses)
    pulses = tuple(sorted(pulses, key=lambda one: (one.deadline, one.grant)))
    if (at, known_at, pulses) == (known.signals.at, known.known_at, known.pulses):
        return known
    signals = known.signals if at == known.signals.at else replace(known.signals, at=at)
    return replace(known, signals=signals, known_at=known_at, pulses=pulses)
