"""Measures how a text looks in the picture. What follows from it: agent.core.plates.caption."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.core.plates import TextLook

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCKS: Final = 12
_AROUND: Final = 0.5
"""How much above and below a text is looked at, in its heights."""
_SKIPPED: Final = 0.15
"""So much of it next to the text is not: outlines are loose, and letters have shadows."""
_HEIGHT_PX: Final = 48
_MOST_WIDTH_PX: Final = 480
_SAMPLES: Final = 64
_OUTLINE_PX: Final = 7
"""Letters have a dark outline in many cameras, which is neither letter nor ground."""
_ALIKE: Final = 30.0
"""Distance in blue, green and red."""
_INK_SHARE: Final = 0.5
_RIM: Final = 0.9
_NO_TEXT: Final = TextLook(90.0, 0.0, 255.0, 0.0, 0.0, rim=True)


def look_of(pixels: NDArray[np.uint8], corners: NDArray[np.float32]) -> TextLook:
    """How the text within these corners looks.

    `pixels`: BGR, shape (height, width, 3). `corners`: shape (4, 2), clockwise from the top left, pixels.
    """
    tilt = max(_tilt_deg(corners[0], corners[1]), _tilt_deg(corners[3], corners[2]))
    view = _upright(pixels, corners)
    if view is None:
        return _NO_TEXT
    text, above, below = view
    grey = cv2.cvtColor(text, cv2.COLOR_BGR2GRAY)
    level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    light = grey > level
    if not light.any() or light.all():
        return _NO_TEXT
    bright = text[light].astype(np.float32)
    # The heart of the letters: their edges are mixed with what is behind.
    heart = bright[bright.mean(axis=1) >= np.quantile(bright.mean(axis=1), _INK_SHARE)]
    ink = np.median(heart, axis=0)
    ground = float(np.median(grey[~light]))
    return TextLook(
        tilt_deg=tilt,
        ink=float(ink.mean()),
        colour=float(ink.max() - ink.min()),
        contrast=float(ink.mean()) - ground,
        goes_on=_goes_on(text, above, below, light),
        rim=_has_rim(text, above, below),
    )


def _tilt_deg(begin: NDArray[np.float32], end: NDArray[np.float32]) -> float:
    across, down = float(end[0] - begin[0]), float(end[1] - begin[1])
    return abs(math.degrees(math.atan2(down, across)))


def _upright(
    pixels: NDArray[np.uint8], corners: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]] | None:
    """The text, and what is above and below it, of one size; what is outside the picture has no rows."""
    height, width = pixels.shape[:2]
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    left, right = max(0, round(float(left))), min(width, round(float(right)))
    top, bottom = max(0, round(float(top))), min(height, round(float(bottom)))
    if right - left < _BLOCKS or bottom - top < _BLOCKS:
        return None
    scale = min(1.0, _HEIGHT_PX / (bottom - top), _MOST_WIDTH_PX / (right - left))
    gap, strip = round((bottom - top) * _SKIPPED), round((bottom - top) * _AROUND)

    def part(begin: int, end: int) -> NDArray[np.uint8]:
        rows = pixels[max(0, begin) : max(0, min(height, end)), left:right]
        if not rows.size:
            return np.zeros((0, max(1, round((right - left) * scale)), 3), np.uint8)
        size = (max(1, round((right - left) * scale)), max(1, round(rows.shape[0] * scale)))
        return cv2.resize(rows, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)

    return part(top, bottom), part(top - strip, top - gap), part(bottom + gap, bottom + strip)


def _goes_on(
    text: NDArray[np.uint8], above: NDArray[np.uint8], below: NDArray[np.uint8], light: NDArray[np.bool_]
) -> float:
    """The share of the ground between the letters that is as something right above or below it."""
    letters = cv2.dilate(light.astype(np.uint8), np.ones((_OUTLINE_PX, _OUTLINE_PX), np.uint8)).astype(bool)
    alike = looked = 0
    for place in np.array_split(np.arange(text.shape[1]), _BLOCKS):
        ground = text[:, place][~letters[:, place]].astype(np.float32)
        around = np.concatenate([rows[:, place].reshape(-1, 3) for rows in (above, below)]).astype(np.float32)
        if not len(ground) or not len(around):
            continue
        around = around[:: max(1, len(around) // _SAMPLES)]
        nearest = np.linalg.norm(ground[:, None] - around[None], axis=2).min(axis=1)
        alike += int((nearest <= _ALIKE).sum())
        looked += len(ground)
    return alike / looked if looked else 0.0


def _has_rim(text: NDArray[np.uint8], above: NDArray[np.uint8], below: NDArray[np.uint8]) -> bool:
    """Whether a row near the upper or lower side differs all along from what is beyond it."""
    rows = max(2, round(text.shape[0] * _SKIPPED))
    for strip, near in ((above, text[:rows]), (below, text[-rows:])):
        if not strip.shape[0]:
            continue
        beyond = np.median(strip, axis=0)
        differs = np.linalg.norm(near.astype(np.float32) - beyond, axis=2) > _ALIKE
        if (differs.mean(axis=1) >= _RIM).any():
            return True
    return False
