"""The arm comes down: closed by its controller or by a close pulse, which needs inputs that prove it safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.events import Alarm, BarrierMoved
from agent.core.lane.state import LaneState, arm_down, fresh
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.state import Lane
    from agent.core.lane.transition import Transition


def closing(transition: Transition) -> None:
    """CLOSING: follow the arm down. In close mode "agent", first give the close pulse once it is safe."""
    rules, input_state = transition.lane.rules, transition.lane.input_state
    waits = rules.close_mode == "agent" and not transition.lane.closing_pulse
    if input_state.signals.safety is True:
        transition.alarm_once(Alarm.TAILGATING, Text("under the arm before it was down"))
        _reopen(transition)
    elif input_state.signals.photocell is True and not waits:
        _reopen(transition)
    elif rules.has_closed and input_state.signals.closed is True:
        transition.record(BarrierMoved(position="closed"))
        transition.come_to_rest()
    elif waits:
        _wait_to_lower(transition)
    elif transition.waited_s() >= rules.close_s:
        _time_is_up(transition)


def _wait_to_lower(transition: Transition) -> None:
    if may_lower(transition):
        transition.lower()
    elif transition.waited_s() >= transition.lane.rules.pass_s and not transition.lane.arm_in_use:
        transition.alarm_once(Alarm.CLOSE_FAILED, Text("it was never safe to close"))


def _time_is_up(transition: Transition) -> None:
    if arm_down(transition.lane):
        transition.come_to_rest()
    elif transition.lane.arm_in_use:
        transition.enter_state(LaneState.YIELDING)  # it is held open there
    else:
        transition.alarm(Alarm.CLOSE_FAILED)
        transition.enter_state(LaneState.VIOLATION)


def _reopen(transition: Transition) -> None:
    """Follow an arm that meets something on its way down. The controller stops it; the agent undoes its own order."""
    lane = transition.lane
    if lane.rules.close_mode == "controller" or lane.closing_pulse:
        transition.alarm_once(Alarm.REOPENED)
    if lane.closing_pulse and lane.relay_up and Alarm.JOURNAL_FAILED not in lane.raised_alarms:
        transition.grant_safety()
    transition.enter_state(LaneState.PASSING)


def may_lower(transition: Transition) -> bool:
    """Whether a close pulse may be given now: asked for by the rules, deliverable, and proved safe by the inputs."""
    lane = transition.lane
    ours = lane.rules.close_mode == "agent" and not lane.arm_in_use
    return ours and lane.relay_up and safe_to_close(lane, transition.now.at)


def safe_to_close(lane: Lane, at: float) -> bool:
    """Whether every input that guards a close is fresh and clear.

    Unknown is not clear, so a blind lane is never safe.
    """
    return fresh(lane, at) and lane.input_state.clear and lane.input_state.signals.presence is not None


def why_not_lower(transition: Transition) -> str:
    """Say why `may_lower` says no."""
    lane = transition.lane
    if lane.rules.close_mode == "controller":
        return Text("the barrier's controller closes it; the agent gives no close pulse here")
    if lane.arm_in_use:
        return Text("the other direction uses the arm")
    return Text("the inputs do not prove it safe to close") if lane.relay_up else Text("the relay board is away")
