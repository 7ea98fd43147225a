"""The results of the requested pulses: the barrier reports them, or they expire without a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from agent.core.events import Alarm, BarrierPulsed
from agent.core.lane.state import RISING, LaneState, Pulse, PulseDelivery
from agent.core.model import Outcome, Reason
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.step_inputs import Pulsed
    from agent.core.lane.transition import Transition


def expire_pulses(transition: Transition) -> None:
    """Take a pulse that was not reported by its deadline for unknown: it may have happened, it cannot any more."""
    for pulse in transition.lane.pulses:
        if transition.now.at > pulse.deadline:
            _note_delivery(transition, pulse, PulseDelivery.UNKNOWN)
            transition.alarm(
                Alarm.PULSE_UNKNOWN, Text("the grant expired without a report of its pulse"), pulse.transaction
            )


def note_pulse_report(transition: Transition, item: Pulsed) -> None:
    """Record what became of a pulse that was ordered; any other report is ignored."""
    if item.action == "close":
        if transition.lane.closes_unreported:
            _note_close(transition, _delivery(item))
        return
    pulse = next((p for p in transition.lane.pulses if p.grant == item.grant), None)
    if pulse is None:
        return
    delivery = _delivery(item)
    _record_pulse(transition, pulse.grant, "open", delivery, pulse.transaction)
    _note_delivery(transition, pulse, delivery)


def _note_close(transition: Transition, delivery: Literal["delivered", "not_delivered", "unknown"]) -> None:
    lane = transition.lane
    transition.set(closes_unreported=lane.closes_unreported - 1)
    _record_pulse(transition, None, "close", delivery, None, alarmed=lane.close_orders > 1)
    if lane.closing_pulse is PulseDelivery.WAITING:
        transition.set(closing_pulse=PulseDelivery(delivery))


def _note_delivery(transition: Transition, pulse: Pulse, delivery: str) -> None:
    transition.set(pulses=tuple(p for p in transition.lane.pulses if p is not pulse))
    transaction = transition.lane.transaction
    if transaction is None or transaction.grant != pulse.grant:
        return
    # A second pulse is ordered only where the first is of unknown delivery: that one may have raised the arm.
    undone = delivery == PulseDelivery.NOT_DELIVERED and transaction.grants > 1
    transition.set_transaction(pulse=PulseDelivery.UNKNOWN if undone else PulseDelivery(delivery))
    if transition.lane.state not in RISING:
        return  # under the arm already: what the inputs see decides
    if transition.transaction.pulse is PulseDelivery.NOT_DELIVERED:
        transition.close_transaction(Outcome.FAULT, Reason.GATE_FAULT)
        transition.enter_state(LaneState.DENIED, Reason.GATE_FAULT)
    elif transition.lane.rules.blind and transition.lane.state is LaneState.OPENING:
        transition.enter_state(LaneState.OPEN)


def _record_pulse(
    transition: Transition,
    grant: str | None,
    action: Literal["open", "close"],
    delivery: Literal["delivered", "not_delivered", "unknown"],
    transaction: str | None,
    *,
    alarmed: bool = False,
) -> None:
    """Record a report. `alarmed`: that the board does not deliver was told already."""
    transition.record(BarrierPulsed(grant=grant, action=action, delivery=delivery), transaction)
    if delivery == "not_delivered" and alarmed:
        return
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
