"""Looking for events in a journal, the newest first, a stretch at a time: however long it is, a step costs the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from agent.core.events import time_text
from agent.store.journal.disclosures import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.store.journal.reader import JournalReader
    from agent.store.journal.recorded_event import Recorded

STRETCH: Final = 20_000
"""Events that one step looks at, at most."""
BATCH: Final = 500
LONGEST_STORY: Final = 2_000
AFTERMATH: Final = 500
"""Events behind the close of a transaction among which something of it may still be, such as the report of a pulse."""
_SLACK_S: Final = 120.0
"""That the clock may have been set between a transaction's id and its first event."""
_STAMP: Final = "%Y%m%d%H%M%S"
_STAMP_LENGTH: Final = 14


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is looked for; empty: anything. `since`, `until`: Unix seconds.

    `plate`, `permit`: a part of it, in any case.
    """

    since: float | None = None
    until: float | None = None
    type: str = ""
    lane: str = ""
    transaction: str = ""
    plate: str = ""
    permit: str = ""
    outcome: str = ""
    reason: str = ""

    def fits(self, event: dict[str, Any]) -> bool:
        """Say whether an event is one that is looked for."""
        data = event.get("data")
        data = data if isinstance(data, dict) else {}
        exact = (
            (self.type, event.get("type")),
            (self.lane, event.get("lane")),
            (self.transaction, event.get("transaction")),
            (self.outcome, data.get("outcome")),
        )
        if any(wanted and wanted != found for wanted, found in exact):
            return False
        if self.reason and self.reason not in (data.get("reason"), data.get("alarm"), data.get("code")):
            return False
        if self.plate and not _among(self.plate, _plates(data)):
            return False
        return not self.permit or _among(self.permit, _permits(data))


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One step's finds, the newest first, as (seq, event). `before`: where to go on; None: the journal ends there."""

    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    before: int | None = None
    looked_at: int = 0


def search(reader: JournalReader, query: SearchQuery, before: int | None, limit: int) -> SearchResult:
    """Look at up to `STRETCH` events before `before` (None: from the newest) for up to `limit` that fit.

    Raises JournalError.
    """
    now = reader.standing()
    last = now.head.seq if before is None else min(before - 1, now.head.seq)
    first = now.tail.seq + 1
    found: list[tuple[int, dict[str, Any]]] = []
    looked_at = 0
    while last >= first and looked_at < STRETCH:
        begin = max(first, last - BATCH + 1)
        for one in reversed(list(reader.events(begin, last))):
            looked_at += 1
            event = _event(one, query)
            if event is not None:
                found.append((one.seq, event))
                if len(found) == limit:
                    return SearchResult(found, one.seq if one.seq > first else None, looked_at)
        last = begin - 1
    return SearchResult(found, last + 1 if last >= first else None, looked_at)


def story(reader: JournalReader, transaction: str) -> list[tuple[int, dict[str, Any]]]:
    """Every event of a transaction, in order, as (seq, event); empty where none is kept. Raises JournalError."""
    began = _began(transaction)
    if began is None:
        return []
    found = _told_from(reader, transaction, _near(reader, began - _SLACK_S))
    if found:
        return found
    first = reader.first_since(began - _SLACK_S)  # the clock was set back meanwhile
    return [] if first is None else _told_from(reader, transaction, first)


def _told_from(reader: JournalReader, transaction: str, first: int) -> list[tuple[int, dict[str, Any]]]:
    query = SearchQuery(transaction=transaction)
    found: list[tuple[int, dict[str, Any]]] = []
    last = first + STRETCH
    for one in reader.events(first, last):
        if one.seq > last or len(found) >= LONGEST_STORY:
            break
        event = _event(one, query)
        if event is not None:
            found.append((one.seq, event))
            if event.get("type") == "transaction.closed":
                last = min(last, one.seq + AFTERMATH)
    return found


def _near(reader: JournalReader, utc: float) -> int:
    """The first event of about that time, by halves: times rise with the numbers unless the clock was set."""
    now, wanted = reader.standing(), time_text(round(utc * 1000))
    first, last = now.tail.seq + 1, now.head.seq
    while first < last:
        middle = (first + last) // 2
        one = next(iter(reader.events(middle, middle)), None)
        event = None if one is None else _event(one, SearchQuery())
        if event is not None and str(event.get("time")) >= wanted:
            last = middle
        else:
            first = middle + 1
    return first


def _event(one: Recorded, query: SearchQuery) -> dict[str, Any] | None:
    """The event, if it fits; damaged bytes fit nothing but a question that asks for nothing."""
    try:
        event = opened(one)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not query.fits(event):
        return None
    if query.since is None and query.until is None:
        return event
    when = str(event.get("time"))
    early = query.since is not None and when < time_text(round(query.since * 1000))
    late = query.until is not None and when > time_text(round(query.until * 1000))
    return None if early or late else event


def _among(wanted: str, texts: Iterator[Any]) -> bool:
    return any(isinstance(text, str) and wanted.casefold() in text.casefold() for text in texts)


def _plates(data: dict[str, Any]) -> Iterator[Any]:
    plate = data.get("plate")
    yield from (plate.get("declared"), plate.get("read")) if isinstance(plate, dict) else (plate,)
    permit = data.get("permit")
    if isinstance(permit, dict):
        yield permit.get("plate")


def _permits(data: dict[str, Any]) -> Iterator[Any]:
    permit = data.get("permit")
    yield from (permit.get("permit"), permit.get("declaration")) if isinstance(permit, dict) else (permit,)
    yield data.get("declaration")


def _began(transaction: str) -> float | None:
    """When a transaction began, by its id; None for a text that is none."""
    stamp = transaction[:_STAMP_LENGTH]
    if not (stamp.isascii() and stamp.isdigit()):
        return None
    try:
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
