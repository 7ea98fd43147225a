"""What weather, roads and screws do to a plate: bolts, dirt, shadows, glare, things in front of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from training.drawing.chance import between, happens, pick

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.float32]

_BOLT_PLACES: Final = (0.13, 0.27, 0.73, 0.87, 0.5)


def worn(rng: np.random.Generator, pixels: Picture) -> Picture:
    """The plate after some years. `pixels`: planes, shape (3, height, width), changed and returned."""
    _bolted(rng, pixels)
    if happens(rng, 0.3):
        pixels = _dirty(rng, pixels)
    if happens(rng, 0.25):
        _shadowed(rng, pixels)
    elif happens(rng, 0.3):
        across = np.linspace(between(rng, 0.6, 1.3), between(rng, 0.6, 1.3), pixels.shape[2], dtype=np.float32)
        pixels *= across
    if happens(rng, 0.05):
        pixels = _glaring(rng, pixels)
    if happens(rng, 0.03):
        _hidden(rng, pixels)
    return pixels


def _bolted(rng: np.random.Generator, pixels: Picture) -> None:
    high, wide = pixels.shape[1:]
    for _ in range(pick(rng, (0, 0, 2, 2, 4))):
        x = (pick(rng, _BOLT_PLACES) + between(rng, -0.03, 0.03)) * wide
        y = (between(rng, 0.02, 0.13) if happens(rng, 0.5) else between(rng, 0.87, 0.98)) * high
        radius = max(1, round(between(rng, 0.03, 0.06) * high))
        tone = between(rng, 10, 250)
        for plane in pixels:
            cv2.circle(plane, (round(x), round(y)), radius, tone, -1)


def _patches(rng: np.random.Generator, pixels: Picture, rows: int, columns: int) -> Picture:
    """Soft random patches over the whole plate, about 0..1, shape (height, width)."""
    coarse = rng.random((rows, columns), dtype=np.float32)
    size = (pixels.shape[2], pixels.shape[1])
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC).astype(np.float32, copy=False)


def _dirty(rng: np.random.Generator, pixels: Picture) -> Picture:
    patches = _patches(rng, pixels, 3 + int(rng.random() * 7), 6 + int(rng.random() * 19))
    cover = np.clip((patches - between(rng, 0.45, 0.8)) * between(rng, 1, 4), 0, between(rng, 0.3, 0.8))
    tone = between(rng, 30, 200)
    mud = np.array([tone * 0.85, tone * 0.95, tone], np.float32)[:, None, None]
    dirty: Picture = pixels + (mud - pixels) * cover.astype(np.float32)
    return dirty


def _shadowed(rng: np.random.Generator, pixels: Picture) -> None:
    high, wide = pixels.shape[1:]
    angle = between(rng, 0, 2 * math.pi)
    across = np.arange(wide, dtype=np.float32)[None] - np.float32(between(rng, 0, wide))
    down = np.arange(high, dtype=np.float32)[:, None] - np.float32(between(rng, 0, high))
    distance = across * np.float32(math.cos(angle)) + down * np.float32(math.sin(angle))
    edge = np.clip(distance / np.float32(between(rng, 1, 30)) + np.float32(0.5), 0, 1)
    pixels *= 1 - np.float32(between(rng, 0.2, 0.6)) * edge


def _glaring(rng: np.random.Generator, pixels: Picture) -> Picture:
    """The sun or a lamp in the paint: a bright spot that washes ink and ground out."""
    high, wide = pixels.shape[1:]
    across = (np.arange(wide, dtype=np.float32)[None] - between(rng, 0, wide)) / (between(rng, 0.05, 0.25) * wide)
    down = (np.arange(high, dtype=np.float32)[:, None] - between(rng, 0, high)) / (between(rng, 0.2, 0.8) * high)
    spot = np.exp(-(across**2) - down**2) * np.float32(between(rng, 0.4, 0.9))
    glaring: Picture = pixels + (255 - pixels) * spot.astype(np.float32)
    return glaring


def _hidden(rng: np.random.Generator, pixels: Picture) -> None:
    """A leaf, a strap or a corner of something."""
    high, wide = pixels.shape[1:]
    left, top = int(rng.random() * (wide - 8)), int(rng.random() * (high - 8))
    width, height = round(between(rng, 3, wide / 14)), round(between(rng, 3, high / 3))
    pixels[:, top : top + height, left : left + width] = between(rng, 0, 255)
