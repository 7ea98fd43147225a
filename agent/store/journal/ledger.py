"""The permit ledger: which use of which permit is reserved, consumed or released. Functions inside a transaction.

It contains the gate's own uses, whose `gate` is "", and those that the other gates of the site reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from agent.core.model import LedgerState
from agent.core.site import Conflict, OtherExit
from agent.store.errors import LedgerConflictError
from drivers.text import Text, joined

if TYPE_CHECKING:
    import sqlite3

    from agent.core.events import Writer
    from agent.core.model import LedgerChange

# The log alone would not do: rows can be newer than it, in a file that was rescued.
NEXT_SEQ = """
INSERT INTO site_log (one, seq) SELECT 1, coalesce(max(seq), 0) + 1 FROM ledger WHERE gate = ''
ON CONFLICT (one) DO UPDATE SET seq = max(seq + 1, excluded.seq) RETURNING seq
"""
# In a file that was rescued, or of an earlier version, only the rows say where the log ends: it must not go back with
# them, or places that others know would be given again.
KEEP_LAST_SEQ = """
INSERT INTO site_log (one, seq) SELECT 1, coalesce(max(seq), 0) FROM ledger WHERE gate = ''
ON CONFLICT (one) DO UPDATE SET seq = excluded.seq WHERE excluded.seq > seq
"""
# No other gate may have the use, or be about to.
RESERVE = """
INSERT INTO ledger (permit, use, gate, state, txn, boot, utc_ms, vehicle, direction, seq)
SELECT :permit, :use, '', 'RESERVED', :txn, :boot, :utc_ms, :vehicle, :direction, :seq
WHERE NOT EXISTS (SELECT 1 FROM ledger WHERE permit = :permit AND use = :use AND gate <> '' AND state <> 'RELEASED')
    AND NOT EXISTS (SELECT 1 FROM consents WHERE permit = :permit AND use = :use)
ON CONFLICT (permit, use, gate) DO UPDATE
SET state = 'RESERVED', txn = excluded.txn, boot = excluded.boot, utc_ms = excluded.utc_ms,
    vehicle = excluded.vehicle, direction = excluded.direction, seq = excluded.seq
WHERE state = 'RELEASED'
"""
# A consumed use stays consumed; one that was released too early can still be consumed by its own transaction.
SETTLE = """
UPDATE ledger SET state = :state, utc_ms = :utc_ms, seq = :seq
WHERE permit = :permit AND use = :use AND gate = '' AND txn = :txn AND state <> 'CONSUMED'
"""
# No boot has it any more; nobody knows whether the vehicle passed.
LEAVE_IN_DOUBT = "UPDATE ledger SET boot = '' WHERE state = 'RESERVED' AND gate = '' AND boot = ? AND txn = ?"
# A row's other columns are those of the newest use (SQLite, "Bare columns in an aggregate query").
CONSUMED = "SELECT count(*), max(utc_ms), gate, txn FROM ledger WHERE permit = ? AND state = 'CONSUMED'"
TAKEN = (
    "SELECT use FROM ledger WHERE permit = :permit AND state <> 'RELEASED' UNION SELECT use FROM consents WHERE "
    "permit = :permit"
)
LOWEST_FREE = f"""
WITH taken AS ({TAKEN})
SELECT min(use) + 1 FROM (SELECT 0 AS use UNION ALL SELECT use FROM taken) WHERE use + 1 NOT IN (SELECT use FROM taken)
"""  # noqa: S608 - a constant
HELD = """
SELECT gate, txn, utc_ms, use, boot FROM ledger WHERE permit = :permit AND state = 'RESERVED'
UNION ALL SELECT gate, txn, utc_ms, use, '' FROM consents WHERE permit = :permit
"""
PASSAGES = """
SELECT permit, gate, utc_ms, direction, txn, state FROM ledger
WHERE vehicle = :vehicle AND vehicle <> '' AND state <> 'RELEASED'
UNION ALL SELECT permit, gate, utc_ms, direction, txn, 'RESERVED' FROM consents
WHERE vehicle = :vehicle AND vehicle <> ''
"""
OTHER_EXIT = f"""
WITH passages AS ({PASSAGES})
SELECT permit, gate, utc_ms, txn FROM passages
WHERE direction = :direction AND permit <> :permit AND utc_ms >= :since_ms AND utc_ms >= coalesce(
    (SELECT max(utc_ms) FROM passages WHERE state = 'CONSUMED' AND direction NOT IN ('', :direction)), utc_ms)
