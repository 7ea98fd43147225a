"""Which stored events are still what was recorded: the check of each one before it leaves the journal.

The bytes of an event are vouched for by the hash that the next event holds, or the head; its id and type are taken from
them, not from its row. An event that passes cannot have been altered on the disk, unless by someone who chained all
after it again: against that stand the checkpoints.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from agent.core.events import digest_of
from agent.store.errors import SQL_ERRORS, JournalCorruptError, is_damage
from agent.store.journal import disclosures
from agent.store.journal.event_table import PAYLOAD, held_hashes, standing_of
from agent.store.journal.recorded_event import Recorded
from drivers.text import Text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator

    from agent.store.journal.event_table import StreamState

BATCH: Final = 500
ROWS = f"SELECT seq, {PAYLOAD} FROM events WHERE seq BETWEEN ? AND ? ORDER BY seq"  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class IntegrityResult:
    """Events in order, each as it was recorded.

    `trouble`: what is wrong with the next one, `bad`; "" where nothing is.
    """

    events: list[Recorded]
    bad: int = 0
    trouble: str = ""


def check_integrity(connection: sqlite3.Connection, first: int, last: int, limit: int) -> IntegrityResult:
    """Up to `limit` events from `first` to `last`, both included, as far as they are kept and sound.

    Raises SqlError where not even the first can be read.
    """
    now = standing_of(connection)
    found = _checked(connection, now, first, last, limit)
    return replace(found, events=disclosures.attached(connection, found.events))


def _checked(connection: sqlite3.Connection, now: StreamState, first: int, last: int, limit: int) -> IntegrityResult:
    begin, end = max(first, now.tail.seq + 1), min(last, now.head.seq, max(first, now.tail.seq + 1) + limit - 1)
    rows = _rows(connection, begin, min(end + 1, now.head.seq)) if begin <= end else iter(())
    events: list[Recorded] = []
    try:
        this = next(rows, None)
        for due in range(begin, end + 1):
            following = None if due == now.head.seq else next(rows, None)
            vouching = (now.head.digest,) if due == now.head.seq else held_hashes(following[1] if following else None)
            event = None if this is None or this[0] != due else _event(this[1], now.head.stream, due, vouching)
            if event is None:
                return IntegrityResult(events, due, Text("event {due} is missing or altered", due=due))
            events.append(event)
            this = following
    except SQL_ERRORS as error:
        if not events or not is_damage(error):
            raise
        return IntegrityResult(events, begin + len(events), str(error))
    return IntegrityResult(events)


def batch(connection: sqlite3.Connection, *, first: int, last: int) -> IntegrityResult:
    """The next sound events of a range, with what is wrong after them only where that is acknowledged.

    Raises JournalCorruptError where the first is not sound, nor acknowledged.
    """
    found = check_integrity(connection, first, last, BATCH)
    if found.bad <= standing_of(connection).watermark:
        return found
    return IntegrityResult(as_found(found))


def as_found(found: IntegrityResult) -> list[Recorded]:
    """The events that were found sound. Raises JournalCorruptError where the first is not."""
    if found.bad and not found.events:
        raise JournalCorruptError(found.trouble)
    return found.events


def _rows(connection: sqlite3.Connection, first: int, last: int) -> Iterator[tuple[int, bytes]]:
    return iter(connection.execute(ROWS, (first, last)))


def _event(payload: bytes, stream: str, seq: int, vouching: Collection[str]) -> Recorded | None:
    """The event of a place as it was recorded; None when these are not its bytes."""
    digest = digest_of(payload)
    if digest not in vouching:
        return None
    stated = json.loads(payload)
    if (stated["stream"], stated["seq"]) != (stream, seq):
        return None
    return Recorded(seq, stated["id"], stated["type"], payload, digest)
