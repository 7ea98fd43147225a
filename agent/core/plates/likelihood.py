"""How likely a picture is if a given number stands on the plate: exact, for any number, from the recogniser's columns.

CTC (Graves et al., 2006): the likelihood of a text is the sum over all ways to lay it, with blanks and repeats, over
the columns.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING, Final, TypeAlias

from agent.core.plates.formats import FORMATS, TWO_LINES, Grammar, PlateFormat
from agent.core.plates.recogniser_columns import BLANK, Columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Layer: TypeAlias = "tuple[list[float], list[float]]"
"""Before each column, and behind the last: how likely a beginning is laid and a blank stands, and how likely it is
laid."""
Strips: TypeAlias = "list[tuple[int, float]]"
"""Places of columns, with the share of one character there."""

_ONE_LINE: Final = Grammar(FORMATS)
_TWO_LINES: Final = Grammar(TWO_LINES)
_LEAST: Final = 1e-300


class Lattice:
    """All ways to lay texts over the columns of one frame; what texts have in common is worked out once, and kept."""

    def __init__(self, columns: Columns) -> None:
        """Take the columns; nothing is worked out yet."""
        self._strips = _strips(columns)
        self._before = _Side(columns)
        self._behind = _Side(Columns(columns.shares[::-1], columns.rest[::-1]))

    def log_likelihood(self, number: str, *, two_lines: bool = False) -> float:
        """Natural logarithm of the likelihood of a plate with this number, printed in the likeliest way it can be."""
        forms = printed_forms(number, two_lines=two_lines)
        return math.log(max(_LEAST, *(self._likelihood(printed) for printed, _ in forms)))

    def around(self, number: str, *, two_lines: bool = False) -> dict[str, float]:
        """The log likelihood of `number`, and of the numbers that differ from it in one character and have a format.

        Only characters that the columns list; any other is as good as impossible.
        """
        found: dict[str, float] = {}
        for printed, plate in printed_forms(number, two_lines=two_lines):
            found[number] = max(found.get(number, 0.0), self._likelihood(printed))
            possible = _allowed(printed, two_lines)[: len(number)]  # the mark behind it stays
            for place, allowed in enumerate(possible):
                at = plate.printed_order.index(place) if plate else place
                head, tail = number[:at], number[at + 1 :]
                for other, likelihood in self._replaced(printed, place, allowed):
                    name = head + other + tail
                    if likelihood >= found.get(name, 0.0):
                        found[name] = likelihood
        return {name: math.log(max(likelihood, _LEAST)) for name, likelihood in found.items()}

    def _likelihood(self, text: str) -> float:
        return self._before.layer(text)[1][-1]

    def _replaced(self, text: str, place: int, allowed: frozenset[str]) -> Iterator[tuple[str, float]]:
        """Each character that could stand at one place instead, with the likelihood of that text."""
        entering = self._before.layer(text[:place])
        leaving = tuple(layer[-2::-1] for layer in self._behind.layer(text[:place:-1]))
        for character in allowed & self._strips.keys() - {text[place]}:
            # Between two alike a blank must stand.
            ways_in = entering[text[place - 1 : place] != character]
            ways_out = leaving[text[place + 1 : place + 2] != character]
            yield character, _laid(self._strips[character], ways_in, ways_out)


class _Side:
    """The columns from one end on, and the forward variables (Graves et al.) of all beginnings of texts asked for."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._kept_shares: dict[str, list[float]] = {}
        self._empty = self._shares(BLANK)
        before = list(accumulate(self._empty, mul, initial=1.0))
        self._layers: dict[str, Layer] = {"": (before, before)}

    def layer(self, text: str) -> Layer:
        """How likely the columns show this beginning of a text up to each column."""
        found = self._layers.get(text)
        if found is None:
            found = self._layers[text] = self._follow(*self.layer(text[:-1]), text)
        return found

    def _follow(self, blank: list[float], either: list[float], text: str) -> Layer:
        """The layer of a text from that of the text without its last character."""
        entering = blank if text[-2:-1] == text[-1] else either  # between two alike a blank must stand
        itself = behind = 0.0
        blanks, eithers = [0.0], [0.0]
        for enters, share, empty in zip(entering[:-1], self._shares(text[-1]), self._empty, strict=True):
            behind = (behind + itself) * empty
            itself = (itself + enters) * share
            blanks.append(behind)
            eithers.append(behind + itself)
        return blanks, eithers

    def _shares(self, character: str) -> list[float]:
        """The share of one character in each column."""
        kept = self._kept_shares.get(character)
        if kept is None:
            columns = self._columns
            kept = self._kept_shares[character] = [
                shares.get(character, rest) for shares, rest in zip(columns.shares, columns.rest, strict=True)
            ]
        return kept


@lru_cache(maxsize=1024)
def printed_forms(number: str, *, two_lines: bool) -> tuple[tuple[str, PlateFormat | None], ...]:
    """The texts that a plate with this number may bear, its mark included; the number itself when it has no format."""
    forms: dict[str, PlateFormat | None] = {}
    for plate in TWO_LINES if two_lines else FORMATS:
        if len(plate.places) != len(number):
            continue
        order = sorted(range(len(number)), key=plate.printed_order.__getitem__)
        printed = "".join(number[place] for place in order)
        if plate.fits(printed):
            forms.setdefault(printed + plate.mark, plate)
    return tuple(forms.items()) or ((number, None),)


@lru_cache(maxsize=1024)
def _allowed(printed: str, two_lines: bool) -> tuple[frozenset[str], ...]:
    """For each place the characters that could stand there."""
    grammar = _TWO_LINES if two_lines else _ONE_LINE
    return tuple(grammar.alternatives(printed, place) for place in range(len(printed)))


def _strips(columns: Columns) -> dict[str, Strips]:
    """For each character that is listed somewhere, where it is, and with what share."""
    found: dict[str, Strips] = {}
    for at, shares in enumerate(columns.shares):
        for character, share in shares.items():
            found.setdefault(character, []).append((at, share))
    found.pop(BLANK, None)
    return found


def _laid(strips: Strips, entering: Sequence[float], leaving: Sequence[float]) -> float:
    """The likelihood with a character in one state: over all runs of columns that it could take."""
    total = occupied = 0.0
    last = -2
    for at, share in strips:
        occupied = ((occupied if at == last + 1 else 0.0) + entering[at]) * share
        total += occupied * leaving[at]
        last = at
    return total
