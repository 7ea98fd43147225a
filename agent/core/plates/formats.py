"""The formats of vehicle plates of China and Kazakhstan, and a generic Latin one; how a plate is written as a text.

China: GA 36-2018 as published in summaries. Kazakhstan: the series of 1993 and of 2012. Where no official serial
grammar is public (temporary plates, plates of foreign owners and of diplomats), the format is wide.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from operator import contains
from string import ascii_uppercase, digits
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

PROVINCES: Final = "京沪津渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新"
_LETTERS: Final = ascii_uppercase.replace("I", "").replace("O", "")
_CITY: Final = _LETTERS + "O"  # O marks offices in some provinces
_SERIAL: Final = digits + _LETTERS
_ENERGY: Final = "DABCEFGHJK"  # D, A, B, C, E battery; F, G, H, J, K others
_LATIN: Final = digits + ascii_uppercase


class PlateKind(StrEnum):
    """What a plate is. CIVIL is a blue or yellow one whose colour is not known: the number alone does not tell."""

    CIVIL = "civil"
    CIVIL_BLUE = "civil_blue"
    CIVIL_YELLOW = "civil_yellow"
    NEW_ENERGY_SMALL = "new_energy_small"
    NEW_ENERGY_LARGE = "new_energy_large"
    POLICE = "police"
    TRAILER = "trailer"
    LEARNER = "learner"
    HONG_KONG = "hong_kong"
    MACAO = "macao"
    EMBASSY = "embassy"
    CONSULATE = "consulate"
    ARMED_POLICE = "armed_police"
    TEMPORARY = "temporary"
    TRIAL = "trial"
    OVERSIZED = "oversized"
    KAZAKHSTAN = "kazakhstan"
    KAZAKHSTAN_1993 = "kazakhstan_1993"
    KAZAKHSTAN_FOREIGN = "kazakhstan_foreign"
    LATIN = "latin"
    KAZAKHSTAN_DIPLOMATIC = "kazakhstan_diplomatic"


MARKS: Final = {"临": PlateKind.TEMPORARY, "试": PlateKind.TRIAL, "超": PlateKind.OVERSIZED}
"""Characters that stand for a kind and are no part of the number."""


@dataclass(frozen=True, slots=True)
class PlateFormat:
    """One format: `places[i]` holds the characters allowed at place i. `prior`: weight against the other formats.

    A `mark` is a character printed after the number; it tells the kind and is no part of the number. `order`: where
    the plate prints its groups in another order than the number has, the printed place of each character of the number.
    """

    kind: PlateKind
    places: tuple[str, ...]
    prior: float = 1.0
    mark: str = ""
    order: tuple[int, ...] = ()

    @property
    def printed_order(self) -> tuple[int, ...]:
        """The printed place of each character of the number."""
        return self.order or tuple(range(len(self.places)))

    def number(self, printed: str) -> str:
        """The number on a plate of this format that bears the text `printed`."""
        if not self.order:
            return printed[: len(self.places)]
        return "".join(printed[place] for place in self.order)

    def fits(self, text: str) -> bool:
        """Whether the number has this format."""
        return len(text) == len(self.places) and all(map(contains, self.places, text))


def _marked() -> list[PlateFormat]:
    """Temporary, trial and oversized plates; their serials are published nowhere, so any of four to six will do."""
    return [
        PlateFormat(kind, (PROVINCES, _CITY, *[_SERIAL] * length), 0.2, mark)
        for mark, kind in MARKS.items()
        for length in (4, 5, 6)
    ]


def _suffixed(kind: PlateKind, suffix: str) -> PlateFormat:
    return PlateFormat(kind, (PROVINCES, _CITY, *[_SERIAL] * 4, suffix))


STRICT: Final[tuple[PlateFormat, ...]] = (
    PlateFormat(PlateKind.CIVIL, (PROVINCES, _CITY, *[_SERIAL] * 5)),
    PlateFormat(PlateKind.NEW_ENERGY_SMALL, (PROVINCES, _LETTERS, _ENERGY, _SERIAL, *[digits] * 4)),
    PlateFormat(PlateKind.NEW_ENERGY_LARGE, (PROVINCES, _LETTERS, *[digits] * 5, _ENERGY)),
    _suffixed(PlateKind.POLICE, "警"),
    _suffixed(PlateKind.TRAILER, "挂"),
    _suffixed(PlateKind.LEARNER, "学"),
    PlateFormat(PlateKind.HONG_KONG, ("粤", "Z", *[_SERIAL] * 4, "港")),
    PlateFormat(PlateKind.MACAO, ("粤", "Z", *[_SERIAL] * 4, "澳")),
    PlateFormat(PlateKind.EMBASSY, ("使", *[digits] * 6)),
    PlateFormat(PlateKind.EMBASSY, (*[digits] * 6, "使"), 0.2),
    PlateFormat(PlateKind.CONSULATE, (PROVINCES, _SERIAL, *[digits] * 4, "领")),
    *[PlateFormat(PlateKind.ARMED_POLICE, ("W", "J", PROVINCES, *[digits] * (n - 1), _SERIAL), 0.2) for n in (5, 6, 7)],
    *_marked(),
    PlateFormat(PlateKind.KAZAKHSTAN, (*[digits] * 3, *[ascii_uppercase] * 3, "012", digits)),
    PlateFormat(PlateKind.KAZAKHSTAN, (*[digits] * 3, *[ascii_uppercase] * 2, "012", digits)),
    PlateFormat(PlateKind.KAZAKHSTAN_1993, (ascii_uppercase, *[digits] * 3, *[ascii_uppercase] * 3), 0.5),
    PlateFormat(PlateKind.KAZAKHSTAN_1993, (ascii_uppercase, *[digits] * 3, *[ascii_uppercase] * 2), 0.5),
    PlateFormat(PlateKind.KAZAKHSTAN_FOREIGN, (ascii_uppercase, *[digits] * 6), 0.5),
    *[PlateFormat(PlateKind.KAZAKHSTAN_DIPLOMATIC, ("DT", *[digits] * length), 0.2) for length in (5, 6, 7)],
)
"""The formats that say something about the place of each character."""

GENERIC: Final[tuple[PlateFormat, ...]] = tuple(
    PlateFormat(PlateKind.LATIN, (_LATIN,) * length, 0.02) for length in (5, 6, 7, 8, 9)
)
"""Any Latin plate. The small prior keeps it from winning over a Chinese plate whose province is hard to read."""

FORMATS: Final = STRICT + GENERIC
"""Everything that a plate of one line may bear."""

_TWO_LINES_AS_ONE: Final = frozenset(
    {
        PlateKind.ARMED_POLICE,
        PlateKind.KAZAKHSTAN_1993,
        PlateKind.KAZAKHSTAN_FOREIGN,
        PlateKind.KAZAKHSTAN_DIPLOMATIC,
    }
)
"""Kinds whose plates of two lines go on below where they stop above."""

TWO_LINES: Final[tuple[PlateFormat, ...]] = (
    *[plate for plate in STRICT if plate.places[0] == PROVINCES or plate.kind in _TWO_LINES_AS_ONE],
    # Digits above, the region below on the left, the letters below on the right.
    *[
        PlateFormat(
            PlateKind.KAZAKHSTAN,
            (*[digits] * 3, "012", digits, *[ascii_uppercase] * letters),
            order=(0, 1, 2, *range(5, 5 + letters), 3, 4),
        )
        for letters in (2, 3)
    ],
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
    fitting = [plate for plate in STRICT if plate.fits(number) and (not plate.mark) == (not marks)]
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
    possible = [plate for plate in STRICT if len(plate.places) == len(number)]
    if any(plate.fits(number) for plate in possible):
        return number
    candidates = [_fold_into(number, plate) for plate in possible]
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


class Grammar:
    """A set of formats as an automaton over prefixes: a state is the bit set of the formats that are still possible.

    The mark of a format is part of the text here, because it is printed on the plate and read like any character.
    """

    def __init__(self, formats: Sequence[PlateFormat]) -> None:
        self.formats = tuple(formats)
        self.start = (1 << len(self.formats)) - 1
        printed = [(*plate.places, *plate.mark) for plate in self.formats]
        self.length = max(len(places) for places in printed)
        self._steps: list[dict[str, int]] = [{} for _ in range(self.length)]
        self._complete = [0] * (self.length + 1)
        for bit, places in enumerate(printed):
            self._complete[len(places)] |= 1 << bit
            for place, allowed in enumerate(places):
                for character in allowed:
                    self._steps[place][character] = self._steps[place].get(character, 0) | 1 << bit

    def step(self, state: int, place: int, character: str) -> int:
        """The state after `character` at `place`; 0 when no format allows it."""
        return state & self._steps[place].get(character, 0) if place < self.length else 0

    def complete(self, state: int, length: int) -> tuple[PlateFormat, ...]:
        """The formats that a prefix of this state and length fulfils, the likeliest first."""
        bits = state & self._complete[length]
        fulfilled = [plate for bit, plate in enumerate(self.formats) if bits >> bit & 1]
        return tuple(sorted(fulfilled, key=lambda plate: -plate.prior))

    def follow(self, text: str) -> int:
        """The state after the whole text; 0 when no format allows it."""
        state = self.start
        for place, character in enumerate(text):
            state = self.step(state, place, character)
        return state

    def alternatives(self, text: str, place: int) -> frozenset[str]:
        """The characters that some format of this text's length allows at `place`, the others staying as they are."""
        if len(text) > self.length:
            return frozenset()
        others = self._complete[len(text)]
        for index, character in enumerate(text):
            if index != place:
                others &= self._steps[index].get(character, 0)
        return frozenset(character for character, bits in self._steps[place].items() if bits & others)
