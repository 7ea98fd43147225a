"""The lane: one barrier, from a vehicle's arrival to exactly one outcome, as an explicit table.

Rule 1: only this module and the modules that it joins move a lane from one state to another. They are arrival and
verdicts (before the pulse), passage (after it), and in every state orders, hold, lockout, inputs, pulse_reports and
record_failures. A text from central to a driver (central_texts) never changes the state.

Rule 2: the caller passes the time with each input. Nothing here reads a clock, a device or a file.

docs/lane.md shows the table, drawn by stepping through it. The barrier's own controller is responsible for safety. The
lane gives an open pulse only for a recorded grant. It gives a close pulse only if it must, and only if the inputs prove
that closing is safe. It never takes missing signals for an empty lane.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, assert_never

from agent.core.lane import (
    arrival,
    central_texts,
    closing,
    coming_to_rest,
    hold,
    input_signals,
    orders,
    out_of_service,
    passage,
    pulse_reports,
    record_failures,
    verdicts,
    violations,
)
from agent.core.lane.lane_rules import LaneRules
from agent.core.lane.observations import vehicle_gone
from agent.core.lane.state import UNDECIDED, Lane, LaneState
from agent.core.lane.step_inputs import (
    Decided,
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
    TextOrdered,
    Ticked,
    VinRead,
)
from agent.core.lane.transition import Transition

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.lane.effects import Effect

__all__ = ["Lane", "LaneRules", "LaneState", "step"]


def step(lane: Lane, item: Input) -> tuple[Lane, tuple[Effect, ...]]:
    """Return the lane after an input, and what must be done, in order, Record first.

    An input that means nothing in this state changes nothing but what the lane knows of its surroundings. An
    exception from here is a bug.
    """
    transition = Transition(lane, item.now)
    if not isfinite(lane.since):
        transition.enter_state(lane.state)
    input_signals.note_surroundings(transition, item)
    pulse_reports.expire_pulses(transition)
    input_signals.check_inputs(transition)
    match item:
        case Pulsed():
            pulse_reports.note_pulse_report(transition, item)
        case OfficerCommand():
            orders.carry_out(transition, item)
        case TextOrdered():
            central_texts.order_text(transition, item)
        case RecordFailed():
            record_failures.record_failed(transition, item)
        case Decided():
            _decided(transition, item)
        case Sampled():
            _sampled(transition)
        case Presented() | PlateRead() | VinRead() | ReadersChanged() | RelayChanged() | InterlockChanged() | Ticked():
            _STATES[transition.lane.state](transition)
        case _:
            assert_never(item)
    central_texts.end_when_over(transition)
    return transition.lane, transition.effects()


def _decided(transition: Transition, item: Decided) -> None:
    """Carry out an answer, but not for a vehicle that is gone: the record of that may have failed."""
    if transition.lane.state in UNDECIDED and vehicle_gone(transition.lane, transition.now.at):
        _STATES[transition.lane.state](transition)
    else:
        verdicts.carry_out_decision(transition, item)


def _sampled(transition: Transition) -> None:
    """Do the first that moves the lane.

    What an officer orders by a contact, then what the state makes of the sample.
    """
    state = transition.lane.state
    for act in (hold.follow_contact, orders.follow_key, _STATES[state]):
        if transition.lane.state is state:
            act(transition)


_STATES: dict[LaneState, Callable[[Transition], None]] = {
    LaneState.INIT: coming_to_rest.init,
    LaneState.IDLE: arrival.idle,
    LaneState.PRESENT: arrival.undecided,
    LaneState.DECIDING: arrival.undecided,
    LaneState.MANUAL: arrival.manual,
    LaneState.WAITING: arrival.waiting,
    LaneState.DENIED: arrival.denied,
    LaneState.OPENING: passage.opening,
    LaneState.OPEN: passage.opened,
    LaneState.PASSING: passage.passing,
    LaneState.CLEARING: passage.clearing,
    LaneState.CLOSING: closing.closing,
    LaneState.VIOLATION: violations.violation,
    LaneState.HELD_OPEN: passage.held_open,
    LaneState.FAULT: coming_to_rest.fault,
    LaneState.YIELDING: coming_to_rest.yielding,
    LaneState.OUT_OF_SERVICE: out_of_service.out_of_service,
}
