"""Monthly partitions: events and vehicles by the month in which they arrived, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from psycopg import sql

if TYPE_CHECKING:
    from central.database.connection import Database

PARTITIONED: Final = ("events", "vehicles", "disclosures")
_LOCK: Final = 0x67617466


def month_of(moment: datetime) -> str:
    """The month of a moment, as in the names of partitions: 2026_11."""
    return moment.astimezone(UTC).strftime("%Y_%m")


def _start(month: str) -> datetime:
    year, number = month.split("_")
    return datetime(int(year), int(number), 1, tzinfo=UTC)


def following(month: str, step: int = 1) -> str:
    """The month that is `step` months later; earlier where it is negative."""
    first = _start(month)
    count = first.year * 12 + first.month - 1 + step
    return f"{count // 12:04}_{count % 12 + 1:02}"


def months(database: Database) -> list[str]:
    """The months that there are partitions of, oldest first."""
    rows = database.execute(
        "SELECT substr(c.relname, length('events_') + 1) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = 'events'::regclass ORDER BY 1"
    ).fetchall()
    return [str(month) for (month,) in rows]


def ensure_months(database: Database, now: datetime, *, ahead: int = 2, back: int = 0) -> list[str]:
    """Make the partitions of this month, `back` before and `ahead` after it, where they are missing.

    Returns the months that were made. Raises DatabaseError.
    """
    present = month_of(now)
    wanted = [following(present, step) for step in range(-back, ahead + 1)]
    if not set(wanted) - set(months(database)):
        return []
    with database.transaction():
        database.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        missing = sorted(set(wanted) - set(months(database)))
        for month in missing:
            _make(database, month)
    return missing


def _make(database: Database, month: str) -> None:
    for table in PARTITIONED:
        name = sql.Identifier(f"{table}_{month}")
        database.execute(
            sql.SQL("CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ({first}) TO ({after})").format(
                name=name,
                table=sql.Identifier(table),
                first=sql.Literal(_start(month).isoformat()),
                after=sql.Literal(_start(following(month)).isoformat()),
            )
        )
        # What makes the delivery idempotent within a month; beyond it the lock of the stream does.
        database.execute(sql.SQL("CREATE UNIQUE INDEX ON {name} (stream_id, seq)").format(name=name))


def drop_month(database: Database, month: str) -> None:
    """Drop the partitions of a month, for good. Raises DatabaseError."""
    with database.transaction():
        for table in PARTITIONED:
            database.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(f"{table}_{month}")))