ORDER BY utc_ms DESC LIMIT 1
"""  # noqa: S608 - a constant
LAST_PASSAGE = (
    f"SELECT direction, utc_ms, txn FROM ({PASSAGES})"  # noqa: S608 - a constant
    " WHERE txn <> :txn ORDER BY utc_ms DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class UseState:
    """What became of a permit so far, at all gates of the site as far as this one knows.

    `used`: how often it was consumed. `open_reservation`: the transaction of this gate that holds a use now;
    `in_doubt`: that transaction has ended, or an earlier boot has, and nobody knows whether its vehicle passed.
    `next_use`: the use, from 1, that the asking transaction may reserve: the one that it holds already, which the
    ledger will refuse to reserve twice, else the lowest that no gate has. `used_at`: the gate that consumed it last,
    where that is another one; `reserved_at`: another gate that holds it.
    """

    used: int
    open_reservation: str | None
    in_doubt: bool
    next_use: int
    used_at: str | None = None
    reserved_at: str | None = None


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


def next_seq(connection: sqlite3.Connection) -> int:
    """The next place in this gate's row log."""
    return int(connection.execute(NEXT_SEQ).fetchone()[0])


def last_seq(connection: sqlite3.Connection) -> int:
    """The newest place in this gate's row log, 0 before the first."""
    row = connection.execute(
        "SELECT max(coalesce((SELECT seq FROM site_log), 0), coalesce(max(seq), 0)) FROM ledger WHERE gate = ''"
    ).fetchone()
    return int(row[0])


def apply(connection: sqlite3.Connection, change: LedgerChange, writer: Writer, utc_ms: int) -> Conflict | None:
    """Make one change of this gate's own; returns the conflict with other gates that it makes.

    Raises LedgerConflictError where it does not fit; the caller rolls back.
    """
    values: dict[str, object] = {
        "permit": change.permit_id,
        "use": change.use,
        "txn": change.transaction,
        "state": change.state,
        "utc_ms": utc_ms,
        "boot": writer.boot,
        "vehicle": change.vehicle,
        "direction": change.direction,
        "seq": next_seq(connection),
    }
    match change.state:
        case LedgerState.RESERVED:
            done = connection.execute(RESERVE, values).rowcount
        case LedgerState.CONSUMED | LedgerState.RELEASED:
            done = connection.execute(SETTLE, values).rowcount
        case _:
            assert_never(change.state)
    if done == 1:
        consumed = change.state is LedgerState.CONSUMED
        return conflict_at(connection, change.permit_id, change.use, writer.gate) if consumed else None
    if not _stands_already(connection, change):
        raise LedgerConflictError(_conflict_text(connection, change))
    return None


def leave_in_doubt(connection: sqlite3.Connection, transaction: str, boot: str) -> None:
    """Put in doubt what a transaction of this boot still has reserved at its end."""
    connection.execute(LEAVE_IN_DOUBT, (boot, transaction))


def _stands_already(connection: sqlite3.Connection, change: LedgerChange) -> bool:
    """Whether a use is consumed already by the transaction that consumes it; the first time counts then."""
    key = (change.permit_id, change.use, change.transaction)
    found = "SELECT 1 FROM ledger WHERE permit = ? AND use = ? AND txn = ? AND gate = '' AND state = 'CONSUMED'"
    return change.state is LedgerState.CONSUMED and connection.execute(found, key).fetchone() is not None


def _conflict_text(connection: sqlite3.Connection, change: LedgerChange) -> str:
    key = (change.permit_id, change.use)
    row = (
        connection.execute(
            "SELECT state, txn, gate FROM ledger WHERE permit = ? AND use = ? AND (gate = '' OR state <> 'RELEASED')"
            " ORDER BY state = 'RELEASED', gate",
            key,
        ).fetchone()
        or connection.execute("SELECT 'granted', txn, gate FROM consents WHERE permit = ? AND use = ?", key).fetchone()
    )
    found: str = Text("it was never reserved")
    if row is not None:
        found = Text("it is {state} by transaction {transaction}", state=row[0], transaction=row[1])
        found = joined([found, Text("of gate {gate}", gate=row[2])], " ") if row[2] else found
    return Text(
        "use {use} of permit {permit_id} cannot become {state}: {found}",
        use=change.use,
        permit_id=change.permit_id.hex(),
        state=change.state,
        found=found,
    )


