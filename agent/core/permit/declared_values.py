"""The values that a permit and a declaration share, and the one allowed form of each: numbers, VIN, plate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.permit import vin as vins
from agent.core.permit.fields import ClaimsError
from agent.core.plates import FORMATS, STRICT, PlateKind, normalise
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.plates import PlateFormat

TIMES = range(1_577_836_800, 4_102_444_800)
"""Unix seconds that a signed thing may name, 2020 to 2099: a slip of a digit or a unit lands outside."""

_YEARS = range(2000, 2100)
_DIGIT_9: Mapping[str, int] = {"export": 0, "import": 1}
# The colour is no part of the number: both colours have the one civil format.
_AS_FORMAT: Mapping[str, str] = {PlateKind.CIVIL_BLUE: PlateKind.CIVIL, PlateKind.CIVIL_YELLOW: PlateKind.CIVIL}


def _formats(plates: tuple[PlateFormat, ...]) -> Mapping[tuple[str, int], tuple[PlateFormat, ...]]:
    keys = {(plate.kind.value, len(plate.places)) for plate in plates}
    return {key: tuple(p for p in plates if (p.kind.value, len(p.places)) == key) for key in keys}


_ALL, _STRICT = _formats(FORMATS), _formats(STRICT)


def check_declaration(number: int, direction: str) -> None:
    """Check the parts of a declaration number (18 digits as one integer) that have a meaning.

    Raises:
        ClaimsError: its year is none, or its ninth digit is that of another direction.
    """
    if number // 10**10 % 10**4 not in _YEARS:
        raise ClaimsError(Text("digits 5 to 8 of the declaration number are not a year"))
    if number // 10**9 % 10 != _DIGIT_9[direction]:
        raise ClaimsError(Text("digit 9 of the declaration number does not mean {direction}", direction=direction))


def check_vehicle(vin: str, plate: str | None, plate_kind: str | None) -> None:
    """Check the form of a VIN, and that plate and kind are both there, in normal form and of one kind, or both not.

    Raises:
        ClaimsError: one is not.
    """
    if not vins.is_well_formed(vin):
        raise ClaimsError(Text("the VIN is not 17 digits and capitals without I, O and Q"))
    if (plate is None) != (plate_kind is None):
        raise ClaimsError(Text("a plate needs its kind, and a kind needs its plate"))
    if plate is None or plate_kind is None:
        return
    kind = _AS_FORMAT.get(plate_kind, plate_kind)
    key = (kind, len(plate))
    if any(form.fits(plate) for form in _STRICT.get(key, ())):
        return  # a text of a strict format is its own normal form
    if plate != normalise(plate):
        raise ClaimsError(Text("the plate is not written in its normal form"))
    if not any(form.fits(plate) for form in _ALL.get(key, ())):
        raise ClaimsError(Text("the plate does not have the form of {plate_kind}", plate_kind=plate_kind))
