"""Light and weather of a yard as they change a picture, each by one measure. Pictures are BGR, float32, 0..255.

`on_thing` effects lie on a code or plate before a camera sees it; `on_picture` effects are between it and the sensor.
They are drawn by what light does, not after photographs: a real lamp in a real lens differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.sights import Floats

    OnThing = Callable[[Floats, float, np.random.Generator], Floats]
    OnPicture = Callable[[Floats, Floats, float, np.random.Generator], Floats]

WHITE: Final = 255.0
_NIGHT: Final = 0.18
"""What is left at night of the light of a yard, under its lamps."""
_PERCENT: Final = 100.0
_HALO: Final = 0.004
"""Light that a lens scatters far around a lamp, at one radius of it, as a share of the lamp's own."""
_SNOW_BGR: Final = (244.0, 240.0, 238.0)
_DUST_BGR: Final = (138.0, 156.0, 168.0)
_MUD_BGR: Final = (70.0, 88.0, 100.0)
_DROP_PX: Final = (5.0, 26.0)
_UPSIDE_DOWN: Final = 2.2
"""A drop is a lens: it shows so many times its own width of what is behind it, upside down."""


@dataclass(frozen=True, slots=True)
class Weather:
    """One series. `levels`: from easy to hard, in `unit`; `axis`: the ticks of its diagram.

    `on_thing`: pixels of the flat thing, level, chance. `on_picture`: pixels of the picture, corners of the thing in it
    (shape (4, 2)), level, chance. `noise`: of the sensor, standard deviation in grey levels. `night`: the yard is dark.
    """

    title: str
    unit: str
    levels: tuple[float, ...]
    axis: tuple[float, ...]
    on_thing: OnThing | None = None
    on_picture: OnPicture | None = None
    noise: float = 4.0
    night: bool = False


def headlamps(picture: Floats, corners: Floats, level: float, chance: np.random.Generator) -> Floats:
    """Night, and two lamps of the vehicle shine into the lens: `level` times as bright as white paper in the sun."""
    middle, width = corners.mean(axis=0), float(np.linalg.norm(corners[1] - corners[0]))
    lit = picture * np.float32(_NIGHT)
    radius = 0.16 * width
    for side in (-1.0, 1.0):
        x = float(middle[0]) + side * width * chance.uniform(1.1, 1.4)
        y = float(middle[1]) - width * chance.uniform(0.15, 0.35)
        lit += (WHITE * level * _lamp(picture, x, y, radius))[..., None]
    return lit


def low_sun(picture: Floats, corners: Floats, level: float, chance: np.random.Generator) -> Floats:
    """The sun stands behind the vehicle: a veil of `level` % of white over all, brighter towards it, and shadow."""
    del corners
    height, width = picture.shape[:2]
    x, y = chance.uniform(0.2, 0.8) * width, chance.uniform(-0.05, 0.1) * height
    share = level / _PERCENT
    towards = np.exp(-_away(picture, x, y) / np.float32(0.45 * width))
    veil = WHITE * share * (0.75 + 0.9 * towards) + WHITE * 6 * share * _lamp(picture, x, y, 0.03 * width)
    return picture * np.float32(1 - 0.6 * share) + veil[..., None]


