"""The last change of each list.

It is kept with it until an event has reported it, whichever process made it and whatever crashed since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from agent.core.model import ListName, Source

_COLUMNS = "name, version, before, signed_at, rows, key, source, whole"


@dataclass(frozen=True, slots=True)
class Applied:
    """What was applied.

    `before`: the version until then, 0: none. `signed_at`: Unix seconds. `rows`: of the whole list. `key`: the id of
    the key that signed it, in hex. `whole`: not by a delta.
    """

    name: ListName
    version: int
    before: int
    signed_at: int
    rows: int
    key: str
    source: Source
    whole: bool


def note_applied(connection: sqlite3.Connection, applied: Applied) -> None:
    """Keep a change to be told, within the transaction that makes it."""
    connection.execute(
        # All names are constants.
        f"INSERT OR REPLACE INTO applied ({_COLUMNS}, told) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",  # noqa: S608
        (
            applied.name,
            applied.version,
            applied.before,
            applied.signed_at,
            applied.rows,
            applied.key,
            applied.source,
            applied.whole,
        ),
    )


def last_applied(connection: sqlite3.Connection, *, untold: bool) -> list[Applied]:
    """The last change of each list, the trust list first, or of those of which nothing was told yet."""
    where = "WHERE told = 0" if untold else ""
    query = f"SELECT {_COLUMNS} FROM applied {where} ORDER BY name <> 'trust', name"  # noqa: S608 - constants
    rows = connection.execute(query).fetchall()
    return [
        Applied(name, version, before, signed_at, count, key, source, bool(whole))
        for name, version, before, signed_at, count, key, source, whole in rows
    ]


def mark_told(connection: sqlite3.Connection, applied: Applied) -> None:
    """Note that an event tells of a change."""
    connection.execute("UPDATE applied SET told = 1 WHERE name = ? AND version = ?", (applied.name, applied.version))
