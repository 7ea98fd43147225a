"""What the gate knows about a permit from other sources: the ledger, the lists and the other gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.model import Subject
from agent.core.trust_state import NO_HOLD, StateHold
from agent.core.vin_match import read_by_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.core.decision.second_reading_result import SecondReading
    from agent.core.lists import DataStanding
    from agent.core.model import Declaration, Revocation, VinReading, Watched
    from agent.core.permit import Permit, PermitResult
    from agent.core.plates import PlateVote
    from agent.core.site import ClaimAnswer, OtherExit


@dataclass(frozen=True, slots=True)
class PermitUses:
    """What the permit ledger says of a permit.

    `used`: consumed uses, at any gate of the site; `used_at`: the other gate that consumed the last one, None where it
    was this one. `open_reservation`: the transaction of this gate that reserved a use and did not settle it, or None;
    `in_doubt`: it ended, or was cut short by a restart, and nobody knows whether its vehicle passed. `passed_s`: how
    long ago the vehicle last passed, by this or another permit, if that was the same way as now.
    """

    used: int = 0
    open_reservation: str | None = None
    in_doubt: bool = False
    passed_s: float | None = None
    used_at: str | None = None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that the judgement knows of one permit.

    `data`: how fresh the lists are. `declaration`, `revocation`, `watched`: the permit's rows, None where there are
    none. `admission`: what the checks of time and place say of the declaration, which central may have made narrower
    than the permit since; None without one. `others`: plates of other active declarations that the picture may show.
    `other_exit`: the vehicle's passage the same way under another permit. `claim`: the answer of the permit's home
    gate, None where it was not asked yet, or need not be. `hold`: what the gate's own state keeps from permits, where
    that is not whole. `second`: what the second reading of the kept pictures came to, None where it was not asked for
    yet, or no camera saw what the permit rests on.
    """

    data: DataStanding
    use: PermitUses = PermitUses()
    declaration: Declaration | None = None
    admission: PermitResult | None = None
    revocation: Revocation | None = None
    watched: Watched | None = None
    others: tuple[str, ...] = ()
    other_exit: OtherExit | None = None
    claim: ClaimAnswer | None = None
    hold: StateHold = NO_HOLD
    second: SecondReading | None = None


def uses_allowed(permit: Permit, declaration: Declaration | None) -> int:
    """How often a permit may pass: what it says, or less where its declaration says so."""
    return permit.max_uses if declaration is None else min(permit.max_uses, declaration.max_uses)


def in_force(watched: Watched | None, utc: float) -> Watched | None:
    """An entry of the watch list, unless its time is over."""
    ended = watched is not None and watched.expires_at is not None and utc >= watched.expires_at
    return None if ended else watched


def exit_in_force(last: OtherExit | None, window_s: float, utc: float) -> OtherExit | None:
    """The vehicle's passage under another permit, unless it is longer ago than that (s), or nobody asks for it: 0."""
    over = last is not None and last.utc < utc - window_s
    return None if over or not window_s else last


def subjects_of(
    permit: Permit, voted: PlateVote | None, vins: Sequence[VinReading] = ()
) -> tuple[tuple[Subject, str], ...]:
    """What the watch list may name of a vehicle: its permit and declaration, plate and VIN as declared and as read.

    Of the VINs that were read those of codes: a misread one must not look like one that is looked for.
    """
    by_code = dict.fromkeys((permit.vin, *(one.text for one in vins if read_by_code(one.source))))
    plates = dict.fromkeys(plate for plate in (permit.plate, voted.text if voted else None) if plate)
    return (
        (Subject.PERMIT, permit.permit_id.hex()),
        *((Subject.VIN, vin) for vin in by_code),
        (Subject.DECLARATION, permit.declaration_number),
        *((Subject.PLATE, plate) for plate in plates),
    )
