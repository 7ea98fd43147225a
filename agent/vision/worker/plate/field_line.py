"""Finds the line that parts the region from the number: it goes from edge to edge, which no character does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.core.plates import RegionField

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIZE_PX: Final = (260, 56)
_ROWS: Final = slice(6, 50)
"""Without the margin and the border, where every column is dark."""
_LEFT: Final = slice(36, 70)
_RIGHT: Final = slice(180, 224)
"""Where the lines of fields stand: Uzbekistan's and Kyrgyzstan's; Kazakhstan's and Russia's."""
_AROUND_PX: Final = 15
_LINE: Final = 0.9
"""Least share of a column's pixels that are darker than what is left and right of them."""
_DARKER: Final = 10
_LEAST_CONTRAST: Final = 24


def region_field(flat: NDArray[np.uint8]) -> RegionField | None:
    """On which side of a flattened plate of one line, BGR, a line parts a field; None where too little can be seen.

    Lines are darker than a light ground, or lighter than a dark one.
    """
    grey = cv2.resize(cv2.cvtColor(flat, cv2.COLOR_BGR2GRAY), _SIZE_PX, interpolation=cv2.INTER_AREA)[_ROWS]
    low, middle, high = (float(value) for value in np.percentile(grey, (8, 50, 92)))
    if high - low < _LEAST_CONTRAST:
        return None
    signed = grey.astype(np.int16) if high - middle < middle - low else 255 - grey.astype(np.int16)
    # What is darker than its surroundings to either side, and no wider than a line is.
    wide = np.full(_AROUND_PX, 1 / _AROUND_PX, np.float32)
    ground = cv2.filter2D(signed.astype(np.float32), -1, wide[None])
    shares = (ground - signed > _DARKER).mean(axis=0)
    left, right = float(shares[_LEFT].max()), float(shares[_RIGHT].max())
    if max(left, right) < _LINE:
        return RegionField.NONE
    return RegionField.LEFT if left >= right else RegionField.RIGHT
