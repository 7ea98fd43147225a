"""Looking for vehicles in the index, the newest first, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from agent.console.vehicles.index_file import records
from agent.console.vehicles.record import Result, VehicleRecord, search_form

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

PER_PAGE: Final = 50
MOST_COUNTED: Final = 99
"""New vehicles that are counted for the notice on an open page; of more it says so many."""


@dataclass(frozen=True, slots=True)
class VehicleQuery:
    """What is looked for; empty: anything. `text`: a part of a plate, VIN, permit or declaration.

    `since_ms`, `until_ms`: Unix milliseconds, the second one not included.
    """

    text: str = ""
    lane: str = ""
    reason: str = ""
    result: Result | None = None
    since_ms: int | None = None
    until_ms: int | None = None

    def condition(self, *, any_result: bool = False) -> tuple[str, list[object]]:
        """It as SQL has it after WHERE, with its values. `any_result`: how it went does not matter."""
        parts: list[str] = ["shown = 1"]
        values: list[object] = []
        sought = search_form(self.text)
        for part, value in (
            ("began_ms >= ?", self.since_ms),
            ("began_ms < ?", self.until_ms),
            ("lane = ?", self.lane or None),
            ("reason = ?", self.reason or None),
            ("result = ?", None if any_result or self.result is None else self.result.value),
            ("instr(sought, ?) > 0", sought or None),
        ):
            if value is not None:
                parts.append(part)
                values.append(value)
        if self.text.strip() and not sought:  # signs alone, of which no plate has any
            parts.append("0")
        return " AND ".join(parts), values


@dataclass(frozen=True, slots=True)
class VehiclePage:
    """What was found: so many of the newest. `before`: the first event of the last one, where there are older ones.

    `counts`: how many fit in all but how it went, by how it went.
    """

    found: list[VehicleRecord] = field(default_factory=list)
    before: int | None = None
    counts: Mapping[Result, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many fit, however it went."""
        return sum(self.counts.values())


def search(connection: sqlite3.Connection, query: VehicleQuery, before: int | None = None) -> VehiclePage:
    """Find a page of vehicles. `before`: the first event of the last one on the page before. Raises sqlite3.Error."""
    where, values = query.condition()
    older = where
    if before is not None:
        older += " AND (began_ms, first) < (coalesce((SELECT began_ms FROM vehicles WHERE first = ?), 0), ?)"
        values = [*values, before, before]
    rows = connection.execute(
        f"SELECT first FROM vehicles INDEXED BY listed WHERE {older}"  # noqa: S608 - constants
        f" ORDER BY began_ms DESC, first DESC LIMIT {PER_PAGE + 1}",
        values,
    )
    firsts = [first for (first,) in rows]
    shown = firsts[:PER_PAGE]
    found = {one.first: one for one in records(connection, f"first IN ({', '.join('?' * len(shown))})", shown)}
    return VehiclePage(
        [found[first] for first in shown if first in found],
        shown[-1] if len(firsts) > PER_PAGE else None,
        _counts(connection, query),
    )


def newer(connection: sqlite3.Connection, query: VehicleQuery, after: int) -> int:
    """How many vehicles that fit began after event `after`, at most `MOST_COUNTED`. Raises sqlite3.Error."""
    where, values = query.condition()
    fitting = f"SELECT 1 FROM vehicles NOT INDEXED WHERE first > ? AND {where} LIMIT {MOST_COUNTED}"  # noqa: S608
    row = connection.execute(f"SELECT count(*) FROM ({fitting})", [after, *values]).fetchone()  # noqa: S608 - the same
    return int(row[0])


def before_it(connection: sqlite3.Connection, record: VehicleRecord) -> VehicleRecord | None:
    """The vehicle of the same plate that came last before it; None without one. Raises sqlite3.Error."""
    if not record.plate_key:
        return None
    found = records(
        connection,
        "plate_key = ? AND plate_key <> '' AND (began_ms, first) < (?, ?) AND shown = 1"
        " ORDER BY began_ms DESC, first DESC LIMIT 1",
        (record.plate_key, record.began_ms, record.first),
    )
    return found[0] if found else None


def _counts(connection: sqlite3.Connection, query: VehicleQuery) -> Mapping[Result, int]:
    where, values = query.condition(any_result=True)
    by = "listed" if query.text or query.lane or query.reason else "counted"
    rows = connection.execute(
        f"SELECT result, count(*) FROM vehicles INDEXED BY {by} WHERE {where} GROUP BY result",  # noqa: S608 - same
        values,
    )
    return {Result(result): count for result, count in rows}
