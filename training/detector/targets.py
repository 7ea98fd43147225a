"""What the network shall say of a picture, as arrays: the heat of plates' centres and the way to their corners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.plate.detector_peaks import OFFSET_PX, STRIDE_PX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SPREAD: Final = 0.17
"""The deviation of the heat as a fraction of the plate's width and height."""
_LEAST_SPREAD_PX: Final = 0.55 * STRIDE_PX
_NEAR: Final = 0.35
_MIDDLE: Final = 0.9
"""Cells as warm as this are the centre too: that of a large plate is no single cell."""
PLANES: Final = 6
"""Before the offsets in the stacked targets."""


@dataclass(frozen=True, slots=True)
class Targets:
    """For a picture of h x w cells of STRIDE_PX pixels, all float32, of shape (h, w) where nothing else is said.

    `heat`: 1 at the cell of a plate's centre, falling off around. `centre`: how much a cell counts as a centre; those
    of one plate add up to 1. `told`: 0 where a find would be neither right nor wrong, else 1. `share`: how much the
    offsets of a cell count; those of one plate add up to 1. `scale`: OFFSET_PX over the plate's height in pixels: an
    error is measured in heights. `boxed`: 1 where only the plate's upright box is known, and so only the outermost of
    the corners. `offsets`: (8, h, w), from the cell's middle to the corners, x then y, clockwise from the top left, in
    OFFSET_PX.
    """

    heat: NDArray[np.float32]
    centre: NDArray[np.float32]
    told: NDArray[np.float32]
    share: NDArray[np.float32]
    scale: NDArray[np.float32]
    boxed: NDArray[np.float32]
    offsets: NDArray[np.float32]

    def stacked(self) -> NDArray[np.float32]:
        """All in one array, (PLANES + 8, h, w), in this order."""
        planes = np.stack([self.heat, self.centre, self.told, self.share, self.scale, self.boxed])
        return np.concatenate([planes, self.offsets])


def encode(
    corners: Sequence[NDArray[np.float32]],
    size_px: tuple[int, int],
    boxes: Sequence[NDArray[np.float32]] = (),
    told: NDArray[np.uint8] | None = None,
) -> Targets:
    """The targets of a picture of `size_px` (width, height); plates and `told` as in Labelled."""
    columns, rows = size_px[0] // STRIDE_PX, size_px[1] // STRIDE_PX
    y, x = np.mgrid[0:rows, 0:columns]
    middles = np.stack([x + 0.5, y + 0.5], axis=-1).astype(np.float32) * STRIDE_PX
    heat, centre, share, scale, boxed = (np.zeros((rows, columns), np.float32) for _ in range(5))
    offsets = np.zeros((8, rows, columns), np.float32)
    for place, plate in enumerate([*corners, *boxes]):
        own = _warmth(plate, middles)
        nearer = own > heat
        heat = np.maximum(heat, own)
        near = nearer & (own >= _NEAR)
        middle = nearer & (own >= _MIDDLE)
        along = (plate.reshape(1, 1, 8) - np.tile(middles, 4)) / OFFSET_PX
        offsets[:, near] = along[near].T
        share[near] = 1 / max(1, near.sum())
        scale[near] = OFFSET_PX / _sides(plate)[1]
        boxed[near] = place >= len(corners)
        centre[nearer] = 0
        centre[middle] = 1 / max(1, middle.sum())
    return Targets(heat, centre, _told(told, (columns, rows)), share, scale, boxed, offsets)


def _told(told: NDArray[np.uint8] | None, size: tuple[int, int]) -> NDArray[np.float32]:
    if told is None:
        return np.ones(size[::-1], np.float32)
    shrunk = cv2.resize(told, size, interpolation=cv2.INTER_AREA)
    return (shrunk > 127).astype(np.float32)


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
