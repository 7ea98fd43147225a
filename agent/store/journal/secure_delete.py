"""Leaves nothing of deleted uses between those that stay.

What is deleted is written over at once (`secure_delete`), but a B-tree that was balanced keeps copies of rows that it
moved in the unused part of the page where they were, and those outlive the row. Whole runs of neighbouring rows are
taken out and put back here, in the order of the table and of each of its indexes: the pages that become empty are
written over. Runs overlap, so that no page lies between two of them. Each run is one short transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from agent.store.journal.database import Database

RUN: Final = 400


@dataclass(frozen=True, slots=True)
class TreeOrder:
    """The order of a tree: its table, the columns that tell its entries apart, and which rows have one.

    `rows`: how many a run has, where those of the table are large; 0: `RUN`.
    """

    table: str
    columns: str
    having: str = "1"
    rows: int = 0

    def step(self, connection: sqlite3.Connection, after: tuple[object, ...]) -> tuple[object, ...]:
        """Take out and put back the run that follows `after`.

        Where the next one begins to follow, () after the last.
        """
        count = self.rows or RUN
        begin = f"AND ({self.columns}) > ({_places(after)})" if after else ""
        keys = connection.execute(
            f"SELECT {self.columns} FROM {self.table}"  # noqa: S608 - constants
            f" WHERE {self.having} {begin} ORDER BY {self.columns} LIMIT {count}",
            after,
        ).fetchall()
        if not keys:
            return ()
        between = f"{self.having} AND ({self.columns}) BETWEEN ({_places(keys[0])}) AND ({_places(keys[0])})"
        run = (*keys[0], *keys[-1])
        rows = connection.execute(f"SELECT * FROM {self.table} WHERE {between}", run).fetchall()  # noqa: S608 - same
        connection.execute(f"DELETE FROM {self.table} WHERE {between}", run)  # noqa: S608 - same
        connection.executemany(f"INSERT INTO {self.table} VALUES ({_places(rows[0])})", rows)  # noqa: S608 - same
        return keys[len(keys) // 2] if len(keys) == count else ()


# The table's own tree comes last: to put rows back in another order moves others of it about.
ORDERS: Final = (
    TreeOrder("ledger", "boot, permit, use, gate", "state = 'RESERVED' AND gate = ''"),
    TreeOrder("ledger", "seq, permit, use, gate", "gate = ''"),
    TreeOrder("ledger", "vehicle, utc_ms, permit, use, gate", "vehicle <> ''"),
    TreeOrder("ledger", "permit, use, gate"),
    TreeOrder("consents", "permit, use, gate, txn"),
)


def wipe(database: Database, stopping: Callable[[], bool]) -> bool:
    """Go over all trees of uses, until told to stop; whether it came to the end. Raises JournalError."""
    return all(wipe_tree(database, order, stopping) for order in ORDERS)


def wipe_tree(database: Database, order: TreeOrder, stopping: Callable[[], bool]) -> bool:
    """Go over one tree, until told to stop; whether it came to the end. Raises JournalError."""
    after: tuple[object, ...] = ()
    while not stopping():
        after = database.writing("wipe what was deleted", partial(order.step, after=after))
        if not after:
            return True
    return False


def _places(values: tuple[object, ...]) -> str:
    return ", ".join("?" * len(values))
