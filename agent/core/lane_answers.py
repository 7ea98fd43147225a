"""The answers to a vehicle: admitted, refused, or left to an officer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from agent.core.decision import Decision, Reason, Verdict
from agent.core.events import Alarm, Outcome
from agent.core.lane_io import LedgerChange, LedgerState
from agent.core.lane_state import UNDECIDED, State

if TYPE_CHECKING:
    from agent.core.lane_io import Decided, RecordFailed
    from agent.core.lane_turn import Turn
    from agent.core.permit.claims import Permit


def decided(turn: Turn, item: Decided) -> None:
    """Take the answer to the Decide effect of this transaction; any other answer is ignored."""
    lane = turn.lane
    if lane.state not in UNDECIDED or not turn.visit.asked:
        return
    if item.transaction not in ("", turn.visit.transaction):
        return
    decision = item.decision
    match decision.verdict:
        case Verdict.PASS:
            _admit(turn, decision, item.use)
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


def record_failed(turn: Turn, item: RecordFailed) -> None:
    """Refuse what could not be recorded. The lane is the one of before the step, so the arm was not told to move."""
    lane = turn.lane
    decision = item.decision or Decision(Verdict.MANUAL, item.reason, ())
    used = item.reason is Reason.ALREADY_USED
    if not used:
        turn.alarm(Alarm.JOURNAL_FAILED, item.reason)
        turn.set(told=(*(alarm for alarm in lane.told if alarm is not Alarm.JOURNAL_FAILED), Alarm.JOURNAL_FAILED))
    if lane.state not in UNDECIDED:
        return
    if used:
        refuse(turn, replace(decision, verdict=Verdict.DENY, reason=item.reason))
    else:
        defer(turn, replace(decision, verdict=Verdict.MANUAL, reason=item.reason))


def refuse(turn: Turn, decision: Decision) -> None:
    """Turn the vehicle away: the transaction ends, the vehicle may try again with something new."""
    turn.answer(decision)
    turn.end(Outcome.DENIED, decision.reason)
    turn.go(State.DENIED, decision.reason)


def defer(turn: Turn, decision: Decision, waits_for: Alarm | None = None) -> None:
    """Leave the answer to an officer, or to the return of what was lost."""
    turn.answer(decision)
    turn.set_visit(waits_for=waits_for)
    turn.spend(passed=False)
    turn.go(State.MANUAL)


def defer_fault(turn: Turn, reason: Reason, waits_for: Alarm | None = None) -> None:
    """Leave the answer to an officer because the gate cannot give one."""
    defer(turn, Decision(Verdict.MANUAL, reason, ()), waits_for)


def reservation(turn: Turn, permit: Permit, use: int, *, optional: bool = False) -> LedgerChange:
    """Return the ledger row that reserves a use of a verified permit for the open transaction."""
    return LedgerChange(
        permit.permit_id,
        use,
        LedgerState.RESERVED,
        turn.visit.transaction,
        vehicle=permit.vin,
        direction=turn.lane.rules.direction,
        optional=optional,
    )


def _admit(turn: Turn, decision: Decision, use: int) -> None:
    if decision.permit is None or use < 1:
        defer(turn, replace(decision, verdict=Verdict.MANUAL, reason=Reason.INTERNAL_ERROR))
        return
    if not turn.lane.relay_up:
        turn.alarm(Alarm.RELAY_LOST, "a vehicle waits that may pass")
        defer(turn, replace(decision, verdict=Verdict.MANUAL, reason=Reason.GATE_FAULT), Alarm.RELAY_LOST)
        return
    turn.answer(decision)
    turn.grant("permit", reserve=reservation(turn, decision.permit, use))
    turn.go(State.OPENING, decision.reason)
