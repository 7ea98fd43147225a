"""Orders that stand, over restarts too: a lane is locked, or out of service, until the opposite is ordered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from agent.core.events import Alarm, LaneOrdered, Outcome
from agent.core.lane.io import CommandKind
from agent.core.lane.state import GATHERING, LaneState, sign_word
from agent.core.model import Reason
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.lane.io import OfficerCommand
    from agent.core.lane.transition import Transition

_NO_GRANT = GATHERING | {LaneState.MANUAL}
_AT_HAND = _NO_GRANT | {LaneState.IDLE, LaneState.DENIED}
_SHOWS_LOCK = frozenset({LaneState.IDLE, LaneState.WAITING})


def apply_lockout(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """Carry out an order that stands. Return whether it stands now, and the words for it."""
    return _KINDS[item.kind](transition, item)


def _lock(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """Let nothing more open but the hold contact. What was granted before goes on."""
    lane = transition.lane
    if lane.lockout.locked_by:
        return True, Text("it is locked already, by {locked_by}", locked_by=lane.lockout.locked_by)
    if lane.ordered_hold is not None:
        return False, Text("{ordered_hold} holds it open: release it first", ordered_hold=lane.ordered_hold)
    _note(transition, item, "locked", locked_by=item.operator)
    return True, Text("it is locked")


def _unlock(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """Let permits and officers open again; the next step judges a vehicle that waits once more."""
    if not transition.lane.lockout.locked_by:
        return True, Text("it is not locked")
    _note(transition, item, "unlocked", locked_by="")
    return True, Text("it is unlocked")


def _out_of_service(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """Begin nothing more by itself.

    A vehicle without a grant is turned away, one with a grant has its outcome first.
    """
    lane = transition.lane
    if lane.lockout.out_of_service_by:
        return True, Text(
            "it is out of service already, by {out_of_service_by}", out_of_service_by=lane.lockout.out_of_service_by
        )
    _note(transition, item, "out_of_service", out_of_service_by=item.operator)
    if lane.state in _NO_GRANT:
        # Denied, for the vehicle did not go of itself; and by an order, for its permit may be as good as any.
        transition.close_transaction(Outcome.DENIED, Reason.LANE_LOCKED)
    if lane.state not in _AT_HAND:
        return True, Text("it goes out of service after state {state}", state=lane.state)
    transition.come_to_rest()
    return True, Text("it is out of service")


def _in_service(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """Serve vehicles again, after the inputs have proved the arm at rest. Who was turned away may try again at once."""
    if not transition.lane.lockout.out_of_service_by:
        return True, Text("it is in service")
    _note(transition, item, "in_service", out_of_service_by="")
    transition.set(handled=tuple(one for one in transition.lane.handled if one.passed))
    if transition.lane.state is LaneState.OUT_OF_SERVICE:
        transition.enter_state(LaneState.INIT)
    return True, Text("it is in service")


def _note(
    transition: Transition,
    item: OfficerCommand,
    order: Literal["locked", "unlocked", "out_of_service", "in_service"],
    **lockout: str,
) -> None:
    transition.allow_alarm_again(Alarm.JOURNAL_FAILED)  # this step stands only if its record was written
    transition.record(LaneOrdered(order=order, operator=item.operator, cause=item.cause))
    transition.set(lockout=replace(transition.lane.lockout, **lockout))
    if transition.lane.state in _SHOWS_LOCK:
        transition.show(sign_word(transition.lane))


_KINDS: dict[CommandKind, Callable[[Transition, OfficerCommand], tuple[bool, str]]] = {
    CommandKind.LOCK: _lock,
    CommandKind.UNLOCK: _unlock,
    CommandKind.OUT_OF_SERVICE: _out_of_service,
    CommandKind.IN_SERVICE: _in_service,
}
