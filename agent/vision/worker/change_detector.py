"""The change detector: skips frames of an empty yard."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from agent.vision.worker.protocol import ChangeDetectorSettings

_GRID_PX = (96, 54)
_SAMPLED_PX = (480, 108)
"""Columns and rows that are looked at, about: to fetch a row from memory costs more than to look at more of it."""
_LONGEST_STEP_S = 1.0


class ChangeDetector:
    """Say of each frame whether it should be read.

    The frame, as a grid of 96x54 grey cells, is compared with a background that follows it slowly, so that day and
    night pass unnoticed and a parked vehicle fades into it. It opens at once when more than a share of the cells
    differ, stays open for a hold time after the last such frame, and lets one frame through every so often regardless,
    so that nothing can be missed for good. A step of the exposure changes all cells alike and is taken out first.
    """

    def __init__(self, settings: ChangeDetectorSettings) -> None:
        self._settings = settings
        self._least_cells = max(1, round(settings.changed_share * _GRID_PX[0] * _GRID_PX[1]))
        self._background: npt.NDArray[np.float32] | None = None
        self._seen_at = 0.0
        self._changed_at = -math.inf
        self._passed_at = -math.inf
        self._open = True
        self._still_s = 0.0
        self._grid: npt.NDArray[np.float32] | None = None
        self._kept: npt.NDArray[np.float32] | None = None
        self._since = -math.inf

    @property
    def open(self) -> bool:
        """Whether the last frame was in a time of change, and not only let through for a look."""
        return self._open

    @property
    def still_s(self) -> float:
        """For how long up to the last frame nothing has stood out from the background; 0 where something does in it."""
        return self._still_s

    def same_since(self, at: float) -> float:
        """The time from which on the picture has been that of the last frame, noise and the light apart.

        `at` is its own.
        """
        if self._grid is None:
            return at
        if self._kept is None or self._stands_out(self._grid - self._kept):
            self._kept, self._since = self._grid, at
        return self._since

    def passes(self, pixels: npt.NDArray[np.uint8], at: float) -> bool:
        """Whether to read this BGR frame, shape (height, width, 3), that came at this monotonic time."""
        settings = self._settings
        if not settings.enabled:
            return True
        self._grid = _grid(pixels)
        if self._differs(self._grid, at):
            self._changed_at = at
        self._still_s = at - self._changed_at
        self._open = self._still_s <= settings.hold_s
        if not self._open and at - self._passed_at < settings.look_every_s:
            return False
        self._passed_at = at
        return True

    def _differs(self, grid: npt.NDArray[np.float32], at: float) -> bool:
        background = self._background
        if background is None:
            self._background, self._seen_at = grid.copy(), at
            return True
        difference = grid - background
        # The first picture after a gap must not become the background at a stroke: it may show a vehicle.
        step_s = min(max(0.0, at - self._seen_at), _LONGEST_STEP_S)
        follow = 1.0 - math.exp(-step_s / self._settings.settle_s)
        self._seen_at = at
        cv2.accumulateWeighted(grid, background, follow)
        return self._stands_out(difference)

    def _stands_out(self, difference: npt.NDArray[np.float32]) -> bool:
        difference -= _median(difference)
        return int(np.count_nonzero(np.abs(difference) > self._settings.threshold)) >= self._least_cells


def _grid(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Mean green of each cell, from every few pixels only."""
    height, width = pixels.shape[:2]
    across, down = max(1, width // _SAMPLED_PX[0]), max(1, height // _SAMPLED_PX[1])
    sampled = np.ascontiguousarray(pixels[::down, ::across, 1])
    return cv2.resize(sampled, _GRID_PX, interpolation=cv2.INTER_AREA).astype(np.float32)


def _median(grid: npt.NDArray[np.float32]) -> np.float32:
    """The upper one of the middle two: quicker to find than their mean."""
    middle: np.float32 = np.partition(grid, grid.size // 2, axis=None)[grid.size // 2]
    return middle
