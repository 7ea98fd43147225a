"""The permit ledger: which use of which permit is reserved, consumed or released. Functions inside a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from agent.core.lane_io import LedgerState
from agent.store.errors import LedgerConflictError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from agent.core.lane_io import LedgerChange

RESERVE = """
INSERT INTO ledger (permit, use, state, txn, boot, utc_ms, vehicle, direction) VALUES (?, ?, 'RESERVED', ?, ?, ?, ?, ?)
ON CONFLICT (permit, use) DO UPDATE
SET state = 'RESERVED', txn = excluded.txn, boot = excluded.boot, utc_ms = excluded.utc_ms,
    vehicle = excluded.vehicle, direction = excluded.direction
WHERE state = 'RELEASED'
"""
# A consumed use stays consumed; one that was released too early can still be consumed by its own transaction.
CONSUME = "UPDATE ledger SET state = 'CONSUMED', utc_ms = ? WHERE permit = ? AND use = ? AND txn = ?"
RELEASE = f"{CONSUME.replace('CONSUMED', 'RELEASED')} AND state <> 'CONSUMED'"

LedgerRow: TypeAlias = tuple[bytes, int, str, str, str, int, str, str]
COLUMNS: Final = "permit, use, state, txn, boot, utc_ms, vehicle, direction"
WAYS: Final = ("ASC", "DESC")
NO_VEHICLES: Final = 1
"""The schema version that did not keep the vehicle and its direction."""


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
class LastPassage:
    """The newest use, consumed or reserved, of any permit of a vehicle: which way it went, and when (Unix seconds)."""

    direction: str
    utc: float
    transaction: str


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
            done = connection.execute(RESERVE, (*key, boot, utc_ms, change.vehicle, change.direction)).rowcount
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


def last_passage(connection: sqlite3.Connection, vehicle: str, transaction: str) -> LastPassage | None:
    """The last passage of a vehicle by its VIN, but for those of the asking transaction; None when none is known."""
    row = connection.execute(
        "SELECT direction, utc_ms, txn FROM ledger WHERE vehicle = ? AND vehicle <> '' AND state <> 'RELEASED' AND txn <> ?"
        " ORDER BY utc_ms DESC LIMIT 1",
        (vehicle, transaction),
    ).fetchone()
    return None if row is None else LastPassage(row[0], row[1] / 1000, row[2])


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


def dump(connection: sqlite3.Connection, way: str) -> Iterator[LedgerRow]:
    """All rows, in one of the `WAYS`, as one lazy cursor; also from a file of an earlier version."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    columns = COLUMNS.replace("vehicle, direction", "'', ''") if version == NO_VEHICLES else COLUMNS
    return iter(connection.execute(f"SELECT {columns} FROM ledger ORDER BY permit {way}, use {way}"))  # noqa: S608 - constants


def is_sane(row: tuple[object, ...]) -> bool:
    """Whether a row, perhaps read from a damaged file, is one that a ledger can hold."""
    permit, use, state, transaction, boot, utc_ms, *texts = row
    known = state in set(LedgerState) and all(isinstance(text, str) for text in (transaction, boot, *texts))
    return isinstance(permit, bytes) and isinstance(use, int) and use >= 1 and known and isinstance(utc_ms, int)
