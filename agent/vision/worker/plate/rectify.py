"""Makes the flat views of a plate that the recogniser reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

VIEW_HEIGHT_PX: Final = 40
VIEW_WIDTH_PX: Final = 144
_PAD: Final = 0.05

# A plate of two lines, 2:1, is laid out as one line: its upper part beside its lower part, as the network learnt it.
_TWO_LINE_SIZE_PX: Final = (200, 100)
_UPPER_WIDTH_PX: Final = 56
SPLITS: Final = (0.36, 0.40, 0.49)
"""Where the upper line ends, as a fraction of the height: Kazakh and Chinese plates and loose corners in between."""
_UPPER_OVERLAP: Final = 0.02
_LOWER_OVERLAP: Final = 0.03

_SOFT_PX: Final = 2.0
"""What a doubtful view is sharpened by: chosen on one half of the blurred photographs of docs/plates.md."""

_CHARACTER_SHARE: Final = 90 / 140
_UPPER_CHARACTER_SHARE: Final = 60 / 220
"""Height of a character to that of its plate: of one line, and in the upper of two lines (GA 36, as summarised)."""


def flatten(pixels: NDArray[np.uint8], corners: NDArray[np.float32], size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """The plate inside `corners` (clockwise from the top left), with a margin of 5 %, as a picture of `size_px`."""
    centre = corners.mean(axis=0)
    padded = (centre + (corners - centre) * (1 + 2 * _PAD)).astype(np.float32)
    width, height = size_px
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    transform = cv2.getPerspectiveTransform(padded, target)
    flat = cv2.warpPerspective(pixels, transform, size_px, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return flat.astype(np.uint8, copy=False)


def aspect(corners: NDArray[np.float32]) -> float:
    """Width to height of the outline."""
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    return float((sides[0] + sides[2]) / (sides[1] + sides[3] + 1e-6))


def character_height_px(corners: NDArray[np.float32], *, two_lines: bool) -> float:
    """About how high a character is in the frame; of two lines, one of the upper, which is the smaller."""
    sides = np.linalg.norm(corners[[3, 2]] - corners[[0, 1]], axis=1)
    return float(sides.mean()) * (_UPPER_CHARACTER_SHARE if two_lines else _CHARACTER_SHARE)


def one_line(pixels: NDArray[np.uint8], corners: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The view of a plate of one line, grey, (40, 144)."""
    return _grey(flatten(pixels, corners, (VIEW_WIDTH_PX, VIEW_HEIGHT_PX)))


def two_lines(pixels: NDArray[np.uint8], corners: NDArray[np.float32]) -> list[NDArray[np.uint8]]:
    """The views of a plate of two lines, one for each of SPLITS, grey, (40, 144)."""
    flat = _grey(flatten(pixels, corners, _TWO_LINE_SIZE_PX))
    return [_side_by_side(flat, split) for split in SPLITS]


def sharpened(view: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The view with what a blur of 2 pixels takes away laid on once more (unsharp mask)."""
    soft = cv2.GaussianBlur(view, (0, 0), _SOFT_PX)
    return cv2.addWeighted(view, 2.0, soft, -1.0, 0.0).astype(np.uint8, copy=False)


def _side_by_side(flat: NDArray[np.uint8], split: float) -> NDArray[np.uint8]:
    height = flat.shape[0]
    upper = flat[: int((split + _UPPER_OVERLAP) * height)]
    lower = flat[int((split - _LOWER_OVERLAP) * height) :]
    widths = ((upper, _UPPER_WIDTH_PX), (lower, VIEW_WIDTH_PX - _UPPER_WIDTH_PX))
    parts = [cv2.resize(part, (width, VIEW_HEIGHT_PX), interpolation=cv2.INTER_AREA) for part, width in widths]
    return np.hstack(parts).astype(np.uint8, copy=False)


def _grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
