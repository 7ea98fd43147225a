"""The formats of vehicle plates, and how a plate is written as text.

`chinese_formats` has the formats of China. `foreign_formats` has those of Kazakhstan and of other countries that use
its border. Any other plate of letters and digits has the generic Latin form.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from string import ascii_uppercase, digits
from typing import Final

from agent.core.plates.chinese_formats import CHINESE, MARKS, PROVINCES
from agent.core.plates.foreign_formats import FOREIGN, in_two_lines
from agent.core.plates.format_table import FormatTable
from agent.core.plates.grammar import Grammar
from agent.core.plates.plate_format import PlateFormat
from agent.core.plates.plate_kinds import PlateKind

__all__ = [
    "FORMATS",
    "GENERIC",
    "MARKS",
    "PROVINCES",
    "STRICT",
    "STRICT_TABLE",
    "TWO_LINES",
    "Grammar",
    "PlateFormat",
    "PlateKind",
    "is_plate_text",
    "kinds_of",
    "normalise",
]

_LATIN: Final = digits + ascii_uppercase

STRICT: Final[tuple[PlateFormat, ...]] = CHINESE + FOREIGN
"""The formats that say something about the place of each character."""

STRICT_TABLE: Final = FormatTable(STRICT)
"""The same, to ask which of them a number has."""

GENERIC: Final[tuple[PlateFormat, ...]] = tuple(
    PlateFormat(PlateKind.LATIN, (_LATIN,) * length, 0.01) for length in (5, 6, 7, 8, 9)
)
"""Any Latin plate. The small prior keeps it from winning over a Chinese plate whose province is hard to read."""

FORMATS: Final = STRICT + GENERIC
"""Everything that a plate of one line may bear."""

TWO_LINES: Final[tuple[PlateFormat, ...]] = (
    *[plate for plate in CHINESE if plate.places[0] == PROVINCES or plate.kind is PlateKind.ARMED_POLICE],
    *in_two_lines(),
    *GENERIC,
)
"""What a plate of two lines may bear, in the order of print: the upper line, then the lower one."""

_BETWEEN: Final = " -.·•‧・"
_TO_DIGIT: Final = {"O": "0", "I": "1"}
_TO_LETTER: Final = {"0": "O", "1": "I"}
_CYRILLIC: Final = str.maketrans("АВЕКМНОРСТУХІ", "ABEKMHOPCTYXI")  # noqa: RUF001 - keyboards there are Cyrillic


@lru_cache(maxsize=1024)
def normalise(text: str) -> str:
    """The number of a plate as it is compared everywhere.

    Compatibility forms folded (NFKC), upper case, everything but letters and digits removed, Cyrillic letters that
    look Latin made Latin, kind marks (临 试 超) moved out, I and O made 1 and 0 where the format has no such letters,
    and one 0 or 1 made a letter where the format has no digits. Idempotent. A text of no known format is only cleaned.
    """
    number, _ = _cleaned(text)
    return _folded(number)


def is_plate_text(text: str) -> bool:
    """Whether a text is written as a plate is.

    Letters and digits with at most spaces, hyphens and dots between them.
    """
    bare = text.strip()
    return any(map(str.isalnum, bare)) and all(one.isalnum() or one in _BETWEEN for one in bare)


def kinds_of(text: str) -> tuple[PlateKind, ...]:
    """The kinds whose format the text has, likeliest first; LATIN only when nothing else fits, empty when none does."""
    number, marks = _cleaned(text)
    number = _folded(number)
    fitting = [plate for plate in STRICT_TABLE.fitting(number) if (not plate.mark) == (not marks)]
    if marks:
        fitting = [plate for plate in fitting if plate.mark in marks]
    found = fitting or [plate for plate in GENERIC if plate.fits(number)]
    return tuple(dict.fromkeys(plate.kind for plate in found))


def _cleaned(text: str) -> tuple[str, str]:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper()).translate(_CYRILLIC)
    bare = "".join(character for character in folded if character.isalnum())
    number = bare.strip("".join(MARKS))
    return number, bare.replace(number, "", 1) if number else bare


def _folded(number: str) -> str:
    if STRICT_TABLE.fits_any(number):
        return number
    written = [character + _TO_DIGIT.get(character, "") + _TO_LETTER.get(character, "") for character in number]
    candidates = [_fold_into(number, plate) for plate in STRICT_TABLE.fitting(written)]
    fitting = [candidate for candidate in candidates if candidate is not None]
    return min(fitting, key=lambda candidate: _differences(candidate, number), default=number)


def _fold_into(number: str, plate: PlateFormat) -> str | None:
    places = list(zip(number, plate.places, strict=True))
    folded = "".join(c if c in allowed else _TO_DIGIT.get(c, c) for c, allowed in places)
    places = list(zip(folded, plate.places, strict=True))
    wrong = [index for index, (c, allowed) in enumerate(places) if c not in allowed]
    # One letter at most, and never the first: a number of digits alone is no misspelt Kazakh plate.
    if len(wrong) == 1 and wrong[0] > 0:
        index = wrong[0]
        folded = folded[:index] + _TO_LETTER.get(folded[index], folded[index]) + folded[index + 1 :]
    return folded if plate.fits(folded) else None


def _differences(a: str, b: str) -> int:
    return sum(x != y for x, y in zip(a, b, strict=True))