def conflict_at(
    connection: sqlite3.Connection, permit_id: bytes, use: int, own: str, *, ousted: tuple[tuple[object, ...], ...] = ()
) -> Conflict | None:
    """What stands against a use that was consumed just now: that others consumed it too. `own`: this gate's id.

    `ousted`: what the new row has replaced, as utc_ms, gate, transaction, vehicle.
    """
    found = connection.execute(
        "SELECT utc_ms, gate, txn, vehicle FROM ledger WHERE permit = ? AND use = ? AND state = 'CONSUMED'",
        (permit_id, use),
    )
    rows = sorted((*found, *ousted))
    if len(rows) < 2:  # noqa: PLR2004 - a conflict needs two
        return None
    _utc_ms, gates, transactions, vehicles = zip(*rows, strict=True)
    vehicle = next(filter(None, vehicles), "")
    return Conflict(permit_id, use, tuple(gate or own for gate in gates), transactions, vehicle)


def use_state(connection: sqlite3.Connection, permit_id: bytes, boot: str, transaction: str | None) -> UseState:
    """What became of a permit, seen from this boot and from a transaction of it."""
    used, _utc_ms, used_at, _txn = connection.execute(CONSUMED, (permit_id,)).fetchone()
    rows = connection.execute(HELD, {"permit": permit_id}).fetchall()
    # Of several reservations the one that is in doubt matters most.
    held = sorted((since == boot, txn) for gate, txn, _utc, _use, since in rows if not gate)
    own = (use for gate, txn, _utc, use, since in rows if not gate and (txn, since) == (transaction, boot))
    elsewhere = sorted((utc_ms, gate) for gate, _txn, utc_ms, *_rest in rows if gate)
    return UseState(
        used=used,
        open_reservation=held[0][1] if held else None,
        in_doubt=bool(held) and not held[0][0],
        next_use=next(own, 0) or lowest_free(connection, permit_id),
        used_at=used_at or None,
        reserved_at=elsewhere[-1][1] if elsewhere else None,
    )


def lowest_free(connection: sqlite3.Connection, permit_id: bytes) -> int:
    """The lowest use, from 1, that no gate has."""
    return int(connection.execute(LOWEST_FREE, {"permit": permit_id}).fetchone()[0])


def last_passage(connection: sqlite3.Connection, vehicle: str, transaction: str) -> LastPassage | None:
    """The last passage of a vehicle by its VIN, but for those of the asking transaction; None when none is known."""
    row = connection.execute(LAST_PASSAGE, {"vehicle": vehicle, "txn": transaction}).fetchone()
    return None if row is None else LastPassage(row[0], row[1] / 1000, row[2])


def other_exit(
    connection: sqlite3.Connection, vehicle: str, permit_id: bytes, direction: str, since_ms: int
) -> tuple[OtherExit, str] | None:
    """The newest passage of a vehicle the same way under another permit, and its transaction.

    Its gate is "" for this one. None also where the vehicle came back the other way since.
    """
    row = connection.execute(
        OTHER_EXIT, {"vehicle": vehicle, "permit": permit_id, "direction": direction, "since_ms": since_ms}
    ).fetchone()
    return None if row is None else (OtherExit(row[0], row[1], row[2] / 1000), row[3])


def interrupted(connection: sqlite3.Connection, boot: str) -> list[Reservation]:
    """The reservations of this gate that earlier boots left open, and those in doubt."""
    rows = connection.execute(
        "SELECT permit, use, txn FROM ledger WHERE state = 'RESERVED' AND gate = '' AND boot <> ?"
        " ORDER BY txn, permit, use",
        (boot,),
    )
    return [Reservation(*row) for row in rows]


def forget(connection: sqlite3.Connection, before_utc_ms: int, limit: int) -> int:
    """Delete up to `limit` uses from before that time, but for those that this gate has reserved; returns how many.

    What another gate reserved, or was granted, and never settled goes by its age too: its permit is long over.
    """
    connection.execute(KEEP_LAST_SEQ)
    done = connection.execute(
        "DELETE FROM ledger WHERE (permit, use, gate) IN (SELECT permit, use, gate FROM ledger"
        " WHERE (state <> 'RESERVED' OR gate <> '') AND utc_ms < ? LIMIT ?)",
        (before_utc_ms, limit),
    ).rowcount
    connection.execute("DELETE FROM consents WHERE utc_ms < ?", (before_utc_ms,))
    return done
