"""Where in what was read of a line a VIN may stand. Pure."""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from agent.core.permit import vin as vins
from agent.vision.worker.vin.print_recogniser import BORDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.vision.worker.vin.print_recogniser import ReadLine

_TITLE: Final = re.compile(r"V1N(?:N0|C0DE)?(?=.{15,19}$)")
"""The word VIN, as the network's characters spell it, before a VIN without a border between."""
SLIPS: Final = 2
"""So many characters more or fewer a first look may see in a VIN."""
_IMPORT: Final = "1"
"""A leading I, which is the identifier of a VIN and no part of it; it is told from a 1 by the length alone."""
_GAP: Final = 2.5
"""A gap that is so much wider than those between most characters is a border too."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where in a view a VIN may stand, in columns.

    `start`, `end`: to the middle between it and what is beside it. `first`, `last`: of its first and last characters.
    `count`: of the whole view. `length`: how many characters it has, as far as the network says.
    """

    start: int
    end: int
    first: int
    last: int
    count: int
    length: int

    @property
    def pitch(self) -> float:
        """Columns from one character to the next."""
        return (self.last - self.first) / max(1, self.length - 1)

    @property
    def share(self) -> float:
        """How much of the view it takes."""
        return (self.last + 1 - self.first) / self.count


def vin_span(read: ReadLine) -> Span | None:
    """Where in a view a VIN may stand; None where nothing is like one.

    A word of 17 characters, or nearly; behind a leading I, or the word VIN.
    """
    best: tuple[int, int, int] | None = None
    for begins, end in _words(read):
        start = begins + _before_the_vin(read.text[begins:end])
        slips = abs(end - start - vins.LENGTH)
        if slips <= SLIPS and (best is None or slips < best[0]):
            best = slips, start, end
    if best is None:
        return None
    _, start, end = best
    places = read.places
    return Span(
        start=(places[start - 1] + places[start] + 1) // 2 if start else 0,
        end=(places[end - 1] + places[end] + 1) // 2 if end < len(places) else len(read.columns),
        first=places[start],
        last=places[end - 1],
        count=len(read.columns),
        length=end - start,
    )


def _before_the_vin(word: str) -> int:
    """How many characters of a word stand before the VIN that it may hold: its title, or the identifier of a VIN."""
    title = _TITLE.match(word)
    if title:
        return title.end()
    return int(len(word) == vins.LENGTH + 1 and word.startswith(_IMPORT))


def _words(read: ReadLine) -> Iterator[tuple[int, int]]:
    """From where to where characters of VINs stand without a border between."""
    gaps = [after - before for before, after in pairwise(read.places)]
    widest = _GAP * statistics.median(gaps) if gaps else 0.0
    start = 0
    for at in range(len(read.text) + 1):
        ends = at == len(read.text) or read.text[at] == BORDER
        if ends or (at and gaps[at - 1] > widest):
            if at > start:
                yield start, at
            start = at + 1 if ends else at
