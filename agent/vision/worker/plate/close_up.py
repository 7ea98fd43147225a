"""A second look for one plate, close up: the frame is shrunk for the first one, so small plates get loose corners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.plate.box import overlap
from agent.vision.worker.plate.detector import PlateBox

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.vision.worker.plate.box import Box
    from agent.vision.worker.plate.detector import PlateDetector

_PLATE_PX: Final = 128.0
"""How wide a plate is made for the second look: the detector's corners are tightest at about this size."""
_MOST_ENLARGED: Final = 2.0
_ASIDE: Final = 1.0
_ABOVE: Final = 0.5
_AT_LEAST_HIGH: Final = 0.3
"""How much is looked at around a plate: in its widths to either side, and above and below."""
_SMALLEST_PX: Final = 8
_SAME: Final = 0.3


def close_up(detector: PlateDetector, pixels: NDArray[np.uint8], first: PlateBox) -> PlateBox | None:
    """The plate of a detection as it is found in the frame's own pixels around it; None where it is not found there.

    `pixels`: BGR, shape (height, width, 3). Places are those of the frame.
    """
    left, top, right, bottom = _around(first.box, pixels)
    if right - left < _SMALLEST_PX or bottom - top < _SMALLEST_PX:
        return None
    scale = min(_MOST_ENLARGED, _PLATE_PX / first.box[2])
    size = (round((right - left) * scale), round((bottom - top) * scale))
    if min(size) < _SMALLEST_PX:
        return None
    part = cv2.resize(
        pixels[top:bottom, left:right], size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    ).astype(np.uint8, copy=False)
    shrunk = np.array([(right - left) / size[0], (bottom - top) / size[1]], dtype=np.float32)
    corner = np.array([left, top], dtype=np.float32)
    again = [_placed(found, shrunk, corner) for found in detector.find(part, max(size))]
    best = max(again, key=lambda found: overlap(found.box, first.box), default=None)
    return best if best is not None and overlap(best.box, first.box) >= _SAME else None


def _around(box: Box, pixels: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is looked at, within the picture."""
    height, width = pixels.shape[:2]
    x, y = box[0] + box[2] / 2, box[1] + box[3] / 2
    aside = box[2] * (0.5 + _ASIDE)
    above = max(box[2] * _AT_LEAST_HIGH, box[3] / 2) + box[2] * _ABOVE
    return (
        max(0, int(x - aside)),
        max(0, int(y - above)),
        min(width, int(x + aside)),
        min(height, int(y + above)),
    )


def _placed(found: PlateBox, scale: NDArray[np.float32], corner: NDArray[np.float32]) -> PlateBox:
    """A detection of a part as one of the frame."""
    x, y, width, height = found.box
    across, down = (float(value) for value in scale)
    box = (x * across + float(corner[0]), y * down + float(corner[1]), width * across, height * down)
    return PlateBox((found.corners * scale + corner).astype(np.float32), box, found.score)
