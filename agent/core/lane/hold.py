"""Holds the barrier open: by an officer's order, or by the hold contact, for example of a fire alarm.

The contact also opens and holds a locked lane, and a lane whose neighbour is open. An officer's order does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.events import Alarm, BarrierHeld, OwnCause
from agent.core.lane.order_refusals import interlocked, locked, wrong_state
from agent.core.lane.state import LaneState, fresh
from agent.core.model import Outcome
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.step_inputs import OfficerCommand
    from agent.core.lane.transition import Transition

HOLD_CONTACT = Text("hold contact")


def follow_contact(transition: Transition) -> None:
    """Hold the barrier open while the hold contact is on. Unknown changes nothing."""
    lane = transition.lane
    if lane.input_state.signals.hold is True and not lane.contact_hold:
        transition.set(contact_hold=True)
        _hold_open(transition, HOLD_CONTACT, OwnCause.CONTACT_ON.value, override=True)
    elif lane.input_state.signals.hold is False and lane.contact_hold:
        transition.set(contact_hold=False)
        _let_go(transition, HOLD_CONTACT, OwnCause.CONTACT_OFF.value)


def hold_by_order(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """Hold the barrier open as an officer orders. Return whether it is held so now, and the words for it."""
    if transition.lane.ordered_hold is not None:
        return False, Text("it is already held open by {ordered_hold}", ordered_hold=transition.lane.ordered_hold)
    if transition.lane.lockout.locked_by:
        return locked(transition, item)
    if not transition.lane.interlock_free:
        return interlocked(transition, item)
    transition.set(ordered_hold=item.operator)
    transition.allow_alarm_again(Alarm.JOURNAL_FAILED)  # this step stands only if its record was written
    _hold_open(transition, item.operator, item.cause)
    return True, Text("it is held open") if transition.lane.relay_up else Text(
        "it will be held open as soon as the relay board reconnects"
    )


def _hold_open(transition: Transition, operator: str, cause: str, *, override: bool = False) -> None:
    if not transition.lane.relay_up:
        transition.alarm(Alarm.RELAY_LOST, Text("the barrier will be held open as soon as the relay board reconnects"))
    transition.record(BarrierHeld(held=True, operator=operator, cause=cause))
    if transition.lane.state is LaneState.HELD_OPEN:
        return
    if transition.lane.transaction is not None:
        transition.close_transaction(Outcome.OVERRIDDEN, passed=transition.transaction.entered)
    transition.hold(on=True, override=override)
    transition.enter_state(LaneState.HELD_OPEN)


def release_by_order(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """End the hold of an officer. Return whether it is ended, and the words for it: the contact may hold on."""
    if transition.lane.state is not LaneState.HELD_OPEN:
        return wrong_state(transition)
    held_by = transition.lane.ordered_hold
    transition.set(ordered_hold=None)
    _let_go(transition, item.operator, item.cause)
    if not transition.lane.contact_hold:
        return True, Text("the hold is released")
    return held_by is not None, Text("the {hold_contact} holds it open", hold_contact=HOLD_CONTACT)


def _let_go(transition: Transition, operator: str, cause: str) -> None:
    """Let the barrier go, or say who still holds it."""
    lane = transition.lane
    still = HOLD_CONTACT if lane.contact_hold else lane.ordered_hold
    if still is not None:
        told = OwnCause.STILL_HELD.value.filled(operator=operator, cause=cause)
        transition.record(BarrierHeld(held=True, operator=still, cause=told))
        return
    transition.record(BarrierHeld(held=False, operator=operator, cause=cause))
    transition.hold(on=False)
    if lane.rules.blind:
        transition.come_to_rest()
    elif fresh(lane, transition.now.at):
        transition.enter_state(LaneState.OPEN)
    else:
        transition.enter_state(LaneState.FAULT)
