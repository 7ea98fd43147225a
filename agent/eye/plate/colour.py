"""The colour of a plate's ground, from its flattened picture and the light that the whole frame was taken in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.core.plates.colours import PlateColour

if TYPE_CHECKING:
    from numpy.typing import NDArray

_THUMBNAIL_PX: Final = 48
_MOST_GAIN: Final = 1.6
"""A cast stronger than this is a picture of one colour, such as a yellow lorry that fills it, and no light."""
_GREY_CHROMA: Final = 0.03
"""Least mean chroma of a frame in colour, as a share of its brightness: infrared frames have next to none."""
_INNER: Final = (slice(16, 84), slice(4, 96))
_PERCENT: Final = 100

# Hues in degrees. Wide: what the balance of the light leaves is still some 15 degrees off at dusk.
_RED: Final = (340.0, 20.0)
_YELLOW: Final = (22.0, 72.0)
_GREEN: Final = (72.0, 185.0)
_BLUE: Final = (185.0, 270.0)
_DARK_COLOURED: Final = 0.30
_BRIGHT_COLOURED: Final = 0.34
_GREENISH: Final = 0.13
"""Least saturations: of blue and red grounds, of yellow ones, and of green ones, whose gradient begins nearly white."""
_BLACK_TO_INK: Final = 0.6
_LEAST_CONTRAST: Final = 12.0
_LEAST_BRIGHT: Final = 24.0


@dataclass(frozen=True, slots=True)
class Light:
    """The light of a frame. `gains`: what makes grey of its mean, for B, G, R. `grey`: the frame has no colours at all."""

    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    grey: bool = False


def light_of(pixels: NDArray[np.uint8]) -> Light:
    """The light of a BGR frame, by the grey-world assumption (Buchsbaum, 1980), its gains held within bounds."""
    small = cv2.resize(pixels, (_THUMBNAIL_PX, _THUMBNAIL_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    chroma = float((small.max(axis=2) - small.min(axis=2)).mean())
    mean = small.reshape(-1, 3).mean(axis=0) + 1e-3
    if chroma < _GREY_CHROMA * float(mean.mean()):
        return Light(grey=True)
    return Light(_bounded(mean.mean() / mean))


def colour_of(flat: NDArray[np.uint8], light: Light) -> PlateColour:
    """The ground's colour of a flattened plate, BGR, shape (height, width, 3).

    NOT_KNOWN in a frame without colours, where the plate is too dark, or where ground and characters cannot be told
    apart. On a dark ground the characters are white, so they show the light better than the frame does.
    """
    inner = _inner(flat)
    grey = cv2.cvtColor(inner, cv2.COLOR_BGR2GRAY)
    level, bright = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    bright = bright.astype(bool)
    if light.grey or not bright.any() or bright.all() or level <= 0:
        return PlateColour.NOT_KNOWN
    upper, lower = np.median(inner[bright], axis=0), np.median(inner[~bright], axis=0)
    if upper.mean() - lower.mean() < _LEAST_CONTRAST or upper.max() < _LEAST_BRIGHT:
        return PlateColour.NOT_KNOWN
    if bright.mean() < 0.5:  # noqa: PLR2004 - half: the ground is what there is more of
        return _dark_ground(lower, upper, light)
    return _bright_ground(inner, bright, light)


def _dark_ground(ground: NDArray[np.float64], ink: NDArray[np.float64], light: Light) -> PlateColour:
    gains = _bounded(ink.mean() / np.maximum(ink, 1.0))
    hue, saturation = _hue(ground * gains)
    if saturation < _DARK_COLOURED:
        dark = float((ground * light.gains).max()) < _BLACK_TO_INK * float((ink * light.gains).max())
        return PlateColour.BLACK if dark else PlateColour.NOT_KNOWN
    if _within(hue, _BLUE):
        return PlateColour.BLUE
    return PlateColour.RED if _within(hue, _RED) else PlateColour.NOT_KNOWN


def _bright_ground(inner: NDArray[np.uint8], bright: NDArray[np.bool_], light: Light) -> PlateColour:
    width = inner.shape[1]
    whole = _ground(inner, bright, slice(None), light)
    left = _ground(inner, bright, slice(0, width // 5), light)
    right = _ground(inner, bright, slice(width // 3, None), light)
    hue, saturation = _hue(whole)
    if _is_green(right):
        return PlateColour.YELLOW_GREEN if _is_yellow(left) else PlateColour.GREEN
    if saturation >= _BRIGHT_COLOURED:
        if _within(hue, _YELLOW):
            return PlateColour.YELLOW
        if _within(hue, _RED):
            return PlateColour.RED
        return PlateColour.BLUE if _within(hue, _BLUE) else PlateColour.NOT_KNOWN
    return PlateColour.WHITE


def _ground(inner: NDArray[np.uint8], bright: NDArray[np.bool_], part: slice, light: Light) -> NDArray[np.float64]:
    chosen = inner[:, part][bright[:, part]]
    if not chosen.size:
        return np.zeros(3)
    balanced: NDArray[np.float64] = np.median(chosen, axis=0) * np.array(light.gains)
    return balanced


def _is_green(colour: NDArray[np.float64]) -> bool:
    hue, saturation = _hue(colour)
    return saturation >= _GREENISH and _within(hue, _GREEN)


def _is_yellow(colour: NDArray[np.float64]) -> bool:
    hue, saturation = _hue(colour)
    return saturation >= _BRIGHT_COLOURED and _within(hue, _YELLOW)


def _inner(flat: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The plate without its margin, border and bolts."""
    height, width = flat.shape[:2]
    rows, columns = _INNER
    return flat[
        rows.start * height // _PERCENT : rows.stop * height // _PERCENT,
        columns.start * width // _PERCENT : columns.stop * width // _PERCENT,
    ]


def _hue(bgr: NDArray[np.float64]) -> tuple[float, float]:
    """Hue in degrees and saturation 0..1, as the HSV model has them."""
    blue, green, red = (float(value) for value in bgr)
    most, least = max(blue, green, red), min(blue, green, red)
    span = most - least
    if span <= 0 or most <= 0:
        return 0.0, 0.0
    if most == red:
        hue = (green - blue) / span
    elif most == green:
        hue = 2 + (blue - red) / span
    else:
        hue = 4 + (red - green) / span
    return 60 * hue % 360, span / most


def _within(hue: float, limits: tuple[float, float]) -> bool:
    low, high = limits
    return low <= hue < high if low <= high else hue >= low or hue < high


def _bounded(gains: NDArray[np.floating]) -> tuple[float, float, float]:
    blue, green, red = (float(min(max(gain, 1 / _MOST_GAIN), _MOST_GAIN)) for gain in gains)
    return blue, green, red
