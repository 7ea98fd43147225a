"""The uses of permits at the other gates of the site, as those tell them. Functions inside a transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from agent.core.model import LedgerState
from agent.core.site import Cursor, PeerRow
from agent.store.journal import home_claims, ledger

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from agent.core.site import Conflict

WORDS: Final = "seq, permit, use, state, txn, utc_ms, vehicle, direction"
TELL = f"""
INSERT INTO ledger ({WORDS}, gate, boot) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '')
ON CONFLICT (permit, use, gate) DO UPDATE
SET seq = excluded.seq, state = excluded.state, txn = excluded.txn, utc_ms = excluded.utc_ms,
    vehicle = excluded.vehicle, direction = excluded.direction, boot = excluded.boot
"""  # noqa: S608 - a constant
FOUND = "SELECT state, txn, seq, utc_ms, vehicle FROM ledger WHERE permit = ? AND use = ? AND gate = ?"
# What was known of a stream before stays, until yet another begins.
FOLLOW = """
INSERT INTO site_peers (gate, stream, seq, synced) VALUES (?, ?, ?, ?)
ON CONFLICT (gate) DO UPDATE SET
    former_stream = iif(stream IN (excluded.stream, ''), former_stream, stream),
    former_seq = iif(stream IN (excluded.stream, ''), former_seq, seq),
    stream = excluded.stream, seq = excluded.seq, synced = max(synced, excluded.synced)
"""
_OF_BEFORE: Final = 0
"""The place of a row that its gate told in a stream before the one of now, or that another gate reported."""
NOTE_HEAD = "UPDATE site_peers SET head = ? WHERE gate = ?"
ROW_LOGS = "SELECT stream, seq, former_stream, former_seq FROM site_peers WHERE gate = ?"
# Of the consents only those for the gate that asks: what other gates were granted is not for it to keep.
PAGE = """
SELECT iif(gate = '', seq, 0), permit, use, state, txn, utc_ms, vehicle, direction, gate FROM ledger
WHERE (permit, use, gate) > (:permit, :use, :gate) ORDER BY permit, use, gate LIMIT :limit
"""
GRANTED = """
SELECT 0, permit, use, 'RESERVED', txn, utc_ms, vehicle, direction, gate FROM consents AS consent
WHERE gate = ? AND NOT EXISTS (SELECT 1 FROM ledger AS word WHERE state <> 'RELEASED'
    AND (word.permit, word.use, word.gate) = (consent.permit, consent.use, consent.gate))
ORDER BY permit, use
"""


def cursor(connection: sqlite3.Connection, gate: str) -> Cursor:
    """How far the row log of a gate is known."""
    row = connection.execute("SELECT stream, seq, synced FROM site_peers WHERE gate = ?", (gate,)).fetchone()
    return Cursor("", 0, synced=False) if row is None else Cursor(row[0], row[1], bool(row[2]))


def follow(connection: sqlite3.Connection, gate: str, stream: str, seq: int, *, synced: bool) -> None:
    """Move the cursor of a gate. In a new stream its places begin again, so that what is kept of it counts as older."""
    if cursor(connection, gate).stream != stream:
        connection.execute("UPDATE ledger SET seq = 0 WHERE gate = ?", (gate,))
    connection.execute(FOLLOW, (gate, stream, seq, synced))


def note_head(connection: sqlite3.Connection, gate: str, head: str) -> None:
    """Keep the newest record of its head that a gate has told."""
    connection.execute(NOTE_HEAD, (head, gate))


def told_head(connection: sqlite3.Connection, gate: str) -> str:
    """The newest record of its head that a gate has told; "" where it told none."""
    row = connection.execute("SELECT head FROM site_peers WHERE gate = ?", (gate,)).fetchone()
    return "" if row is None else str(row[0])


def row_logs(connection: sqlite3.Connection, gate: str) -> tuple[tuple[str, int], ...]:
    """How far the row logs of a gate are known: of the stream that is followed, and of the one before."""
    row = connection.execute(ROW_LOGS, (gate,)).fetchone()
    return () if row is None else tuple((stream, seq) for stream, seq in (row[:2], row[2:]) if stream)


def unsynced(connection: sqlite3.Connection, gates: Iterable[str]) -> tuple[str, ...]:
    """The gates of which not everything is known."""
    done = {gate for (gate,) in connection.execute("SELECT gate FROM site_peers WHERE synced = 1")}
    return tuple(gate for gate in gates if gate not in done)


def log_rows(connection: sqlite3.Connection, after_seq: int, limit: int) -> tuple[PeerRow, ...]:
    """Up to `limit` rows of this gate's row log, in order."""
    rows = connection.execute(
        f"SELECT {WORDS} FROM ledger WHERE gate = '' AND seq > ? ORDER BY seq LIMIT ?",  # noqa: S608 - a constant
        (after_seq, limit),
    )
    return tuple(map(_row, rows))


