"""Reading the rows of a permit ledger out of a file that is damaged, or of an earlier version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from agent.core.model import LedgerState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

LedgerRow: TypeAlias = tuple[bytes, int, str, str, str, str, int, str, str, int]
COLUMNS: Final = ("permit", "use", "gate", "state", "txn", "boot", "utc_ms", "vehicle", "direction", "seq")
WAYS: Final = ("ASC", "DESC")
SINCE: Final = {"vehicle": (2, "''"), "direction": (2, "''"), "gate": (5, "''"), "seq": (5, "0")}
"""The schema version from which on a column is there, and what stands for it before."""
# The new journal is a new stream: this gate's row log begins again in it, and those of other gates will be told again.
RENUMBER: Final = """
UPDATE ledger SET seq = iif(ledger.gate = '', place.number, 0) FROM
    (
        SELECT permit, use, gate, row_number() OVER (ORDER BY gate, seq, utc_ms, permit, use) AS number FROM ledger
    ) AS place
WHERE (ledger.permit, ledger.use, ledger.gate) = (place.permit, place.use, place.gate)
"""


def dump(connection: sqlite3.Connection, way: str) -> Iterator[LedgerRow]:
    """All rows, in one of the `WAYS`, as one lazy cursor; also from a file of an earlier version."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    there = [name for name in COLUMNS if SINCE.get(name, (1, ""))[0] <= version]
    columns = ", ".join(name if name in there else SINCE[name][1] for name in COLUMNS)
    order = ", ".join(f"{name} {way}" for name in ("permit", "use", "gate") if name in there)
    return iter(connection.execute(f"SELECT {columns} FROM ledger ORDER BY {order}"))  # noqa: S608 - constants


def is_sane(row: tuple[object, ...]) -> bool:
    """Whether a row, perhaps read from a damaged file, is one that a ledger can hold."""
    permit, use, gate, state, transaction, boot, utc_ms, vehicle, direction, seq = row
    known = state in set(LedgerState)
    texts = all(isinstance(text, str) for text in (gate, transaction, boot, vehicle, direction))
    numbers = isinstance(use, int) and use >= 1 and isinstance(utc_ms, int) and isinstance(seq, int)
    return isinstance(permit, bytes) and known and texts and numbers
