"""The answers to a vehicle: admitted, refused, or left to an officer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from agent.core.decision import Decision
from agent.core.events import Alarm
from agent.core.lane.order_refusals import wrong_state
from agent.core.lane.state import UNDECIDED, LaneState
from agent.core.model import LedgerChange, LedgerState, Outcome, Reason, Verdict
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.step_inputs import Decided, OfficerCommand
    from agent.core.lane.transition import Transition


def carry_out_decision(transition: Transition, item: Decided) -> None:
    """Take the answer to the Decide effect of this transaction; any other answer is ignored."""
    if not _awaited(transition, item):
        return
    decision = item.decision
    if decision.verdict is Verdict.PASS and transition.now.at >= item.deadline:
        transition.request_decision(final=transition.transaction.final)
        return
    transition.set_transaction(use=item.use)
    match decision.verdict:
        case Verdict.PASS:
            _admit(transition, decision)
        case Verdict.DENY:
            refuse(transition, decision)
        case Verdict.MANUAL:
            defer(transition, decision)
        case Verdict.RETRY:
            _ask_for_more(transition, item)
        case _:
            assert_never(decision.verdict)


def _ask_for_more(transition: Transition, item: Decided) -> None:
    """Take a RETRY; where no more can come it is a refusal, if it answers the last question and not one before that."""
    if not transition.transaction.final:
        transition.record_retry(item.decision)
    elif item.final:
        refuse(transition, replace(item.decision, verdict=Verdict.DENY))


def _awaited(transition: Transition, item: Decided) -> bool:
    if transition.lane.state not in UNDECIDED or not transition.transaction.asked:
        return False
    return item.transaction in ("", transition.transaction.id)


def refuse(transition: Transition, decision: Decision) -> None:
    """Turn the vehicle away: the transaction ends, the vehicle may try again with something new."""
    transition.record_decision(decision)
    transition.close_transaction(Outcome.DENIED)
    transition.enter_state(LaneState.DENIED, decision.reason)


def refuse_by_order(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """Turn away the vehicle that waits for an officer, as one orders. Return whether it is so, and the words for it."""
    if transition.lane.state is not LaneState.MANUAL:
        return wrong_state(transition)
    transition.close_transaction(Outcome.DENIED, refused=item)
    transition.enter_state(LaneState.DENIED)
    return True, Text("the vehicle is refused")


def defer(transition: Transition, decision: Decision, waits_for: Alarm | None = None) -> None:
    """Leave the answer to an officer, or to the return of what was lost."""
    if decision.reason is Reason.PICTURE_MISMATCH:
        # Whoever reads for this lane tells what is not there: that is more than a vehicle with a wrong permit.
        transition.alarm(Alarm.PICTURE_MISMATCH, decision.checks[-1].detail if decision.checks else "")
    transition.record_decision(decision)
    transition.set_transaction(waits_for=waits_for)
    transition.remember_vehicle(passed=False)
    transition.enter_state(LaneState.MANUAL)


def wait(transition: Transition, decision: Decision) -> None:
    """Let a vehicle that may pass wait for a neighbour's barrier, or for a locked lane.

    Nothing is reserved: it is judged once more then.
    """
    reason = Reason.LANE_LOCKED if transition.lane.lockout.locked_by else Reason.INTERLOCKED
    transition.record_retry(replace(decision, verdict=Verdict.RETRY, reason=reason))
    transition.enter_state(LaneState.WAITING)


def defer_fault(transition: Transition, reason: Reason, waits_for: Alarm | None = None) -> None:
    """Leave the answer to an officer because the gate cannot give one."""
    defer(transition, Decision(Verdict.MANUAL, reason, ()), waits_for)


def reservation(transition: Transition) -> LedgerChange | None:
    """Return the ledger row that reserves the use of the transaction's permit.

    None where none is known or it is done.
    """
    transaction = transition.transaction
    permit = transaction.decision.permit if transaction.decision is not None else None
    if permit is None or transaction.use < 1 or transaction.reserved is not None:
        return None
    return LedgerChange(
        permit.permit_id,
        transaction.use,
        LedgerState.RESERVED,
        transaction.id,
        vehicle=permit.vin,
        direction=transition.lane.rules.direction,
    )


def _admit(transition: Transition, decision: Decision) -> None:
    if decision.permit is None or transition.transaction.use < 1:
        defer(transition, replace(decision, verdict=Verdict.MANUAL, reason=Reason.INTERNAL_ERROR))
    elif transition.lane.lockout.locked_by:
        wait(transition, decision)
    elif not transition.lane.relay_up:
        transition.alarm(Alarm.RELAY_LOST, Text("a vehicle waits that may pass"))
        defer(transition, replace(decision, verdict=Verdict.MANUAL, reason=Reason.GATE_FAULT), Alarm.RELAY_LOST)
    elif not transition.lane.interlock_free:
        wait(transition, decision)
    else:
        transition.record_decision(decision)
        transition.grant("permit", reserve=reservation(transition))
        transition.enter_state(LaneState.OPENING, decision.reason)
