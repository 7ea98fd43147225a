"""What a lane is told of its surroundings, in every state: inputs, devices, pulses, records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from agent.core.events import Alarm, BarrierPulsed, Outcome
from agent.core.lane.io import (
    InterlockChanged,
    PlateRead,
    Presented,
    ReadersChanged,
    RecordFailed,
    RelayChanged,
    Sampled,
)
from agent.core.lane.senses import followed, seen, watched
from agent.core.lane.state import RISING, Delivery, Pulse, State, fresh
from agent.core.model import Reason
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.io import Input, Pulsed
    from agent.core.lane.transition import Turn

_LIVES_WITHOUT_INPUTS = frozenset({State.INIT, State.FAULT, State.HELD_OPEN})


def take_in(turn: Turn, item: Input) -> None:
    """Note what the input says of the surroundings; alarm when a device goes."""
    lane, at = turn.lane, item.now.at
    match item:
        case Sampled():
            _take_sample(turn, item)
        case RecordFailed(item=Sampled() as sample):
            _take_sample(turn, sample)
        case InterlockChanged():
            _take_way(turn, item)
        case Presented():
            turn.lane, turn.sighted = seen(lane, item.presentation, at)
        case PlateRead():
            turn.lane, turn.sighted = seen(lane, item.reading, at)
        case RelayChanged():
            _take_relay(turn, up=item.up)
        case ReadersChanged():
            _take_readers(turn, up=item.up)
        case _:
            pass


def _take_relay(turn: Turn, *, up: bool) -> None:
    if turn.lane.relay_up and not up:
        turn.alarm(Alarm.RELAY_LOST, Text("the relay board cannot be reached"))
    turn.set(relay_up=up)


def _take_readers(turn: Turn, *, up: bool) -> None:
    if up == turn.lane.readers_up:
        return
    turn.set(readers_up=up, seen_at=turn.now.at)
    if not up:
        turn.alarm(Alarm.READERS_LOST, Text("no reader works"))


def _take_sample(turn: Turn, sample: Sampled) -> None:
    before = turn.lane.watch
    turn.set(watch=watched(turn.lane, sample))
    turn.lane = followed(turn.lane, before, turn.now.at)
    watch, stale_s = turn.lane.watch, turn.lane.rules.stale_s
    if watch.taken and not turn.lane.arm_in_use:
        turn.set(turned_away=None)
        if turn.lane.visit is not None:
            turn.set_visit(seen_under=True)
    # Over a gap in the samples nobody saw the key turn: the board may have been away and come back with it on.
    seen_turning = turn.now.at - watch.at <= stale_s and watch.at - before.at <= stale_s
    turn.turned = seen_turning and before.key is False and watch.key is True
    if sample.flapping:
        turn.alarm_once(Alarm.INPUTS_FLAPPING, ", ".join(sample.flapping))


def _take_way(turn: Turn, item: InterlockChanged) -> None:
    if item.arm_in_use and not turn.lane.arm_in_use:
        turn.set(arm_entered=False)
    elif turn.lane.arm_in_use and not item.arm_in_use:
        turn.set(arm_free_at=turn.now.at)
    turn.set(way_free=item.free, arm_in_use=item.arm_in_use)


def check_inputs(turn: Turn) -> None:
    """Go to fault when the inputs are stale or unknown; while held open, only say so."""
    lane = turn.lane
    if fresh(lane, turn.now.at):
        if lane.state is State.HELD_OPEN:
            turn.untell(Alarm.INPUTS_LOST)
    elif lane.state is State.HELD_OPEN:
        turn.alarm_once(Alarm.INPUTS_LOST, Text("while held open"))
    elif lane.state not in _LIVES_WITHOUT_INPUTS:
        lose_inputs(turn)


def expire(turn: Turn) -> None:
    """Take a pulse that was not reported by its deadline for unknown: it may have happened, it cannot any more."""
    for pulse in turn.lane.pulses:
        if turn.now.at > pulse.deadline:
            _settle(turn, pulse, Delivery.UNKNOWN)
            turn.alarm(Alarm.PULSE_UNKNOWN, Text("the grant expired without a report of its pulse"), pulse.transaction)


def pulsed(turn: Turn, item: Pulsed) -> None:
    """Record what became of a pulse that was ordered; any other report is ignored."""
    if item.action == "close":
        if turn.lane.close_unreported:
            turn.set(close_unreported=False)
            _report(turn, None, "close", _delivery(item), None)
        return
    pulse = next((p for p in turn.lane.pulses if p.grant == item.grant), None)
    if pulse is None:
        return
    delivery = _delivery(item)
    _report(turn, pulse.grant, "open", delivery, pulse.transaction)
    _settle(turn, pulse, delivery)


def lose_inputs(turn: Turn) -> None:
    """Go to fault and move nothing. What is under the arm already counts as passed for its permit."""
    turn.alarm(Alarm.INPUTS_LOST, Text("in state {state}", state=turn.lane.state))
    if turn.lane.visit is not None:
        turn.end(Outcome.FAULT, Reason.GATE_FAULT, passed=turn.visit.entered)
    turn.go(State.FAULT)


def _settle(turn: Turn, pulse: Pulse, delivery: str) -> None:
    turn.set(pulses=tuple(p for p in turn.lane.pulses if p is not pulse))
    visit = turn.lane.visit
    if visit is None or visit.grant != pulse.grant:
        return
    # A second pulse is ordered only where the first is of unknown delivery: that one may have raised the arm.
    undone = delivery == Delivery.NOT_DELIVERED and visit.grants > 1
    turn.set_visit(pulse=Delivery.UNKNOWN if undone else Delivery(delivery))
    if turn.lane.state not in RISING:
        return  # under the arm already: what the inputs see decides
    if turn.visit.pulse is Delivery.NOT_DELIVERED:
        turn.end(Outcome.FAULT, Reason.GATE_FAULT)
        turn.go(State.DENIED, Reason.GATE_FAULT)
    elif turn.lane.rules.blind and turn.lane.state is State.OPENING:
        turn.go(State.OPEN)


def _report(
    turn: Turn,
    grant: str | None,
    action: Literal["open", "close"],
    delivery: Literal["delivered", "not_delivered", "unknown"],
    transaction: str | None,
) -> None:
    turn.record(BarrierPulsed(grant=grant, action=action, delivery=delivery), transaction)
    if delivery == "not_delivered":
        turn.alarm(Alarm.RELAY_LOST, Text("the {action} pulse was not delivered", action=action), transaction)
    elif delivery == "unknown":
        turn.alarm(
            Alarm.PULSE_UNKNOWN, Text("the {action} pulse may or may not have happened", action=action), transaction
        )


def _delivery(item: Pulsed) -> Literal["delivered", "not_delivered", "unknown"]:
    match item.delivery:
        case "delivered":
            return "delivered"
        case "not_delivered":
            return "not_delivered"
        case _:
            return "unknown"
