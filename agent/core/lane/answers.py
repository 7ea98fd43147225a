"""The answers to a vehicle: admitted, refused, or left to an officer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from agent.core.decision import Decision
from agent.core.events import Alarm, Outcome
from agent.core.lane.state import UNDECIDED, State
from agent.core.model import LedgerChange, LedgerState, Reason, Verdict
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.io import Decided
    from agent.core.lane.transition import Turn


def decided(turn: Turn, item: Decided) -> None:
    """Take the answer to the Decide effect of this transaction; any other answer is ignored."""
    if not _awaited(turn, item):
        return
    decision = item.decision
    if decision.verdict is Verdict.PASS and turn.now.at >= item.deadline:
        turn.ask(final=turn.visit.final)
        return
    turn.set_visit(use=item.use)
    match decision.verdict:
        case Verdict.PASS:
            _admit(turn, decision)
        case Verdict.DENY:
            refuse(turn, decision)
        case Verdict.MANUAL:
            defer(turn, decision)
        case Verdict.RETRY:
            if turn.visit.final:
                refuse(turn, replace(decision, verdict=Verdict.DENY))
            else:
                turn.answer_retry(decision)
        case _:
            assert_never(decision.verdict)


def _awaited(turn: Turn, item: Decided) -> bool:
    if turn.lane.state not in UNDECIDED or not turn.visit.asked:
        return False
    return item.transaction in ("", turn.visit.transaction)


def refuse(turn: Turn, decision: Decision) -> None:
    """Turn the vehicle away: the transaction ends, the vehicle may try again with something new."""
    turn.answer(decision)
    turn.end(Outcome.DENIED)
    turn.go(State.DENIED, decision.reason)


def defer(turn: Turn, decision: Decision, waits_for: Alarm | None = None) -> None:
    """Leave the answer to an officer, or to the return of what was lost."""
    turn.answer(decision)
    turn.set_visit(waits_for=waits_for)
    turn.spend(passed=False)
    turn.go(State.MANUAL)


def wait(turn: Turn, decision: Decision) -> None:
    """Let a vehicle that may pass wait for its way, or for a locked lane. Nothing is reserved: it is judged anew then."""
    reason = Reason.LANE_LOCKED if turn.lane.orders.locked_by else Reason.INTERLOCKED
    turn.answer_retry(replace(decision, verdict=Verdict.RETRY, reason=reason))
    turn.go(State.WAITING)


def defer_fault(turn: Turn, reason: Reason, waits_for: Alarm | None = None) -> None:
    """Leave the answer to an officer because the gate cannot give one."""
    defer(turn, Decision(Verdict.MANUAL, reason, ()), waits_for)


def reservation(turn: Turn) -> LedgerChange | None:
    """Return the ledger row that reserves the use of the transaction's permit; None where none is known or it is done."""
    visit = turn.visit
    permit = visit.decision.permit if visit.decision is not None else None
    if permit is None or visit.use < 1 or visit.reserved is not None:
        return None
    return LedgerChange(
        permit.permit_id,
        visit.use,
        LedgerState.RESERVED,
        visit.transaction,
        vehicle=permit.vin,
        direction=turn.lane.rules.direction,
    )


def _admit(turn: Turn, decision: Decision) -> None:
    if decision.permit is None or turn.visit.use < 1:
        defer(turn, replace(decision, verdict=Verdict.MANUAL, reason=Reason.INTERNAL_ERROR))
    elif turn.lane.orders.locked_by:
        wait(turn, decision)
    elif not turn.lane.relay_up:
        turn.alarm(Alarm.RELAY_LOST, Text("a vehicle waits that may pass"))
        defer(turn, replace(decision, verdict=Verdict.MANUAL, reason=Reason.GATE_FAULT), Alarm.RELAY_LOST)
    elif not turn.lane.way_free:
        wait(turn, decision)
    else:
        turn.answer(decision)
        turn.grant("permit", reserve=reservation(turn))
        turn.go(State.OPENING, decision.reason)
