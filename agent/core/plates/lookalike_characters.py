"""What looks the same on plates: O and 0, I and 1, and the flag of a country and the sign of a province.

The network separates the characters of such a pair more by habit than by shape. So a share for one of them also counts
in part for the other. If the formats allow only one of them in a position, that one is read. If they allow both, the
one that the network saw is more likely. A flag is no part of a number, and no number that begins with a digit has a
province before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.plates.chinese_formats import PROVINCES
from agent.core.plates.recogniser_columns import BLANK, Columns

if TYPE_CHECKING:
    from collections.abc import Mapping

_ZE: Final = "\N{CYRILLIC CAPITAL LETTER ZE}"
TWINS: Final[Mapping[str, str]] = {"0": "O", "O": "0", "1": "I", "I": "1", "3": _ZE, _ZE: "3"}
"""Each character with the one that looks like it; the Cyrillic letter stands on Mongolian plates."""
_PROVINCES: Final = frozenset(PROVINCES)
_FOLDED: Final = str.maketrans({"O": "0", "I": "1", _ZE: "3"})
TWIN_SHARE: Final = 0.3
"""How much of what was seen of a character counts for its twin too, where the likeliest text is looked for."""
RIVAL_SHARE: Final = 0.8
"""The same where texts are held against one another: more, so that no plate passes for one that only a twin parts."""


def folded(text: str) -> str:
    """The text with one character for each pair of twins: two that only twins part are the same then."""
    return text.translate(_FOLDED)


def with_twins(columns: Columns) -> Columns:
    """The columns in which each character has RIVAL_SHARE of its twin's share too; a column may then exceed 1."""
    return Columns(tuple(map(_with_twins, columns.shares)), columns.rest)


def _with_twins(shares: Mapping[str, float]) -> Mapping[str, float]:
    seen = shares.keys() & TWINS.keys()
    if not seen:
        return shares
    added = dict(shares)
    for character in seen:
        twin = TWINS[character]
        added[twin] = added.get(twin, 0.0) + RIVAL_SHARE * shares[character]
    return added


def without_provinces(columns: Columns) -> Columns:
    """The columns in which a province is nothing that is part of a number.

    So a flag with a country code before the number, as on plates of Kazakhstan, does not speak against the number.
    """
    return Columns(tuple(map(_without_provinces, columns.shares)), columns.rest)


def _without_provinces(shares: Mapping[str, float]) -> Mapping[str, float]:
    seen = shares.keys() & _PROVINCES
    if not seen:
        return shares
    left = {character: share for character, share in shares.items() if character not in seen}
    left[BLANK] = left.get(BLANK, 0.0) + sum(shares[character] for character in seen)
    return left
