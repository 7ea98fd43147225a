"""Cheap measures of a picture: light, contrast, sharpness, glare and noise."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

SMALL_PX: Final = (128, 72)
_SATURATED = 250
_STRONGEST_SHARE = 0.01
_STRONGEST_OF_NOISE = 2.9
"""Mean of the strongest hundredth of normal noise, in deviations."""
_CELLS = (16, 9)
_QUIET_SHARE = 0.1
_LIT = (6.0, 240.0)
_LAPLACIAN_GAIN = math.sqrt(20.0)
"""By how much the Laplacian 0 1 0, 1 -4 1, 0 1 0 raises the deviation of noise: the root of its summed squares."""
_HALVING = 2.0


@dataclass(frozen=True, slots=True)
class Measures:
    """`brightness`: mean grey, 0..255. `contrast`: deviation of grey. `sharpness`: the strongest edges over contrast.

    Sharpness is the mean of the strongest hundredth of the Laplacian at half size, where edges outweigh the sensor's
    noise, less what that noise adds, over the contrast. `glare`: share of saturated pixels. `noise`: deviation of the
    noise at full size, in grey levels, in the quietest tenth of the picture that is neither black nor white; rain and
    snow count as well. `unrest`: the same of the middle of all parts, to be compared with what is usual: rain and snow
    do not show against the sky. `small`: the picture in grey, 128x72, or None.
    """

    brightness: float
    contrast: float
    sharpness: float
    glare: float = 0.0
    noise: float = 0.0
    unrest: float = 0.0
    width_px: int = 0
    height_px: int = 0
    small: npt.NDArray[np.float32] | None = field(default=None, compare=False, repr=False)


def measured(pixels: npt.NDArray[np.uint8]) -> Measures:
    """Measure a BGR picture, shape (height, width, 3), of at least one pixel; about 2 ms at 1080p."""
    height_px, width_px = pixels.shape[:2]
    half = (max(1, width_px // 2), max(1, height_px // 2))
    grey = cv2.resize(cv2.extractChannel(pixels, 1), half, interpolation=cv2.INTER_AREA)
    mean, deviation = cv2.meanStdDev(grey)
    edges = cv2.convertScaleAbs(cv2.Laplacian(grey, cv2.CV_16S))
    small = _shrunk(grey)
    of_noise, of_unrest = _of_noise(small, edges)
    strongest = math.sqrt(max(0.0, _strongest(edges) ** 2 - (_STRONGEST_OF_NOISE * of_noise) ** 2))
    contrast = float(deviation[0, 0])
    return Measures(
        brightness=float(mean[0, 0]),
        contrast=contrast,
        sharpness=strongest / (contrast + 1.0),
        glare=float(np.count_nonzero(grey >= _SATURATED)) / grey.size,
        noise=_HALVING * of_noise / _LAPLACIAN_GAIN,
        unrest=_HALVING * of_unrest / _LAPLACIAN_GAIN,
        width_px=width_px,
        height_px=height_px,
        small=small.astype(np.float32),
    )


def _shrunk(grey: cv2.typing.MatLike) -> cv2.typing.MatLike:
    """A grey picture as one of SMALL_PX.

    Halved while it can be, which is many times as quick as any other shrinking.
    """
    while grey.shape[1] >= 2 * SMALL_PX[0] and grey.shape[0] >= 2 * SMALL_PX[1]:
        grey = cv2.resize(grey, (grey.shape[1] // 2, grey.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return cv2.resize(grey, SMALL_PX, interpolation=cv2.INTER_AREA)


def _of_noise(small: cv2.typing.MatLike, edges: cv2.typing.MatLike) -> tuple[float, float]:
    """The deviation of the Laplacian in the quietest cells and in the middle one (after Immerkaer, 1996).

    0 where all is black or white.
    """
    light = cv2.resize(small, _CELLS, interpolation=cv2.INTER_AREA).ravel()
    stirred = cv2.resize(edges, _CELLS, interpolation=cv2.INTER_AREA).ravel()
    stirred = stirred[(light > _LIT[0]) & (light < _LIT[1])]
    if not stirred.size:
        return 0.0, 0.0
    quiet, middle = np.quantile(stirred, (_QUIET_SHARE, 0.5)) * math.sqrt(math.pi / 2)
    return float(quiet), float(middle)


def _strongest(edges: cv2.typing.MatLike) -> float:
    """The mean of the strongest hundredth."""
    falling = cv2.calcHist([edges], [0], None, [256], [0, 256]).ravel()[::-1]
    last = int(np.searchsorted(np.cumsum(falling), _STRONGEST_SHARE * edges.size))
    weights = falling[: last + 1]
    return float(np.dot(weights, np.arange(255, 254 - last, -1)) / max(1.0, weights.sum()))
