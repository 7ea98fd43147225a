"""Programs that read proven events from the database, each with a watermark of its own.

A reader takes events in the order of their stream, and says afterwards how far it has come: at least once, and never
past a gap. What no reader has taken yet is not given up by retention.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.core.events import opened_event, opened_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from central.database.connection import Database


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A proven event. `stream_id`: of this database; `payload`: as the gate sent it.

    `disclosures`: of the personal values that the payload holds as digests, as far as they are not erased.
    """

    stream_id: int
    gate: str
    stream: str
    seq: int
    type: str
    payload: bytes
    disclosures: tuple[str, ...] = ()

    def opened(self) -> dict[str, Any]:
        """The event with its personal values in place; in place of those that were erased stand their digests."""
        said: dict[str, Any] = json.loads(self.payload)
        return opened_event(said, opened_values(said, self.disclosures))


@dataclass(frozen=True, slots=True)
class ReaderPosition:
    """All events of a stream up to `seq` are taken."""

    stream_id: int
    seq: int


# Streams with something new first, then a bounded slice of each: nothing is read that is not given.
_NEXT = """
SELECT s.id, s.gate, s.stream, e.seq, e.type, e.payload, d.disclosures
FROM streams s
LEFT JOIN reader_positions p ON p.reader = %(reader)s AND p.stream_id = s.id
CROSS JOIN LATERAL (
    SELECT seq, type, payload, stored_at FROM events
    WHERE stream_id = s.id AND seq > coalesce(p.seq, s.begun_after) AND seq <= s.watermark
    ORDER BY seq LIMIT %(limit)s
) e
LEFT JOIN disclosures d ON d.stream_id = s.id AND d.seq = e.seq AND d.stored_at = e.stored_at
WHERE s.watermark > coalesce(p.seq, s.begun_after)
ORDER BY s.id, e.seq LIMIT %(limit)s
"""


def begin_reader(database: Database, reader: str, *, from_now: bool = False) -> bool:
    """Note a reader; False: it was known. `from_now`: it starts at the watermarks of now, else at the oldest event.

    Raises DatabaseError.
    """
    with database.transaction():
        made = database.execute("INSERT INTO readers (reader) VALUES (%s) ON CONFLICT DO NOTHING", (reader,)).rowcount
        if made and from_now:
            database.execute(
                "INSERT INTO reader_positions (reader, stream_id, seq) SELECT %s, id, watermark FROM streams", (reader,)
            )
        elif made:  # what was dropped before cannot be waited for
            database.execute(
                "INSERT INTO reader_positions (reader, stream_id, seq) "
                "SELECT %s, stream_id, max(last_seq) FROM dropped_events GROUP BY stream_id",
                (reader,),
            )
    return bool(made)


def next_events(database: Database, reader: str, limit: int = 500) -> list[StoredEvent]:
    """The next proven events for a reader, at most `limit`. Raises DatabaseError."""
    rows = database.execute(_NEXT, {"reader": reader, "limit": limit}).fetchall()
    return [
        StoredEvent(number, gate, stream, seq, kind, bytes(payload), tuple(disclosures or ()))
        for number, gate, stream, seq, kind, payload, disclosures in rows
    ]


def take(database: Database, reader: str, positions: Sequence[ReaderPosition]) -> None:
    """Note how far a reader has come: of each stream the highest position, never back. Raises DatabaseError."""
    database.execute(
        "INSERT INTO reader_positions (reader, stream_id, seq) SELECT %s, stream_id, max(seq) "
        "FROM unnest(%s::int[], %s::bigint[]) AS read_events (stream_id, seq) GROUP BY stream_id "
        "ON CONFLICT (reader, stream_id) DO UPDATE "
        "SET seq = greatest(reader_positions.seq, excluded.seq), moved_at = now()",
        (reader, [one.stream_id for one in positions], [one.seq for one in positions]),
    )
