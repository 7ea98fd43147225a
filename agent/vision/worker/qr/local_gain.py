"""Gives the faint parts of a picture, dark ones above all, the full range of grey before a symbol is looked for there.

Engines take a neighbourhood of fewer than some 24 grey levels for empty ground: a code in the shade of a cabin is not
seen at all. Each part is stretched by its own darkest and lightest pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

_CELL_PX: Final = 8
_AROUND: Final = 5
"""How many cells around decide: a code with modules of two pixels has finder patterns of two cells."""
_FAINT: Final = 60.0
"""Grey levels from the darkest to the lightest: with more, engines see a symbol as it is."""
_LEAST_RANGE: Final = 14.0
"""With fewer there is only noise, which is not stretched any further."""
_NOTHING: Final = 7.0
_LEAST_CELLS: Final = 9


def stretched_where_faint(grey: Pixels) -> Pixels | None:
    """The picture with full contrast everywhere; None where no part of it is faint and yet not empty."""
    rows, columns = (length // _CELL_PX for length in grey.shape)
    if min(rows, columns) < _AROUND:
        return None
    cells = grey[: rows * _CELL_PX, : columns * _CELL_PX].reshape(rows, _CELL_PX, columns, _CELL_PX)
    around = np.ones((_AROUND, _AROUND), np.uint8)
    low = cv2.erode(cells.min(axis=(1, 3)), around)
    high = cv2.dilate(cells.max(axis=(1, 3)), around)
    reach = cv2.subtract(high, low)
    if int(((reach < _FAINT) & (reach > _NOTHING)).sum()) < _LEAST_CELLS:
        return None
    return _stretched(grey, low.astype(np.float32), high.astype(np.float32))


def _stretched(grey: Pixels, low: Floats, high: Floats) -> Pixels:
    """The picture stretched from the darkest to the lightest of its cells, which change smoothly from cell to cell."""
    size = (grey.shape[1], grey.shape[0])
    even = (_AROUND, _AROUND)
    floor = cv2.resize(cv2.blur(low, even), size, interpolation=cv2.INTER_LINEAR)
    gain = 255.0 / np.maximum(cv2.blur(high, even) - cv2.blur(low, even), _LEAST_RANGE)
    lifted = cv2.subtract(grey, floor, dtype=cv2.CV_32F)
    out = cv2.multiply(lifted, cv2.resize(gain, size, interpolation=cv2.INTER_LINEAR), dtype=cv2.CV_8U)
    return out.astype(np.uint8, copy=False)
