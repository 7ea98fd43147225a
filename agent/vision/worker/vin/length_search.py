"""The likeliest texts of a known length that columns of a recogniser allow: a beam search over CTC prefixes.

CTC (Graves et al., 2006): the probability of a text is the sum over all ways to lay it, with blanks and repeats, over
the columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from agent.core.plates import ALPHABET

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WIDTH: Final = 16
_NEGLIGIBLE: Final = 1e-4
_FLOOR: Final = 1e-7
"""Below this a network's shares are noise."""


@dataclass(slots=True)
class _Prefix:
    """A beginning of a text: how likely it ends in a blank, or in its last character."""

    blank: float = 0.0
    last: float = 0.0

    @property
    def total(self) -> float:
        return self.blank + self.last


def texts_of_length(columns: NDArray[np.float64], length: int) -> list[tuple[str, float]]:
    """Texts of so many characters with their probabilities, best first; few, or none.

    `columns`: shape (columns, 78), the share of each class in each; what has no share there cannot be in a text.
    """
    beams: dict[tuple[int, ...], _Prefix] = {(): _Prefix(blank=1.0)}
    for number, column in enumerate(columns):
        beams = _advanced(beams, column, length, left=len(columns) - number - 1)
    found = [
        ("".join(ALPHABET[index - 1] for index in prefix), beam.total)
        for prefix, beam in beams.items()
        if len(prefix) == length
    ]
    return sorted(found, key=lambda one: -one[1])


def _advanced(
    beams: dict[tuple[int, ...], _Prefix], column: NDArray[np.float64], length: int, left: int
) -> dict[tuple[int, ...], _Prefix]:
    values = column.tolist()
    blank = max(values[0], _FLOOR)
    likely = [int(index) for index in np.flatnonzero(column > _NEGLIGIBLE) if index]
    after: dict[tuple[int, ...], _Prefix] = {}
    for prefix, beam in beams.items():
        stay = after.setdefault(prefix, _Prefix())
        stay.blank += beam.total * blank
        if prefix:
            stay.last += beam.last * max(values[prefix[-1]], _FLOOR)
        if len(prefix) == length:
            continue
        for index in likely:
            longer = after.setdefault((*prefix, index), _Prefix())
            # The same character again needs a blank between.
            longer.last += (beam.blank if prefix and prefix[-1] == index else beam.total) * values[index]
    # What has too few columns left can no longer become long enough.
    reachable = [(prefix, beam) for prefix, beam in after.items() if len(prefix) + left >= length]
    return dict(sorted(reachable, key=lambda item: -item[1].total)[:_WIDTH])
