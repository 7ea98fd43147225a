"""The use of a permit, as the permit ledger stores it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LedgerState(StrEnum):
    """State of one use of a permit."""

    RESERVED = "RESERVED"
    CONSUMED = "CONSUMED"
    RELEASED = "RELEASED"


@dataclass(frozen=True, slots=True)
class LedgerChange:
    """A row of the permit ledger to write in the same transaction as the events.

    RESERVED inserts the row, and fails the whole Record when another reservation or consumption of this `use` is there;
    CONSUMED and RELEASED change the row of the same permit, use and transaction. `vehicle` (VIN) and `direction` are
    kept with a reservation, so that a vehicle is known by whichever permit it passed.
    """

    permit_id: bytes
    use: int
    state: LedgerState
    transaction: str
    vehicle: str = ""
    direction: str = ""
