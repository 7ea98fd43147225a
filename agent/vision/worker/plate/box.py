"""Where a plate lies in a frame. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Box = tuple[float, float, float, float]
"""Left, top, width and height in pixels."""


def overlap(a: Box, b: Box) -> float:
    """Intersection over union, 0..1."""
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if across <= 0 or down <= 0:
        return 0.0
    return across * down / (a[2] * a[3] + b[2] * b[3] - across * down)


def centre(box: Box) -> tuple[float, float]:
    """Its middle."""
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def extent(corners: NDArray[np.float32]) -> Box:
    """The upright box around an outline, shape (n, 2)."""
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return left, top, right - left, bottom - top
