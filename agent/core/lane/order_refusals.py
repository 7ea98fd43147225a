"""Why the lane refuses an officer's order now: the text of its answer, and an alarm if one is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.events import Alarm
from agent.core.lane.state import LaneState
from drivers.text import Text, joined

if TYPE_CHECKING:
    from agent.core.lane.step_inputs import OfficerCommand
    from agent.core.lane.transition import Transition


def interlocked(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """Tell an officer that a neighbour's barrier is in the way of an order."""
    transition.alarm(
        Alarm.INTERLOCKED,
        Text("an officer's order to {kind} was not carried out: {operator}", kind=item.kind, operator=item.operator),
    )
    return False, Text("another barrier must close first")


def locked(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """Tell an officer that the lane is locked against an order."""
    why = Text("the lane is locked by {locked_by}", locked_by=transition.lane.lockout.locked_by)
    refused = Text(
        "an officer's order to {kind} was not carried out: {operator}", kind=item.kind, operator=item.operator
    )
    transition.alarm(Alarm.INTERLOCKED, joined([refused, why], "; "))
    return False, why


def wrong_state(transition: Transition) -> tuple[bool, str]:
    """Tell an officer that the lane is in no state for an order."""
    return False, Text("the lane is in state {state}", state=transition.lane.state)


def meant_for_another(transition: Transition, transaction: str) -> bool:
    """Whether an order names a vehicle that is not here now. Empty: it names none.

    A vehicle that was refused is here until it leaves, though its transaction is closed.
    """
    lane = transition.lane
    here = lane.served if lane.state is LaneState.DENIED else lane.transaction_id
    return bool(transaction) and transaction != here


def other_vehicle(transaction: str) -> tuple[bool, str]:
    """Tell an officer that the vehicle of an order is not here any more."""
    return False, Text("the vehicle of transaction {transaction} is not at this lane", transaction=transaction)
