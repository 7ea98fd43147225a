"""How dark a picture is between the lightest and the darkest around each pixel, and how clear a grid of modules is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float32]
    Grid = tuple[Floats, Floats]
    """The middles of modules in pixels, x and y, by row and column."""

_LEAST_RANGE: Final = 6.0
"""Grey levels: half of the least difference between dark and light that counts as full."""


def tones_of(grey: NDArray[np.uint8], module_px: float) -> Floats:
    """How dark each pixel is between the lightest and darkest around, a few modules far: -1, light, to 1, dark."""
    smooth = cv2.GaussianBlur(grey, (0, 0), max(0.4, 0.22 * module_px))
    around = np.ones((int(5 * module_px) | 1,) * 2, np.uint8)
    even = (int(9 * module_px) // 2 | 1,) * 2
    low = cv2.blur(cv2.erode(smooth, around), even).astype(np.float32)
    high = cv2.blur(cv2.dilate(smooth, around), even).astype(np.float32)
    tones = ((low + high) / 2 - smooth) / np.maximum((high - low) / 2, _LEAST_RANGE)
    return np.clip(tones, -1, 1).astype(np.float32, copy=False)


def tones_at(tones: Floats, xs: Floats, ys: Floats) -> Floats:
    """The tones at places of any shape, in pixels; 0 outside the picture."""
    found = cv2.remap(tones, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return found.astype(np.float32, copy=False)


def clearness(tone: Floats, known: Floats) -> Floats:
    """How clearly each module is dark or light; one of a fixed part must be right, and counts double.

    `known`: 1 dark, -1 light, 0 where the content decides.
    """
    return np.where(known != 0, 2 * known * tone, np.abs(tone)).astype(np.float32, copy=False)
