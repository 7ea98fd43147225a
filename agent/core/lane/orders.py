"""What officers order of a lane: by a command, by the key switch, by the contact that holds the barrier open."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from agent.core.events import Alarm, BarrierHeld, Outcome
from agent.core.lane.answers import reservation
from agent.core.lane.io import Commanded, CommandKind
from agent.core.lane.lockout import stand
from agent.core.lane.passage import may_lower, why_not_lower
from agent.core.lane.state import GATHERING, RISING, Delivery, State, fresh
from agent.core.lane.test_pulse import try_out
from drivers.text import Text, joined

if TYPE_CHECKING:
    from agent.core.lane.io import Input
    from agent.core.lane.transition import Turn

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


def order_of(turn: Turn, item: Input | None) -> Commanded | None:
    """Return the order in an input: a command, or a turn of the key."""
    if isinstance(item, Commanded):
        return item
    return Commanded(turn.now, CommandKind.OPEN, KEY_SWITCH, "officer's key") if turn.turned else None


def commanded(turn: Turn, item: Commanded, *, reserve: bool = True) -> None:
    """Carry out an order, or leave everything as it was where that may not be; and answer it.

    `reserve`: with an order to open goes the use of the permit that the transaction has verified.
    """
    if turn.now.at < item.deadline:
        done, detail = _obey(turn, item, reserve=reserve)
    else:
        done, detail = False, Text("the time to carry it out was over")
    turn.reply(item.order, done=done, detail=detail)


def _obey(turn: Turn, item: Commanded, *, reserve: bool) -> tuple[bool, str]:
    """Return whether it is as ordered now, and the words for it."""
    match item.kind:
        case CommandKind.OPEN:
            return _open(turn, item, reserve=reserve)
        case CommandKind.HOLD:
            return _hold(turn, item)
        case CommandKind.RELEASE:
            return _release(turn, item)
        case CommandKind.CLOSE:
            return _close(turn)
        case CommandKind.LOCK | CommandKind.UNLOCK | CommandKind.OUT_OF_SERVICE | CommandKind.IN_SERVICE:
            return stand(turn, item)
        case CommandKind.TEST_OPEN | CommandKind.TEST_CLOSE:
            return try_out(turn, item)
        case _:
            assert_never(item.kind)


def interlocked(turn: Turn, item: Commanded) -> tuple[bool, str]:
    """Tell an officer that a neighbour's barrier is in the way of an order."""
    turn.alarm(
        Alarm.INTERLOCKED,
        Text("an officer's order to {kind} was not carried out: {operator}", kind=item.kind, operator=item.operator),
    )
    return False, Text("a neighbour's barrier is in the way")


def _locked(turn: Turn, item: Commanded) -> tuple[bool, str]:
    why = Text("the lane is locked by {locked_by}", locked_by=turn.lane.orders.locked_by)
    refused = Text(
        "an officer's order to {kind} was not carried out: {operator}", kind=item.kind, operator=item.operator
    )
    turn.alarm(Alarm.INTERLOCKED, joined([refused, why], "; "))
    return False, why


def _in_state(turn: Turn) -> tuple[bool, str]:
    return False, Text("the lane is in state {state}", state=turn.lane.state)


def follow_contact(turn: Turn) -> None:
    """Hold the barrier open while the hold contact is on. Unknown changes nothing."""
    lane = turn.lane
    if lane.watch.hold is True and not lane.contact_hold:
        turn.set(contact_hold=True)
        _hold_open(turn, HOLD_CONTACT, "contact on", override=True)
    elif lane.watch.hold is False and lane.contact_hold:
        turn.set(contact_hold=False)
        _let_go(turn, HOLD_CONTACT, "contact off")


def follow_key(turn: Turn) -> None:
    """Open for an officer who turned the key; once, however long it stays turned."""
    order = order_of(turn, None)
    if order is not None:
        commanded(turn, order)


