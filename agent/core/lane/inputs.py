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
from agent.core.lane.observations import followed, seen, watched
from agent.core.lane.state import RISING, Delivery, Pulse, State, fresh
from agent.core.model import Reason
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.io import Input, Pulsed
    from agent.core.lane.transition import Transition

_LIVES_WITHOUT_INPUTS = frozenset({State.INIT, State.FAULT, State.HELD_OPEN})


def take_in(transition: Transition, item: Input) -> None:
    """Note what the input says of the surroundings; alarm when a device goes."""
    lane, at = transition.lane, item.now.at
    match item:
        case Sampled():
            _take_sample(transition, item)
        case RecordFailed(item=Sampled() as sample):
            _take_sample(transition, sample)
        case InterlockChanged():
            _take_way(transition, item)
        case Presented():
            transition.lane, transition.sighted = seen(lane, item.presentation, at)
        case PlateRead():
            transition.lane, transition.sighted = seen(lane, item.reading, at)
        case RelayChanged():
            _take_relay(transition, up=item.up)
        case ReadersChanged():
            _take_readers(transition, up=item.up)
        case _:
            pass


def _take_relay(transition: Transition, *, up: bool) -> None:
    if transition.lane.relay_up and not up:
        transition.alarm(Alarm.RELAY_LOST, Text("the relay board cannot be reached"))
    transition.set(relay_up=up)


def _take_readers(transition: Transition, *, up: bool) -> None:
    if up == transition.lane.readers_up:
        return
    transition.set(readers_up=up, seen_at=transition.now.at)
    if not up:
        transition.alarm(Alarm.READERS_LOST, Text("no reader works"))


def _take_sample(transition: Transition, sample: Sampled) -> None:
    before = transition.lane.input_state
    transition.set(input_state=watched(transition.lane, sample))
    transition.lane = followed(transition.lane, before, transition.now.at)
    input_state, stale_s = transition.lane.input_state, transition.lane.rules.stale_s
    if input_state.taken and not transition.lane.arm_in_use:
        transition.set(turned_away=None)
        if transition.lane.transaction is not None:
            transition.set_transaction(seen_under=True)
    # Over a gap in the samples nobody saw the key turn: the board may have been away and come back with it on.
    seen_turning = transition.now.at - input_state.at <= stale_s and input_state.at - before.at <= stale_s
    transition.turned = seen_turning and before.key is False and input_state.key is True
    if sample.flapping:
        transition.alarm_once(Alarm.INPUTS_FLAPPING, ", ".join(sample.flapping))


def _take_way(transition: Transition, item: InterlockChanged) -> None:
    if item.arm_in_use and not transition.lane.arm_in_use:
        transition.set(arm_entered=False)
    elif transition.lane.arm_in_use and not item.arm_in_use:
        transition.set(arm_free_at=transition.now.at)
    transition.set(way_free=item.free, arm_in_use=item.arm_in_use)


def check_inputs(transition: Transition) -> None:
    """Go to fault when the inputs are stale or unknown; while held open, only say so."""
    lane = transition.lane
    if fresh(lane, transition.now.at):
        if lane.state is State.HELD_OPEN:
            transition.untell(Alarm.INPUTS_LOST)
    elif lane.state is State.HELD_OPEN:
        transition.alarm_once(Alarm.INPUTS_LOST, Text("while held open"))
    elif lane.state not in _LIVES_WITHOUT_INPUTS:
        lose_inputs(transition)


def expire(transition: Transition) -> None:
    """Take a pulse that was not reported by its deadline for unknown: it may have happened, it cannot any more."""
    for pulse in transition.lane.pulses:
        if transition.now.at > pulse.deadline:
            _settle(transition, pulse, Delivery.UNKNOWN)
            transition.alarm(
                Alarm.PULSE_UNKNOWN, Text("the grant expired without a report of its pulse"), pulse.transaction
            )


def pulsed(transition: Transition, item: Pulsed) -> None:
    """Record what became of a pulse that was ordered; any other report is ignored."""
    if item.action == "close":
        if transition.lane.close_unreported:
            transition.set(close_unreported=False)
            _report(transition, None, "close", _delivery(item), None)
        return
    pulse = next((p for p in transition.lane.pulses if p.grant == item.grant), None)
    if pulse is None:
        return
    delivery = _delivery(item)
    _report(transition, pulse.grant, "open", delivery, pulse.transaction)
    _settle(transition, pulse, delivery)


def lose_inputs(transition: Transition) -> None:
    """Go to fault and move nothing. What is under the arm already counts as passed for its permit."""
    transition.alarm(Alarm.INPUTS_LOST, Text("in state {state}", state=transition.lane.state))
    if transition.lane.transaction is not None:
        transition.end(Outcome.FAULT, Reason.GATE_FAULT, passed=transition.transaction.entered)
    transition.go(State.FAULT)


def _settle(transition: Transition, pulse: Pulse, delivery: str) -> None:
    transition.set(pulses=tuple(p for p in transition.lane.pulses if p is not pulse))
    transaction = transition.lane.transaction
    if transaction is None or transaction.grant != pulse.grant:
        return
    # A second pulse is ordered only where the first is of unknown delivery: that one may have raised the arm.
    undone = delivery == Delivery.NOT_DELIVERED and transaction.grants > 1
    transition.set_transaction(pulse=Delivery.UNKNOWN if undone else Delivery(delivery))
    if transition.lane.state not in RISING:
        return  # under the arm already: what the inputs see decides
    if transition.transaction.pulse is Delivery.NOT_DELIVERED:
        transition.end(Outcome.FAULT, Reason.GATE_FAULT)
        transition.go(State.DENIED, Reason.GATE_FAULT)
    elif transition.lane.rules.blind and transition.lane.state is State.OPENING:
        transition.go(State.OPEN)


def _report(
    transition: Transition,
    grant: str | None,
    action: Literal["open", "close"],
    delivery: Literal["delivered", "not_delivered", "unknown"],
    transaction: str | None,
) -> None:
    transition.record(BarrierPulsed(grant=grant, action=action, delivery=delivery), transaction)
    if delivery == "not_delivered":
        transition.alarm(Alarm.RELAY_LOST, Text("the {action} pulse was not delivered", action=action), transaction)
    elif delivery == "unknown":
        transition.alarm(
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
