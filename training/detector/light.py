"""The light of a whole scene: dusk, haze, headlamps, shadows, the tint of lamps.

The camera itself is drawn elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]


def lit(rng: np.random.Generator, pixels: Pixels) -> Pixels:
    """A BGR picture in a random light; a new picture of the same shape."""
    shown = pixels.astype(np.float32)
    if rng.random() < 0.25:
        shown *= _shadow(rng, (shown.shape[1], shown.shape[0]))[..., None]
    pick = rng.random()
    if pick < 0.15:
        shown *= np.float32(rng.uniform(0.1, 0.5))
    elif pick < 0.25:
        haze = rng.uniform(0.3, 0.75)
        shown = shown * np.float32(1 - haze) + np.float32(rng.uniform(60, 220) * haze)
    else:
        shown *= np.float32(rng.uniform(0.6, 1.3))
    for _ in range(int(rng.integers(1, 5)) if rng.random() < 0.2 else 0):
        _lamp(rng, shown)
    if rng.random() < 0.4:
        shown *= rng.uniform(0.82, 1.18, 3).astype(np.float32)
    return np.clip(shown, 0, 255).astype(np.uint8)


def _shadow(rng: np.random.Generator, size_px: tuple[int, int]) -> NDArray[np.float32]:
    """Darker on one side of an edge across the picture, shape (height, width)."""
    width, height = size_px
    angle = rng.uniform(0, 2 * np.pi)
    x, y = np.arange(width, dtype=np.float32)[None], np.arange(height, dtype=np.float32)[:, None]
    apart = (x - rng.uniform(0, width)) * np.float32(np.cos(angle)) + (y - rng.uniform(0, height)) * np.float32(
        np.sin(angle)
    )
    softness = np.float32(rng.uniform(1, 12))
    depth = np.float32(rng.uniform(0.2, 0.65))
    return (1 - depth * np.clip(apart / softness, 0, 1)).astype(np.float32)


def _lamp(rng: np.random.Generator, shown: NDArray[np.float32]) -> None:
    """The glow of a lamp that looks into the camera; changes `shown`."""
    height, width = shown.shape[:2]
    small = np.zeros((height // 8, width // 8), np.float32)
    centre = (int(rng.integers(width // 8)), int(rng.integers(height // 8)))
    cv2.circle(small, centre, int(rng.integers(1, 4)), 1.0, -1)
    glow = cv2.GaussianBlur(small, (0, 0), rng.uniform(1, 6)) + small
    glow = cv2.resize(glow, (width, height), interpolation=cv2.INTER_LINEAR)
    shown += glow[..., None] * np.array([0.85, 0.95, 1.0], np.float32) * np.float32(rng.uniform(100, 400))
