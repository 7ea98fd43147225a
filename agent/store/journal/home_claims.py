"""Consents: uses of permits that this gate, as their home gate, grants to others. Functions inside a transaction.

A consent stands until the gate that got it tells what its transaction did, or gives it back. One gate may hold several
for one use: only it can know which of its transactions takes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.model import LedgerState
from agent.core.site import ClaimRefusal, ClaimVerdict, Consent
from agent.store.journal import ledger

if TYPE_CHECKING:
    import sqlite3

    from agent.core.site import ClaimRow

ALREADY = """
SELECT state, use, utc_ms FROM ledger WHERE permit = :permit AND gate = :whose AND txn = :txn AND state <> 'RELEASED'
UNION ALL SELECT 'RESERVED', use, utc_ms FROM consents WHERE permit = :permit AND gate = :whose AND txn = :txn
ORDER BY 1 LIMIT 1
"""
RESERVED = (
    f"SELECT gate, txn, utc_ms FROM ({ledger.HELD})"  # noqa: S608 - a constant
    " WHERE gate <> :whose ORDER BY utc_ms DESC LIMIT 1"
)
OWN_HELD = f"""
SELECT min(use) FROM ({ledger.HELD}) WHERE gate = :whose AND use NOT IN
    (SELECT use FROM ledger WHERE permit = :permit AND gate <> :whose AND state <> 'RELEASED')
"""  # noqa: S608 - the same
GIVE_BACK = "DELETE FROM consents WHERE permit = ? AND use = ? AND gate = ? AND txn = ?"


def judge(connection: sqlite3.Connection, row: ClaimRow, own: str, utc_ms: int) -> ClaimVerdict:
    """What the ledger says of a claim; nothing is written. `own`: the id of this gate.

    A claim that was granted before is granted again: its answer was lost. A use that only the asking gate holds is
    granted to it: it knows best which of its transactions has gone, and its own ledger lets one of them have it.
    """
    whose = "" if row.gate == own else row.gate
    values: dict[str, object] = {"permit": row.permit_id, "whose": whose, "txn": row.transaction}
    state, already, since_ms = connection.execute(ALREADY, values).fetchone() or ("", 0, 0)
    if state == LedgerState.CONSUMED:
        return ClaimVerdict(0, ClaimRefusal.USED, row.gate, row.transaction, since_ms / 1000)
    refused = _refused(connection, row, own, values, utc_ms)
    if refused is not None:
        return refused
    (held,) = connection.execute(OWN_HELD, values).fetchone()
    return ClaimVerdict(already or held or ledger.lowest_free(connection, row.permit_id))


def _refused(
    connection: sqlite3.Connection, row: ClaimRow, own: str, values: dict[str, object], utc_ms: int
) -> ClaimVerdict | None:
    used, used_ms, gate, txn = connection.execute(ledger.CONSUMED, (row.permit_id,)).fetchone()
    if used >= row.max_uses:
        return ClaimVerdict(0, ClaimRefusal.USED, gate or own, txn, used_ms / 1000)
    held = connection.execute(RESERVED, values).fetchone()
    if held is not None:
        return ClaimVerdict(0, ClaimRefusal.RESERVED, held[0] or own, held[1], held[2] / 1000)
    if not row.window_s:
        return None
    since_ms = utc_ms - round(row.window_s * 1000)
    gone = ledger.other_exit(connection, row.vehicle, row.permit_id, row.direction, since_ms)
    if gone is None:
        return None
    found, txn = gone
    return ClaimVerdict(0, ClaimRefusal.EXITED, found.gate or own, txn, found.utc, found.permit_id)


def consent(connection: sqlite3.Connection, row: ClaimRow, use: int, utc_ms: int) -> None:
    """Keep a use for another gate."""
    connection.execute(
        "INSERT INTO consents (permit, use, gate, txn, utc_ms, vehicle, direction) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (permit, use, gate, txn) DO NOTHING",
        (row.permit_id, use, row.gate, row.transaction, utc_ms, row.vehicle, row.direction),
    )


def give_back(connection: sqlite3.Connection, permit_id: bytes, use: int, gate: str, transaction: str) -> bool:
    """Take a consent back; whether there was one."""
    return connection.execute(GIVE_BACK, (permit_id, use, gate, transaction)).rowcount == 1


def unconfirmed(connection: sqlite3.Connection, before_ms: int, limit: int) -> tuple[Consent, ...]:
    """Up to `limit` consents from before that time, the oldest first."""
    rows = connection.execute(
        "SELECT gate, permit, use, txn, utc_ms FROM consents WHERE utc_ms < ? ORDER BY utc_ms LIMIT ?",
        (before_ms, limit),
    )
    return tuple(Consent(gate, permit, use, txn, utc_ms / 1000) for gate, permit, use, txn, utc_ms in rows)


def is_sane(row: tuple[object, ...]) -> bool:
    """Whether a row, perhaps read from a damaged file, is one that the table can hold."""
    permit, use, gate, transaction, utc_ms, vehicle, direction = row
    texts = all(isinstance(text, str) for text in (gate, transaction, vehicle, direction))
    return isinstance(permit, bytes) and isinstance(use, int) and use >= 1 and isinstance(utc_ms, int) and texts
