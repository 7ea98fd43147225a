"""Why an officer's order is not carried out now: the words of its answer, and the alarm where one is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.events import Alarm
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
    return False, Text("a neighbour's barrier is in the way")


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
