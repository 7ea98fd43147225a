"""Violations at the arm: forced open, passed in the wrong direction, followed too closely."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.events import Alarm
from agent.core.lane.state import LaneState, arm_down, arm_up, owns_limits
from agent.core.model import Outcome, Reason

if TYPE_CHECKING:
    from agent.core.lane.transition import Transition


def trespassed(transition: Transition) -> bool:
    """Follow what goes wrong at an arm that nobody was let through: forced, or passed the wrong way.

    Return whether it did.
    """
    input_state = transition.lane.input_state
    if forced(transition):
        return True
    passes_by = input_state.signals.safety is True and input_state.signals.presence is False
    if transition.lane.rules.arm_of_others or not passes_by:
        return False
    transition.alarm(Alarm.WRONG_WAY)
    transition.enter_state(LaneState.VIOLATION)
    return True


def forced(transition: Transition) -> bool:
    """Follow an arm that left its closed place without a command of this lane. Return whether it did."""
    lane = transition.lane
    if lane.rules.arm_of_others or not (owns_limits(lane) and arm_up(lane)):
        return False
    transition.alarm(Alarm.FORCED_OPEN)
    if lane.transaction is not None:
        transition.close_transaction(Outcome.FAULT, Reason.GATE_FAULT)
    transition.enter_state(LaneState.VIOLATION)
    return True


def tailgated(transition: Transition, detail: str) -> None:
    """Note, once a transaction, that another vehicle came too close behind."""
    if not transition.transaction.violations:
        transition.set_transaction(violations=(Alarm.TAILGATING,))
        transition.alarm(Alarm.TAILGATING, detail)


def violation(transition: Transition) -> None:
    """VIOLATION: wait until the lane is empty and the arm down, or for an officer."""
    lane, input_state = transition.lane, transition.lane.input_state
    if arm_down(lane) and transition.quiet_s(input_state.clear_since, input_state.free_since) >= lane.rules.clear_s:
        transition.come_to_rest()
