"""Writes rows into the registry: a complete list or a change of one, each in one transaction with its version.

It first collects a complete list in a temporary table, which takes no lock. It does so in parts with pauses, so that a
decision on another thread never waits long for the interpreter. Then SQLite writes only the differences, in one
transaction.
"""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, TypeAlias

from agent.core.lists import ListError, ListFault, decode_row, row_key, unpack_chunk
from agent.core.model import Declaration
from agent.store.registry.last_change import Applied, note_applied
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agent.core.lists import ListDelta, ListHead, OpenedList, Row
    from agent.core.model import ListKind, Source

Columns: TypeAlias = "tuple[bytes, bytes | None, str | None, int | None, bytes]"
"""Of a row: key, reference, plate, expiry, and its bytes as they were signed."""

BATCH_ROWS: Final = 16  # a millisecond of work
PAUSE_S: Final = 0.0002

_STAGE: Final = "INSERT INTO temp.staged (key, reference, plate, expires_at, row) VALUES (?, ?, ?, ?, ?)"
_MAKE_STAGE: Final = (
    "CREATE TEMP TABLE staged (key BLOB PRIMARY KEY, reference BLOB, plate TEXT, expires_at INTEGER, row BLOB NOT NULL)"
    " WITHOUT ROWID"
)
_ON_CONFLICT: Final = (
    " ON CONFLICT (key) DO UPDATE SET reference = excluded.reference, plate = excluded.plate,"
    " expires_at = excluded.expires_at, row = excluded.row"
)


@dataclass(frozen=True, slots=True)
class HeldList:
    """The list of a kind as the registry has it; version 0: none."""

    version: int = 0
    issued_at: int = 0


def holding(connection: sqlite3.Connection, kind: ListKind) -> HeldList:
    """What the registry has of a kind."""
    row = connection.execute("SELECT version, issued_at FROM lists WHERE kind = ?", (kind,)).fetchone()
    return HeldList(*row) if row is not None else HeldList()


def stage(connection: sqlite3.Connection, head: ListHead, chunks: Iterable[bytes]) -> None:
    """Gather the rows of a snapshot in a temporary table of a connection of their own.

    Raises ListError for what is wrong with them, SqlError.
    """
    connection.execute(_MAKE_STAGE)
    connection.execute("BEGIN")  # touches the temporary table only, so it locks nothing
    for ref, data in zip_longest(head.chunks, chunks):
        if data is None:
            raise ListError(ListFault.CHUNK_MISSING, Text("there are fewer chunks than the head announces"))
        if ref is None:
            raise ListError(ListFault.CHUNK_WRONG, Text("there are more chunks than the head announces"))
        for batch in _batches(head.kind, unpack_chunk(data, ref)):
            _stage_batch(connection, batch)
    connection.execute("COMMIT")


def _stage_batch(connection: sqlite3.Connection, batch: Sequence[Columns]) -> None:
    try:
        connection.executemany(_STAGE, batch)
    except sqlite3.IntegrityError:
        raise ListError(ListFault.CONTENT_INVALID, Text("a row occurs twice in the list")) from None


def merge(connection: sqlite3.Connection, head: OpenedList[ListHead], source: Source) -> Applied:
    """Make the list what was staged, within the caller's transaction. Raises ListError: ROLLED_BACK, SqlError."""
    said = head.said
    now = holding(connection, said.kind)
    if said.snapshot <= now.version:
        message = Text(
            "a snapshot of version {snapshot}, while version {in_use} is in use",
            snapshot=said.snapshot,
            in_use=now.version,
        )
        raise ListError(ListFault.ROLLED_BACK, message)
    name = said.kind.value
    connection.execute(
        f"INSERT INTO {name} (key, reference, plate, expires_at, row)"  # noqa: S608 - the name of a kind
        f" SELECT key, reference, plate, expires_at, row FROM temp.staged WHERE true{_ON_CONFLICT}"
        f" WHERE {name}.row IS NOT excluded.row"
    )
    connection.execute(f"DELETE FROM {name} WHERE key NOT IN (SELECT key FROM temp.staged)")  # noqa: S608 - as above
    applied = Applied(
        said.kind.value, said.snapshot, now.version, said.issued_at, said.rows, head.key_id.hex(), source, whole=True
    )
    # Of an older snapshot nobody has said when it was the newest; the deltas after it will say it.
    _note(connection, applied, said.issued_at if said.snapshot == said.version else now.issued_at)
    return applied


def read(delta: ListDelta) -> list[Columns]:
    """The rows that a delta adds or replaces. Raises ListError: CONTENT_INVALID."""
    rows = [row for batch in _batches(delta.kind, delta.upserts) for row in batch]
    if len({row[0] for row in rows} | set(delta.removed)) != len(rows) + len(delta.removed):
        raise ListError(ListFault.CONTENT_INVALID, Text("a row occurs twice in the change"))
    return rows


def change(
    connection: sqlite3.Connection, delta: OpenedList[ListDelta], rows: Sequence[Columns], source: Source
) -> Applied:
    """Apply a delta and its rows, within the caller's transaction. Raises ListError: GAP, ROLLED_BACK; SqlError."""
    said = delta.said
    now = holding(connection, said.kind)
    if said.version <= now.version:
        message = Text(
            "a change to version {version}, while version {in_use} is in use",
            version=said.version,
            in_use=now.version,
        )
        raise ListError(ListFault.ROLLED_BACK, message)
    if said.since != now.version:
        message = Text(
            "a change of version {since}, while version {in_use} is in use", since=said.since, in_use=now.version
        )
        raise ListError(ListFault.GAP, message)
    name = said.kind.value
    connection.executemany(f"DELETE FROM {name} WHERE key = ?", [(key,) for key in said.removed])  # noqa: S608 - a kind
    connection.executemany(
        f"INSERT INTO {name} (key, reference, plate, expires_at, row)"  # noqa: S608
        f" VALUES (?, ?, ?, ?, ?){_ON_CONFLICT}",
        rows,
    )
    rows_now = count(connection, said.kind)
    applied = Applied(
        said.kind.value, said.version, now.version, said.issued_at, rows_now, delta.key_id.hex(), source, whole=False
    )
    _note(connection, applied, max(now.issued_at, said.issued_at))
    return applied


def count(connection: sqlite3.Connection, kind: ListKind) -> int:
    """How many rows a list has."""
    # A table bears the name of its kind.
    return int(connection.execute(f"SELECT count(*) FROM {kind.value}").fetchone()[0])  # noqa: S608


def _note(connection: sqlite3.Connection, applied: Applied, issued_at: int) -> None:
    """Write the version with its rows. `issued_at`: when central last confirmed that it is the newest."""
    connection.execute(
        "INSERT OR REPLACE INTO lists (kind, version, issued_at, rows) VALUES (?, ?, ?, ?)",
        (applied.name, applied.version, issued_at, applied.rows),
    )
    note_applied(connection, applied)


def _batches(kind: ListKind, encoded: Sequence[bytes]) -> Iterator[list[Columns]]:
    pause = threading.Event()
    for first in range(0, len(encoded), BATCH_ROWS):
        yield [_columns(decode_row(kind, each), each) for each in encoded[first : first + BATCH_ROWS]]
        pause.wait(PAUSE_S)


def _columns(row: Row, encoded: bytes) -> Columns:
    if isinstance(row, Declaration):
        return row_key(row), row.reference, row.plate, row.expires_at, encoded
    return row_key(row), None, None, row.expires_at, encoded
