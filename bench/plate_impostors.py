"""The plates that somebody could come with to pass on a permit for another: all that differ in one character."""

from __future__ import annotations

from typing import Final

from agent.core.plates import STRICT, Grammar, series

NEIGHBOUR: Final = "neighbour"
"""The plates issued before and after: in China the last character one step up or down, elsewhere the serial number."""
ONE_STEP: Final = "one step, any place"
LAST: Final = "any other last character"
LOOK_ALIKE: Final = "look-alike, any place"
SINGLE: Final = "any character, any place"
"""All of the above, and every other character that a format allows; the province apart."""
PROVINCE: Final = "other province"
KINDS: Final = (NEIGHBOUR, ONE_STEP, LAST, LOOK_ALIKE, SINGLE, PROVINCE)

_GRAMMAR: Final = Grammar(STRICT)
_DIGITS: Final = "0123456789"
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_ALIKE: Final = ("0DQUC", "1L7T", "2Z7", "38B", "5S8", "6GC", "4A", "UV", "VY", "TY", "MN", "EF", "PR", "KX")


def impostors(plate: str) -> dict[str, set[str]]:
    """The texts of each of KINDS. `plate`: normalised; with the province first where it has one."""
    serial = [place for place in range(len(plate)) if plate[place] in _DIGITS + _LETTERS]
    province = not plate[0].isascii()
    changes = {
        place: {_changed(plate, place, other) for other in _GRAMMAR.alternatives(plate, place) - {plate[place]}}
        for place in range(len(plate))
    }
    return {
        NEIGHBOUR: _steps(plate, serial[-1]) if province else set(series(plate, 1)),
        ONE_STEP: {text for place in serial for text in _steps(plate, place)},
        LAST: changes[serial[-1]],
        LOOK_ALIKE: {
            _changed(plate, place, other)
            for place in serial
            for group in _ALIKE
            if plate[place] in group
            for other in group
            if other != plate[place]
        },
        SINGLE: {text for place in serial for text in changes[place]},
        PROVINCE: changes[0] if province else set(),
    }


def _steps(plate: str, place: int) -> set[str]:
    row = _DIGITS if plate[place] in _DIGITS else _LETTERS
    at = row.index(plate[place])
    return {_changed(plate, place, row[(at + step) % len(row)]) for step in (1, -1)}


def _changed(plate: str, place: int, other: str) -> str:
    return plate[:place] + other + plate[place + 1 :]
