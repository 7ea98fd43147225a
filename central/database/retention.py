"""Giving up old months: whole partitions, and only what is proven and what every reader has taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from central.database.partitions import drop_month, following, month_of, months

if TYPE_CHECKING:
    from datetime import datetime

    from central.database.connection import Database


@dataclass(frozen=True, slots=True)
class Dropped:
    """A month that was given up, and how many events it held."""

    month: str
    events: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A month that is old enough and was kept. `why`: in words, with the first gate that it is kept for."""

    month: str
    why: str


# Of each stream in the month: its events from the lowest to the highest number.
_HELD = """
SELECT s.id, s.gate, s.watermark, s.signed_seq, min(e.seq), max(e.seq), count(*),
    EXISTS (SELECT 1 FROM gate_keys k WHERE k.gate = s.gate) AS signs
FROM {partition} e JOIN streams s ON s.id = e.stream_id
GROUP BY s.id ORDER BY s.gate, s.id
"""
_NOTE = """
INSERT INTO dropped_events (month, stream_id, first_seq, last_seq, events, last_digest)
SELECT %(month)s, h.stream_id, h.first_seq, h.last_seq, h.events, e.digest
FROM (SELECT stream_id, min(seq) AS first_seq, max(seq) AS last_seq, count(*) AS events
    FROM {partition} GROUP BY stream_id) h
JOIN {partition} e ON e.stream_id = h.stream_id AND e.seq = h.last_seq
"""
_UNREAD = """
SELECT r.reader, s.gate FROM readers r CROSS JOIN (SELECT DISTINCT stream_id, max(seq) AS last FROM {partition}
    GROUP BY stream_id) h
JOIN streams s ON s.id = h.stream_id
LEFT JOIN reader_positions p ON p.reader = r.reader AND p.stream_id = h.stream_id
WHERE coalesce(p.seq, s.begun_after) < h.last ORDER BY 1, 2 LIMIT 1
"""


_COUNTS = (
    "DELETE FROM past_problems WHERE until < %s::timestamptz - make_interval(months => %s)",
    "DELETE FROM vehicle_hours WHERE hour < %s::timestamptz - make_interval(months => %s)",
    "DELETE FROM vehicle_days WHERE day < %s::timestamptz - make_interval(months => %s)",
    "DELETE FROM fleet_hours WHERE hour < %s::timestamptz - make_interval(months => %s)",
)


def drop_old_months(database: Database, now: datetime, keep_months: int) -> list[Dropped | Kept]:
    """Drop each month that ended `keep_months` months ago or earlier, whatever is proven of it; say what became of it.

    A month is kept while it holds an event that is not proven: beyond the watermark, beyond the gate's signature where
    a key of the gate is noted, or not yet taken by a reader. `past_problems` and counts by hour go with the same age.
    Raises DatabaseError.
    """
    oldest = following(month_of(now), -keep_months)
    told: list[Dropped | Kept] = []
    for month in months(database):
        if month >= oldest:
            break
        told.append(_give_up(database, month))
    for question in _COUNTS:
        database.execute(question, (now, keep_months))
    return told


def _give_up(database: Database, month: str) -> Dropped | Kept:
    partition = sql.Identifier(f"events_{month}")
    with database.transaction():
        # Nothing is stored in a month that is over; the lock keeps a reader from being counted out meanwhile.
        database.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(partition))
        held = database.execute(sql.SQL(_HELD).format(partition=partition)).fetchall()
        for _, gate, watermark, signed_seq, _first, last, _count, signs in held:
            if last > watermark:
                return Kept(month, f"{gate}: event {last} is beyond the watermark {watermark}")
            if signs and last > signed_seq:
                return Kept(month, f"{gate}: event {last} is beyond what the gate has signed, {signed_seq}")
        unread = database.execute(sql.SQL(_UNREAD).format(partition=partition)).fetchone()
        if unread is not None:
            return Kept(month, f"{unread[1]}: the reader {unread[0]!r} has not taken all of it")
        database.execute(sql.SQL(_NOTE).format(partition=partition), {"month": month})
        drop_month(database, month)
    return Dropped(month, sum(row[6] for row in held))