def _open(turn: Turn, item: Commanded, *, reserve: bool) -> tuple[bool, str]:
    lane = turn.lane
    if lane.state not in _MAY_OPEN and not _may_open_again(turn):
        return _in_state(turn)
    if lane.orders.locked_by:
        return _locked(turn, item)
    if not lane.way_free:
        return interlocked(turn, item)
    if not lane.relay_up:
        turn.alarm(
            Alarm.RELAY_LOST, Text("an officer's order to open was not carried out: {operator}", operator=item.operator)
        )
        return False, Text("the relay board is away")
    if lane.visit is None:
        turn.begin("operator", arrived=lane.watch.presence is True)
    turn.grant("operator", item.operator, item.cause, reservation(turn) if reserve else None)
    turn.go(State.OPENING)
    return True, Text("the open pulse is ordered, by grant {grant}", grant=turn.visit.grant)


def _may_open_again(turn: Turn) -> bool:
    """Whether a pulse of unknown delivery may be followed by another: not for an arm that is known to be up."""
    lane = turn.lane
    unknown = lane.state in RISING and lane.visit is not None and lane.visit.pulse is Delivery.UNKNOWN
    return unknown and lane.watch.opened is not True


def _hold(turn: Turn, item: Commanded) -> tuple[bool, str]:
    if turn.lane.ordered_hold is not None:
        return False, Text("it is held already by {ordered_hold}", ordered_hold=turn.lane.ordered_hold)
    if turn.lane.orders.locked_by:
        return _locked(turn, item)
    if not turn.lane.way_free:
        return interlocked(turn, item)
    turn.set(ordered_hold=item.operator)
    turn.untell(Alarm.JOURNAL_FAILED)  # this step stands only if its record was written
    _hold_open(turn, item.operator, item.cause)
    return True, Text("it is held open") if turn.lane.relay_up else Text("it is held open once the relay board is back")


def _hold_open(turn: Turn, operator: str, cause: str, *, override: bool = False) -> None:
    if not turn.lane.relay_up:
        turn.alarm(Alarm.RELAY_LOST, Text("the barrier will be held open once the relay board is back"))
    turn.record(BarrierHeld(held=True, operator=operator, cause=cause))
    if turn.lane.state is State.HELD_OPEN:
        return
    if turn.lane.visit is not None:
        turn.end(Outcome.OVERRIDDEN, passed=turn.visit.entered)
    turn.hold(on=True, override=override)
    turn.go(State.HELD_OPEN)


def _release(turn: Turn, item: Commanded) -> tuple[bool, str]:
    if turn.lane.state is not State.HELD_OPEN:
        return _in_state(turn)
    held_by = turn.lane.ordered_hold
    turn.set(ordered_hold=None)
    _let_go(turn, item.operator, item.cause)
    if not turn.lane.contact_hold:
        return True, Text("it is let go")
    return held_by is not None, Text("the {hold_contact} holds it open", hold_contact=HOLD_CONTACT)


def _let_go(turn: Turn, operator: str, cause: str) -> None:
    """Let the barrier go, or say who still holds it."""
    lane = turn.lane
    still = HOLD_CONTACT if lane.contact_hold else lane.ordered_hold
    if still is not None:
        turn.record(BarrierHeld(held=True, operator=still, cause=f"still on after {operator}: {cause}"))
        return
    turn.record(BarrierHeld(held=False, operator=operator, cause=cause))
    turn.hold(on=False)
    if lane.rules.blind:
        turn.rest()
    elif fresh(lane, turn.now.at):
        turn.go(State.OPEN)
    else:
        turn.go(State.FAULT)


def _close(turn: Turn) -> tuple[bool, str]:
    if turn.lane.state not in (State.INIT, State.VIOLATION):
        return _in_state(turn)
    if not may_lower(turn):
        return False, why_not_lower(turn)
    turn.go(State.CLOSING)
    turn.lower()
    return True, Text("the close pulse is ordered")
