"""A lane that does not serve yet: after the start, after a fault, or while the other direction uses the arm."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from agent.core.events import Alarm
from agent.core.lane.input_signals import lose_inputs
from agent.core.lane.state import LaneState, arm_down, fresh
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.transition import Transition


def init(transition: Transition) -> None:
    """INIT: move nothing; wait for fresh inputs, a closed arm and nothing under it."""
    lane = transition.lane
    if lane.rules.blind:
        transition.come_to_rest()
    elif not fresh(lane, transition.now.at):
        if isfinite(lane.input_state.known_at) or transition.waited_s() >= lane.rules.close_s:
            lose_inputs(transition)
    elif lane.arm_in_use:
        transition.enter_state(LaneState.YIELDING)
    else:
        _wait_for_rest(transition, lane.since, Text("since the start"))


def yielding(transition: Transition) -> None:
    """YIELDING: the arm belongs to the other direction; afterwards wait until the inputs prove it at rest."""
    lane = transition.lane
    if lane.arm_in_use:
        return
    if lane.rules.blind:
        transition.come_to_rest()
    else:
        _wait_for_rest(transition, lane.arm_free_at, Text("after the other direction used the arm"))


def _wait_for_rest(transition: Transition, since: float, when: str) -> None:
    """Become idle once samples from after that time show the arm closed and nothing under it."""
    lane, input_state = transition.lane, transition.lane.input_state
    if (
        input_state.signals.at > lane.arm_free_at
        and arm_down(lane)
        and input_state.clear
        and input_state.signals.presence is not None
    ):
        transition.come_to_rest()
    elif transition.now.at - since >= lane.rules.pass_s:
        transition.alarm(Alarm.BLOCKED if arm_down(lane) else Alarm.FORCED_OPEN, when)
        transition.enter_state(LaneState.VIOLATION)


def fault(transition: Transition) -> None:
    """FAULT: wait for fresh inputs, then start again."""
    if fresh(transition.lane, transition.now.at):
        transition.enter_state(LaneState.INIT)
