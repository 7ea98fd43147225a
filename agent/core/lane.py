"""The lane: one barrier, from a vehicle's arrival to exactly one outcome, as an explicit table.

Rule 1: everything that moves a lane from one state to another is here and in the modules that this one joins:
lane_arrival and lane_answers (before the pulse), lane_passage (after it), lane_orders, lane_standing, lane_reports and
lane_failures (in every state).
Rule 2: time comes in with the input; nothing here reads a clock, a device or a file.

docs/lane.md shows the table, drawn by stepping it. Safety belongs to the barrier's own controller: the lane gives open
pulses for recorded grants, gives close pulses only where it is told to and the inputs prove it safe, and never takes
silence for an empty lane.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, assert_never

from agent.core import lane_answers, lane_arrival, lane_failures, lane_orders, lane_passage, lane_reports
from agent.core.lane_io import (
    Commanded,
    Decided,
    Effect,
    Input,
    PlateRead,
    Presented,
    Pulsed,
    ReadersChanged,
    RecordFailed,
    RelayChanged,
    Sampled,
    Ticked,
    WayChanged,
)
from agent.core.lane_state import Lane, LaneRules, State
from agent.core.lane_turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Lane", "LaneRules", "State", "step"]


def step(lane: Lane, item: Input) -> tuple[Lane, tuple[Effect, ...]]:
    """Return the lane after an input, and what must be done, in order, Record first.

    An input that means nothing in this state changes nothing but what the lane knows of its surroundings. An
    exception from here is a bug.
    """
    turn = Turn(lane, item.now)
    if not isfinite(lane.since):
        turn.go(lane.state)
    lane_reports.take_in(turn, item)
    lane_reports.expire(turn)
    lane_reports.check_inputs(turn)
    match item:
        case Pulsed():
            lane_reports.pulsed(turn, item)
        case Commanded():
            lane_orders.commanded(turn, item)
        case RecordFailed():
            lane_failures.record_failed(turn, item)
        case Decided():
            lane_answers.decided(turn, item)
        case Sampled():
            _sampled(turn)
        case Presented() | PlateRead() | ReadersChanged() | RelayChanged() | WayChanged() | Ticked():
            _STATES[turn.lane.state](turn)
        case _:
            assert_never(item)
    return turn.lane, turn.effects()


def _sampled(turn: Turn) -> None:
    """Do the first that moves the lane: what an officer orders by a contact, then what the state makes of the sample."""
    state = turn.lane.state
    for act in (lane_orders.follow_contact, lane_orders.follow_key, _STATES[state]):
        if turn.lane.state is state:
            act(turn)


_STATES: dict[State, Callable[[Turn], None]] = {
    State.INIT: lane_arrival.init,
    State.IDLE: lane_arrival.idle,
    State.PRESENT: lane_arrival.undecided,
    State.DECIDING: lane_arrival.undecided,
    State.MANUAL: lane_arrival.manual,
    State.WAITING: lane_arrival.waiting,
    State.DENIED: lane_arrival.denied,
    State.OPENING: lane_passage.opening,
    State.OPEN: lane_passage.opened,
    State.PASSING: lane_passage.passing,
    State.CLEARING: lane_passage.clearing,
    State.CLOSING: lane_passage.closing,
    State.VIOLATION: lane_passage.violation,
    State.HELD_OPEN: lane_passage.held_open,
    State.FAULT: lane_arrival.fault,
    State.YIELDING: lane_arrival.yielding,
    State.OUT_OF_SERVICE: lane_arrival.out_of_service,
}
