"""The ledgers of the gates of a site as values.

What the real ledger does to one, in SQLite, is done once and remembered.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from agent.core.events import ClockReading, Writer
from agent.store.errors import LedgerConflictError
from agent.store.journal import entry, event_table, ledger_salvage, schema
from agent.store.journal import ledger as uses
from agent.store.journal.site_ledger import SiteLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

UTC: Final = 1_772_352_000.0
_NOT_OF_THE_LEDGER: Final = ("journal", "events", "transactions", "commands", "command_keys", "lane_orders", "kept")
_MADE_ANEW: Final = ("journal", "events", "transactions")
Rows = tuple[tuple[object, ...], ...]


class HasDisk(Protocol):
    """A gate, as its ledger knows it. `skew_s`: by what its clock is ahead."""

    name: str
    disk: Disk
    skew_s: float

    @property
    def boot(self) -> str:
        """Which start of the agent this is."""
        ...


@dataclass(frozen=True, slots=True)
class Disk:
    """What a journal holds of the ledger. `rows`: by table. `flags`: the conflicts that it has recorded: permit, use,
    gates, transactions. `superseded`: the streams that must not go on, noted beside it.
    """

    stream: str
    rows: tuple[tuple[str, Rows], ...] = ()
    flags: frozenset[tuple[object, ...]] = frozenset()
    superseded: frozenset[str] = frozenset()

    def table(self, name: str) -> Rows:
        """The rows of a table, in the order of its columns."""
        return dict(self.rows).get(name, ())


class Ledgers:
    """One SQLite database, into which each ledger is put for its turn; what was done to a ledger once is remembered."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        schema.migrate(self._connection)
        tables = self._connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        self._tables = tuple(name for (name,) in tables if name not in _NOT_OF_THE_LEDGER)
        self._done: dict[Hashable, tuple[Any, Disk, str]] = {}

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def do(self, gate: HasDisk, what: str, *arguments: Any) -> Any:
        """One call of the ledger of a gate. Raises LedgerConflictError."""
        key = (gate.disk, gate.name, gate.boot, gate.skew_s, what, arguments)
        found = self._done.get(key)
        if found is None:
            found = self._done[key] = self._played(gate, what, arguments)
        result, gate.disk, refused = found
        if refused:
            raise LedgerConflictError(refused)
        return result

    def salvaged(self, disk: Disk, stream: str) -> Disk:
        """The disk of a gate that moved a journal aside: what is rescued of it, in a new stream."""
        self._load(disk)
        self._connection.execute("DELETE FROM site_log")
        self._connection.execute("DELETE FROM site_peers")
        self._connection.execute(ledger_salvage.RENUMBER)
        return Disk(stream, self._rows(), disk.flags, disk.superseded)

    # ------------------------------------------------------------------------------------- agent.store.journal.Database

    closed = False
    _superseded = ""

    def reading(self, _doing: str, work: Callable[[sqlite3.Connection], Any]) -> Any:
        return work(self._connection)

    def writing(self, _doing: str, work: Callable[[sqlite3.Connection], Any]) -> Any:
        self._connection.execute("BEGIN")
        try:
            result = work(self._connection)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return result

    freeing = writing

    def supersede(self, stream: str, _cause: str) -> None:
        self._superseded = stream

    # --------------------------------------------------------------------------------------------------------- private

    def _played(self, gate: HasDisk, what: str, arguments: tuple[Any, ...]) -> tuple[Any, Disk, str]:
        disk = gate.disk
        self._load(disk)
        self._superseded = ""
        writer = Writer(gate.name, disk.stream, gate.boot)
        reading = ClockReading(UTC + gate.skew_s, synced=True, error_ms=1)
        try:
            result = self._result(gate, what, arguments, writer, reading)
        except LedgerConflictError as error:
            return None, disk, str(error) or "refused"
        superseded = disk.superseded | ({self._superseded} if self._superseded else set())
        return result, Disk(disk.stream, self._rows(), disk.flags | self._flags(), superseded), ""

    def _result(
        self, gate: HasDisk, what: str, arguments: tuple[Any, ...], writer: Writer, reading: ClockReading
    ) -> Any:
        if what == "record":
            it = entry.JournalEntry(*arguments)
            self.writing("", lambda connection: entry.write(connection, it, writer, reading))
            return None
        if what == "use_state":
            return uses.use_state(self._connection, arguments[0], gate.boot, arguments[1])

        def commit(_doing: str, work: Callable[[sqlite3.Connection, ClockReading], Any]) -> Any:
            return self.writing("", lambda connection: work(connection, reading))[0]

        ledger = SiteLedger(self, writer, lambda: reading, commit)
        return getattr(ledger, what)(*arguments)

    def _load(self, disk: Disk) -> None:
        connection = self._connection
        for table in (*self._tables, *_MADE_ANEW):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of the schema
        for table, rows in disk.rows:
            places = ", ".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 - as above
        event_table.begin_stream(connection, "x", disk.stream)

    def _rows(self) -> tuple[tuple[str, Rows], ...]:
        """The tables that hold anything."""
        found = ((table, self._connection.execute(f"SELECT * FROM {table}")) for table in self._tables)  # noqa: S608
        return tuple((table, kept) for table, rows in found if (kept := tuple(sorted(rows))))

    def _flags(self) -> frozenset[tuple[object, ...]]:
        found = self._connection.execute("SELECT payload FROM events WHERE type = 'ledger.conflict'")
        events = [json.loads(payload)["data"] for (payload,) in found]
        return frozenset((one["permit"], one["use"], tuple(one["gates"]), tuple(one["transactions"])) for one in events)
