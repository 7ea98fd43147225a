"""What the network shall say of a picture, as arrays: the heat of plates' centres and the way to their corners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from training.detector.heat import OFFSET_PX, STRIDE_PX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SPREAD: Final = 0.17
"""The deviation of the heat as a fraction of the plate's width and height."""
_LEAST_SPREAD_PX: Final = 0.55 * STRIDE_PX
_NEAR: Final = 0.35


@dataclass(frozen=True, slots=True)
class Targets:
    """For a picture of h x w cells of STRIDE_PX pixels, all float32.

    `heat`: (h, w), 1 at the cell of a plate's centre, falling off around. `offsets`: (8, h, w), from the cell's middle
    to the corners, x then y, clockwise from the top left, in OFFSET_PX. `weight`: (h, w), how much the offsets of a
    cell count: OFFSET_PX over the plate's height in pixels, so that an error counts by how much of the height it is.
    """

    heat: NDArray[np.float32]
    offsets: NDArray[np.float32]
    weight: NDArray[np.float32]


def encode(corners: Sequence[NDArray[np.float32]], size_px: tuple[int, int]) -> Targets:
    """The targets of a picture of `size_px` (width, height). Plates as corners, shape (4, 2), in pixels."""
    columns, rows = size_px[0] // STRIDE_PX, size_px[1] // STRIDE_PX
    y, x = np.mgrid[0:rows, 0:columns]
    middles = np.stack([x + 0.5, y + 0.5], axis=-1).astype(np.float32) * STRIDE_PX
    heat = np.zeros((rows, columns), np.float32)
    offsets = np.zeros((8, rows, columns), np.float32)
    weight = np.zeros((rows, columns), np.float32)
    for plate in corners:
        own = _warmth(plate, middles)
        nearer = own > heat
        heat = np.maximum(heat, own)
        near = nearer & (own >= _NEAR)
        along = (plate.reshape(1, 1, 8) - np.tile(middles, 4)) / OFFSET_PX
        offsets[:, near] = along[near].T
        weight[near] = OFFSET_PX / _sides(plate)[1]
    return Targets(heat, offsets, weight)


def _sides(plate: NDArray[np.float32]) -> tuple[float, float]:
    """Width and height of an outline: the means of its opposite sides, at least 1 px."""
    top, right, bottom, left = np.linalg.norm(np.roll(plate, -1, axis=0) - plate, axis=1)
    return max(1.0, float(top + bottom) / 2), max(1.0, float(right + left) / 2)


def _warmth(plate: NDArray[np.float32], middles: NDArray[np.float32]) -> NDArray[np.float32]:
    """A Gaussian along the plate's own axes, 1 at the cell that holds its centre."""
    width, height = _sides(plate)
    centre = plate.mean(axis=0)
    along = (plate[1] + plate[2] - plate[0] - plate[3]) / 2
    along = along / max(1e-6, float(np.linalg.norm(along)))
    apart = middles - centre
    u, v = apart @ along, apart @ np.array([-along[1], along[0]])
    spread_u, spread_v = max(_LEAST_SPREAD_PX, _SPREAD * width), max(_LEAST_SPREAD_PX, _SPREAD * height)
    warmth: NDArray[np.float32] = np.exp(-((u / spread_u) ** 2 + (v / spread_v) ** 2) / 2).astype(np.float32)
    column, row = np.floor(centre / STRIDE_PX).astype(int)
    rows, columns = warmth.shape
    if 0 <= row < rows and 0 <= column < columns:
        warmth[row, column] = 1.0
    return warmth
