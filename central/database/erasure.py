"""Erasing personal values at central: the rows beside the events, and the plates in the rows of vehicles.

The events stay byte for byte, so that every chain and checkpoint still proves. What stays in PostgreSQL's own files and
logs for a while is for `rewrite`, and for who keeps backups.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final

from psycopg import sql

from agent.core.events import Subject, digest_of_disclosure, digest_of_value, read_disclosure, subject_of
from central.database.partitions import month_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from central.database.connection import Database

BATCH: Final = 500
SEQ_MAX: Final = 2**31 - 1

_NEXT: Final = """
SELECT d.stored_at, d.stream_id, d.seq, d.disclosures, d.erased, e.transaction_id
FROM disclosures d
JOIN streams s ON s.id = d.stream_id
JOIN events e ON e.stream_id = d.stream_id AND e.seq = d.seq AND e.stored_at = d.stored_at
WHERE cardinality(d.disclosures) > 0 AND (d.stream_id, d.seq) > (%(stream_id)s, %(after)s)
    AND d.seq BETWEEN %(first)s AND %(last)s
    AND (%(gate)s::text IS NULL OR s.gate = %(gate)s) AND (%(stream)s::text IS NULL OR s.stream = %(stream)s)
    AND (%(before)s::timestamptz IS NULL OR d.stored_at < %(before)s)
ORDER BY d.stream_id, d.seq LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class CentralScope:
    """Which values: of all gates, one gate or one stream, of the events `first` to `last`, stored before a time.

    `digest`: of these only what belongs to a plate, a VIN, a declaration or a name, as a gate erases it
    (agent.store.journal.erasure): the SHA-256 of its normal form.
    """

    gate: str | None = None
    stream: str | None = None
    first: int = 1
    last: int = SEQ_MAX
    digest: str = ""
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class ErasureOrder:
    """Why, and who says so: `rule` is age or request; `operator` None: nobody had to."""

    rule: str
    cause: str
    operator: str | None = None


@dataclass(slots=True)
class Erased:
    """What was erased. `months`: of arrival, as in the names of partitions."""

    values: int = 0
    events: int = 0
    months: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Row:
    stored_at: datetime
    stream_id: int
    seq: int
    disclosures: Sequence[str]
    erased: Sequence[dict[str, Any]]
    transaction: str | None


def erase_values(database: Database, scope: CentralScope, order: ErasureOrder, now: datetime) -> Erased:
    """Erase what a scope names, in short transactions, and note that it was done.

    Raises DatabaseError; what went by then is gone.
    """
    done = Erased()
    whole: frozenset[tuple[int, str]] = frozenset()
    if scope.digest:
        whole = frozenset(
            (row.stream_id, row.transaction)
            for rows in _rows(database, scope)
            for row in rows
            if row.transaction is not None and _tells_of_vehicle(row, scope.digest)
        )
    for rows in _rows(database, scope):
        chosen = [(row, _chosen(row, scope.digest, whole)) for row in rows]
        _erase(database, [(row, gone) for row, gone in chosen if gone], order.rule, now, done)
    database.execute(
        "INSERT INTO erasures (at, rule, operator, cause, value_count, event_count) VALUES (%s, %s, %s, %s, %s, %s)",
        (now, order.rule, order.operator, order.cause, done.values, done.events),
    )
    return done


def erase_old_values(database: Database, now: datetime, keep_days: int) -> Erased:
    """Erase the values of events that arrived longer than so many days ago. Raises DatabaseError."""
    scope = CentralScope(before=now - timedelta(days=keep_days))
    if not next(_rows(database, scope), ()):
        return Erased()
    return erase_values(database, scope, ErasureOrder("age", f"{keep_days} days after their arrival"), now)


def rewrite(database: Database, months: Sequence[str]) -> list[str]:
    """Write the tables of these months anew, so that no file of theirs holds a byte of what was erased.

    Their statistics, which hold common values, are made again. Nothing is stored in a month meanwhile: consumers wait.
    Returns the tables. Raises DatabaseError.
    """
    tables = [f"{table}_{month}" for month in sorted(months) for table in ("disclosures", "vehicles")]
    for table in tables:
        database.execute(sql.SQL("VACUUM (FULL, ANALYZE) {}").format(sql.Identifier(table)))
    return tables


def _rows(database: Database, scope: CentralScope) -> Iterator[list[_Row]]:
    stream_id, after = 0, 0
    while True:
        found = database.execute(
            _NEXT,
            {
                "stream_id": stream_id,
                "after": after,
                "first": scope.first,
                "last": scope.last,
                "gate": scope.gate,
                "stream": scope.stream,
                "before": scope.before,
                "limit": BATCH,
            },
        ).fetchall()
        if not found:
            return
        rows = [_Row(*row) for row in found]
        yield rows
        stream_id, after = rows[-1].stream_id, rows[-1].seq


def _tells_of_vehicle(row: _Row, digest: str) -> bool:
    return any(
        digest_of_value(said.value) == digest and subject_of(said.pointer) is Subject.VEHICLE
        for said in map(read_disclosure, row.disclosures)
    )


def _chosen(row: _Row, digest: str, whole: frozenset[tuple[int, str]]) -> list[str]:
    """Which disclosures of a row go."""
    if not digest:
        return list(row.disclosures)
    said = [(text, read_disclosure(text)) for text in row.disclosures]
    exact = [text for text, one in said if digest_of_value(one.value) == digest]
    of_vehicle = _tells_of_vehicle(row, digest) or (row.stream_id, row.transaction) in whole
    return [
        text
        for text, one in said
        if text in exact
        or (of_vehicle and subject_of(one.pointer) is not Subject.PERSON)
        or (exact and subject_of(one.pointer) is Subject.WORDS)
    ]


def _erase(
    database: Database, chosen: Sequence[tuple[_Row, list[str]]], rule: str, now: datetime, done: Erased
) -> None:
    at = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    with database.transaction():
        for row, gone in chosen:
            left = [text for text in row.disclosures if text not in gone]
            tombs = [{"digest": digest_of_disclosure(text), "at": at, "rule": rule} for text in gone]
            database.execute(
                "UPDATE disclosures SET disclosures = %s, erased = %s"
                " WHERE stream_id = %s AND seq = %s AND stored_at = %s",
                (left, json.dumps([*row.erased, *tombs]), row.stream_id, row.seq, row.stored_at),
            )
            if any(read_disclosure(text).pointer == "/plate" for text in gone):
                database.execute(
                    "UPDATE vehicles SET plate = NULL, erased_at = %s"
                    " WHERE stream_id = %s AND seq = %s AND stored_at = %s",
                    (now, row.stream_id, row.seq, row.stored_at),
                )
            done.values += len(gone)
            done.events += 1
            done.months.add(month_of(row.stored_at))
