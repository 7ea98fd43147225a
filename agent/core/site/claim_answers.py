"""Claims and their answers: how the gates of a site let each use of a permit pass at only one of them.

One gate keeps every use: the home gate of the permit's vehicle. A gate that wants a use asks there first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping


class ClaimCode(StrEnum):
    """What became of a claim. GRANTED and FLAGGED let the vehicle pass, all others do not."""

    GRANTED = "granted"
    FLAGGED = "flagged"
    USED_AT_OTHER_GATE = "used_at_other_gate"
    RESERVED_ELSEWHERE = "reserved_elsewhere"
    VIN_ALREADY_EXITED = "vin_already_exited"
    LEDGER_UNREACHABLE = "ledger_unreachable"


CLAIMS: Final[Mapping[ClaimCode, Text]] = {
    ClaimCode.GRANTED: Text("granted"),
    ClaimCode.FLAGGED: Text("flagged"),
    ClaimCode.USED_AT_OTHER_GATE: Text("used at other gate"),
    ClaimCode.RESERVED_ELSEWHERE: Text("reserved elsewhere"),
    ClaimCode.VIN_ALREADY_EXITED: Text("vin already exited"),
    ClaimCode.LEDGER_UNREACHABLE: Text("ledger unreachable"),
}
"""What each is called in a check."""


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """One use of a permit, wanted by a transaction of this gate.

    `vehicle`: the VIN. `max_uses`: how often the permit may be used, from 1. `already_exited_s`: for how long, in
    seconds, a passage of the vehicle the same way under another permit stands against it; 0 never does.
    """

    permit_id: bytes
    vehicle: str
    direction: str
    max_uses: int
    transaction: str
    already_exited_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """The answer to a claim.

    `use`: the number of the use to reserve, from 1; 0 where there is none. `gate`: who used or holds it, or cannot be
    asked; empty for none. `hold_until_at`: monotonic seconds, from then on the use can no longer be reserved on this
    answer and must be claimed once more.
    """

    code: ClaimCode
    use: int = 0
    gate: str = ""
    detail: str = ""
    hold_until_at: float = inf

    @property
    def passes(self) -> bool:
        """Whether the vehicle may pass by this."""
        return self.code in {ClaimCode.GRANTED, ClaimCode.FLAGGED}
