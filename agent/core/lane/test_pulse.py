"""Test pulses: a technician at the gate moves the barrier once to test the wiring, while no one is there.

A lane gives a test pulse only while it is idle or out of service and no other pulse is in progress. The rules of all
pulses apply, and the record is written before anything moves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.events import Alarm, BarrierTested
from agent.core.lane.closing import may_lower, why_not_lower
from agent.core.lane.state import LaneState, arm_down, owns_limits
from agent.core.lane.step_inputs import CommandKind
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.state import Lane
    from agent.core.lane.step_inputs import OfficerCommand
    from agent.core.lane.transition import Transition

_QUIET = frozenset({LaneState.IDLE, LaneState.OUT_OF_SERVICE})


def give_test_pulse(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """Order one test pulse, or leave everything as it was. Return whether it is ordered, and the words for it."""
    why = pulse_obstacle(transition.lane, transition.now.at)
    if why:
        return False, why
    if item.kind is CommandKind.TEST_OPEN:
        return _open(transition, item)
    return _close(transition, item)


def _open(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """Let the arm up by a grant of its own transaction, so that whatever comes under it is followed."""
    transition.open_transaction("operator", arrived=False)
    transition.set_transaction(tested=True)
    transition.record(BarrierTested(action="open", operator=item.operator, cause=item.cause))
    transition.grant("operator", item.operator, item.cause)
    transition.enter_state(LaneState.OPENING)
    return True, Text("the open pulse is ordered, with grant {grant}", grant=transition.transaction.grant)


def _close(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    if not may_lower(transition):
        return False, why_not_lower(transition)
    transition.allow_alarm_again(Alarm.JOURNAL_FAILED)  # this step stands only if its record was written
    transition.record(BarrierTested(action="close", operator=item.operator, cause=item.cause))
    transition.enter_state(LaneState.CLOSING)
    transition.lower(once=True)
    return True, Text("the close pulse is ordered")


def pulse_obstacle(lane: Lane, at: float) -> str:
    """Say what forbids a test at that time (monotonic s), in words; empty: nothing.

    Stale inputs show as state fault.
    """
    return _busy(lane) or _presence(lane, at)


def _busy(lane: Lane) -> str:
    if lane.state not in _QUIET:
        return Text("the lane is in state {state}", state=lane.state)
    if lane.lockout.locked_by:
        return Text("the lane is locked by {locked_by}", locked_by=lane.lockout.locked_by)
    if lane.pulses or lane.closes_unreported:
        return Text("a pulse is under way")
    if not lane.relay_up:
        return Text("the relay board is disconnected")
    return Text("another barrier must close first") if lane.arm_in_use or not lane.interlock_free else ""


def _presence(lane: Lane, at: float) -> str:
    """Say what is there, or may be. Loops are asked; a reader too, where there are none or the lane is in service."""
    input_state = lane.input_state
    serves = lane.state is LaneState.IDLE
    if not lane.rules.blind:
        if input_state.signals.presence is not False or not input_state.clear:
            return Text("a vehicle is or may be present")
        if not (owns_limits(lane) and arm_down(lane)):
            return Text("the arm is not known to be down")
    elif serves and not lane.readers_up:
        return Text("no reader works, so a vehicle cannot be ruled out: take the lane out of service first")
    seen = at - lane.seen_at <= lane.rules.gone_s
    return Text("a vehicle was seen a moment ago") if seen and (serves or lane.rules.blind) else ""