def rain_on_glass(picture: Floats, corners: Floats, level: float, chance: np.random.Generator) -> Floats:
    """Drops cover `level` % of the glass before the lens; each shows what is behind it small and upside down."""
    del corners
    height, width = picture.shape[:2]
    across, down = (each.astype(np.float32) for each in np.meshgrid(np.arange(width), np.arange(height)))
    covered = np.zeros((height, width), np.uint8)
    edges = np.zeros((height, width), np.float32)
    wanted = level / _PERCENT * height * width
    while cv2.countNonZero(covered) < wanted:
        radius = float(chance.uniform(*_DROP_PX))
        x, y = float(chance.uniform(0, width)), float(chance.uniform(0, height))
        left, right = max(0, int(x - radius)), min(width, int(x + radius) + 1)
        top, bottom = max(0, int(y - radius)), min(height, int(y + radius) + 1)
        rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
        away = np.hypot(columns - x, rows - y) / radius
        inside = away <= 1
        part = (slice(top, bottom), slice(left, right))
        across[part][inside] = (x - _UPSIDE_DOWN * (columns - x))[inside]
        down[part][inside] = (y - _UPSIDE_DOWN * (rows - y))[inside]
        edges[part][inside] = (away**4)[inside]
        covered[part][inside] = 1
    soft = cv2.GaussianBlur(picture, (0, 0), 2.0)
    through = cv2.remap(soft, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    through = through * (1 - 0.45 * edges[..., None])
    mask = cv2.GaussianBlur(covered.astype(np.float32), (0, 0), 1.0)[..., None]
    return (picture * (1 - mask) + through * mask).astype(np.float32)


def snow_on_thing(thing: Floats, level: float, chance: np.random.Generator) -> Floats:
    """Snow covers `level` % of the thing, from below and in patches."""
    height = thing.shape[0]
    weight = _patches(thing, chance, 5, 12) + np.linspace(-0.35, 0.35, height, dtype=np.float32)[:, None]
    return _laid_on(thing, weight, level, _SNOW_BGR)


def dust_on_thing(thing: Floats, level: float, chance: np.random.Generator) -> Floats:
    """Dust of the road lies on the whole thing and lets only the rest of `level` % through, here more, there less."""
    opacity = np.clip(level / _PERCENT * (0.8 + 0.4 * _patches(thing, chance, 4, 9)), 0, 1)[..., None]
    return (thing * (1 - opacity) + np.array(_DUST_BGR, np.float32) * opacity).astype(np.float32)


def dirt_on_glass(picture: Floats, corners: Floats, level: float, chance: np.random.Generator) -> Floats:
    """Dried mud on the glass before the lens, far out of focus, on `level` % of the picture."""
    del corners
    width = picture.shape[1]
    weight = cv2.GaussianBlur(_patches(picture, chance, 9, 16), (0, 0), width / 80)
    mask = (weight >= np.quantile(weight, 1 - level / _PERCENT)).astype(np.float32) if level else np.zeros_like(weight)
    mask = 0.85 * cv2.GaussianBlur(mask, (0, 0), width / 100)[..., None]
    soft = cv2.GaussianBlur(picture, (0, 0), width / 160)
    return (picture * (1 - mask) + (0.35 * soft + 0.65 * np.array(_MUD_BGR, np.float32)) * mask).astype(np.float32)


def infrared(picture: Floats, corners: Floats, level: float, chance: np.random.Generator) -> Floats:
    """Infrared lamps at the camera: grey, a dark yard, and a plate that throws the light straight back.

    Its white stands `level` stops above what the sensor holds; what is over spills into the letters.
    """
    del chance
    grey = picture.mean(axis=2)
    outline = np.zeros(grey.shape, np.float32)
    cv2.fillConvexPoly(outline, np.round(corners).astype(np.int32), 1.0, cv2.LINE_AA)
    gain = np.float32(0.25) * (1 - outline) + np.float32(2.0**level) * outline
    lit = (grey * gain).astype(np.float32)
    height = float(np.linalg.norm(corners[3] - corners[0]))
    over = np.maximum(lit - WHITE, 0)
    lit = np.minimum(lit, WHITE) + 0.5 * cv2.GaussianBlur(over, (0, 0), max(1.0, 0.06 * height))
    return np.repeat(lit[..., None], 3, axis=2).astype(np.float32)


HEADLAMPS: Final = Weather(
    "Headlamps at night",
    "times white",
    (0, 1, 4, 16, 64, 256),
    (0, 64, 128, 192, 256),
    on_picture=headlamps,
    noise=6.0,
    night=True,
)
LOW_SUN: Final = Weather("Low sun", "% of white", (0, 15, 30, 45, 60, 75), (0, 25, 50, 75), on_picture=low_sun)
RAIN: Final = Weather("Rain on the glass", "% covered", (0, 5, 10, 20, 35, 50), (0, 25, 50), on_picture=rain_on_glass)
SNOW: Final = Weather("Snow on it", "% covered", (0, 5, 10, 20, 30, 45), (0, 15, 30, 45), on_thing=snow_on_thing)
DUST: Final = Weather("Dust on it", "% kept back", (0, 30, 50, 70, 80, 90), (0, 30, 60, 90), on_thing=dust_on_thing)
DIRT: Final = Weather("Dirt on the glass", "% covered", (0, 10, 20, 35, 50, 70), (0, 35, 70), on_picture=dirt_on_glass)
INFRARED: Final = Weather(
    "Infrared, too near", "stops over white", (0, 0.5, 1, 1.5, 2, 3), (0, 1, 2, 3), on_picture=infrared, night=True
)
WEATHER: Final = (HEADLAMPS, LOW_SUN, RAIN, SNOW, DUST, DIRT, INFRARED)


def _away(picture: Floats, x: float, y: float) -> Floats:
    """The distance of every pixel from a place."""
    rows, columns = np.ogrid[: picture.shape[0], : picture.shape[1]]
    return np.hypot(columns - np.float32(x), rows - np.float32(y)).astype(np.float32)


def _lamp(picture: Floats, x: float, y: float, radius: float) -> Floats:
    """A lamp's light over the picture, 1 in its middle: its disc, and what the lens scatters around it."""
    away = _away(picture, x, y) / np.float32(radius)
    disc = np.clip(1.5 - away, 0, 1)
    halo = _HALO / (1 + away**2)
    return (disc + halo).astype(np.float32)


def _patches(picture: Floats, chance: np.random.Generator, rows: int, columns: int) -> Floats:
    """Soft random patches over all of it, about 0..1."""
    coarse = chance.random((rows, columns), dtype=np.float32)
    size = (picture.shape[1], picture.shape[0])
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC).astype(np.float32, copy=False)


def _laid_on(thing: Floats, weight: Floats, level: float, colour: tuple[float, float, float]) -> Floats:
    """A layer of one colour where the weight is greatest, on exactly `level` % of the thing."""
    if not level:
        return thing
    mask = (weight >= np.quantile(weight, 1 - level / _PERCENT)).astype(np.float32)
    mask = cv2.GaussianBlur(mask, (0, 0), max(0.5, thing.shape[0] / 120))[..., None]
    return (thing * (1 - mask) + np.array(colour, np.float32) * mask).astype(np.float32)
