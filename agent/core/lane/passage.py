"""The lane after a pulse: the arm rises, and the vehicle passes or does not pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.events import Alarm, BarrierMoved, VehicleEntering
from agent.core.lane.state import LaneState, arm_down
from agent.core.lane.violations import tailgated
from agent.core.model import Outcome, Reason
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.transition import Transition

_CLOSE_BEHIND = Text("the next vehicle came before this vehicle was through")


def opening(transition: Transition) -> None:
    """OPENING: wait for the report of the pulse, the open limit, or the vehicle under the arm."""
    rules, input_state = transition.lane.rules, transition.lane.input_state
    if rules.blind or _entered(transition):
        return
    if rules.has_opened and input_state.signals.opened is True:
        transition.record(BarrierMoved(position="open"))
        transition.enter_state(LaneState.OPEN)
    elif transition.waited_s() < rules.open_s:
        return
    elif rules.has_opened or (rules.has_closed and input_state.signals.closed is True):
        transition.alarm(Alarm.OPEN_FAILED)
        transition.close_transaction(Outcome.FAULT, Reason.GATE_FAULT)
        transition.enter_state(LaneState.VIOLATION)
    else:
        transition.enter_state(LaneState.OPEN)


def opened(transition: Transition) -> None:
    """OPEN: wait for the vehicle to go under the arm, or to give up."""
    if transition.lane.transaction is None:
        _open_after_hold(transition)
    elif transition.lane.rules.blind:
        if transition.waited_s() >= transition.lane.rules.blind_passage_s:
            _assume_passed(transition)
            transition.come_to_rest()
    elif not _entered(transition):
        _wait_to_enter(transition)


def _wait_to_enter(transition: Transition) -> None:
    rules, input_state = transition.lane.rules, transition.lane.input_state
    if input_state.signals.presence is True and not transition.transaction.arrived:
        transition.set_transaction(arrived=True)
    patience_s = rules.clear_s if transition.transaction.arrived else rules.enter_s
    known = input_state.clear or input_state.taken
    if known and _came_down(transition):
        _gave_up(transition)
        transition.come_to_rest()
    elif transition.quiet_s(input_state.free_since, input_state.clear_since) >= patience_s:
        _gave_up(transition)
        transition.enter_state(LaneState.CLOSING)
    elif transition.waited_s() >= rules.enter_s:
        transition.alarm_once(Alarm.OPEN_TOO_LONG)


def passing(transition: Transition) -> None:
    """PASSING: something is under the arm, or may be."""
    lane, input_state = transition.lane, transition.lane.input_state
    if lane.transaction is not None:
        if input_state.signals.presence is False and not lane.transaction.released:
            transition.set_transaction(released=True)
        elif input_state.signals.presence is True and lane.transaction.released:
            tailgated(transition, _CLOSE_BEHIND)
    if input_state.clear:
        transition.enter_state(LaneState.CLEARING)
    elif transition.waited_s() >= lane.rules.pass_s:
        transition.alarm_once(Alarm.BLOCKED)


def clearing(transition: Transition) -> None:
    """CLEARING: nothing is under the arm any more; make sure, and record how the passage ended."""
    lane, input_state = transition.lane, transition.lane.input_state
    clear = transition.quiet_s(input_state.clear_since) >= lane.rules.clear_s
    if input_state.taken:
        if (
            lane.transaction is not None
            and not lane.transaction.released
            and transition.waited_s() >= lane.rules.clear_s
        ):
            tailgated(transition, Text("a vehicle was under the arm again after it was free"))
        transition.enter_state(LaneState.PASSING)
    elif clear and lane.transaction is None:
        transition.enter_state(LaneState.CLOSING)
    elif clear and transition.transaction.released:
        _passed(transition)
        transition.enter_state(LaneState.CLOSING)
    elif clear:
        _end_beside_presence(transition)


def _end_beside_presence(transition: Transition) -> None:
    """End a passage of which something stayed on the presence loop.

    The next vehicle close behind, or this one, back there. Which of the two the loops cannot tell. Where it stays while
    the arm comes down it is the next one; where it leaves the vehicle most likely backed out, and its use stays in
    doubt.
    """
    rules, input_state = transition.lane.rules, transition.lane.input_state
    if transition.quiet_s(input_state.free_since) >= rules.clear_s:
        transition.close_transaction(Outcome.BACKED_OUT)
        transition.enter_state(LaneState.CLOSING)
    elif input_state.signals.presence is True and (
        _came_down(transition) or transition.waited_s() >= rules.clear_s + rules.close_s
    ):
        tailgated(transition, _CLOSE_BEHIND)
        _passed(transition, assumed=True)
        if arm_down(transition.lane) and (rules.has_closed or rules.close_mode == "controller"):
            transition.come_to_rest()
        else:
            transition.enter_state(LaneState.CLOSING)


def held_open(_turn: Transition) -> None:
    """HELD_OPEN: stay, whatever comes; only who holds lets go."""


def _entered(transition: Transition) -> bool:
    """Follow the vehicle under the arm. Return whether it is there."""
    input_state = transition.lane.input_state
    if input_state.clear:
        transition.set_transaction(unblocked=True)
    if input_state.signals.safety is not True or not transition.transaction.unblocked:
        return False
    transition.record(VehicleEntering())
    transition.set_transaction(entered=True, released=input_state.signals.presence is False)
    transition.enter_state(LaneState.PASSING)
    return True


def _open_after_hold(transition: Transition) -> None:
    input_state = transition.lane.input_state
    if transition.lane.arm_in_use:
        transition.enter_state(LaneState.YIELDING)
    elif input_state.taken:
        transition.enter_state(LaneState.PASSING)
    elif _came_down(transition):
        transition.come_to_rest()
    elif transition.quiet_s(input_state.clear_since) >= transition.lane.rules.clear_s:
        transition.enter_state(LaneState.CLOSING)


def _came_down(transition: Transition) -> bool:
    """Record, and return, that the controller closed the arm on its own."""
    rules, input_state = transition.lane.rules, transition.lane.input_state
    down = rules.has_closed and input_state.signals.closed is True and input_state.signals.opened is not True
    if down:
        transition.record(BarrierMoved(position="closed"))
    return down


def _gave_up(transition: Transition) -> None:
    """End the transaction of a vehicle that went away before the arm, unless it may have gone through unseen."""
    if transition.transaction.seen_under or transition.lane.pulses:
        transition.close_transaction(Outcome.FAULT, Reason.GATE_FAULT)
    else:
        transition.turn_away()


def _assume_passed(transition: Transition) -> None:
    """End a passage that no input can see. A test pulse has no vehicle, unless a reader saw one on its way."""
    if transition.transaction.tested and not transition.transaction.plates:
        transition.close_transaction(Outcome.NOT_TAKEN)
    else:
        _passed(transition)


def _passed(transition: Transition, *, assumed: bool = False) -> None:
    if transition.transaction.by == "operator":
        outcome = Outcome.OVERRIDDEN
    elif transition.transaction.violations:
        outcome = Outcome.PASSED_WITH_VIOLATION
    else:
        outcome = Outcome.PASSED
    transition.close_transaction(outcome, passed=True, assumed=assumed)
