"""Where a picture is full of edges, and which way they run: one map for the finders of bars and of Data Matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

CELL_PX: Final = 8
"""The side of a cell of the map: two or three are as high as the lowest bars that are read."""

_SMOOTHED_CELLS: Final = (3, 3)
_LEAST_ENERGY: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Texture:
    """The structure tensor of a picture, averaged over cells, shape (height / 8, width / 8).

    `energy`: mean square of the gradient, squared grey levels a pixel. `coherence`: 0, edges of all directions, to 1,
    of one. `cosine`, `sine`: of twice the angle at which the brightness changes, so that both sides of a bar count
    alike.
    """

    energy: Floats
    coherence: Floats
    cosine: Floats
    sine: Floats


def texture_of(grey: Pixels) -> Texture:
    """The texture of a grey picture, shape (height, width), 8 bit, at least one cell large."""
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=1 / 8)
    xx, yy, xy = _cells(across * across), _cells(down * down), _cells(across * down)
    energy = xx + yy
    cosine, sine = xx - yy, 2 * xy
    length = cv2.magnitude(cosine, sine)
    return Texture(
        energy=energy,
        coherence=_floats(length / np.maximum(energy, _LEAST_ENERGY)),
        cosine=_floats(cosine / np.maximum(length, _LEAST_ENERGY)),
        sine=_floats(sine / np.maximum(length, _LEAST_ENERGY)),
    )


def _cells(values: NDArray[np.float32]) -> Floats:
    """The means over cells, smoothed. What is left over at the right and lower edges counts for the last ones."""
    size = (max(1, values.shape[1] // CELL_PX), max(1, values.shape[0] // CELL_PX))
    return _floats(cv2.blur(cv2.resize(values, size, interpolation=cv2.INTER_AREA), _SMOOTHED_CELLS))


def _floats(values: NDArray[np.floating | np.integer]) -> Floats:
    return values.astype(np.float32, copy=False)
