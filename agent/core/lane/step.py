"""The lane: one barrier, from a vehicle's arrival to exactly one outcome, as an explicit table.

Rule 1: everything that moves a lane from one state to another is here and in the modules that this one joins:
arrival and verdicts (before the pulse), passage (after it), orders, hold, lockout, inputs, pulse_reports and
record_failures (in every state).
Rule 2: time comes in with the input; nothing here reads a clock, a device or a file.

docs/lane.md shows the table, drawn by stepping it. Safety belongs to the barrier's own controller: the lane gives open
pulses for recorded grants, gives close pulses only where it is told to and the inputs prove it safe, and never takes
silence for an empty lane.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, assert_never

from agent.core.lane import arrival, hold, inputs, orders, passage, pulse_reports, record_failures, verdicts
from agent.core.lane.io import (
    Decided,
    Effect,
    Input,
    InterlockChanged,
    OfficerCommand,
    PlateRead,
    Presented,
    Pulsed,
    ReadersChanged,
    RecordFailed,
    RelayChanged,
    Sampled,
    Ticked,
)
from agent.core.lane.state import Lane, LaneRules, State
from agent.core.lane.transition import Transition

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Lane", "LaneRules", "State", "step"]


def step(lane: Lane, item: Input) -> tuple[Lane, tuple[Effect, ...]]:
    """Return the lane after an input, and what must be done, in order, Record first.

    An input that means nothing in this state changes nothing but what the lane knows of its surroundings. An
    exception from here is a bug.
    """
    transition = Transition(lane, item.now)
    if not isfinite(lane.since):
        transition.go(lane.state)
    inputs.take_in(transition, item)
    pulse_reports.expire(transition)
    inputs.check_inputs(transition)
    match item:
        case Pulsed():
            pulse_reports.pulsed(transition, item)
        case OfficerCommand():
            orders.carry_out(transition, item)
        case RecordFailed():
            record_failures.record_failed(transition, item)
        case Decided():
            verdicts.decided(transition, item)
        case Sampled():
            _sampled(transition)
        case Presented() | PlateRead() | ReadersChanged() | RelayChanged() | InterlockChanged() | Ticked():
            _STATES[transition.lane.state](transition)
        case _:
            assert_never(item)
    return transition.lane, transition.effects()


def _sampled(transition: Transition) -> None:
    """Do the first that moves the lane.

    What an officer orders by a contact, then what the state makes of the sample.
    """
    state = transition.lane.state
    for act in (hold.follow_contact, orders.follow_key, _STATES[state]):
        if transition.lane.state is state:
            act(transition)


_STATES: dict[State, Callable[[Transition], None]] = {
    State.INIT: arrival.init,
    State.IDLE: arrival.idle,
    State.PRESENT: arrival.undecided,
    State.DECIDING: arrival.undecided,
    State.MANUAL: arrival.manual,
    State.WAITING: arrival.waiting,
    State.DENIED: arrival.denied,
    State.OPENING: passage.opening,
    State.OPEN: passage.opened,
    State.PASSING: passage.passing,
    State.CLEARING: passage.clearing,
    State.CLOSING: passage.closing,
    State.VIOLATION: passage.violation,
    State.HELD_OPEN: passage.held_open,
    State.FAULT: arrival.fault,
    State.YIELDING: arrival.yielding,
    State.OUT_OF_SERVICE: arrival.out_of_service,
}
