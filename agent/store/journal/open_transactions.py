"""Which transactions are open, kept beside the events so that a start after a crash need not search them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.core.events import AccessGranted, TransactionClosed, VehicleEntering

if TYPE_CHECKING:
    import sqlite3

    from agent.core.events import Draft
    from agent.store.journal.ledger import Reservation

# A closed transaction is remembered for a while: an event that comes late must not open it once more.
REMEMBERED_EVENTS: Final = 4096

_GRANTED: Final = 1
_DRY_RUN: Final = 2
"""Bits of the column `granted`: a dry run needs no column of its own, and so no journal of a new form."""

TRACK = """
INSERT INTO transactions (txn, lane, boot, opened_ms, granted, entered, closed_seq) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (txn) DO UPDATE SET granted = granted | excluded.granted, entered = entered | excluded.entered,
lane = coalesce(lane, excluded.lane), closed_seq = coalesce(closed_seq, excluded.closed_seq)
WHERE granted < excluded.granted OR entered < excluded.entered OR (lane IS NULL AND excluded.lane IS NOT NULL)
    OR (closed_seq IS NULL AND excluded.closed_seq IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A transaction that an earlier boot left without an outcome.

    `opened_utc`: Unix seconds of its first event. `granted`: a grant was recorded, so the barrier may have moved.
    `entered`: the vehicle was seen under the arm. `reservations`: the permit uses that it still holds. `dry_run`: its
    lane moved nothing then.
    """

    transaction: str
    lane: str | None
    opened_utc: float
    granted: bool
    entered: bool
    reservations: tuple[Reservation, ...]
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Recovery:
    """What the last boot left behind. `orphans`: reservations of transactions that are closed or unknown."""

    interrupted: tuple[Interrupted, ...]
    orphans: tuple[Reservation, ...]


def track(connection: sqlite3.Connection, draft: Draft, seq: int, utc_ms: int, boot: str) -> None:
    """Note what an event says of its transaction."""
    if draft.transaction is None:
        return
    event = draft.event
    closed_seq = seq if isinstance(event, TransactionClosed) else None
    granted = _GRANTED * isinstance(event, AccessGranted) | _DRY_RUN * bool(draft.dry_run)
    row = (granted, isinstance(event, VehicleEntering), closed_seq)
    connection.execute(TRACK, (draft.transaction, draft.lane, boot, utc_ms, *row))
    if closed_seq is not None:
        connection.execute("DELETE FROM transactions WHERE closed_seq < ?", (seq - REMEMBERED_EVENTS,))


def recovery(connection: sqlite3.Connection, boot: str, reservations: list[Reservation]) -> Recovery:
    """What earlier boots left open; `reservations` are those of the ledger."""
    rows = connection.execute(
        "SELECT txn, lane, opened_ms, granted, entered FROM transactions"
        " WHERE closed_seq IS NULL AND boot <> ? ORDER BY opened_ms, txn",
        (boot,),
    ).fetchall()
    known = {row[0] for row in rows}
    left = tuple(
        Interrupted(
            txn,
            lane,
            opened_ms / 1000,
            bool(granted & _GRANTED),
            bool(entered),
            tuple(r for r in reservations if r.transaction == txn),
            bool(granted & _DRY_RUN),
        )
        for txn, lane, opened_ms, granted, entered in rows
    )
    return Recovery(left, tuple(r for r in reservations if r.transaction not in known))
