"""The arm comes down: the controller closes it, or the lane gives a close pulse if the inputs prove it safe.

The lane repeats a close pulse only if it was certainly not delivered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.events import Alarm, BarrierMoved
from agent.core.lane.state import LaneState, PulseDelivery, arm_down, fresh, waits_to_lower
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.state import Lane
    from agent.core.lane.transition import Transition

_NOT_LOWERED = frozenset({None, PulseDelivery.NOT_DELIVERED})
_PAUSE_S = 1.0
"""Between a close pulse that was not delivered and the next; so much longer after each."""


def closing(transition: Transition) -> None:
    """CLOSING: follow the arm down. In close mode "agent", first give the close pulse once it is safe."""
    rules, input_state = transition.lane.rules, transition.lane.input_state
    waits = waits_to_lower(transition.lane)
    if input_state.signals.safety is True:
        transition.alarm_once(Alarm.TAILGATING, Text("a vehicle was under the arm before it was down"))
        _reopen(transition)
    elif input_state.signals.photocell is True and not waits:
        _reopen(transition)
    elif rules.has_closed and input_state.signals.closed is True:
        transition.record(BarrierMoved(position="closed"))
        transition.come_to_rest()
    elif waits:
        _wait_to_lower(transition)
    elif transition.now.at - max(transition.lane.since, transition.lane.lowered_at) >= rules.close_s:
        _time_is_up(transition)


def _wait_to_lower(transition: Transition) -> None:
    lane = transition.lane
    pause_s = min(_PAUSE_S * lane.close_orders, lane.rules.pass_s)
    if may_lower(transition) and transition.now.at - lane.lowered_at >= pause_s:
        transition.lower()
    elif transition.waited_s() >= lane.rules.pass_s and not lane.arm_in_use:
        transition.alarm_once(
            Alarm.CLOSE_FAILED,
            Text("the {action} pulse was not delivered", action="close")
            if lane.close_orders
            else Text("there was no moment when closing was safe"),
        )


def _time_is_up(transition: Transition) -> None:
    lane = transition.lane
    if arm_down(lane):
        seen = lane.rules.has_closed or lane.rules.has_opened
        if lane.rules.close_mode == "agent" and not seen and lane.closing_pulse is not PulseDelivery.DELIVERED:
            transition.set(turned_away=None)  # nobody knows whether the arm came down: the use stays in doubt
        transition.come_to_rest()
    elif lane.arm_in_use:
        transition.enter_state(LaneState.YIELDING)  # it is held open there
    else:
        transition.alarm(Alarm.CLOSE_FAILED)
        transition.enter_state(LaneState.VIOLATION)


def _reopen(transition: Transition) -> None:
    """Follow an arm that meets something on its way down. The controller stops it; the agent undoes its own order.

    That opens only what the agent has just closed, and a wrong close hits a car: it asks for no journal.
    """
    lane = transition.lane
    lowered = lane.closing_pulse not in _NOT_LOWERED
    if lane.rules.close_mode == "controller" or lowered:
        transition.alarm_once(Alarm.REOPENED)
    if lowered and lane.relay_up:
        transition.grant_safety()
    transition.enter_state(LaneState.PASSING)


def may_lower(transition: Transition) -> bool:
    """Whether a close pulse may be given now: asked for by the rules, deliverable, and proved safe by the inputs."""
    lane = transition.lane
    ours = lane.rules.close_mode == "agent" and not lane.arm_in_use
    return ours and lane.relay_up is True and safe_to_close(lane, transition.now.at)


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
        return Text("the other direction is using the barrier")
    return (
        Text("the inputs do not confirm that closing is safe")
        if lane.relay_up
        else Text("the relay board is disconnected")
    )
