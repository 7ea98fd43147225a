"""The permit ledger of a site: what its gates exchange about the uses of permits.

Every gate keeps its own uses and a copy of those of other gates. The home gate of a permit also keeps consents: uses
that it granted to another gate, which that gate has not reported yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from agent.core.events import Draft, LedgerConflict

if TYPE_CHECKING:
    from agent.core.model import LedgerState


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A use of a permit, asked of its home gate. `gate`: who asks, `vehicle`: the VIN, `max_uses`: from 1.

    `window_s`: how long ago a passage of the vehicle the same way under another permit stands against it; 0: never.
    """

    permit_id: bytes
    vehicle: str
    direction: str
    max_uses: int
    transaction: str
    gate: str
    window_s: float = 0.0


class ClaimRefusal(StrEnum):
    """Why the ledger grants no use."""

    USED = "used"
    RESERVED = "reserved"
    EXITED = "exited"


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """What the home gate's ledger says of a claim. `use`: the one granted, from 1; 0 for none, and `refusal` says why.

    `gate`, `transaction`, `utc` (Unix seconds): who used or holds the permit and since when; under which the vehicle
    has gone where it is EXITED, with its `permit_id`.
    """

    use: int = 0
    refusal: ClaimRefusal | None = None
    gate: str = ""
    transaction: str = ""
    utc: float = 0.0
    permit_id: bytes = b""


@dataclass(frozen=True, slots=True)
class PeerRow:
    """A use of a permit as a gate reports it to others.

    `seq`: the place of its newest change in that gate's row log, from 1; rows that changed again stand at the new place
    only. `gate`: whose use it is, "": of the gate that reports it; others' are reported without a place, by 0.
    """

    seq: int
    permit_id: bytes
    use: int
    state: LedgerState
    transaction: str
    utc_ms: int
    vehicle: str
    direction: str
    gate: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the row log of a gate is known here: its stream ("" before the first row) and the last place in it.

    `synced`: everything that the gate knew of all gates was taken over since this journal was made.
    """

    stream: str
    seq: int
    synced: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of rows of another gate. `upto`: the last place of its row log that is known here now.

    `gap`: rows before these are missing, so nothing was taken: ask for those after `upto`. `conflicts`: what was found,
    already recorded as events.
    """

    upto: int
    gap: bool = False
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True)
class Consent:
    """A use that this home gate granted and which the gate that asked has not reported yet.

    `utc`: when, Unix seconds.
    """

    gate: str
    permit_id: bytes
    use: int
    transaction: str
    utc: float


@dataclass(frozen=True, slots=True)
class OtherExit:
    """A passage of the same vehicle the same way under another permit. `gate`: where, `utc`: Unix seconds."""

    permit_id: bytes
    gate: str
    utc: float


@dataclass(frozen=True, slots=True)
class Conflict:
    """One use that several transactions consumed, in the order of their times, each at the gate of the same place."""

    permit_id: bytes
    use: int
    gates: tuple[str, ...]
    transactions: tuple[str, ...]
    vehicle: str

    def draft(self, utc: float) -> Draft:
        """The event that records it."""
        event = LedgerConflict(
            permit=self.permit_id.hex(),
            use=self.use,
            gates=self.gates,
            transactions=self.transactions,
            vin=self.vehicle,
        )
        return Draft(event, None, None, utc)
