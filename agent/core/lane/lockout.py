"""A locked lane stays locked, also after restarts, until someone unlocks it. Only the hold contact opens it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from agent.core.events import Alarm, LaneOrdered
from agent.core.lane.state import LaneState, sign_word
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.step_inputs import OfficerCommand
    from agent.core.lane.transition import Transition

_SHOWS_LOCK = frozenset({LaneState.IDLE, LaneState.WAITING})


def lock(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """Let nothing more open but the hold contact. What was granted before goes on."""
    lane = transition.lane
    if lane.lockout.locked_by:
        return True, Text("it is already locked by {locked_by}", locked_by=lane.lockout.locked_by)
    if lane.ordered_hold is not None:
        return False, Text("{ordered_hold} holds it open: release it first", ordered_hold=lane.ordered_hold)
    note_lockout(transition, item, "locked", locked_by=item.operator)
    return True, Text("it is locked")


def unlock(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """Let permits and officers open again; the next step judges a vehicle that waits once more."""
    if not transition.lane.lockout.locked_by:
        return True, Text("it is not locked")
    note_lockout(transition, item, "unlocked", locked_by="")
    return True, Text("it is unlocked")


def note_lockout(
    transition: Transition,
    item: OfficerCommand,
    order: Literal["locked", "unlocked", "out_of_service", "in_service"],
    **lockout: str,
) -> None:
    """Record an order that stands, over restarts too, and show it."""
    transition.allow_alarm_again(Alarm.JOURNAL_FAILED)  # this step stands only if its record was written
    transition.record(LaneOrdered(order=order, operator=item.operator, cause=item.cause))
    transition.set(lockout=replace(transition.lane.lockout, **lockout))
    if transition.lane.state in _SHOWS_LOCK:
        transition.show(sign_word(transition.lane))
