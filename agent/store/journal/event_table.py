"""The events of the journal: where the chain stands, and how it grows and is pruned. Functions inside a transaction."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from agent.core.events import Point, SealedEvent, beginning, digest_of
from agent.store.errors import JournalCorruptError, WatermarkError
from agent.store.journal import disclosures
from agent.store.journal.recorded_event import Recorded
from drivers.text import Text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

# In a damaged file a payload can be of any type.
PAYLOAD = "coalesce(CAST(payload AS BLOB), x'')"
COLUMNS = f"seq, id, type, {PAYLOAD}"
HELD = re.compile(rb'"prev":"([0-9a-f]{64})"')
WORDS = [str, str, int, str, int, int, int, str, int]
STANDING = "gate, stream, head_seq, head_hash, head_total, watermark, tail_seq, tail_hash, tail_total, sum"
STAND = f"UPDATE journal SET {', '.join(f'{name} = ?' for name in STANDING.split(', '))}"  # noqa: S608 - constants


class Row(NamedTuple):
    """A row of the table of events. `total`: as in StreamState, up to this event."""

    seq: int
    id: str
    type: str
    utc_ms: int
    total: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for the central system."""

    events: int
    bytes: int


@dataclass(frozen=True, slots=True)
class StreamState:
    """Where the chain stands. `tail`: the last event that was pruned; what is kept begins after it.

    `head_total`, `tail_total`: payload bytes from the beginning of the stream up to that event.
    """

    gate: str
    head: Point
    head_total: int
    watermark: int
    tail: Point
    tail_total: int


def begin_stream(connection: sqlite3.Connection, gate: str, stream: str) -> None:
    """Write the one row of a new journal."""
    connection.execute(
        "INSERT INTO journal (one, gate, stream, head_seq, head_hash, head_total, watermark, tail_seq,"
        " tail_hash, tail_total) VALUES (1, '', '', 0, '', 0, 0, 0, '', 0)"
    )
    start = beginning(stream)
    _stand(connection, StreamState(gate, start, 0, 0, start, 0))


def standing(connection: sqlite3.Connection) -> StreamState | None:
    """Where the chain stands; None in a file whose stream was never begun.

    Raises JournalCorruptError for altered values. A file of an earlier version has no sum to hold them against.
    """
    row = connection.execute("SELECT * FROM journal").fetchone()
    if row is None:
        return None
    _one, gate, stream, head_seq, head_hash, head_total, watermark, tail_seq, tail_hash, tail_total, *sums = row
    if [type(value) for value in row[1:10]] != WORDS:
        raise JournalCorruptError(Text("the journal does not say how far its stream is"))
    now = StreamState(
        gate, Point(stream, head_seq, head_hash), head_total, watermark, Point(stream, tail_seq, tail_hash), tail_total
    )
    if any(sums) and sums != [_sum(now)]:
        raise JournalCorruptError(Text("what the journal says about the end of its stream is not what was written"))
    return now


def _stand(connection: sqlite3.Connection, now: StreamState) -> None:
    """Write where the chain stands."""
    connection.execute(STAND, (*_words(now), _sum(now)))


def _words(now: StreamState) -> tuple[str | int, ...]:
    head, tail = now.head, now.tail
    return (
        *(now.gate, head.stream, head.seq, head.digest, now.head_total),
        *(now.watermark, tail.seq, tail.digest, now.tail_total),
    )


def _sum(now: StreamState) -> str:
    """What shows that a value of it was altered on the disk: a watermark, for one, fits no other thing in the file."""
    return digest_of("\n".join(map(str, _words(now))).encode())


def standing_of(connection: sqlite3.Connection) -> StreamState:
    """Where the chain stands. Raises JournalCorruptError when the file does not say."""
    now = standing(connection)
    if now is None:
        raise JournalCorruptError(Text("the journal does not say how far its stream is"))
    return now


def acknowledge(connection: sqlite3.Connection, stream: str, seq: int) -> int:
    """Raise the watermark; returns it. Raises WatermarkError for another stream, or beyond the head."""
    now = standing_of(connection)
    if stream != now.head.stream:
        raise WatermarkError(
            Text("acknowledged stream {stream}, but this journal is {own}", stream=stream, own=now.head.stream)
        )
    if seq > now.head.seq:
        raise WatermarkError(Text("acknowledged {seq}, but the last event is {last}", seq=seq, last=now.head.seq))
    if seq > now.watermark:
        _stand(connection, replace(now, watermark=seq))
    return max(seq, now.watermark)


def append(connection: sqlite3.Connection, now: StreamState, sealed: list[SealedEvent]) -> None:
    """Add sealed events after the head."""
    total = now.head_total
    rows = []
    for event in sealed:
        total += len(event.payload)
        rows.append((event.seq, event.id, event.type, event.utc_ms, total, event.payload))
    connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", rows)
    disclosures.append(connection, sealed)
    head = Point(now.head.stream, sealed[-1].seq, sealed[-1].digest)
    _stand(connection, replace(now, head=head, head_total=total))


def held_hashes(payload: bytes | None) -> list[str]:
    """The hash of the event before that an event holds, found also where other bytes of it are damaged.

    Empty where there is none; more than one only in bytes that nobody recorded.
    """
    return [] if payload is None else [held.decode() for held in HELD.findall(payload)]


