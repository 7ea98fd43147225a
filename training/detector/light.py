"""The light and weather of a whole scene: dusk, haze, headlamps, shadows, rain, snow, the tint of lamps.

The camera itself is drawn elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Picture = NDArray[np.float32]
    Quad = NDArray[np.float32]


def lit(rng: np.random.Generator, pixels: Pixels, plates: Sequence[Quad] = ()) -> Pixels:
    """A BGR picture in a random light; a new picture of the same shape.

    `plates`: outlines, shape (4, 2), of what throws light back, with headlamps beside it.
    """
    shown = pixels.astype(np.float32)
    if rng.random() < 0.25:
        shown *= _shadow(rng, (shown.shape[1], shown.shape[0]))[..., None]
    shown = _exposed(rng, shown, plates)
    for _ in range(int(rng.integers(1, 5)) if rng.random() < 0.2 else 0):
        _lamp(rng, shown, rng.uniform((0, 0), (shown.shape[1], shown.shape[0])))
    if plates and rng.random() < 0.12:
        _headlamps(rng, shown, plates[int(rng.integers(len(plates)))])
    if rng.random() < 0.4:
        shown *= rng.uniform(0.75, 1.25, 3).astype(np.float32)
    if rng.random() < 0.1:
        shown = _weather(rng, shown)
    return np.clip(shown, 0, 255).astype(np.uint8)


def _exposed(rng: np.random.Generator, shown: Picture, plates: Sequence[Quad]) -> Picture:
    """Too dark, by the light that plates throw back, through haze, or mostly by day."""
    pick = rng.random()
    if pick < 0.1:
        return shown * np.float32(rng.uniform(0.15, 0.6))
    if pick < 0.2:
        return shown * _thrown_back(rng, (shown.shape[1], shown.shape[0]), plates)[..., None]
    if pick < 0.28:
        haze = rng.uniform(0.2, 0.65)
        return shown * np.float32(1 - haze) + np.float32(rng.uniform(60, 220) * haze)
    return shown * np.float32(rng.uniform(0.6, 1.3))


def _thrown_back(rng: np.random.Generator, size_px: tuple[int, int], plates: Sequence[Quad]) -> NDArray[np.float32]:
    """A gain of shape (height, width): in the dark, where only plates throw the camera's light back."""
    gain = np.full((size_px[1], size_px[0]), rng.uniform(0.1, 0.5), np.float32)
    for plate in plates:
        cv2.fillConvexPoly(gain, np.round(plate).astype(np.int32), rng.uniform(0.6, 1.8))
    return cv2.GaussianBlur(gain, (0, 0), 0.8).astype(np.float32, copy=False)


def _headlamps(rng: np.random.Generator, shown: Picture, plate: Quad) -> None:
    """A glow on either side of a plate; changes `shown`."""
    centre, across = plate.mean(axis=0), (plate[1] + plate[2] - plate[0] - plate[3]) / 2
    apart = rng.uniform(1.0, 2.4)
    above = np.array([0, -rng.uniform(-0.2, 0.7) * float(np.linalg.norm(across))])
    for side in (-1, 1):
        _lamp(rng, shown, centre + side * apart * across + above)


def _weather(rng: np.random.Generator, shown: Picture) -> Picture:
    """Drops on the glass before the lens, or streaks of rain, or snow."""
    height, width = shown.shape[:2]
    pick = rng.random()
    if pick < 0.4:
        soft = cv2.GaussianBlur(shown, (0, 0), rng.uniform(2, 5))
        wet = np.zeros((height, width), np.uint8)
        for _ in range(int(rng.integers(4, 30))):
            at = (int(rng.integers(width)), int(rng.integers(height)))
            size = (int(rng.integers(2, 12)), int(rng.integers(2, 16)))
            cv2.ellipse(wet, at, size, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
        share = wet[..., None].astype(np.float32) * np.float32(1 / 255)
        return shown + (soft * np.float32(rng.uniform(0.9, 1.2)) - shown) * share
    falling = np.zeros((height, width), np.uint8)
    slope, length = rng.uniform(-0.4, 0.4), (int(rng.integers(5, 18)) if pick < 0.75 else 0)
    for _ in range(int(rng.integers(20, 150) * height * width / 40_000)):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        cv2.line(falling, (x, y), (int(x + slope * length), y + length), 255, 1 + (not length), cv2.LINE_AA)
    share = falling[..., None].astype(np.float32) * np.float32(rng.uniform(0.15, 0.7) / 255)
    return shown + (np.float32(rng.uniform(170, 255)) - shown) * share


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


def _lamp(rng: np.random.Generator, shown: Picture, place: NDArray[np.float64]) -> None:
    """The glow of a lamp that looks into the camera; changes `shown`."""
    height, width = shown.shape[:2]
    small = np.zeros((height // 4, width // 4), np.float32)
    centre = (int(place[0]) // 4, int(place[1]) // 4)
    cv2.circle(small, centre, int(rng.integers(1, 7)), 1.0, -1)
    glow = cv2.GaussianBlur(small, (0, 0), rng.uniform(2, 12)) + cv2.GaussianBlur(small, (0, 0), 0.8)
    whole = cv2.resize(glow, (width, height), interpolation=cv2.INTER_LINEAR)
    shown += whole[..., None] * np.array([0.85, 0.95, 1.0], np.float32) * np.float32(rng.uniform(100, 400))
