"""The lane before a pulse: start, arrival, decision, refusal."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Literal

from agent.core.events import Alarm, Outcome
from agent.core.lane.answers import defer_fault
from agent.core.lane.reports import lose_inputs
from agent.core.lane.senses import early, early_permit, gone, leaving
from agent.core.lane.state import State, arm_down, arm_up, fresh, owns_limits
from agent.core.model import Reason
from drivers.text import Text, joined

if TYPE_CHECKING:
    from agent.core.lane.transition import Turn


def init(turn: Turn) -> None:
    """INIT: move nothing; wait for fresh inputs, a closed arm and nothing under it."""
    lane = turn.lane
    if lane.rules.blind:
        turn.rest()
    elif not fresh(lane, turn.now.at):
        if isfinite(lane.watch.known_at) or turn.waited_s() >= lane.rules.close_s:
            lose_inputs(turn)
    elif lane.arm_in_use:
        turn.go(State.YIELDING)
    else:
        _wait_for_rest(turn, lane.since, Text("since the start"))


def yielding(turn: Turn) -> None:
    """YIELDING: the arm belongs to the other direction; afterwards wait until the inputs prove it at rest."""
    lane = turn.lane
    if lane.arm_in_use:
        return
    if lane.rules.blind:
        turn.rest()
    else:
        _wait_for_rest(turn, lane.arm_free_at, Text("after the other direction used the arm"))


def _wait_for_rest(turn: Turn, since: float, when: str) -> None:
    """Become idle once samples from after that time show the arm closed and nothing under it."""
    lane, watch = turn.lane, turn.lane.watch
    if watch.at > lane.arm_free_at and arm_down(lane) and watch.clear and watch.presence is not None:
        turn.rest()
    elif turn.now.at - since >= lane.rules.pass_s:
        turn.alarm(Alarm.BLOCKED if arm_down(lane) else Alarm.FORCED_OPEN, when)
        turn.go(State.VIOLATION)


def idle(turn: Turn) -> None:
    """IDLE: wait for a vehicle; what goes wrong without one is a violation."""
    lane = turn.lane
    watch = lane.watch
    if lane.arm_in_use:
        turn.go(State.YIELDING)
    elif lane.rules.blind:
        if early(lane, turn.now.at):
            _arrive(turn, "eye")
    elif _trespassed(turn):
        return
    elif watch.presence is True and not leaving(lane, turn.now.at):
        _arrive(turn, "inputs")


def out_of_service(turn: Turn) -> None:
    """OUT_OF_SERVICE: read nothing and begin nothing; what goes wrong at the arm is a violation all the same."""
    if turn.lane.arm_in_use:
        turn.go(State.YIELDING)
    elif not turn.lane.rules.blind:
        _trespassed(turn)


def undecided(turn: Turn) -> None:
    """PRESENT and DECIDING: gather evidence and ask for a decision, a last time when the time is up."""
    lane = turn.lane
    limit_s = lane.rules.read_s if lane.state is State.PRESENT else lane.rules.decide_s
    late_s = turn.waited_s() - limit_s
    if gone(lane, turn.now.at):
        turn.end(Outcome.ABANDONED)
        turn.rest()
    elif _forced(turn):
        return
    elif not lane.readers_up:
        defer_fault(turn, Reason.GATE_FAULT, Alarm.READERS_LOST)
    elif not turn.visit.final:
        _consider(turn, in_time=late_s < 0)
    elif late_s >= lane.rules.decide_s:
        defer_fault(turn, Reason.INTERNAL_ERROR)


def _consider(turn: Turn, *, in_time: bool) -> None:
    new = turn.sighted is not None and turn.add(turn.sighted)
    if turn.lane.state is State.PRESENT and _speaks(turn):
        turn.go(State.DECIDING)
        turn.ask(final=False)
    elif not in_time:
        turn.ask(final=True)
    elif new and turn.lane.state is State.DECIDING:
        turn.ask(final=False)


def waiting(turn: Turn) -> None:
    """WAITING: gather evidence; ask a last time when nothing is in the way, for what was true may be so no more."""
    locked_by = turn.lane.orders.locked_by
    if gone(turn.lane, turn.now.at):
        turn.end(Outcome.ABANDONED)
        turn.rest()
    elif not _forced(turn):
        if turn.sighted is not None:
            turn.add(turn.sighted)
        if turn.lane.way_free and not locked_by:
            turn.go(State.DECIDING)
            turn.ask(final=True)
        elif turn.waited_s() >= turn.lane.rules.pass_s:
            why = Text("a vehicle waits that may pass")
            locked = Text("the lane is locked by {locked_by}", locked_by=locked_by)
            turn.alarm_once(Alarm.INTERLOCKED, joined([why, locked], "; ") if locked_by else why)


def denied(turn: Turn) -> None:
    """DENIED: wait for the vehicle to leave, or for a permit that was not refused yet."""
    lane = turn.lane
    if gone(lane, turn.now.at) or lane.orders.out_of_service_by:
        turn.set(early=())
        turn.rest()
    elif _forced(turn):
        return
    elif turn.waited_s() >= lane.rules.deny_again_s and early_permit(lane, turn.now.at):
        _arrive(turn, "eye" if lane.rules.blind else "inputs")


def manual(turn: Turn) -> None:
    """MANUAL: wait for an officer, for the return of what was lost, or for another permit."""
    lane, visit = turn.lane, turn.visit
    if gone(lane, turn.now.at):
        turn.end(Outcome.DENIED)
        turn.set(early=())
        turn.rest()
    elif _forced(turn):
        return
    elif (visit.waits_for is Alarm.RELAY_LOST and lane.relay_up) or (
        visit.waits_for is Alarm.READERS_LOST and lane.readers_up
    ):
        _resume(turn)
    elif turn.waited_s() >= lane.rules.deny_again_s and early_permit(lane, turn.now.at):
        turn.set_visit(presentations=(), readings=(), retried=())
        _resume(turn)


def fault(turn: Turn) -> None:
    """FAULT: wait for fresh inputs, then start again."""
    if fresh(turn.lane, turn.now.at):
        turn.go(State.INIT)


def _trespassed(turn: Turn) -> bool:
    """Follow what goes wrong at an arm that nobody was let through: forced, or passed the wrong way. Return whether it did."""
    watch = turn.lane.watch
    if _forced(turn):
        return True
    if watch.safety is not True or watch.presence is not False:
        return False
    turn.alarm(Alarm.WRONG_WAY)
    turn.go(State.VIOLATION)
    return True


def _forced(turn: Turn) -> bool:
    """Follow an arm that left its closed place without a command of this lane. Return whether it did."""
    lane = turn.lane
    if not (owns_limits(lane) and arm_up(lane)):
        return False
    turn.alarm(Alarm.FORCED_OPEN)
    if lane.visit is not None:
        turn.end(Outcome.FAULT, Reason.GATE_FAULT)
    turn.go(State.VIOLATION)
    return True


def _arrive(turn: Turn, seen_by: Literal["inputs", "eye"]) -> None:
    turn.begin(seen_by, arrived=True)
    _take_early(turn)
    turn.go(State.PRESENT)
    if not turn.lane.readers_up:
        defer_fault(turn, Reason.GATE_FAULT, Alarm.READERS_LOST)
    elif _speaks(turn):
        turn.go(State.DECIDING)
        turn.ask(final=False)


def _speaks(turn: Turn) -> bool:
    """Whether there is evidence that a decision can be made on."""
    visit = turn.visit
    return bool(visit.presentations or (turn.lane.rules.decides_by_plate and visit.readings))


def _take_early(turn: Turn) -> None:
    for sighting in early(turn.lane, turn.now.at):
        turn.add(sighting)
    turn.set(early=())


def _resume(turn: Turn) -> None:
    turn.set_visit(final=False)
    _take_early(turn)
    if _speaks(turn):
        turn.go(State.DECIDING)
        turn.ask(final=False)
    else:
        turn.go(State.PRESENT)