def page(connection: sqlite3.Connection, after: tuple[bytes, int, str], limit: int) -> tuple[PeerRow, ...]:
    """Up to `limit` rows of all gates behind that permit, use and gate."""
    permit, use, gate = after
    values = {"permit": permit, "use": use, "gate": gate, "limit": limit}
    return tuple(map(_row, connection.execute(PAGE, values)))


def granted(connection: sqlite3.Connection, gate: str) -> tuple[PeerRow, ...]:
    """What was granted to a gate, as uses that it may have reserved.

    Not where it told already what it did with the use.
    """
    return tuple(map(_row, connection.execute(GRANTED, (gate,))))


def _row(row: Sequence[object]) -> PeerRow:
    seq, permit, use, state, *rest = row
    return PeerRow(seq, permit, use, LedgerState(state), *rest)  # type: ignore[arg-type]


def apply_row(connection: sqlite3.Connection, gate: str, row: PeerRow, own: str) -> Conflict | None:
    """Take over what another gate says of its own use, unless something newer is known; returns the conflict it makes.

    What it consumed stays consumed, also where it lost its journal and says otherwise. And what it had reserved stays
    so where another transaction, of before, is all that an older copy of its journal knows.
    """
    found = connection.execute(FOUND, (row.permit_id, row.use, gate)).fetchone()
    if found is not None and found[2] >= row.seq:
        return None
    home_claims.give_back(connection, row.permit_id, row.use, gate, row.transaction)
    ousted = () if found is None or found[0] != LedgerState.CONSUMED else ((found[3], gate, found[1], found[4]),)
    if found is not None and _outlasts(found[0], found[1], found[2], row):
        connection.execute(
            "UPDATE ledger SET seq = ? WHERE permit = ? AND use = ? AND gate = ?",
            (row.seq, row.permit_id, row.use, gate),
        )
        return None
    return _write_row(connection, gate, row, own, ousted)


def _outlasts(state: str, transaction: str, seq: int, row: PeerRow) -> bool:
    """Whether what is known of a use stays, whatever its gate says of it now."""
    if state == LedgerState.CONSUMED:
        return row.state is not LedgerState.CONSUMED or transaction == row.transaction
    forgotten = state == LedgerState.RESERVED and seq == _OF_BEFORE and transaction != row.transaction
    return forgotten and row.state is LedgerState.RELEASED


def apply_reported_row(connection: sqlite3.Connection, gate: str, row: PeerRow, own: str) -> Conflict | None:
    """Take over what another gate knows of a third one's use, or of this gate's own ("") before it lost its journal.

    It is unproven: it fills what is not known, and what it says is consumed is consumed. A use of this gate's own
    that was reserved is in doubt from then on, like one from an earlier boot.
    """
    found = connection.execute(FOUND, (row.permit_id, row.use, gate)).fetchone()
    if row.state is LedgerState.RELEASED or (found is not None and not _is_news(gate, row, *found[:2])):
        return None
    seq = 0 if gate else ledger.next_seq(connection)
    return _write_row(connection, gate, replace(row, seq=seq), own)


def _is_news(gate: str, row: PeerRow, state: str, transaction: str) -> bool:
    """Whether a use that is reported, and stands here in this state by this transaction, has gone on since.

    Of its own uses a gate may hold an older copy: what it gave back there, another transaction may have had later.
    """
    if row.transaction == transaction:
        return row.state is LedgerState.CONSUMED and state != LedgerState.CONSUMED
    return not gate and state == LedgerState.RELEASED


def _write_row(
    connection: sqlite3.Connection, gate: str, row: PeerRow, own: str, ousted: tuple[tuple[object, ...], ...] = ()
) -> Conflict | None:
    values = (row.seq, row.permit_id, row.use, row.state, row.transaction, row.utc_ms, row.vehicle, row.direction)
    connection.execute(TELL, (*values, gate))
    if row.state is not LedgerState.CONSUMED:
        return None
    return ledger.conflict_at(connection, row.permit_id, row.use, own, ousted=ousted)
