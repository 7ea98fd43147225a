"""Vehicle identification numbers: their form and check digit (ISO 3779, GB 16735-2019 Annex A, 49 CFR 565)."""

from __future__ import annotations

LENGTH = 17

_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_DIGITS = "0123456789"
CHARACTERS = frozenset(_LETTERS + _DIGITS)
"""Those that a VIN is made of: no I, O and Q, which look like digits."""
_VALUES = dict(zip(_DIGITS + _LETTERS, (*range(10), *range(1, 9), 1, 2, 3, 4, 5, 7, 9, *range(2, 10)), strict=True))
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_CHECK_PLACE = 8
_MODULUS = 11
# L: China; H: China's second allocation (GB 16737-2019). Elsewhere place 9 may hold anything.
_CHECKED_REGIONS = ("L", "H")


def is_well_formed(vin: str) -> bool:
    """Say whether the text has the form of a VIN: 17 digits or capitals, without I, O and Q."""
    return len(vin) == LENGTH and CHARACTERS.issuperset(vin)


def check_digit(vin: str) -> str:
    """Return the character that place 9 of a well-formed VIN should hold, whatever it holds now.

    Raises:
        ValueError: the VIN is not well-formed.
    """
    if not is_well_formed(vin):
        raise ValueError("not the form of a VIN")
    total = sum(weight * _VALUES[character] for weight, character in zip(_WEIGHTS, vin, strict=True))
    return "0123456789X"[total % _MODULUS]


def check_digit_differs(vin: str) -> bool:
    """Say whether a well-formed VIN must carry a check digit (makers of China) and carries a wrong one."""
    return vin.startswith(_CHECKED_REGIONS) and vin[_CHECK_PLACE] != check_digit(vin)
