"""The vehicles of a journal, whatever version wrote it, put together from their events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from agent.core.model import SEQ_MAX
from agent.core.replay import recorded_vehicle
from agent.store.journal import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.core.replay import RecordedVehicle
    from agent.store.journal import JournalReader

_FIRST: Final = "vehicle.present"
_LAST: Final = "transaction.closed"
_TOLD_BY: Final = frozenset({_FIRST, "access.decided", "access.granted", _LAST})


@dataclass(frozen=True, slots=True)
class Period:
    """Which vehicles: those that came from `since` on and before `until` (Unix seconds), in one lane or in all."""

    since: float | None = None
    until: float | None = None
    lane: str = ""


def recorded_vehicles(reader: JournalReader, period: Period = Period()) -> Iterator[RecordedVehicle]:
    """Go through a journal, in the order in which its vehicles left; those that have not left come last.

    A vehicle of which the journal holds no beginning any more is left out. Raises JournalError, JournalCorruptError at
    the first event that is not as it was recorded.
    """
    open_ones: dict[str, list[dict[str, Any]]] = {}
    for event in _events(reader, period):
        transaction, kind = str(event.get("transaction")), event.get("type")
        if kind == _FIRST and _wanted(event, period):
            open_ones[transaction] = []
        if transaction in open_ones:
            open_ones[transaction].append(event)
            if kind == _LAST:
                yield recorded_vehicle(open_ones.pop(transaction))
        elif not open_ones and period.until is not None and _utc(event) >= period.until:
            return
    yield from (recorded_vehicle(events) for events in open_ones.values())


def _events(reader: JournalReader, period: Period) -> Iterator[dict[str, Any]]:
    now = reader.standing()
    first = now.tail.seq + 1
    if period.since is not None:
        first = max(first, reader.first_since(period.since) or SEQ_MAX)
    for one in reader.sound_events(first, now.head.seq):
        if one.type in _TOLD_BY:
            yield opened(one)


def _wanted(event: dict[str, Any], period: Period) -> bool:
    if period.lane and event.get("lane") != period.lane:
        return False
    utc = _utc(event)
    return (period.since is None or utc >= period.since) and (period.until is None or utc < period.until)


def _utc(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(str(event["time"])).timestamp()
