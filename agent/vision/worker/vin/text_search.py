"""The likeliest texts that the columns of a recogniser allow, whatever they are: a beam search over CTC prefixes.

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


def likely_texts(columns: NDArray[np.float64], longest: int) -> list[tuple[str, float]]:
    """Texts with their probabilities, best first, 16 at most; none of more than `longest` characters.

    `columns`: shape (columns, 78), the share of each class in each; what has no share there cannot be in a text.
    """
    beams: dict[tuple[int, ...], _Prefix] = {(): _Prefix(blank=1.0)}
    for column in columns:
        beams = _advanced(beams, column, longest)
    found = [("".join(ALPHABET[index - 1] for index in prefix), beam.total) for prefix, beam in beams.items()]
    return sorted((one for one in found if one[1] > 0), key=lambda one: -one[1])


def _advanced(
    beams: dict[tuple[int, ...], _Prefix], column: NDArray[np.float64], longest: int
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
        if len(prefix) == longest:
            continue
        for index in likely:
            longer = after.setdefault((*prefix, index), _Prefix())
            # The same character again needs a blank between.
            longer.last += (beam.blank if prefix and prefix[-1] == index else beam.total) * values[index]
    return dict(sorted(after.items(), key=lambda item: -item[1].total)[:_WIDTH])
