"""The likelihood of a recogniser's columns for a given text: exact, for any text.

CTC (Graves et al., 2006): the likelihood of a text is the sum over all ways to place it on the columns, with blanks and
repeats. The lattice knows nothing about plates or any other kind of text.
"""

from __future__ import annotations

from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING, Final, TypeAlias

from agent.core.plates.recogniser_columns import BLANK, Columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Layer: TypeAlias = "tuple[list[float], list[float]]"
"""Before each column, and behind the last: how likely a beginning is laid and a blank stands, and how likely it is
laid."""
Strips: TypeAlias = "list[tuple[int, float]]"
"""Places of columns, with the share of one character there."""

LEAST: Final = 1e-300
"""What no text is less likely than: a logarithm must be had of it."""


class Lattice:
    """All ways to lay texts over the columns of one frame; what texts have in common is worked out once, and kept."""

    def __init__(self, columns: Columns) -> None:
        """Take the columns; nothing is worked out yet."""
        self._strips = _strips(columns)
        self._before = _Side(columns)
        self._behind = _Side(Columns(columns.shares[::-1], columns.rest[::-1]))

    def likelihood(self, text: str) -> float:
        """The likelihood of the columns if this text stands there."""
        return self._before.layer(text)[1][-1]

    def replaced(self, text: str, place: int, allowed: frozenset[str]) -> Iterator[tuple[str, float]]:
        """Each other character of `allowed` that could stand at one place instead, with the likelihood of that text.

        Only characters that the columns list; any other is as good as impossible.
        """
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
