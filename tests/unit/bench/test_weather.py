"""Light and weather of a yard, drawn: each does what its measure says, and what the agent says of it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from agent.core.model import View
from agent.vision.worker.picture_measures import measured
from bench.reading_drawn import glyphs_in
from bench.weather import read_table, watch_table
from bench.weather_effects import DIRT, DUST, HEADLAMPS, INFRARED, LOW_SUN, RAIN, SNOW, WEATHER, Weather
from bench.weather_views import code_in, plate_in, yard_in
from bench.weather_watch import Told, Watch, grade_of, watched
from training.drawing import DrawnKind

if TYPE_CHECKING:
    from pathlib import Path


def ids(weather: Weather) -> str:
    return weather.title


@pytest.mark.parametrize("weather", WEATHER, ids=ids)
def test_a_picture_is_the_same_for_the_same_number_and_worse_at_a_higher_level(weather: Weather, tmp_path: Path):
    glyphs = glyphs_in(tmp_path)
    views = [plate_in(glyphs, DrawnKind.KAZAKHSTAN, weather, level, 1) for level in weather.levels]
    again = plate_in(glyphs, DrawnKind.KAZAKHSTAN, weather, weather.levels[-1], 1)

    assert (views[-1].scene == again.scene).all()
    assert len({view.labels for view in views}) == 1
    assert all(view.crop is not None for view in views)
    easy = views[0].scene.astype(float)
    away = [float(np.abs(view.scene.astype(float) - easy).mean()) for view in views]
    assert away[-1] > away[1] > away[0] == 0
    assert (views[-1].crop != views[0].crop).any()  # at a low level it may lie beside the plate


@pytest.mark.parametrize("weather", WEATHER, ids=ids)
def test_levels_go_from_none_of_it_to_much(weather: Weather):
    assert list(weather.levels) == sorted(weather.levels)
    assert weather.levels[0] == 0
    assert weather.axis[0] <= weather.levels[0]
    assert weather.axis[-1] >= weather.levels[-1]


@pytest.mark.parametrize("percent", [5, 20, 45])
def test_snow_covers_the_share_that_is_asked_for(percent: float):
    black = np.zeros((140, 440, 3), np.float32)
    snowed = SNOW.on_thing(black, percent, np.random.default_rng(3))

    assert float((snowed.mean(axis=2) > 120).mean()) == pytest.approx(percent / 100, abs=0.02)


def test_dust_takes_contrast_away_and_hides_all_at_last():
    rng = np.random.default_rng(3)
    sharp = np.where(rng.random((140, 440, 1)) > 0.5, 255.0, 0.0).repeat(3, axis=2).astype(np.float32)
    left = [DUST.on_thing(sharp, percent, np.random.default_rng(4)).std() for percent in (0, 50, 90)]

    assert left[0] > left[1] > left[2]
    assert left[2] < 0.25 * left[0]


def test_headlamps_blind_more_of_the_picture_the_brighter_they_are():
    glare = [measured(yard_in(HEADLAMPS, level, 0)).glare for level in (0, 4, 256)]

    assert glare[0] < 0.001 < glare[1] < glare[2]


def test_the_low_sun_lifts_the_dark_and_leaves_less_contrast():
    clear, veiled = measured(yard_in(LOW_SUN, 0, 0)), measured(yard_in(LOW_SUN, 60, 0))

    assert veiled.brightness > clear.brightness + 40
    assert veiled.contrast < clear.contrast


def test_drops_and_dirt_leave_the_light_and_take_the_sharpness():
    for weather in (RAIN, DIRT):
        clear, worse = measured(yard_in(weather, 0, 0)), measured(yard_in(weather, weather.levels[-1], 0))
        assert abs(worse.brightness - clear.brightness) < 60
        assert worse.contrast < clear.contrast or worse.sharpness < clear.sharpness


def test_infrared_is_grey_and_its_plate_goes_white(tmp_path: Path):
    views = [plate_in(glyphs_in(tmp_path), DrawnKind.KAZAKHSTAN, INFRARED, level, 1) for level in (0, 3)]

    for view in views:
        assert np.abs(view.scene.astype(int)[..., 0] - view.scene.astype(int)[..., 2]).max() <= 12
    assert (views[1].crop >= 250).mean() > (views[0].crop >= 250).mean()


def test_a_permit_is_drawn_whole():
    view = code_in(SNOW, 0, 1)
    assert view.crop is None
    assert len(view.labels[0]) == 309


# ------------------------------------------------------------------------------------- what the agent says


def test_the_view_watch_is_silent_in_clear_weather_and_tells_of_a_white_picture():
    clear = [measured(yard_in(None, 0.0, moment)) for moment in range(2)]
    white = [measured(np.full((720, 1280, 3), 255, np.uint8))]

    assert watched(clear, clear, vehicle=False) == Watch(View.CLEAR, None)
    told = watched(clear, white, vehicle=False)
    assert (told.view, told.after_s is not None and told.after_s < 5) == (View.BLINDED, True)


def test_the_grade_of_a_picture_names_its_flaws():
    assert grade_of(measured(yard_in(None, 0.0, 0))) == "good"
    assert "dark" in grade_of(measured(np.full((720, 1280, 3), 3, np.uint8)))


def test_the_tables_have_a_row_for_each_level():
    weathers = [Weather("Fog", "m", (100, 10), (100, 10))]
    shares = {"Fog": {"ours": [1.0, 0.25]}}
    rows = read_table(weathers, shares, {"Fog": {"kazakhstan": [0.5, 0.0]}}).splitlines()

    assert [cell.strip() for cell in rows[3].split("|")[1:-1]] == ["Fog", "10 m", "25", "0"]
    said = (Watch(View.BLURRED, 61.0), Watch(View.CLEAR, None), "leaves it", "bad: unsharp")
    clear = (Watch(View.CLEAR, None), Watch(View.CLEAR, None), "leaves it", "good")
    told = [Told("Fog", 100, "m", *clear), Told("Fog", 20, "m", *said), Told("Fog", 10, "m", *said)]
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in watch_table(told).splitlines()[2:]]
    assert cells == [
        ["Fog", "100 m", "clear", "clear", "leaves it", "good"],
        ["Fog", "20 to 10 m", "blurred after 61 s", "clear", "leaves it", "bad: unsharp"],
    ]
