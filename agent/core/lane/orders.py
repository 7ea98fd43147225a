"""What officers order of a lane: by a command, by the key switch, by the contact that holds the barrier open."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from agent.core.events import Alarm, BarrierHeld, Outcome
from agent.core.lane.io import CommandKind, OfficerCommand
from agent.core.lane.lockout import apply_lockout
from agent.core.lane.passage import may_lower, why_not_lower
from agent.core.lane.state import GATHERING, RISING, Delivery, State, fresh
from agent.core.lane.test_pulse import give_test_pulse
from agent.core.lane.verdicts import reservation
from drivers.text import Text, joined

if TYPE_CHECKING:
    from agent.core.lane.io import Input
    from agent.core.lane.transition import Transition

KEY_SWITCH = Text("key switch")
HOLD_CONTACT = Text("hold contact")
_MAY_OPEN = GATHERING | {
    State.IDLE,
    State.MANUAL,
    State.DENIED,
    State.CLOSING,
    State.VIOLATION,
    State.YIELDING,
    State.OUT_OF_SERVICE,
}


def order_of(transition: Transition, item: Input | None) -> OfficerCommand | None:
    """Return the order in an input: a command, or a turn of the key."""
    if isinstance(item, OfficerCommand):
        return item
    return OfficerCommand(transition.now, CommandKind.OPEN, KEY_SWITCH, "officer's key") if transition.turned else None


def carry_out(transition: Transition, item: OfficerCommand, *, reserve: bool = True) -> None:
    """Carry out an order, or leave everything as it was where that may not be; and answer it.

    `reserve`: with an order to open goes the use of the permit that the transaction has verified.
    """
    if transition.now.at < item.deadline:
        done, detail = _obey(transition, item, reserve=reserve)
    else:
        done, detail = False, Text("the time to carry it out was over")
    transition.reply(item.order, done=done, detail=detail)


def _obey(transition: Transition, item: OfficerCommand, *, reserve: bool) -> tuple[bool, str]:
    """Return whether it is as ordered now, and the words for it."""
    match item.kind:
        case CommandKind.OPEN:
            return _open(transition, item, reserve=reserve)
        case CommandKind.HOLD:
            return _hold(transition, item)
        case CommandKind.RELEASE:
            return _release(transition, item)
        case CommandKind.CLOSE:
            return _close(transition)
        case CommandKind.LOCK | CommandKind.UNLOCK | CommandKind.OUT_OF_SERVICE | CommandKind.IN_SERVICE:
            return apply_lockout(transition, item)
        case CommandKind.TEST_OPEN | CommandKind.TEST_CLOSE:
            return give_test_pulse(transition, item)
        case _:
            assert_never(item.kind)


def interlocked(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """Tell an officer that a neighbour's barrier is in the way of an order."""
    transition.alarm(
        Alarm.INTERLOCKED,
        Text("an officer's order to {kind} was not carried out: {operator}", kind=item.kind, operator=item.operator),
    )
    return False, Text("a neighbour's barrier is in the way")


