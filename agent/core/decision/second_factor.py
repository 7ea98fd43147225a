"""The second factor: what ties a permit to the vehicle in view: its plate, its VIN, one of them, both, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, assert_never

from agent.core.permit import PermitForm, vin
from agent.core.plates import MatchVerdict

if TYPE_CHECKING:
    from agent.core.decision.judgement_rules import JudgementRules
    from agent.core.permit import Permit
    from agent.core.plates import PlateMatch
    from agent.core.vin_match import VinMatch


class Tie(StrEnum):
    """What ties a permit to the vehicle. NOTHING: the permit is enough. OFFICER: only an officer's eye does.

    The others are the values of `JudgementRules.second_factor`.
    """

    NOTHING = "nothing"
    PLATE = "plate"
    VIN = "vin"
    EITHER = "either"
    BOTH = "both"
    OFFICER = "officer"


ASKS_PLATE: Final = frozenset({Tie.PLATE, Tie.EITHER, Tie.BOTH})
"""The plate that was read is judged: it decides, or it may."""
ASKS_VIN: Final = frozenset({Tie.VIN, Tie.BOTH})
"""Without the declared VIN nothing passes."""


@dataclass(frozen=True, slots=True)
class ReliedOn:
    """Which of the factors a PASS rests on."""

    plate: bool = False
    vin: bool = False


def tie_of(permit: Permit, rules: JudgementRules) -> Tie:
    """What the rules of a lane ask for beside this permit.

    A plate that led to the permit is always asked for: nothing else was shown. `second_factor` is for vehicles that
    are declared with a plate, `without_plate` for those that are declared to have none.
    """
    if permit.form is PermitForm.PLATE:
        return Tie.BOTH if rules.second_factor in {"vin", "both"} else Tie.PLATE
    if rules.require != "permit_and_plate":
        return Tie.NOTHING
    if permit.plate is None:
        return _without_plate(rules)
    return Tie(rules.second_factor)


def declares_vin(permit: Permit) -> bool:
    """Whether the permit names a VIN that can be held against what is read."""
    return vin.is_well_formed(permit.vin)


def is_declared_vin(found: VinMatch | None) -> bool:
    """Whether the declared VIN was read."""
    return found is not None and found.verdict is MatchVerdict.MATCH


def contradicts(found: PlateMatch | None) -> bool:
    """Whether a plate was read that is surely not the declared one, or is rather that of another declaration."""
    if found is None:
        return False
    return found.verdict is MatchVerdict.MISMATCH or (found.rival and found.read != found.declared)


def relied_on(asked: Tie, plate: PlateMatch | None, found: VinMatch | None) -> ReliedOn:
    """What a PASS rests on. Where one of the two is enough, it is the VIN if that makes up for the plate."""
    if asked is Tie.EITHER:
        by_plate = plate is not None and plate.verdict is MatchVerdict.MATCH
        by_vin = not by_plate and is_declared_vin(found)
        return ReliedOn(plate=not by_vin, vin=by_vin)
    return ReliedOn(plate=asked in ASKS_PLATE, vin=asked in ASKS_VIN)


def _without_plate(rules: JudgementRules) -> Tie:
    """What ties a vehicle that is declared to have no plate. It never needs less than one that has a plate."""
    match rules.without_plate:
        case "manual":
            return Tie.OFFICER
        case "vin":
            return Tie.VIN
        case "pass":
            return Tie.VIN if rules.second_factor in {"vin", "both"} else Tie.NOTHING
        case _:
            assert_never(rules.without_plate)
