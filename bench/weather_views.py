"""Permits, plates and the yard alone as they are seen in each light and weather."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bench.curve_views import CODE_BASE, PLATE_BASE, View
from bench.reading_drawn import (
    CODE_AT,
    PLATE_AT,
    SEED,
    code_flat,
    cut_out,
    little_turned,
    permit,
    plate_flat,
    plate_of,
    written,
    yard,
)
from bench.sights import seen, sensed
from bench.weather_effects import WHITE

if TYPE_CHECKING:
    from bench.sights import Flat, Floats, Pixels, Seen, Sight
    from bench.weather_effects import Weather
    from training.drawing import DrawnKind, Glyphs

_PLATE_PX = (180.0, 57.0)


def code_in(weather: Weather, level: float, number: int) -> View:
    """One permit; the same for a number at every level."""
    chance = np.random.default_rng((SEED, 6, number))
    sight, text = little_turned(CODE_BASE, chance), permit(number)
    return View(_shown(code_flat(text), sight, CODE_AT, weather, level, chance).pixels, None, (text,))


def plate_in(glyphs: Glyphs, kind: DrawnKind, weather: Weather, level: float, number: int) -> View:
    """One clean plate of a kind; the same for a number at every level."""
    chance = np.random.default_rng((SEED, 7, number))
    sight, plate = little_turned(PLATE_BASE, chance), plate_of(glyphs, kind, (SEED, 8, number), clean=True)
    view = _shown(plate_flat(plate), sight, PLATE_AT, weather, level, chance)
    return View(view.pixels, cut_out(view, plate, chance), written(plate))


def yard_in(weather: Weather | None, level: float, number: int) -> Pixels:
    """A vehicle in the yard, and nothing to read; None: in clear weather. Another number is another moment of it.

    What lies on the glass, or the sun, stays where it is from one moment to the next.
    """
    moment = np.random.default_rng((SEED, 9, number))
    if weather is None:
        return sensed(yard(), 4.0, moment)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * np.array(_PLATE_PX, np.float32) / 2
    corners += np.array(PLATE_AT, np.float32)
    picture = _through_air(yard().astype(np.float32), corners, weather, level, np.random.default_rng((SEED, 10)))
    return sensed(picture, weather.noise, moment)


def _shown(
    flat: Flat, sight: Sight, at: tuple[float, float], weather: Weather, level: float, chance: np.random.Generator
) -> Seen:
    if weather.on_thing is not None:
        changed = weather.on_thing(flat.pixels.astype(np.float32), level, chance)
        flat = replace(flat, pixels=np.clip(changed, 0, WHITE).astype(np.uint8))
    view = seen(flat, replace(sight, noise=0.0), yard(), at, chance)
    picture = _through_air(view.pixels.astype(np.float32), view.corners, weather, level, chance)
    return replace(view, pixels=sensed(picture, weather.noise, chance))


def _through_air(
    picture: Floats, corners: Floats, weather: Weather, level: float, chance: np.random.Generator
) -> Pixels:
    changed = picture if weather.on_picture is None else weather.on_picture(picture, corners, level, chance)
    return np.clip(changed, 0, WHITE).astype(np.uint8)
