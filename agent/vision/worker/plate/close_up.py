"""A second and a third look for one plate, close up: small and steep plates get loose corners in a whole frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.plate.box import extent, overlap
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
_UPRIGHT_PX: Final = 160.0
"""How wide a plate is made that is put upright, and so is easier to find: corners are tightest at about this size."""


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


def upright_close_up(detector: PlateDetector, pixels: NDArray[np.uint8], first: PlateBox) -> PlateBox | None:
    """The plate of a detection as it is found where its outline is put upright; None where it is not found there.

    The detector has seen few plates as steep as that of a vehicle that turns, but every upright one.
    `pixels`: BGR, shape (height, width, 3). Places are those of the frame.
    """
    across, down = _sides(first.corners)
    width, height = float(np.hypot(*across)), float(np.hypot(*down))
    area = abs(float(across[0] * down[1] - across[1] * down[0]))
    if width < _SMALLEST_PX or area < _SMALLEST_PX * width:
        return None
    scale = min(_MOST_ENLARGED, _UPRIGHT_PX / width)
    size = (
        round(scale * width * (1 + 2 * _ASIDE)),
        round(scale * (max(2 * width * _AT_LEAST_HIGH, height) + 2 * width * _ABOVE)),
    )
    turn = scale * np.linalg.inv(np.stack([across / width, down / height], axis=1))
    shift = np.array(size) / 2 - turn @ first.corners.mean(axis=0)
    part = _turned(pixels, turn, shift, size)
    if part is None:
        return None
    expected = extent((first.corners @ turn.T + shift).astype(np.float32))
    best = max(detector.find(part, max(size)), key=lambda found: overlap(found.box, expected), default=None)
    if best is None or overlap(best.box, expected) < _SAME:
        return None
    corners = ((best.corners - shift) @ np.linalg.inv(turn).T).astype(np.float32)
    return PlateBox(corners, extent(corners), best.score)


def _sides(corners: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean of the upper and the lower side, and that of the left and the right one."""
    top_left, top_right, bottom_right, bottom_left = corners.astype(np.float64)
    return (top_right - top_left + bottom_right - bottom_left) / 2, (
        bottom_left - top_left + bottom_right - top_right
    ) / 2


def _turned(
    pixels: NDArray[np.uint8], turn: NDArray[np.float64], shift: NDArray[np.float64], size: tuple[int, int]
) -> NDArray[np.uint8] | None:
    """The part of a picture that is shown where a place is turned and then shifted; None where nearly none of it is."""
    across, down = size
    seen = (np.array([[0, 0], [across, 0], [across, down], [0, down]]) - shift) @ np.linalg.inv(turn).T
    height, width = pixels.shape[:2]
    left, top = np.maximum(np.floor(seen.min(axis=0)), 0).astype(int).tolist()
    right, bottom = np.minimum(np.ceil(seen.max(axis=0)), (width, height)).astype(int).tolist()
    if right - left < _SMALLEST_PX or bottom - top < _SMALLEST_PX:
        return None
    shown = pixels[top:bottom, left:right]
    scale = float(np.sqrt(abs(np.linalg.det(turn))))
    if scale < 1:
        # Shrunk first: what is turned takes each pixel from four, so that fine stripes would become coarse ones.
        small = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
        shown = cv2.resize(shown, small, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    shrunk = np.array([(right - left) / shown.shape[1], (bottom - top) / shown.shape[0]])
    placed = np.column_stack([turn * shrunk, shift + turn @ np.array([left, top])])
    part = cv2.warpAffine(shown, placed, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return part.astype(np.uint8, copy=False)


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
