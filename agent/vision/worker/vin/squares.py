"""Finds the parts of a picture that are full of edges of all directions, as a Data Matrix is, and cuts them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.vin.texture import CELL_PX

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.vision.worker.vin.texture import Texture

    Pixels = NDArray[np.uint8]

Corners = tuple[tuple[float, float], ...]

_WINDOWS: Final = ((5, 3.0), (9, 2.0), (15, 1.5))
"""The sides of the parts, in cells, and how often each is enlarged: a symbol has some 24 modules a side, and an engine
wants three pixels of each."""
_MOST_OF_A_SIZE: Final = 4
_LEAST_EDGES: Final = 5.0
"""Mean gradient, grey levels a pixel, of a symbol with some 20 grey levels between dark and light."""
_MARGIN: Final = 1.7


@dataclass(frozen=True, slots=True)
class Square:
    """A part of a picture, enlarged. `pixels`: grey. `left`, `top`: where it begins in the picture."""

    pixels: Pixels
    left: int
    top: int
    scale: float

    def in_picture(self, corners: Corners) -> Corners:
        """Points of the part as they stand in the picture."""
        shift = 0.5 - 0.5 / self.scale
        return tuple((self.left + x / self.scale - shift, self.top + y / self.scale - shift) for x, y in corners)


def squares(grey: Pixels, texture: Texture) -> list[Square]:
    """The parts of the picture that may hold a small Data Matrix, 4 of each of three sizes at most."""
    edges = np.sqrt(texture.energy * np.clip(1 - texture.coherence, 0, 1)).astype(np.float32, copy=False)
    return [
        _cut(grey, x, y, cells * CELL_PX * _MARGIN, scale) for cells, scale in _WINDOWS for x, y in _peaks(edges, cells)
    ]


def _peaks(edges: NDArray[np.float32], cells: int) -> list[tuple[float, float]]:
    """The middles, in pixels, of the windows that hold more edges than any beside them; the most first."""
    means = cv2.blur(edges, (cells, cells), borderType=cv2.BORDER_CONSTANT)
    most = cv2.dilate(means, np.ones((cells, cells), np.uint8))
    rows, columns = np.nonzero((means >= most) & (means > _LEAST_EDGES))
    order = np.argsort(-means[rows, columns])[:_MOST_OF_A_SIZE]
    return [((float(columns[i]) + 0.5) * CELL_PX, (float(rows[i]) + 0.5) * CELL_PX) for i in order]


def _cut(grey: Pixels, x: float, y: float, side_px: float, scale: float) -> Square:
    left, top = max(0, round(x - side_px / 2)), max(0, round(y - side_px / 2))
    part = grey[top : round(y + side_px / 2), left : round(x + side_px / 2)]
    enlarged = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return Square(enlarged.astype(np.uint8, copy=False), left, top, scale)
