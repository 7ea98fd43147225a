"""The lane after a pulse: the arm rises, the vehicle goes through or not, the arm comes down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.events import Alarm, BarrierMoved, Outcome, VehicleEntering
from agent.core.lane.state import State, arm_down, safe_to_close
from agent.core.model import Reason
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.transition import Turn

_CLOSE_BEHIND = Text("the next vehicle came before this one was through")


def opening(turn: Turn) -> None:
    """OPENING: wait for the report of the pulse, the open limit, or the vehicle under the arm."""
    rules, watch = turn.lane.rules, turn.lane.watch
    if rules.blind or _entered(turn):
        return
    if rules.has_opened and watch.opened is True:
        turn.record(BarrierMoved(position="open"))
        turn.go(State.OPEN)
    elif turn.waited_s() < rules.open_s:
        return
    elif rules.has_opened or (rules.has_closed and watch.closed is True):
        turn.alarm(Alarm.OPEN_FAILED)
        turn.end(Outcome.FAULT, Reason.GATE_FAULT)
        turn.go(State.VIOLATION)
    else:
        turn.go(State.OPEN)


def opened(turn: Turn) -> None:
    """OPEN: wait for the vehicle to go under the arm, or to give up."""
    if turn.lane.visit is None:
        _open_after_hold(turn)
    elif turn.lane.rules.blind:
        if turn.waited_s() >= turn.lane.rules.blind_passage_s:
            _assume_passed(turn)
            turn.rest()
    elif not _entered(turn):
        _wait_to_enter(turn)


def _wait_to_enter(turn: Turn) -> None:
    rules, watch = turn.lane.rules, turn.lane.watch
    if watch.presence is True and not turn.visit.arrived:
        turn.set_visit(arrived=True)
    patience_s = rules.clear_s if turn.visit.arrived else rules.enter_s
    known = watch.clear or watch.taken
    if known and _came_down(turn):
        _gave_up(turn)
        turn.rest()
    elif _quiet_s(turn, watch.free_since, watch.clear_since) >= patience_s:
        _gave_up(turn)
        turn.go(State.CLOSING)
    elif turn.waited_s() >= rules.enter_s:
        turn.alarm_once(Alarm.OPEN_TOO_LONG)


def passing(turn: Turn) -> None:
    """PASSING: something is under the arm, or may be."""
    lane, watch = turn.lane, turn.lane.watch
    if lane.visit is not None:
        if watch.presence is False and not lane.visit.released:
            turn.set_visit(released=True)
        elif watch.presence is True and lane.visit.released:
            _tailgated(turn, _CLOSE_BEHIND)
    if watch.clear:
        turn.go(State.CLEARING)
    elif turn.waited_s() >= lane.rules.pass_s:
        turn.alarm_once(Alarm.BLOCKED)


def clearing(turn: Turn) -> None:
    """CLEARING: nothing is under the arm any more; make sure, and tell how the passage ended."""
    lane, watch = turn.lane, turn.lane.watch
    clear = _quiet_s(turn, watch.clear_since) >= lane.rules.clear_s
    if watch.taken:
        if lane.visit is not None and not lane.visit.released and turn.waited_s() >= lane.rules.clear_s:
            _tailgated(turn, Text("under the arm again after it was free"))
        turn.go(State.PASSING)
    elif clear and lane.visit is None:
        turn.go(State.CLOSING)
    elif clear and turn.visit.released:
        _passed(turn)
        turn.go(State.CLOSING)
    elif clear:
        _end_beside_presence(turn)


def _end_beside_presence(turn: Turn) -> None:
    """End a passage of which something stayed on the presence loop: the next vehicle close behind, or this one, back there.

    Which of the two the loops cannot tell. Where it stays while the arm comes down it is the next one; where it leaves
    the vehicle most likely backed out, and its use stays in doubt.
    """
    rules, watch = turn.lane.rules, turn.lane.watch
    if _quiet_s(turn, watch.free_since) >= rules.clear_s:
        turn.end(Outcome.BACKED_OUT)
        turn.go(State.CLOSING)
    elif watch.presence is True and (_came_down(turn) or turn.waited_s() >= rules.clear_s + rules.close_s):
        _tailgated(turn, _CLOSE_BEHIND)
        _passed(turn, assumed=True)
        if arm_down(turn.lane) and (rules.has_closed or rules.close_mode == "controller"):
            turn.rest()
        else:
            turn.go(State.CLOSING)


def closing(turn: Turn) -> None:
    """CLOSING: follow the arm down. In close mode "agent", first give the close pulse once it is safe."""
    rules, watch = turn.lane.rules, turn.lane.watch
    waits = rules.close_mode == "agent" and not turn.lane.closing_pulse
    if watch.safety is True:
        turn.alarm_once(Alarm.TAILGATING, Text("under the arm before it was down"))
        _reopen(turn)
    elif watch.photocell is True and not waits:
        _reopen(turn)
    elif rules.has_closed and watch.closed is True:
        turn.record(BarrierMoved(position="closed"))
        turn.rest()
    elif waits:
        _wait_to_lower(turn)
    elif turn.waited_s() >= rules.close_s:
        _time_is_up(turn)


def _wait_to_lower(turn: Turn) -> None:
    if may_lower(turn):
        turn.lower()
    elif turn.waited_s() >= turn.lane.rules.pass_s and not turn.lane.arm_in_use:
        turn.alarm_once(Alarm.CLOSE_FAILED, Text("it was never safe to close"))


def _time_is_up(turn: Turn) -> None:
    if arm_down(turn.lane):
        turn.rest()
    elif turn.lane.arm_in_use:
        turn.go(State.YIELDING)  # it is held open there
    else:
        turn.alarm(Alarm.CLOSE_FAILED)
        turn.go(State.VIOLATION)


def violation(turn: Turn) -> None:
    """VIOLATION: wait until the lane is empty and the arm down, or for an officer."""
    lane, watch = turn.lane, turn.lane.watch
    if arm_down(lane) and _quiet_s(turn, watch.clear_since, watch.free_since) >= lane.rules.clear_s:
        turn.rest()


def held_open(_turn: Turn) -> None:
    """HELD_OPEN: stay, whatever comes; only who holds lets go."""


def _entered(turn: Turn) -> bool:
    """Follow the vehicle under the arm. Return whether it is there."""
    watch = turn.lane.watch
    if watch.clear:
        turn.set_visit(unblocked=True)
    if watch.safety is not True or not turn.visit.unblocked:
        return False
    turn.record(VehicleEntering())
    turn.set_visit(entered=True, released=watch.presence is False)
    turn.go(State.PASSING)
    return True


def _open_after_hold(turn: Turn) -> None:
    watch = turn.lane.watch
    if turn.lane.arm_in_use:
        turn.go(State.YIELDING)
    elif watch.taken:
        turn.go(State.PASSING)
    elif _came_down(turn):
        turn.rest()
    elif _quiet_s(turn, watch.clear_since) >= turn.lane.rules.clear_s:
        turn.go(State.CLOSING)


def _came_down(turn: Turn) -> bool:
    """Record, and return, that the controller closed the arm on its own."""
    rules, watch = turn.lane.rules, turn.lane.watch
    down = rules.has_closed and watch.closed is True and watch.opened is not True
    if down:
        turn.record(BarrierMoved(position="closed"))
    return down


def _gave_up(turn: Turn) -> None:
    """End the transaction of a vehicle that went away before the arm, unless it may have gone through unseen."""
    if turn.visit.seen_under or turn.lane.pulses:
        turn.end(Outcome.FAULT, Reason.GATE_FAULT)
    else:
        turn.turn_away()


def _tailgated(turn: Turn, detail: str) -> None:
    """Note, once a transaction, that another vehicle came too close behind."""
    if not turn.visit.violations:
        turn.set_visit(violations=(Alarm.TAILGATING,))
        turn.alarm(Alarm.TAILGATING, detail)


def _assume_passed(turn: Turn) -> None:
    """End a passage that no input can see. A test pulse has no vehicle, unless a reader saw one on its way."""
    if turn.visit.tested and not turn.visit.plates:
        turn.end(Outcome.NOT_TAKEN)
    else:
        _passed(turn)


def _passed(turn: Turn, *, assumed: bool = False) -> None:
    if turn.visit.by == "operator":
        outcome = Outcome.OVERRIDDEN
    elif turn.visit.violations:
        outcome = Outcome.PASSED_WITH_VIOLATION
    else:
        outcome = Outcome.PASSED
    turn.end(outcome, passed=True, assumed=assumed)


def _quiet_s(turn: Turn, *since: float) -> float:
    """Return how long all of these have held in this state; negative infinity when one does not hold."""
    return turn.now.at - max(turn.lane.since, *since)


def _reopen(turn: Turn) -> None:
    """Follow an arm that meets something on its way down. The controller stops it; the agent undoes its own order."""
    lane = turn.lane
    if lane.rules.close_mode == "controller" or lane.closing_pulse:
        turn.alarm_once(Alarm.REOPENED)
    if lane.closing_pulse and lane.relay_up and Alarm.JOURNAL_FAILED not in lane.told:
        turn.grant_safety()
    turn.go(State.PASSING)


def may_lower(turn: Turn) -> bool:
    """Whether a close pulse may be given now: asked for by the rules, deliverable, and proved safe by the inputs."""
    lane = turn.lane
    ours = lane.rules.close_mode == "agent" and not lane.arm_in_use
    return ours and lane.relay_up and safe_to_close(lane, turn.now.at)


def why_not_lower(turn: Turn) -> str:
    """Say why `may_lower` says no."""
    lane = turn.lane
    if lane.rules.close_mode == "controller":
        return Text("the barrier's controller closes it; the agent gives no close pulse here")
    if lane.arm_in_use:
        return Text("the other direction uses the arm")
    return Text("the inputs do not prove it safe to close") if lane.relay_up else Text("the relay board is away")
