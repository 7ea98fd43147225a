"""What officers order of a lane."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from agent.core.events import Alarm, BarrierHeld, Outcome
from agent.core.lane_io import CommandKind
from agent.core.lane_passage import may_lower
from agent.core.lane_state import RISING, Delivery, State, fresh

if TYPE_CHECKING:
    from agent.core.lane_io import Commanded
    from agent.core.lane_turn import Turn

_MAY_OPEN = frozenset(
    {State.IDLE, State.PRESENT, State.DECIDING, State.MANUAL, State.DENIED, State.CLOSING, State.VIOLATION}
)


def commanded(turn: Turn, item: Commanded) -> None:
    """Carry out an order, or leave everything as it was where the state does not allow it."""
    match item.kind:
        case CommandKind.OPEN:
            _open_by_order(turn, item)
        case CommandKind.HOLD:
            _hold(turn, item)
        case CommandKind.RELEASE:
            _release(turn, item)
        case CommandKind.CLOSE:
            _close_by_order(turn)
        case _:
            assert_never(item.kind)


def _open_by_order(turn: Turn, item: Commanded) -> None:
    lane = turn.lane
    again = lane.state in RISING and lane.visit is not None and lane.visit.pulse is Delivery.UNKNOWN
    if not again and lane.state not in _MAY_OPEN:
        return
    if not lane.relay_up:
        turn.alarm(Alarm.RELAY_LOST, f"an officer's order to open was not carried out: {item.operator}")
        return
    if lane.visit is None:
        turn.begin("operator", arrived=lane.watch.presence is True)
    turn.grant("operator", item.operator, item.cause)
    turn.go(State.OPENING)


def _hold(turn: Turn, item: Commanded) -> None:
    if turn.lane.state is State.HELD_OPEN:
        return
    if not turn.lane.relay_up:
        turn.alarm(Alarm.RELAY_LOST, "the barrier will be held open once the relay board is back")
    turn.record(BarrierHeld(held=True, operator=item.operator, cause=item.cause))
    if turn.lane.visit is not None:
        turn.end(Outcome.OVERRIDDEN, passed=turn.visit.entered)
    turn.hold(on=True)
    turn.go(State.HELD_OPEN)


def _release(turn: Turn, item: Commanded) -> None:
    if turn.lane.state is not State.HELD_OPEN:
        return
    turn.record(BarrierHeld(held=False, operator=item.operator, cause=item.cause))
    turn.hold(on=False)
    if turn.lane.rules.blind:
        turn.go(State.IDLE)
    elif fresh(turn.lane, turn.now.at):
        turn.go(State.OPEN)
    else:
        turn.go(State.FAULT)


def _close_by_order(turn: Turn) -> None:
    if turn.lane.state in (State.INIT, State.VIOLATION) and may_lower(turn):
        turn.go(State.CLOSING)
        turn.lower()
