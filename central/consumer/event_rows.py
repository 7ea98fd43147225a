"""The rows of streams and events, as the store reads and writes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.core.events import beginning
from central.consumer.chain_walk import CHECKPOINT, Link

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from central.consumer.gate_messages import ReceivedEvent
    from central.database import Database

SLICE: Final = 500
"""How many events that wait behind a gap are read at one time."""


@dataclass(frozen=True, slots=True)
class StreamRow:
    """A stream, locked to the end of the transaction. `head`, `first_kept`: as its gate said last, 0 where it did not.

    `digest`: of the event at the watermark, in hex.
    """

    id: int
    gate: str
    stream: str
    watermark: int
    digest: str
    signed_seq: int
    begun_after: int
    last_seq: int
    head: int
    first_kept: int


def lock_streams(
    database: Database, wanted: Sequence[tuple[str, str]], at: datetime
) -> dict[tuple[str, str], StreamRow]:
    """The rows of these gates and streams, made where they are missing, locked in one order."""
    gates, streams = [gate for gate, _ in wanted], [stream for _, stream in wanted]
    database.execute(
        "INSERT INTO streams (gate, stream, digest, begun_at, moved_at, caught_up_at) "
        "SELECT g, s, d, %s, %s, %s FROM unnest(%s::text[], %s::text[], %s::bytea[]) AS n (g, s, d) "
        "WHERE NOT EXISTS (SELECT 1 FROM streams t WHERE t.gate = n.g AND t.stream = n.s) "
        "ORDER BY g, s ON CONFLICT DO NOTHING",
        (at, at, at, gates, streams, [bytes.fromhex(beginning(stream).digest) for stream in streams]),
    )
    database.execute(
        "INSERT INTO gates (gate, first_heard_at) SELECT DISTINCT g, %s::timestamptz FROM unnest(%s::text[]) AS n (g) "
        "WHERE NOT EXISTS (SELECT 1 FROM gates t WHERE t.gate = n.g) ORDER BY g ON CONFLICT DO NOTHING",
        (at, gates),
    )
    rows = database.execute(
        "SELECT s.id, s.gate, s.stream, s.watermark, encode(s.digest, 'hex'), s.signed_seq, s.begun_after, s.last_seq, "
        "CASE WHEN g.stream = s.stream THEN coalesce(g.head, 0) ELSE 0 END, "
        "CASE WHEN g.stream = s.stream THEN coalesce(g.first_kept, 0) ELSE 0 END "
        "FROM streams s JOIN unnest(%s::text[], %s::text[]) AS n (g, s) ON s.gate = n.g AND s.stream = n.s "
        "LEFT JOIN gates g ON g.gate = s.gate ORDER BY s.id FOR UPDATE OF s",
        (gates, streams),
    ).fetchall()
    made = [StreamRow(*row) for row in rows]
    return {(row.gate, row.stream): row for row in made}


def known_digests(
    database: Database, streams: Mapping[tuple[str, str], StreamRow], events: Sequence[ReceivedEvent]
) -> dict[tuple[int, int], str]:
    """Of these events' places the ones that are taken, with the digest stored there. Asks only where it must."""
    places = [(streams[one.gate, one.envelope.stream], one.envelope.seq) for one in events]
    doubtful = [(row.id, seq) for row, seq in places if seq <= row.last_seq]
    if not doubtful:
        return {}
    rows = database.execute(
        "SELECT e.stream_id, e.seq, encode(e.digest, 'hex') FROM unnest(%s::int[], %s::bigint[]) AS n (id, seq) "
        "JOIN events e ON e.stream_id = n.id AND e.seq = n.seq",
        ([number for number, _ in doubtful], [seq for _, seq in doubtful]),
    ).fetchall()
    return {(number, seq): digest for number, seq, digest in rows}


def insert_events(database: Database, events: Sequence[tuple[int, ReceivedEvent]], at: datetime) -> None:
    """Store events, each with its stream's row. Raises DatabaseError."""
    if not events:
        return
    database.execute(
        "INSERT INTO events (stream_id, seq, stored_at, happened_at, type, lane, transaction_id, dry_run, prev, "
        "digest, payload) SELECT id, seq, %s, happened_at, type, lane, transaction_id, dry_run, prev, digest, payload "
        "FROM unnest(%s::int[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::bool[], "
        "%s::bytea[], %s::bytea[], %s::bytea[]) "
        "AS n (id, seq, happened_at, type, lane, transaction_id, dry_run, prev, digest, payload)",
        (
            at,
            [number for number, _ in events],
            [one.envelope.seq for _, one in events],
            [one.envelope.time for _, one in events],
            [one.envelope.type for _, one in events],
            [one.envelope.lane for _, one in events],
            [one.envelope.transaction for _, one in events],
            [one.envelope.dryrun for _, one in events],
            [bytes.fromhex(one.envelope.prev) for _, one in events],
            [bytes.fromhex(one.digest) for _, one in events],
            [one.payload for _, one in events],
        ),
    )


def later_links(database: Database, stream_id: int, after: int) -> list[Link]:
    """The next stored events of a stream, at most `SLICE`."""
    rows = database.execute(
        "SELECT seq, encode(prev, 'hex'), encode(digest, 'hex'), CASE WHEN type = %s THEN payload ELSE '' END "
        "FROM events WHERE stream_id = %s AND seq > %s ORDER BY seq LIMIT %s",
        (CHECKPOINT, stream_id, after, SLICE),
    ).fetchall()
    return [Link(seq, prev, digest, bytes(payload)) for seq, prev, digest, payload in rows]


def first_link(database: Database, stream_id: int, seq: int) -> Link | None:
    """The stored event of this number; None: it is not here. Its payload is left out."""
    row = database.execute(
        "SELECT seq, encode(prev, 'hex'), encode(digest, 'hex') FROM events WHERE stream_id = %s AND seq = %s",
        (stream_id, seq),
    ).fetchone()
    return None if row is None else Link(*row)


def link_of(event: ReceivedEvent) -> Link:
    """An event that came, as a link of the chain."""
    payload = event.payload if event.envelope.type == CHECKPOINT else b""
    return Link(event.envelope.seq, event.envelope.prev, event.digest, payload)
