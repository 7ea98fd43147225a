"""The index of vehicles: /STATE/vehicles.db, made of the journal, beside it, and made again whenever it is no use.

Nothing is lost with it, so it is not flushed to the disk with each change, and a file that cannot be used is deleted.
It holds plates and VINs: whatever is deleted in it is written over, and `compact` leaves no copy in any page.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import ExitStack, closing, contextmanager
from dataclasses import astuple, dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from agent.console.vehicles.record import VehicleRecord
from agent.store.durable_files import database_files, set_aside
from agent.store.transaction import transaction as in_transaction
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

log = logging.getLogger(__name__)

NAME: Final = "vehicles.db"
MODE: Final = 0o600
BUSY_S: Final = 5.0
VERSION: Final = 3
"""Raise it with every change of the tables, or of what a record says: the index is then made again."""

# `gone`: how many values had been erased among the events from `first` to `last` when the row was made. `listed` has
# all that a search looks at, so that it reads no row that it does not show. `counted` is that for the counts of a list
# in which nothing is searched for: a sixth of it.
_SCHEMA: Final = """
CREATE TABLE about (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    stream TEXT NOT NULL, seq INTEGER NOT NULL, head INTEGER NOT NULL, owes INTEGER NOT NULL
) STRICT;
CREATE TABLE vehicles (
    first INTEGER PRIMARY KEY, last INTEGER NOT NULL, txn TEXT NOT NULL UNIQUE, lane TEXT NOT NULL,
    began_ms INTEGER NOT NULL, seen INTEGER NOT NULL, tested INTEGER NOT NULL, dry_run INTEGER NOT NULL,
    verdict TEXT NOT NULL, reason TEXT NOT NULL, outcome TEXT NOT NULL, by_officer INTEGER NOT NULL,
    alarmed INTEGER NOT NULL, erased INTEGER NOT NULL, plate TEXT NOT NULL, declared TEXT NOT NULL,
    colour TEXT NOT NULL, vin TEXT NOT NULL, vin_read TEXT NOT NULL, permit TEXT NOT NULL,
    declaration TEXT NOT NULL, operator TEXT NOT NULL, picture TEXT NOT NULL, decided_ms INTEGER, duration_s REAL,
    shown INTEGER NOT NULL, result TEXT NOT NULL, plate_key TEXT NOT NULL, sought TEXT NOT NULL, gone INTEGER NOT NULL
) STRICT;
CREATE INDEX listed ON vehicles (shown, began_ms, first, result, lane, reason, sought);
CREATE INDEX counted ON vehicles (shown, result, began_ms);
CREATE INDEX plates ON vehicles (plate_key, began_ms, first) WHERE plate_key <> '';
CREATE INDEX ends ON vehicles (last);
"""
_FIELDS: Final = tuple(field.name for field in fields(VehicleRecord))
COLUMNS: Final = ", ".join("txn" if name == "transaction" else name for name in _FIELDS)
_PLACES: Final = ", ".join("?" * (len(_FIELDS) + 5))
_PUT: Final = (
    f"INSERT OR REPLACE INTO vehicles ({COLUMNS}, shown, result, plate_key, sought, gone)"  # noqa: S608 - constants
    f" VALUES ({_PLACES})"
)
_VALUES: Final = attrgetter(*_FIELDS)
_FLAGS: Final = frozenset({"seen", "tested", "dry_run", "by_officer", "alarmed", "erased"})


class IndexUnavailableError(Exception):
    """The index of vehicles cannot be read or written; the message says why."""


@dataclass(frozen=True, slots=True)
class IndexState:
    """How far it has read the journal: the stream, the last event that it has, and the journal's end at that time.

    `owes`: whether values were erased in the journal which this index may still hold.
    """

    stream: str
    seq: int
    head: int
    owes: bool = False

    @property
    def percent(self) -> int:
        """How much of the journal it has."""
        return 100 if self.seq >= self.head else 100 * self.seq // max(1, self.head)


class IndexFile:
    """The file, open for writing by the one thread that follows the journal. Methods raise IndexUnavailableError."""

    def __init__(self, folder: Path) -> None:
        """Open the file, or make it. One that cannot be used is deleted first; a folder at its place is moved aside."""
        self._path = folder / NAME
        with _told(self._path):
            self._connection = _opened_or_new(self._path)

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def state(self) -> IndexState | None:
        """How far it is; None for a new one."""
        with _told(self._path):
            return _state(self._connection)

    def put(self, records: Iterable[VehicleRecord], state: IndexState, gone: int = 0) -> None:
        """Write records and how far the journal was read, all or nothing."""
        with _told(self._path), in_transaction(self._connection):
            self._connection.executemany(_PUT, (_row(one, gone) for one in records))
            self._connection.execute("INSERT OR REPLACE INTO about VALUES (1, ?, ?, ?, ?)", astuple(state))

    def replace(self, record: VehicleRecord | None, first: int, gone: int) -> None:
        """Put a record that was made again in the place of the one that begins at `first`; None: nothing."""
        with _told(self._path), in_transaction(self._connection):
            self._connection.execute("DELETE FROM vehicles WHERE first = ?", (first,))
            if record is not None:
                self._connection.execute(_PUT, _row(record, gone))

    def record_of(self, transaction: str) -> VehicleRecord | None:
        """The record of a transaction; None without one."""
        with _told(self._path):
            return record_of(self._connection, transaction)

    def spans(self) -> list[tuple[int, int, str, int]]:
        """Of each record its first and last event, its transaction, and how many values were erased between them."""
        with _told(self._path):
            return self._connection.execute("SELECT first, last, txn, gone FROM vehicles ORDER BY first").fetchall()

    def forget(self, upto: int) -> int:
        """Delete the records that ended by event `upto`; how many."""
        with _told(self._path), in_transaction(self._connection):
            return self._connection.execute("DELETE FROM vehicles WHERE last <= ?", (upto,)).rowcount

    def compact(self) -> bool:
        """Write the whole file again, so that no page and no log holds what was deleted; whether the log is empty.

        Somebody who reads at this moment holds the log: then try again.
        """
        with _told(self._path):
            self._connection.execute("VACUUM")
            (busy, _pages, _done) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """The index, open for reading, beside who writes it. Raises IndexUnavailableError, also where there is none yet."""
    path = folder / NAME
    if not path.is_file():
        raise IndexUnavailableError(Text("there is no index of vehicles yet"))
    with _told(path):
        uri = f"file:{quote(str(path.absolute()))}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)) as connection:
            if _version(connection) != VERSION:  # without tables yet, or of another version and soon made again
                raise IndexUnavailableError(Text("there is no index of vehicles yet"))
            yield connection


def delete_index(folder: Path) -> None:
    """Delete the index with all that SQLite has beside it. Raises OSError."""
    for file in database_files(folder / NAME):
        if file.is_dir() and not file.is_symlink():
            set_aside(file)
        else:
            file.unlink()


def read_state(connection: sqlite3.Connection) -> IndexState | None:
    """How far an index that is open for reading is; None for a new one."""
    return _state(connection)


def record_of(connection: sqlite3.Connection, transaction: str) -> VehicleRecord | None:
    """The record of a transaction; None without one."""
    found = records(connection, "txn = ?", (transaction,))
    return found[0] if found else None


def records(connection: sqlite3.Connection, where: str, values: Sequence[object]) -> list[VehicleRecord]:
    """The records that fit a condition, as SQL has it after WHERE, with its values."""
    rows = connection.execute(f"SELECT {COLUMNS} FROM vehicles WHERE {where}", values)  # noqa: S608 - constants
    return [_record(row) for row in rows]


def _row(record: VehicleRecord, gone: int) -> tuple[object, ...]:
    return (*_VALUES(record), record.is_vehicle, record.result.value, record.plate_key, record.sought, gone)


def _record(row: tuple[object, ...]) -> VehicleRecord:
    named = dict(zip(_FIELDS, row, strict=True))
    fields = {name: bool(value) if name in _FLAGS else value for name, value in named.items()}
    return VehicleRecord(**fields)  # type: ignore[arg-type]


def _state(connection: sqlite3.Connection) -> IndexState | None:
    row = connection.execute("SELECT stream, seq, head, owes FROM about").fetchone()
    return None if row is None else IndexState(row[0], row[1], row[2], bool(row[3]))


def _opened_or_new(path: Path) -> sqlite3.Connection:
    try:
        return _opened(path)
    except (sqlite3.DatabaseError, OSError) as error:
        log.warning("the index of vehicles %s cannot be used and is created again: %s", path, error)
    delete_index(path.parent)
    return _opened(path)


def _opened(path: Path) -> sqlite3.Connection:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, MODE)
    try:
        os.fchmod(descriptor, MODE)
    finally:
        os.close(descriptor)
    with ExitStack() as stack:
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        stack.callback(connection.close)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")  # else what is written again passes a folder of others
        connection.execute("PRAGMA trusted_schema = OFF")
        _prepare(connection)
        stack.pop_all()
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables of a new file. Raises sqlite3.DatabaseError for one that cannot be used."""
    version = _version(connection)
    if version == 0:
        with in_transaction(connection):
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
    elif version != VERSION:
        raise sqlite3.DatabaseError(f"version {version}, not {VERSION}")
    elif connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("a page is damaged")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise IndexUnavailableError(
            Text("the index of vehicles {path} cannot be used: {error}", path=path, error=error)
        ) from error