def _locked(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    why = Text("the lane is locked by {locked_by}", locked_by=transition.lane.lockout.locked_by)
    refused = Text(
        "an officer's order to {kind} was not carried out: {operator}", kind=item.kind, operator=item.operator
    )
    transition.alarm(Alarm.INTERLOCKED, joined([refused, why], "; "))
    return False, why


def _in_state(transition: Transition) -> tuple[bool, str]:
    return False, Text("the lane is in state {state}", state=transition.lane.state)


def follow_contact(transition: Transition) -> None:
    """Hold the barrier open while the hold contact is on. Unknown changes nothing."""
    lane = transition.lane
    if lane.input_state.hold is True and not lane.contact_hold:
        transition.set(contact_hold=True)
        _hold_open(transition, HOLD_CONTACT, "contact on", override=True)
    elif lane.input_state.hold is False and lane.contact_hold:
        transition.set(contact_hold=False)
        _let_go(transition, HOLD_CONTACT, "contact off")


def follow_key(transition: Transition) -> None:
    """Open for an officer who turned the key; once, however long it stays turned."""
    order = order_of(transition, None)
    if order is not None:
        carry_out(transition, order)


def _open(transition: Transition, item: OfficerCommand, *, reserve: bool) -> tuple[bool, str]:
    lane = transition.lane
    if lane.state not in _MAY_OPEN and not _may_open_again(transition):
        return _in_state(transition)
    if lane.lockout.locked_by:
        return _locked(transition, item)
    if not lane.way_free:
        return interlocked(transition, item)
    if not lane.relay_up:
        transition.alarm(
            Alarm.RELAY_LOST, Text("an officer's order to open was not carried out: {operator}", operator=item.operator)
        )
        return False, Text("the relay board is away")
    if lane.transaction is None:
        transition.begin("operator", arrived=lane.input_state.presence is True)
    transition.grant("operator", item.operator, item.cause, reservation(transition) if reserve else None)
    transition.go(State.OPENING)
    return True, Text("the open pulse is ordered, by grant {grant}", grant=transition.transaction.grant)


def _may_open_again(transition: Transition) -> bool:
    """Whether a pulse of unknown delivery may be followed by another: not for an arm that is known to be up."""
    lane = transition.lane
    unknown = lane.state in RISING and lane.transaction is not None and lane.transaction.pulse is Delivery.UNKNOWN
    return unknown and lane.input_state.opened is not True


def _hold(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    if transition.lane.ordered_hold is not None:
        return False, Text("it is held already by {ordered_hold}", ordered_hold=transition.lane.ordered_hold)
    if transition.lane.lockout.locked_by:
        return _locked(transition, item)
    if not transition.lane.way_free:
        return interlocked(transition, item)
    transition.set(ordered_hold=item.operator)
    transition.untell(Alarm.JOURNAL_FAILED)  # this step stands only if its record was written
    _hold_open(transition, item.operator, item.cause)
    return True, Text("it is held open") if transition.lane.relay_up else Text(
        "it is held open once the relay board is back"
    )


def _hold_open(transition: Transition, operator: str, cause: str, *, override: bool = False) -> None:
    if not transition.lane.relay_up:
        transition.alarm(Alarm.RELAY_LOST, Text("the barrier will be held open once the relay board is back"))
    transition.record(BarrierHeld(held=True, operator=operator, cause=cause))
    if transition.lane.state is State.HELD_OPEN:
        return
    if transition.lane.transaction is not None:
        transition.end(Outcome.OVERRIDDEN, passed=transition.transaction.entered)
    transition.hold(on=True, override=override)
    transition.go(State.HELD_OPEN)


def _release(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    if transition.lane.state is not State.HELD_OPEN:
        return _in_state(transition)
    held_by = transition.lane.ordered_hold
    transition.set(ordered_hold=None)
    _let_go(transition, item.operator, item.cause)
    if not transition.lane.contact_hold:
        return True, Text("it is let go")
    return held_by is not None, Text("the {hold_contact} holds it open", hold_contact=HOLD_CONTACT)


def _let_go(transition: Transition, operator: str, cause: str) -> None:
    """Let the barrier go, or say who still holds it."""
    lane = transition.lane
    still = HOLD_CONTACT if lane.contact_hold else lane.ordered_hold
    if still is not None:
        transition.record(BarrierHeld(held=True, operator=still, cause=f"still on after {operator}: {cause}"))
        return
    transition.record(BarrierHeld(held=False, operator=operator, cause=cause))
    transition.hold(on=False)
    if lane.rules.blind:
        transition.rest()
    elif fresh(lane, transition.now.at):
        transition.go(State.OPEN)
    else:
        transition.go(State.FAULT)


def _close(transition: Transition) -> tuple[bool, str]:
    if transition.lane.state not in (State.INIT, State.VIOLATION):
        return _in_state(transition)
    if not may_lower(transition):
        return False, why_not_lower(transition)
    transition.go(State.CLOSING)
    transition.lower()
    return True, Text("the close pulse is ordered")
