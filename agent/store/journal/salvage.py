"""What outlives a damaged journal.

Permit uses of all gates of the site, commands with the counters of their keys, orders of lanes, and what is kept by
name, such as the trust state.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from agent.store.errors import SQL_ERRORS, JournalUnavailableError
from agent.store.journal import commands, home_claims, kept_texts, lane_orders, ledger_salvage, schema

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

log = logging.getLogger(__name__)

Row: TypeAlias = tuple[object, ...]

SINCE_COMMANDS: Final = 3
"""The first schema version that keeps commands and orders of lanes."""
SINCE_SITES: Final = 5
"""The first schema version that keeps what other gates of the site do."""
SINCE_KEPT: Final = 6
"""The first schema version that keeps texts by their names."""


@dataclass(frozen=True, slots=True)
class SalvageTable:
    """A table whose rows are rescued. `key`: how many of its first columns are its key; `since`: a schema version."""

    name: str
    columns: tuple[str, ...]
    key: int
    since: int
    is_sane: Callable[[Row], bool]

    def dump(self, connection: sqlite3.Connection, way: str) -> Iterator[Row]:
        """All rows, in one of the `ledger_salvage.WAYS`, as one lazy cursor; also from a file of an earlier version."""
        version = schema.version_of(connection)
        if version < self.since:
            return iter(())
        if self.name == "ledger":
            return ledger_salvage.dump(connection, way)
        order = ", ".join(f"{column} {way}" for column in self.columns[: self.key])
        columns = ", ".join(self.columns)
        return iter(connection.execute(f"SELECT {columns} FROM {self.name} ORDER BY {order}"))  # noqa: S608 - constants

    def load(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Put dumped rows into the empty table."""
        places = ", ".join("?" * len(self.columns))
        columns = ", ".join(self.columns)
        connection.executemany(f"INSERT INTO {self.name} ({columns}) VALUES ({places})", rows)  # noqa: S608 - constants


LEDGER: Final = SalvageTable("ledger", ledger_salvage.COLUMNS, 3, 1, ledger_salvage.is_sane)
CONSENTS: Final = SalvageTable(
    "consents",
    ("permit", "use", "gate", "txn", "utc_ms", "vehicle", "direction"),
    4,
    SINCE_SITES,
    home_claims.is_sane,
)
USES: Final = (LEDGER, CONSENTS)
ORDERS: Final = (
    SalvageTable(
        "commands",
        ("id", "digest", "key", "counter", "name", "lane", "boot", "utc_ms", "answer"),
        1,
        SINCE_COMMANDS,
        commands.is_sane_command,
    ),
    SalvageTable("command_keys", ("key", "counter"), 1, SINCE_COMMANDS, commands.is_sane_counter),
    SalvageTable(
        "lane_orders", ("lane", "kind", "operator", "cause", "utc_ms"), 2, SINCE_COMMANDS, lane_orders.is_sane
    ),
)

KEPT: Final = SalvageTable("kept", ("name", "value"), 1, SINCE_KEPT, kept_texts.is_sane)


@dataclass(frozen=True, slots=True)
class Salvaged:
    """The rows that could be read, by table, and the names of the tables of which those may not be all."""

    rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    torn: frozenset[str] = frozenset()

    @property
    def permit_uses(self) -> int:
        """How many permit uses there are."""
        return len(self.rows[LEDGER.name])

    @property
    def ledger_whole(self) -> bool:
        """Whether those are all permit uses, and all that were granted to other gates.

        Also whether it is known what was missing before.
        """
        return not self.torn & {table.name for table in (*USES, KEPT)}

    @property
    def orders_whole(self) -> bool:
        """Whether all commands, counters and orders of lanes are there."""
        return self.torn <= {table.name for table in USES}


NOTHING_SALVAGED: Final = Salvaged(
    {table.name: () for table in (*USES, *ORDERS, KEPT)}, frozenset(table.name for table in (*USES, *ORDERS, KEPT))
)


def read_tables(path: Path) -> Salvaged:
    """Everything of a damaged file that can be read."""
    rows: dict[str, Sequence[Row]] = {}
    torn = set()
    for table in (*USES, *ORDERS, KEPT):
        rows[table.name], whole = _salvaged(path, table)
        if not whole:
            torn.add(table.name)
    return Salvaged(rows, frozenset(torn))


def put_back(connection: sqlite3.Connection, salvaged: Salvaged) -> None:
    """Put what was rescued into a new journal, in a transaction of its own. Raises sqlite3.Error."""
    connection.execute("BEGIN IMMEDIATE")
    for table in (*USES, *ORDERS, KEPT):
        table.load(connection, salvaged.rows[table.name])
    connection.execute(commands.RECOUNT)
    connection.execute(ledger_salvage.RENUMBER)
    connection.execute("COMMIT")


def _salvaged(path: Path, table: SalvageTable) -> tuple[Sequence[Row], bool]:
    """All rows of a table that can be read, and whether those are all."""
    rows: dict[Row, Row] = {}
    sane = True
    for way in ledger_salvage.WAYS:  # a damaged page hides what lies behind it, from one side only
        try:
            connection = schema.connect_to_read(path)
            try:
                for row in table.dump(connection, way):
                    if table.is_sane(row):
                        rows[row[: table.key]] = row
                    else:
                        sane = False
            finally:
                connection.close()
        except (*SQL_ERRORS, JournalUnavailableError) as error:
            # Expected, no bug: a line tells all.
            log.error("%s of the damaged journal cannot be read to its end: %s", table.name, error)  # noqa: TRY400
        else:
            return list(rows.values()), sane
    return list(rows.values()), False
