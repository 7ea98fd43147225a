"""Orders of officers to a lane, by a command or by the key switch, and the answer to each order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.events import Alarm
from agent.core.lane.closing import may_lower, why_not_lower
from agent.core.lane.hold import hold_by_order, release_by_order
from agent.core.lane.lockout import lock, unlock
from agent.core.lane.order_refusals import interlocked, locked, meant_for_another, other_vehicle, wrong_state
from agent.core.lane.out_of_service import put_in_service, take_out_of_service
from agent.core.lane.state import GATHERING, RISING, LaneState, PulseDelivery
from agent.core.lane.step_inputs import CommandKind, OfficerCommand
from agent.core.lane.test_pulse import give_test_pulse
from agent.core.lane.verdicts import refuse_by_order, reservation
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.lane.step_inputs import Input
    from agent.core.lane.transition import Transition

KEY_SWITCH = Text("key switch")
_MAY_OPEN = GATHERING | {
    LaneState.IDLE,
    LaneState.MANUAL,
    LaneState.DENIED,
    LaneState.CLOSING,
    LaneState.VIOLATION,
    LaneState.YIELDING,
    LaneState.OUT_OF_SERVICE,
}


def order_of(transition: Transition, item: Input | None) -> OfficerCommand | None:
    """Return the order in an input: a command, or a turn of the key."""
    if isinstance(item, OfficerCommand):
        return item
    if not transition.key_turned:
        return None
    return OfficerCommand(transition.now, CommandKind.OPEN, KEY_SWITCH, "officer's key")


def carry_out(transition: Transition, item: OfficerCommand, *, reserve: bool = True) -> None:
    """Carry out an order, or leave everything as it was where that may not be; and answer it.

    `reserve`: with an order to open goes the use of the permit that the transaction has verified.
    """
    if transition.now.at < item.deadline:
        done, detail = _obey(transition, item, reserve=reserve)
    else:
        done, detail = False, Text("its time limit had passed")
    transition.answer_order(item.order, done=done, detail=detail)


def _obey(transition: Transition, item: OfficerCommand, *, reserve: bool) -> tuple[bool, str]:
    """Return whether it is as ordered now, and the words for it."""
    if meant_for_another(transition, item.subject.transaction):
        return other_vehicle(item.subject.transaction)
    if item.kind is CommandKind.OPEN:
        return _open(transition, item, reserve=reserve)
    return _ACTS[item.kind](transition, item)


def follow_key(transition: Transition) -> None:
    """Open for an officer who turned the key; once, however long it stays turned."""
    order = order_of(transition, None)
    if order is not None:
        carry_out(transition, order)


def _open(transition: Transition, item: OfficerCommand, *, reserve: bool) -> tuple[bool, str]:
    lane = transition.lane
    if lane.state not in _MAY_OPEN and not _may_open_again(transition):
        return wrong_state(transition)
    if lane.lockout.locked_by:
        return locked(transition, item)
    if not lane.interlock_free:
        return interlocked(transition, item)
    if not lane.relay_up:
        transition.alarm(
            Alarm.RELAY_LOST,
            Text("an officer's order to open was not carried out: {operator}", operator=item.operator),
        )
        return False, Text("the relay board is disconnected")
    if lane.transaction is None:
        transition.open_transaction("operator", arrived=lane.input_state.signals.presence is True)
    reserved = reservation(transition) if reserve else None
    transition.grant("operator", item.operator, item.cause, reserved, item.subject.cause_code or None)
    transition.enter_state(LaneState.OPENING)
    return True, Text("the open pulse is ordered, with grant {grant}", grant=transition.transaction.grant)


def _may_open_again(transition: Transition) -> bool:
    """Whether a pulse of unknown delivery may be followed by another: not for an arm that is known to be up."""
    lane = transition.lane
    unknown = lane.state in RISING and lane.transaction is not None and lane.transaction.pulse is PulseDelivery.UNKNOWN
    return unknown and lane.input_state.signals.opened is not True


def _close(transition: Transition, _item: OfficerCommand) -> tuple[bool, str]:
    if transition.lane.state not in (LaneState.INIT, LaneState.VIOLATION):
        return wrong_state(transition)
    if not may_lower(transition):
        return False, why_not_lower(transition)
    transition.enter_state(LaneState.CLOSING)
    transition.lower()
    return True, Text("the close pulse is ordered")


_ACTS: dict[CommandKind, Callable[[Transition, OfficerCommand], tuple[bool, str]]] = {
    CommandKind.REFUSE: refuse_by_order,
    CommandKind.HOLD: hold_by_order,
    CommandKind.RELEASE: release_by_order,
    CommandKind.CLOSE: _close,
    CommandKind.LOCK: lock,
    CommandKind.UNLOCK: unlock,
    CommandKind.OUT_OF_SERVICE: take_out_of_service,
    CommandKind.IN_SERVICE: put_in_service,
    CommandKind.TEST_OPEN: give_test_pulse,
    CommandKind.TEST_CLOSE: give_test_pulse,
}
"""What each order does, but for the one to open."""
