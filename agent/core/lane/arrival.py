"""The lane before a pulse: arrival, decision, refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from agent.core.events import Alarm
from agent.core.lane.input_signals import is_leaving
from agent.core.lane.observations import announces_vehicle, early_observations, has_early_permit, vehicle_gone
from agent.core.lane.seen_vins import awaits_vin
from agent.core.lane.state import LaneState
from agent.core.lane.verdicts import defer_fault
from agent.core.lane.violations import forced, trespassed
from agent.core.model import Outcome, Reason
from drivers.text import Text, joined

if TYPE_CHECKING:
    from agent.core.lane.transition import Transition


def idle(transition: Transition) -> None:
    """IDLE: wait for a vehicle; what goes wrong without one is a violation."""
    lane = transition.lane
    input_state = lane.input_state
    if lane.arm_in_use:
        transition.enter_state(LaneState.YIELDING)
    elif lane.rules.blind:
        if announces_vehicle(lane, transition.now.at):
            _arrive(transition, "eye")
    elif trespassed(transition):
        return
    elif input_state.signals.presence is True and not is_leaving(lane, transition.now.at):
        _arrive(transition, "inputs")


def undecided(transition: Transition) -> None:
    """PRESENT and DECIDING: gather evidence and ask for a decision, a last time when the time is up."""
    _give_up_silent_board(transition)
    lane = transition.lane
    late_s = transition.waited_s() - _limit_s(transition)
    if vehicle_gone(lane, transition.now.at):
        transition.close_transaction(Outcome.ABANDONED)
        transition.come_to_rest()
    elif forced(transition):
        return
    elif not lane.readers_up:
        defer_fault(transition, Reason.GATE_FAULT, Alarm.READERS_LOST)
    elif not transition.transaction.final:
        _consider(transition, in_time=late_s < 0)
    elif late_s >= lane.rules.decide_s:
        defer_fault(transition, Reason.INTERNAL_ERROR)


def _limit_s(transition: Transition) -> float:
    """How long this state may last until nothing more will come.

    A label may be in no camera's view before the driver has done as told: where the VIN is all that is missing, there
    is as much time for it as there is to show a permit.
    """
    lane, transaction = transition.lane, transition.transaction
    if lane.state is LaneState.PRESENT:
        return lane.rules.read_s
    if not awaits_vin(transaction.decision):
        return lane.rules.decide_s
    return max(lane.rules.decide_s, transaction.began_at + lane.rules.read_s - lane.since)


def _consider(transition: Transition, *, in_time: bool) -> None:
    new = transition.observed is not None and transition.add_evidence(transition.observed)
    if transition.lane.state is LaneState.PRESENT and _can_be_judged(transition):
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
    elif not forced(transition):
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
    elif forced(transition):
        return
    elif transition.waited_s() >= lane.rules.deny_again_s and has_early_permit(lane, transition.now.at):
        # It was refused before the board was tried, and does not wait for that again.
        transition.set(relay_up=bool(lane.relay_up))
        _arrive(transition, "eye" if lane.rules.blind else "inputs")


def manual(transition: Transition) -> None:
    """MANUAL: wait for an officer, for the return of what was lost, or for another permit."""
    lane, transaction = transition.lane, transition.transaction
    if vehicle_gone(lane, transition.now.at):
        transition.close_transaction(Outcome.DENIED)
        transition.set(early=())
        transition.come_to_rest()
    elif forced(transition):
        return
    elif (transaction.waits_for is Alarm.RELAY_LOST and lane.relay_up) or (
        transaction.waits_for is Alarm.READERS_LOST and lane.readers_up
    ):
        _resume(transition)
    elif transition.waited_s() >= lane.rules.deny_again_s and has_early_permit(lane, transition.now.at):
        transition.set_transaction(presentations=(), readings=(), vins=(), retried=())
        _resume(transition)


def _arrive(transition: Transition, seen_by: Literal["inputs", "eye"]) -> None:
    transition.open_transaction(seen_by, arrived=True)
    _add_early_observations(transition)
    transition.enter_state(LaneState.PRESENT)
    if not transition.lane.readers_up:
        defer_fault(transition, Reason.GATE_FAULT, Alarm.READERS_LOST)
    elif _can_be_judged(transition):
        transition.enter_state(LaneState.DECIDING)
        transition.request_decision(final=False)


def _can_be_judged(transition: Transition) -> bool:
    """Whether there is evidence that a decision can be made on, and it is known whether the barrier could follow."""
    lane, transaction = transition.lane, transition.transaction
    has_evidence = transaction.presentations or (lane.rules.decides_by_plate and transaction.readings)
    return bool(has_evidence) and lane.relay_up is not None


def _give_up_silent_board(transition: Transition) -> None:
    """Count a board that is silent since the start as away, once a vehicle has waited for it long enough.

    A blind lane waits no longer than its readers may miss the vehicle.
    """
    lane, rules = transition.lane, transition.lane.rules
    limit_s = min(rules.board_s, rules.gone_s / 2) if rules.blind else rules.board_s
    if lane.relay_up is None and transition.waited_s() >= limit_s:
        transition.set(relay_up=False)


def _add_early_observations(transition: Transition) -> None:
    for observation in early_observations(transition.lane, transition.now.at):
        transition.add_evidence(observation)
    transition.set(early=())


def _resume(transition: Transition) -> None:
    transition.set_transaction(final=False)
    _add_early_observations(transition)
    if _can_be_judged(transition):
        transition.enter_state(LaneState.DECIDING)
        transition.request_decision(final=False)
    else:
        transition.enter_state(LaneState.PRESENT)
