"""Looks whether a plate near an edge of the picture ends within it. What follows from it: agent.core.plates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.core.plates import NEAR_EDGE, PlateSide

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BORDER_MOST: Final = 0.1
_SAMPLED: Final = 4
_BORDER_DEVIATION: Final = 4.0
_BLACK: Final = 20.0
_WHITE: Final = 235.0
_STEP: Final = 15.0
"""A border is of lines of one grey value: black, white, or plainly another than that of the first line of picture."""
_BEYOND: Final = 0.3
"""How far beyond the outline is looked, in lengths of the plate towards the edge."""
_WITHIN: Final = 0.12
"""How far within the outline a plate may end: detectors put it loosely."""
_NEARLY_UPRIGHT: Final = 0.02
"""An outline whose corners are so near to those of an upright one, in widths, may be upright."""
_MOST_LINES: Final = 240
_LINES_ACROSS: Final = 60
_ALL_ALONG: Final = 0.95
"""The share of a line that differs from the ground where the plate ends; strokes of characters cross less of it."""
_LEAST_DIFFERENCE: Final = 30.0
"""Distance in blue, green and red; and as shares: of that from ground to characters, and of the ground's spread."""
_SHARE_OF_INK: Final = 0.2
_SPREADS: Final = 3.0
_LEAST_LINES: Final = 2
_INNER: Final = 0.1


def sides_of(pixels: NDArray[np.uint8], corners: NDArray[np.float32]) -> tuple[PlateSide, ...]:
    """The right, lower, left and upper side of a plate, each with the edge of the picture on its side.

    `pixels`: BGR, shape (height, width, 3). `corners`: shape (4, 2), clockwise from the top left, pixels. A border of
    one colour round the picture, as some cameras send, is not part of it. Only sides that are near are looked at.
    """
    height, width = pixels.shape[:2]
    sides = _gaps(corners, (0, 0, width, height))
    if not any(side.gap < NEAR_EDGE + _BORDER_MOST * max(width, height) / _width_of(corners) for side in sides):
        return sides
    left, top, right, bottom = _picture_in(pixels)
    sides = _gaps(corners, (left, top, right, bottom))
    if not any(side.near for side in sides):
        return sides
    shown = np.zeros((height, width), np.uint8)
    shown[top:bottom, left:right] = 1
    outlines = _outlines(corners)
    return tuple(
        PlateSide(side.gap, any(_end_seen(pixels, shown, np.roll(outline, -turn, axis=0)) for outline in outlines))
        if side.near
        else side
        for turn, side in enumerate(sides)
    )


def _outlines(corners: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """The outline as it was found, and put upright where it nearly is: a detector is a degree or two off."""
    upper, right, lower, left = (corners[[side, (side + 1) % 4]].mean(axis=0) for side in range(4))
    upright = np.array(
        [[left[0], upper[1]], [right[0], upper[1]], [right[0], lower[1]], [left[0], lower[1]]], np.float32
    )
    near = np.abs(upright - corners).max() <= _NEARLY_UPRIGHT * _width_of(corners)
    return [corners, upright] if near else [corners]


def _gaps(corners: NDArray[np.float32], picture: tuple[int, int, int, int]) -> tuple[PlateSide, ...]:
    left, top, right, bottom = picture
    width = _width_of(corners)
    return (
        PlateSide((right - float(corners[[1, 2], 0].max())) / width),
        PlateSide((bottom - float(corners[[2, 3], 1].max())) / width),
        PlateSide((float(corners[[3, 0], 0].min()) - left) / width),
        PlateSide((float(corners[[0, 1], 1].min()) - top) / width),
    )


def _width_of(corners: NDArray[np.float32]) -> float:
    upper, lower = np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[3])
    return max(1.0, float(upper + lower) / 2)


