"""The lane before a pulse: start, arrival, decision, refusal."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Literal

from agent.core.events import Alarm, Outcome
from agent.core.lane.input_signals import is_leaving, lose_inputs
from agent.core.lane.observations import early_observations, has_early_permit, vehicle_gone
from agent.core.lane.state import LaneState, arm_down, arm_up, fresh, owns_limits
from agent.core.lane.verdicts import defer_fault
from agent.core.model import Reason
from drivers.text import Text, joined

if TYPE_CHECKING:
    from agent.core.lane.transition import Transition


def init(transition: Transition) -> None:
    """INIT: move nothing; wait for fresh inputs, a closed arm and nothing under it."""
    lane = transition.lane
    if lane.rules.blind:
        transition.come_to_rest()
    elif not fresh(lane, transition.now.at):
        if isfinite(lane.input_state.known_at) or transition.waited_s() >= lane.rules.close_s:
            lose_inputs(transition)
    elif lane.arm_in_use:
        transition.enter_state(LaneState.YIELDING)
    else:
        _wait_for_rest(transition, lane.since, Text("since the start"))


def yielding(transition: Transition) -> None:
    """YIELDING: the arm belongs to the other direction; afterwards wait until the inputs prove it at rest."""
    lane = transition.lane
    if lane.arm_in_use:
        return
    if lane.rules.blind:
        transition.come_to_rest()
    else:
        _wait_for_rest(transition, lane.arm_free_at, Text("after the other direction used the arm"))


def _wait_for_rest(transition: Transition, since: float, when: str) -> None:
    """Become idle once samples from after that time show the arm closed and nothing under it."""
    lane, input_state = transition.lane, transition.lane.input_state
    if (
        input_state.signals.at > lane.arm_free_at
        and arm_down(lane)
        and input_state.clear
        and input_state.signals.presence is not None
    ):
        transition.come_to_rest()
    elif transition.now.at - since >= lane.rules.pass_s:
        transition.alarm(Alarm.BLOCKED if arm_down(lane) else Alarm.FORCED_OPEN, when)
        transition.enter_state(LaneState.VIOLATION)


def idle(transition: Transition) -> None:
    """IDLE: wait for a vehicle; what goes wrong without one is a violation."""
    lane = transition.lane
    input_state = lane.input_state
    if lane.arm_in_use:
        transition.enter_state(LaneState.YIELDING)
    elif lane.rules.blind:
        if early_observations(lane, transition.now.at):
            _arrive(transition, "eye")
    elif _trespassed(transition):
        return
    elif input_state.signals.presence is True and not is_leaving(lane, transition.now.at):
        _arrive(transition, "inputs")


def out_of_service(transition: Transition) -> None:
    """OUT_OF_SERVICE: read nothing and begin nothing; what goes wrong at the arm is a violation all the same."""
    if transition.lane.arm_in_use:
        transition.enter_state(LaneState.YIELDING)
    elif not transition.lane.rules.blind:
        _trespassed(transition)


def undecided(transition: Transition) -> None:
    """PRESENT and DECIDING: gather evidence and ask for a decision, a last time when the time is up."""
    lane = transition.lane
    limit_s = lane.rules.read_s if lane.state is LaneState.PRESENT else lane.rules.decide_s
    late_s = transition.waited_s() - limit_s
    if vehicle_gone(lane, transition.now.at):
        transition.close_transaction(Outcome.ABANDONED)
        transition.come_to_rest()
    elif _forced(transition):
        return
    elif not lane.readers_up:
        defer_fault(transition, Reason.GATE_FAULT, Alarm.READERS_LOST)
    elif not transition.transaction.final:
        _consider(transition, in_time=late_s < 0)
    elif late_s >= lane.rules.decide_s:
        defer_fault(transition, Reason.INTERNAL_ERROR)


def _consider(transition: Transition, *, in_time: bool) -> None:
    new = transition.observed is not None and transition.add_evidence(transition.observed)
    if transition.lane.state is LaneState.PRESENT and _has_evidence(transition):
        transition.enter_state(LaneState.DECIDING)
        transition.request_decision(final=False)
    elif not in_time:
        transition.request_decision(final=True)
    elif new and transition.lane.state is LaneState.DECIDING:
        transition.request_decision(final=False)


def waiting(transition: Transition) -> None:
    """WAITING: gather evidence; ask a last time when nothing is in the way, for what was true may be so no more."""
    locked_by = transition.lane.lockout.locked_by
    if vehicle_gone(transition.lane, transition.now.at):
        transition.close_transaction(Outcome.ABANDONED)
        transition.come_to_rest()
    elif not _forced(transition):
        if transition.observed is not None:
            transition.add_evidence(transition.observed)
        if transition.lane.interlock_free and not locked_by:
            transition.enter_state(LaneState.DECIDING)
            transition.request_decision(final=True)
        elif transition.waited_s() >= transition.lane.rules.pass_s:
            why = Text("a vehicle waits that may pass")
            locked = Text("the lane is locked by {locked_by}", locked_by=locked_by)
            transition.alarm_once(Alarm.INTERLOCKED, joined([why, locked], "; ") if locked_by else why)


def denied(transition: Transition) -> None:
    """DENIED: wait for the vehicle to leave, or for a permit that was not refused yet."""
    lane = transition.lane
    if vehicle_gone(lane, transition.now.at) or lane.lockout.out_of_service_by:
        transition.set(early=())
        transition.come_to_rest()
    elif _forced(transition):
        return
    elif transition.waited_s() >= lane.rules.deny_again_s and has_early_permit(lane, transition.now.at):
        _arrive(transition, "eye" if lane.rules.blind else "inputs")


def manual(transition: Transition) -> None:
    """MANUAL: wait for an officer, for the return of what was lost, or for another permit."""
    lane, transaction = transition.lane, transition.transaction
    if vehicle_gone(lane, transition.now.at):
        transition.close_transaction(Outcome.DENIED)
        transition.set(early=())
        transition.come_to_rest()
    elif _forced(transition):
        return
    elif (transaction.waits_for is Alarm.RELAY_LOST and lane.relay_up) or (
        transaction.waits_for is Alarm.READERS_LOST and lane.readers_up
    ):
        _resume(transition)
    elif transition.waited_s() >= lane.rules.deny_again_s and has_early_permit(lane, transition.now.at):
        transition.set_transaction(presentations=(), readings=(), retried=())
        _resume(transition)


def fault(transition: Transition) -> None:
    """FAULT: wait for fresh inputs, then start again."""
    if fresh(transition.lane, transition.now.at):
        transition.enter_state(LaneState.INIT)


def _trespassed(transition: Transition) -> bool:
    """Follow what goes wrong at an arm that nobody was let through: forced, or passed the wrong way.

    Return whether it did.
    """
    input_state = transition.lane.input_state
    if _forced(transition):
        return True
    if input_state.signals.safety is not True or input_state.signals.presence is not False:
        return False
    transition.alarm(Alarm.WRONG_WAY)
    transition.enter_state(LaneState.VIOLATION)
    return True


def _forced(transition: Transition) -> bool:
    """Follow an arm that left its closed place without a command of this lane. Return whether it did."""
    lane = transition.lane
    if not (owns_limits(lane) and arm_up(lane)):
        return False
    transition.alarm(Alarm.FORCED_OPEN)
    if lane.transaction is not None:
        transition.close_transaction(Outcome.FAULT, Reason.GATE_FAULT)
    transition.enter_state(LaneState.VIOLATION)
    return True


def _arrive(transition: Transition, seen_by: Literal["inputs", "eye"]) -> None:
    transition.open_transaction(seen_by, arrived=True)
    _add_early_observations(transition)
    transition.enter_state(LaneState.PRESENT)
    if not transition.lane.readers_up:
        defer_fault(transition, Reason.GATE_FAULT, Alarm.READERS_LOST)
    elif _has_evidence(transition):
        transition.enter_state(LaneState.DECIDING)
        transition.request_decision(final=False)


def _has_evidence(transition: Transition) -> bool:
    """Whether there is evidence that a decision can be made on."""
    transaction = transition.transaction
    return bool(transaction.presentations or (transition.lane.rules.decides_by_plate and transaction.readings))


def _add_early_observations(transition: Transition) -> None:
    for observation in early_observations(transition.lane, transition.now.at):
        transition.add_evidence(observation)
    transition.set(early=())


def _resume(transition: Transition) -> None:
    transition.set_transaction(final=False)
    _add_early_observations(transition)
    if _has_evidence(transition):
        transition.enter_state(LaneState.DECIDING)
        transition.request_decision(final=False)
    else:
        transition.enter_state(LaneState.PRESENT)
