"""The colour of a plate's ground, from its flattened picture and the light that the whole frame was taken in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.core.plates import PlateColour

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SAMPLED_PX: Final = 192
_THUMBNAIL_PX: Final = 48
_MOST_GAIN: Final = 1.6
"""A cast stronger than this is a picture of one colour, such as a yellow lorry that fills it, and no light."""
_GREY_CHROMA: Final = 0.03
"""Least mean chroma of a frame in colour, as a share of its brightness: infrared frames have next to none."""
_INNER: Final = (slice(16, 84), slice(4, 96))
_PERCENT: Final = 100

# Hues in degrees. Wide: what the balance of the light leaves is still some 15 degrees off at dusk.
_RED: Final = (335.0, 20.0)
_YELLOW: Final = (20.0, 72.0)
_GREEN: Final = (72.0, 168.0)
_BLUE: Final = (178.0, 275.0)
_BLUISH: Final = 0.16
_YELLOWISH: Final = 0.24
_GREENISH: Final = 0.13
_REDDISH: Final = 0.35
_SKY_BLUE: Final = 0.24
"""Least saturations; that of green is low because its gradient begins nearly white, that of blue because of glare."""
_BLUER: Final = 0.06
"""By how much the dark part of a blue plate is more saturated than the light one, which is its characters."""
_DEEP_BLUE: Final = 0.4
_NEARLY_BLACK: Final = 0.2
"""Share of the characters' brightness below which a ground is black unless its blue is deep: cold light tints black."""
_BLACK_TO_INK: Final = 0.5
_BRIGHT_GROUND: Final = 0.45
"""Least share of bright pixels of a plate whose ground is the bright part: characters out of focus take up half of
some."""
_LEAST_CONTRAST: Final = 12.0
_LEAST_BRIGHT: Final = 24.0


Gains = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Light:
    """The light of a frame. `gains`: what makes grey of its mean, for B, G, R.

    `grey`: the frame has no colours at all.
    """

    gains: Gains = (1.0, 1.0, 1.0)
    grey: bool = False


def light_of(pixels: NDArray[np.uint8]) -> Light:
    """The light of a BGR frame, by the grey-world assumption (Buchsbaum, 1980), its gains held within bounds."""
    step = max(1, min(pixels.shape[:2]) // _SAMPLED_PX)
    sampled = np.ascontiguousarray(pixels[::step, ::step])
    small = cv2.resize(sampled, (_THUMBNAIL_PX, _THUMBNAIL_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    chroma = float((small.max(axis=2) - small.min(axis=2)).mean())
    mean = small.reshape(-1, 3).mean(axis=0) + 1e-3
    if chroma < _GREY_CHROMA * float(mean.mean()):
        return Light(grey=True)
    return Light(_bounded(mean.mean() / mean))


def colour_of(flat: NDArray[np.uint8], light: Light) -> PlateColour:
    """The ground's colour of a flattened plate, BGR, shape (height, width, 3).

    NOT_KNOWN in a frame without colours, where the plate is too dark, or where ground and characters cannot be told
    apart.
    """
    inner = _inner(flat)
    grey = cv2.cvtColor(inner, cv2.COLOR_BGR2GRAY)
    _, parted = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    bright = parted.astype(bool)
    if light.grey or not bright.any() or bright.all():
        return PlateColour.NOT_KNOWN
    upper, lower = _median(inner[bright]) * light.gains, _median(inner[~bright]) * light.gains
    if upper.mean() - lower.mean() < _LEAST_CONTRAST or upper.max() < _LEAST_BRIGHT:
        return PlateColour.NOT_KNOWN
    bluish = _DEEP_BLUE if lower.max() < _NEARLY_BLACK * upper.max() else _BLUISH
    if _is(lower, _BLUE, bluish) and _saturation_of(lower, _BLUE) > _saturation_of(upper, _BLUE) + _BLUER:
        return PlateColour.BLUE
    if bright.mean() < _BRIGHT_GROUND:
        return _dark_ground(lower, upper)
    return _bright_ground(inner, bright, light)


def _dark_ground(ground: NDArray[np.float64], ink: NDArray[np.float64]) -> PlateColour:
    """The characters are white there, so they show the light better than the frame does."""
    balanced = ground * _bounded(ink.mean() / np.maximum(ink, 1.0))
    if _is(balanced, _BLUE, _BLUISH) and ground.max() >= _NEARLY_BLACK * ink.max():
        return PlateColour.BLUE
    if _is(balanced, _RED, _REDDISH):
        return PlateColour.RED
    dark = ground.max() < _BLACK_TO_INK * ink.max()
    return PlateColour.BLACK if dark and _hue(balanced)[1] < _YELLOWISH else PlateColour.NOT_KNOWN


def _bright_ground(inner: NDArray[np.uint8], bright: NDArray[np.bool_], light: Light) -> PlateColour:
    width = inner.shape[1]
    right = _ground(inner, bright, slice(width // 3, None))
    # The balance of a light that was judged wrong makes white plates greenish; a green one is so with it and without.
    if _is(right, _GREEN, _GREENISH) and _is(right * light.gains, _GREEN, _GREENISH):
        left = _ground(inner, bright, slice(0, width // 5)) * light.gains
        return PlateColour.YELLOW_GREEN if _is(left, _YELLOW, _YELLOWISH) else PlateColour.GREEN
    whole = _ground(inner, bright, slice(None)) * light.gains
    if _is(whole, _YELLOW, _YELLOWISH):
        return PlateColour.YELLOW
    if _is(whole, _RED, _REDDISH):
        return PlateColour.RED
    if _is(whole, _BLUE, _SKY_BLUE):
        return PlateColour.BLUE
    return PlateColour.WHITE if _hue(whole)[1] < _BLUISH else PlateColour.NOT_KNOWN


def _ground(inner: NDArray[np.uint8], bright: NDArray[np.bool_], part: slice) -> NDArray[np.float64]:
    chosen = inner[:, part][bright[:, part]]
    return _median(chosen) if chosen.size else np.zeros(3)


def _median(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    middle: NDArray[np.float64] = np.median(colours, axis=0)
    return middle


def _is(bgr: NDArray[np.float64], hues: tuple[float, float], least: float) -> bool:
    return _saturation_of(bgr, hues) >= least


def _saturation_of(bgr: NDArray[np.float64], hues: tuple[float, float]) -> float:
    """The saturation of a colour, 0 where its hue is another."""
    hue, saturation = _hue(bgr)
    return saturation if _within(hue, hues) else 0.0


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


def _bounded(gains: NDArray[np.floating]) -> Gains:
    blue, green, red = (float(min(max(gain, 1 / _MOST_GAIN), _MOST_GAIN)) for gain in gains)
    return blue, green, red