def _picture_in(pixels: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is picture and no border."""
    height, width = pixels.shape[:2]
    # Green is near enough to grey, and some of each line near enough to all of it.
    green = pixels[:, :, 1]
    upright, lying = green[::_SAMPLED].T, green[:, ::_SAMPLED]
    most_down, most_across = max(1, int(height * _BORDER_MOST)), max(1, int(width * _BORDER_MOST))
    return (
        _plain_lines(upright[:most_across]),
        _plain_lines(lying[:most_down]),
        width - _plain_lines(upright[::-1][:most_across]),
        height - _plain_lines(lying[::-1][:most_down]),
    )


def _plain_lines(lines: NDArray[np.uint8]) -> int:
    """How many of the first lines are of a border; the last one stands for the picture."""
    plain = lines.std(axis=1) < _BORDER_DEVIATION
    count = len(lines) - 1 if plain.all() else int(np.argmin(plain))
    if not count:
        return 0
    # The median, for a plate that begins there is a small part of its line.
    border, picture = float(np.median(lines[:count])), float(np.median(lines[count]))
    return count if border < _BLACK or border > _WHITE or abs(border - picture) >= _STEP else 0


def _end_seen(pixels: NDArray[np.uint8], shown: NDArray[np.uint8], corners: NDArray[np.float32]) -> bool:
    """Whether the plate is seen to end at the side from the second to the third of these corners.

    The plate is laid flat with that side to the right; its columns are the lines that run along the side.
    """
    near, far = np.stack([corners[0], corners[3]]), np.stack([corners[1], corners[2]])
    length = float(np.linalg.norm(far - near, axis=1).mean())
    lines = int(np.clip(length, 16, _MOST_LINES))
    beyond = round(lines * _BEYOND)
    outer = far + (far - near) * _BEYOND
    source = np.array([near[0], outer[0], outer[1], near[1]], np.float32)
    size = (lines + beyond, _LINES_ACROSS)
    target = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32)
    transform = cv2.getPerspectiveTransform(source, target)
    flat = cv2.warpPerspective(pixels, transform, size, flags=cv2.INTER_LINEAR).astype(np.float32)
    seen = cv2.warpPerspective(shown, transform, size, flags=cv2.INTER_NEAREST)
    differs = _differs(flat, flat[:, :lines])
    begin = lines - round(lines * _WITHIN)
    # A line that the edge of the picture crosses says nothing.
    whole = seen[:, begin:].mean(axis=0) > 1 - 1 / _LINES_ACROSS
    ends = whole & (differs[:, begin:].mean(axis=0) >= _ALL_ALONG)
    return _longest_run(ends) >= _LEAST_LINES


def _differs(flat: NDArray[np.float32], plate: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where the flat picture is not of the ground of the plate, which is what most of the plate is of."""
    height, width = plate.shape[:2]
    inner = plate[int(height * _INNER) : int(height * (1 - _INNER)), int(width * _INNER) : int(width * (1 - _INNER))]
    values = inner.reshape(-1, 3)
    grey = values.mean(axis=1).astype(np.uint8)
    level, _ = cv2.threshold(grey.reshape(-1, 1), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    light = grey > level
    is_ground = light if light.mean() >= 0.5 else ~light  # noqa: PLR2004 - the larger half
    if not is_ground.any() or is_ground.all():
        return np.zeros(flat.shape[:2], bool)
    ground, ink = np.median(values[is_ground], axis=0), np.median(values[~is_ground], axis=0)
    spread = float(np.median(np.linalg.norm(values[is_ground] - ground, axis=1)))
    contrast = float(np.linalg.norm(ink - ground))
    least = max(_LEAST_DIFFERENCE, _SHARE_OF_INK * contrast, _SPREADS * spread)
    differs: NDArray[np.bool_] = np.linalg.norm(flat - ground, axis=2) > least
    return differs


def _longest_run(lines: NDArray[np.bool_]) -> int:
    longest = run = 0
    for line in lines:
        run = run + 1 if line else 0
        longest = max(longest, run)
    return longest
