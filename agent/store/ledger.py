"""The permit ledger: which use of which permit is reserved, consumed or released. Functions inside a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from agent.core.lane_io import LedgerState
from agent.store.errors import LedgerConflictError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from agent.core.lane_io import LedgerChange

RESERVE = """
INSERT INTO ledger (permit, use, state, txn, boot, utc_ms) VALUES (?, ?, 'RESERVED', ?, ?, ?)
ON CONFLICT (permit, use) DO UPDATE
SET state = 'RESERVED', txn = excluded.txn, boot = excluded.boot, utc_ms = excluded.utc_ms WHERE state = 'RELEASED'
"""
# A consumed use stays consumed; one that was released too early can still be consumed by its own transaction.
CONSUME = "UPDATE ledger SET state = 'CONSUMED', utc_ms = ? WHERE permit = ? AND use = ? AND txn = ?"
RELEASE = f"{CONSUME.replace('CONSUMED', 'RELEASED')} AND state <> 'CONSUMED'"

LedgerRow: TypeAlias = tuple[bytes, int, str, str, str, int]
DUMPS: Final = tuple(
    f"SELECT permit, use, state, txn, boot, utc_ms FROM ledger ORDER BY permit {way}, use {way}"  # noqa: S608 - constants
    for way in ("ASC", "DESC")
)


@dataclass(frozen=True, slots=True)
class UseState:
    """What became of a permit so far.

    `used`: how many uses are consumed. `open_reservation`: the transaction that holds one now; `interrupted`: that
    reservation is from an earlier boot. `next_use`: the use, from 1, that the asking transaction may reserve: the one that
    it holds already, which the ledger will refuse to reserve twice, else the lowest free one.
    """

    used: int
    open_reservation: str | None
    interrupted: bool
    next_use: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """A use that is reserved."""

    permit_id: bytes
    use: int
    transaction: str


def apply(connection: sqlite3.Connection, change: LedgerChange, boot: str, utc_ms: int) -> None:
    """Make one change. Raises LedgerConflictError where it does not fit; the caller rolls back."""
    key = (change.permit_id, change.use, change.transaction)
    match change.state:
        case LedgerState.RESERVED:
            done = connection.execute(RESERVE, (*key, boot, utc_ms)).rowcount
        case LedgerState.CONSUMED:
            done = connection.execute(CONSUME, (utc_ms, *key)).rowcount
        case LedgerState.RELEASED:
            done = connection.execute(RELEASE, (utc_ms, *key)).rowcount
        case _:
            assert_never(change.state)
    if done != 1:
        raise LedgerConflictError(_conflict(connection, change))


def _conflict(connection: sqlite3.Connection, change: LedgerChange) -> str:
    row = connection.execute(
        "SELECT state, txn FROM ledger WHERE permit = ? AND use = ?", (change.permit_id, change.use)
    ).fetchone()
    found = "it was never reserved" if row is None else f"it is {row[0]} by transaction {row[1]}"
    return f"use {change.use} of permit {change.permit_id.hex()} cannot become {change.state}: {found}"


def use_state(connection: sqlite3.Connection, permit_id: bytes, boot: str, transaction: str | None) -> UseState:
    """What became of a permit, seen from this boot and from a transaction of it."""
    rows = connection.execute(
        "SELECT use, state, txn, boot FROM ledger WHERE permit = ? AND state <> 'RELEASED' ORDER BY use", (permit_id,)
    ).fetchall()
    # Of several reservations the one that a restart left in doubt matters most.
    held = sorted((since == boot, txn) for _use, state, txn, since in rows if state == LedgerState.RESERVED)
    own = (use for use, state, *since in rows if state == LedgerState.RESERVED and since == [transaction, boot])
    taken = {use for use, *_rest in rows}
    free = next(use for use in range(1, len(taken) + 2) if use not in taken)
    return UseState(
        used=len(rows) - len(held),
        open_reservation=held[0][1] if held else None,
        interrupted=bool(held) and not held[0][0],
        next_use=next(own, free),
    )


def interrupted(connection: sqlite3.Connection, boot: str) -> list[Reservation]:
    """The reservations that earlier boots left open."""
    rows = connection.execute(
        "SELECT permit, use, txn FROM ledger WHERE state = 'RESERVED' AND boot <> ? ORDER BY txn, permit, use", (boot,)
    )
    return [Reservation(*row) for row in rows]


def forget(connection: sqlite3.Connection, before_utc_ms: int, limit: int) -> int:
    """Delete up to `limit` settled uses from before that time; returns how many."""
    return connection.execute(
        "DELETE FROM ledger WHERE (permit, use) IN"
        " (SELECT permit, use FROM ledger WHERE state <> 'RESERVED' AND utc_ms < ? LIMIT ?)",
        (before_utc_ms, limit),
    ).rowcount


def dump(connection: sqlite3.Connection, statement: str) -> Iterator[LedgerRow]:
    """All rows, by one of the `DUMPS`, as one lazy cursor."""
    return iter(connection.execute(statement))


def is_sane(row: tuple[object, ...]) -> bool:
    """Whether a row, perhaps read from a damaged file, is one that a ledger can hold."""
    permit, use, state, transaction, boot, utc_ms = row
    texts = isinstance(transaction, str) and isinstance(boot, str) and state in set(LedgerState)
    return isinstance(permit, bytes) and isinstance(use, int) and use >= 1 and texts and isinstance(utc_ms, int)


def load(connection: sqlite3.Connection, rows: Sequence[LedgerRow]) -> None:
    """Put dumped rows into an empty ledger, in a transaction of its own."""
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.execute("COMMIT")