def read(connection: sqlite3.Connection, first: int, last: int, limit: int) -> list[Recorded]:
    """Up to `limit` events from `first` to `last`, both included."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM events WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",  # noqa: S608 - a constant
        (first, last, limit),
    )
    found = [Recorded(seq, name, kind, payload, digest_of(payload)) for seq, name, kind, payload in rows]
    return disclosures.attached(connection, found)


def rows(connection: sqlite3.Connection) -> Iterator[Row]:
    """All rows, in order, as one lazy cursor."""
    return map(
        Row._make,
        # The columns are a constant.
        connection.execute(f"SELECT seq, id, type, utc_ms, total, {PAYLOAD} FROM events ORDER BY seq"),  # noqa: S608
    )


def payloads(connection: sqlite3.Connection, first: int, last: int) -> Iterator[bytes]:
    """The bytes of the events from `first` to `last`, both included, as one lazy cursor."""
    rows = connection.execute(
        f"SELECT {PAYLOAD} FROM events WHERE seq BETWEEN ? AND ? ORDER BY seq",  # noqa: S608 - a constant
        (first, last),
    )
    return (payload for (payload,) in rows)


def newest(connection: sqlite3.Connection, kind: str, among: int) -> list[bytes]:
    """The bytes of the events of a type among so many of the newest, the oldest first."""
    after = standing_of(connection).head.seq - among
    rows = connection.execute(
        f"SELECT {PAYLOAD} FROM events WHERE seq > ? AND type = ? ORDER BY seq",  # noqa: S608 - a constant
        (after, kind),
    )
    return [payload for (payload,) in rows]


def first_since(connection: sqlite3.Connection, utc_ms: int) -> int | None:
    """The first event recorded at that time or later, None when there is none."""
    row = connection.execute("SELECT seq FROM events WHERE utc_ms >= ? ORDER BY seq LIMIT 1", (utc_ms,)).fetchone()
    return None if row is None else int(row[0])


def depth(connection: sqlite3.Connection) -> Backlog:
    """What lies above the watermark."""
    now = standing_of(connection)
    return Backlog(now.head.seq - now.watermark, now.head_total - _total_at(connection, now, now.watermark))


def used_bytes(connection: sqlite3.Connection) -> int:
    """The bytes of the file's pages that hold something."""
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def prunable(connection: sqlite3.Connection, before_utc_ms: int | None, max_bytes: int) -> int:
    """The last event that pruning may take: acknowledged, and too old or beyond what `max_bytes` leave room for.

    Age is judged from the oldest on, up to the first event that is young enough: a clock that once stood wrong leaves
    times out of order.
    """
    now = standing_of(connection)
    by_age = now.tail.seq
    if before_utc_ms is not None:
        young = first_since(connection, before_utc_ms)
        by_age = now.head.seq if young is None else young - 1
    return min(max(by_age, _by_size(connection, now, max_bytes)), now.watermark)


def _by_size(connection: sqlite3.Connection, now: StreamState, max_bytes: int) -> int:
    """The lowest event that can be pruned up to so that the rest has at most `max_bytes`.

    Totals only rise, so halve.
    """
    low, high = now.tail.seq, now.watermark
    while low < high:
        middle = (low + high) // 2
        if now.head_total - _total_at(connection, now, middle) <= max_bytes:
            high = middle
        else:
            low = middle + 1
    return low


def cut(connection: sqlite3.Connection, upto: int) -> None:
    """Delete the events up to `upto`, keeping its hash and total as the new tail."""
    now = standing_of(connection)
    total, digest = _total_at(connection, now, upto), _digest_at(connection, now, upto)
    connection.execute("DELETE FROM events WHERE seq <= ?", (upto,))
    disclosures.cut(connection, upto)
    _stand(connection, replace(now, tail=Point(now.tail.stream, upto, digest), tail_total=total))


def digest_at(connection: sqlite3.Connection, seq: int) -> str | None:
    """The hash of the event `seq`, in hex; of the stream id for 0. None where it is not kept, or not there yet."""
    now = standing_of(connection)
    if seq == now.tail.seq:
        return now.tail.digest
    return _digest_at(connection, now, seq) if now.tail.seq < seq <= now.head.seq else None


def _digest_at(connection: sqlite3.Connection, now: StreamState, seq: int) -> str:
    """The hash of an event that is kept.

    Rather not of its own bytes: should they be damaged, what was recorded still fits.
    """
    if seq == now.head.seq:
        return now.head.digest
    own, following = (
        connection.execute(f"SELECT {PAYLOAD} FROM events WHERE seq = ?", (each,)).fetchone()  # noqa: S608 - a constant
        for each in (seq, seq + 1)
    )
    held = held_hashes(following and following[0])
    if len(held) == 1:
        return held[0]
    if own is None:
        raise JournalCorruptError(_missing(now, seq))
    return digest_of(own[0])


def _missing(now: StreamState, seq: int) -> Text:
    return Text("event {seq} is missing between {tail} and {head}", seq=seq, tail=now.tail.seq, head=now.head.seq)


def _total_at(connection: sqlite3.Connection, now: StreamState, seq: int) -> int:
    if seq == now.tail.seq:
        return now.tail_total
    row = connection.execute("SELECT total FROM events WHERE seq = ?", (seq,)).fetchone()
    if row is None:
        raise JournalCorruptError(_missing(now, seq))
    return int(row[0])
