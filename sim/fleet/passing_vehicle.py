"""The events of a vehicle that passes a simulated gate: those of the published contract's example, in their time."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from agent.core.contract import examples
from agent.core.events import AccessDecided, CheckRecord, Draft
from agent.core.lane import transaction_id
from agent.core.model import Reason

if TYPE_CHECKING:
    from agent.core.events import Event

LANE_NUMBER: Final = 1


@cache
def _steps() -> tuple[tuple[float, Event], ...]:
    return examples.passing_vehicle()


def vehicle_s(pace: float = 1.0) -> float:
    """How long the events of one vehicle take, from the first to the last, seconds."""
    return _steps()[-1][0] / pace


def vehicle_drafts(utc: float, number: int, pace: float = 1.0) -> list[tuple[float, Draft]]:
    """Seconds after the first, and the event, in their order.

    `number`: of the vehicle at this gate, from 1. `pace`: how many times faster than a real one it passes.
    """
    transaction = transaction_id(utc, LANE_NUMBER, number)
    return [
        (after_s / pace, Draft(_of(event, transaction), examples.LANE, transaction, utc + after_s / pace))
        for after_s, event in _steps()
    ]


def _of(event: Event, transaction: str) -> Event:
    """The same event of another transaction: grants are named after it, and a decision names all of its checks."""
    if isinstance(event, AccessDecided):
        return event.model_copy(update={"checks": _all_checks()})
    if "grant" not in type(event).model_fields:
        return event
    return event.model_copy(update={"grant": f"{transaction}-1"})


@cache
def _all_checks() -> tuple[CheckRecord, ...]:
    """A record of every check: a gate names all that it made, the example only some of them."""
    return tuple(CheckRecord(reason=reason, ok=True) for reason in Reason if reason is not Reason.OK)
