"""What a camera and its light make of a picture: night, infrared, blur, motion, noise, exposure, JPEG."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from training.drawing.chance import between, happens

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.float32]


class Light(StrEnum):
    """What a picture is taken by. ANY: by day mostly, at night or with infrared light now and then."""

    ANY = "any"
    NIGHT = "night"
    INFRARED = "infrared"


_PLATE_PX: Final = 120
"""The width of a plate at which blur and motion have the strengths written below."""


def degraded(
    rng: np.random.Generator, pixels: NDArray[np.uint8], plate_width_px: float, light: Light = Light.ANY
) -> NDArray[np.uint8]:
    """The picture as a camera at a gate might give it. Grey, shape (height, width), or BGR, (height, width, 3).

    `plate_width_px`: how wide the plate is in it, which blur and motion are measured by.
    """
    shown = pixels.astype(np.float32)
    if shown.ndim == 3 and (happens(rng, 0.12) or light is Light.INFRARED):
        shown = np.repeat(infrared(rng, shown)[..., None], 3, axis=2)
    scale = plate_width_px / _PLATE_PX
    if happens(rng, 0.28):
        shown = _blurred(shown, max(0.25, between(rng, 0.3, 1.25) * scale))
    elif happens(rng, 0.14):
        shown = _moved(rng, shown, between(rng, 2, 6.5) * scale)
    if happens(rng, 0.1) or light is Light.NIGHT:
        shown = _at_night(rng, shown)
    elif happens(rng, 0.8):
        shown = _noisy(rng, shown)
    shown = np.clip(_exposed(rng, shown), 0, 255)
    return _compressed(rng, shown.astype(np.uint8))


def infrared(rng: np.random.Generator, pixels: Picture) -> Picture:
    """A camera with its own infrared light: grey, and colours look as the paint reflects it, not as we see them.

    `pixels`: BGR, shape (height, width, 3); the result has shape (height, width), 0..255. Coloured paint may lose its
    contrast or turn it round; black ink on white stays what it is.
    """
    weights = rng.random(3, dtype=np.float32) * np.float32(2.4) - np.float32(0.7)
    total = float(weights.sum())
    weights = weights / total if abs(total) > 0.5 else np.full(3, 1 / 3, np.float32)
    return np.clip(pixels @ weights, 0, 255).astype(np.float32, copy=False)


def _blurred(shown: Picture, sigma_px: float) -> Picture:
    return cv2.GaussianBlur(shown, (0, 0), sigma_px).astype(np.float32, copy=False)


def _moved(rng: np.random.Generator, shown: Picture, length_px: float) -> Picture:
    size = max(3, int(length_px) | 1)
    kernel = np.zeros((size, size), np.float32)
    # Vehicles move along the picture or towards it; few cameras see them fall.
    angle = between(rng, -0.5, 0.5) if happens(rng, 0.5) else between(rng, 0, math.pi)
    middle = size // 2
    across, down = middle * math.cos(angle), middle * math.sin(angle)
    ends = ((round(middle - across), round(middle - down)), (round(middle + across), round(middle + down)))
    cv2.line(kernel, ends[0], ends[1], 1.0, 1)
    return cv2.filter2D(shown, -1, kernel / kernel.sum()).astype(np.float32, copy=False)


def _noise(rng: np.random.Generator, shown: Picture, sigma: float) -> Picture:
    return rng.standard_normal(shown.shape, dtype=np.float32) * np.float32(sigma)


def _noisy(rng: np.random.Generator, shown: Picture) -> Picture:
    strength = 1 if happens(rng, 0.85) else 2
    sigma = float(shown.std()) * between(rng, 0, 0.14) * strength + between(rng, 0, 1.5)
    return shown + _noise(rng, shown, sigma)


def _at_night(rng: np.random.Generator, shown: Picture) -> Picture:
    """Little light, so much gain that the noise shows; and a headlamp beside the plate now and then."""
    gain = between(rng, 0.08, 0.4)
    dark = shown * gain
    if happens(rng, 0.35):
        high, wide = shown.shape[:2]
        across = (np.arange(wide, dtype=np.float32)[None] - between(rng, -0.3, 1.3) * wide) / (0.4 * wide)
        down = (np.arange(high, dtype=np.float32)[:, None] - between(rng, -0.6, 1.2) * high) / (0.6 * high)
        lamp = np.exp(-(across**2) - down**2) * np.float32(between(rng, 20, 140))
        dark = dark + (lamp[..., None] if shown.ndim == 3 else lamp)
    dark = dark + _noise(rng, shown, between(rng, 1, 9) * math.sqrt(gain))
    return dark * between(rng, 1.0, 0.7 / gain)


def _exposed(rng: np.random.Generator, shown: Picture) -> Picture:
    if happens(rng, 0.3):
        shown = (shown - 128) * between(rng, 0.4, 1.0) + between(rng, 70, 180)
    if happens(rng, 0.12):
        shown = np.power(np.clip(shown, 0, 255) / np.float32(255), np.float32(between(rng, 0.5, 2))) * np.float32(255)
    if happens(rng, 0.13):
        shown = (shown - float(shown.mean())) * between(rng, 1, 2) + between(rng, 110, 230)
    if happens(rng, 0.1):  # cameras that sharpen
        shown = shown + (shown - _blurred(shown.astype(np.float32), 1.5)) * between(rng, 0.5, 1.5)
    return shown.astype(np.float32, copy=False)


def _compressed(rng: np.random.Generator, shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if not happens(rng, 0.3):
        return shown
    quality = 25 + int(rng.random() * 56)
    _, data = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, quality])
    flags = cv2.IMREAD_GRAYSCALE if shown.ndim == 2 else cv2.IMREAD_COLOR
    return np.asarray(cv2.imdecode(data, flags), np.uint8)
