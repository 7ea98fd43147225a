"""What stands against a camera's picture is told in time, and what only looks like it is not told."""

from functools import cache

import cv2
import numpy as np
import pytest

from agent.core.model.camera_view import View
from agent.vision.worker.background import ACCEPTED_S, DISPLACED_S, OTHER_LIGHT_S, OUTLINE_EVERY_S, STRANGE_S
from agent.vision.worker.picture_measures import Measures, measured
from agent.vision.worker.view_quality import BLINDED_S, NOISY_S, OBSTRUCTED_S, ViewQualityMonitor
from tests.support.vision import yard_films as films
from tests.support.vision.yard_films import STEP_S, play, shots

PATIENCE_S = 1.8
LEARNT_S = 60.0
WITHIN_S = 3.0


@cache
def day():
    return shots(films.yard())


@cache
def taken(name, *how):
    """Shots of one of the pictures of the films, or of the yard after that."""
    make = getattr(films, name)
    takes_pixels = name in {"moved", "out_of_focus", "grainy", "snowing"}
    return shots(make(films.yard(), *how) if takes_pixels else make(*how))


def watching():
    """A watch that has learnt the yard."""
    watch = ViewQualityMonitor(PATIENCE_S)
    assert {view for _, view in play(watch, [(day(), LEARNT_S)])} == {View.CLEAR}
    return watch


def first(told, view):
    """When a view was first told, or None."""
    return next((at - LEARNT_S for at, one in told if one is view), None)


def textured():
    rng = np.random.default_rng(1)
    pixels = np.full((480, 640, 3), 90, np.uint8)
    for _ in range(300):
        x, y = int(rng.integers(0, 620)), int(rng.integers(0, 460))
        cv2.rectangle(pixels, (x, y), (x + 18, y + 12), tuple(int(v) for v in rng.integers(0, 255, 3)), -1)
    return pixels


# --------------------------------------------------------------------------------------------------------- measures


@pytest.mark.parametrize("shape", [(1, 1), (1, 20_000), (20_000, 1), (2, 3), (720, 1280), (1080, 1920)])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_every_picture_can_be_measured(shape, grey):
    measures = measured(np.full((*shape, 3), grey, np.uint8))
    assert (measures.width_px, measures.height_px) == shape[::-1]
    assert measures.brightness == grey
    assert measures.glare == (grey == 255)
    assert measures.sharpness == measures.contrast == measures.noise == 0.0


@pytest.mark.parametrize("deviation", [2.0, 5.0, 10.0, 20.0, 30.0])
def test_noise_is_measured_beside_sharp_edges(deviation):
    on_the_ground = 4.5
    expected = np.hypot(deviation, on_the_ground)
    assert measured(films.grainy(films.yard(), deviation)).noise == pytest.approx(expected, rel=0.2)


def test_glare_is_the_share_of_saturated_pixels():
    pixels = films.yard().copy()
    pixels[:, :320] = 255
    assert measured(pixels).glare == pytest.approx(0.25, abs=0.01)


def test_noise_does_not_pass_for_sharpness():
    blurred = films.out_of_focus(films.yard())
    assert measured(films.grainy(blurred, 5.0)).sharpness < 0.35 < measured(films.grainy(films.yard(), 5.0)).sharpness


# --------------------------------------------------------------------------------------------- without a background


@pytest.mark.parametrize(
    ("pixels", "view"),
    [
        (textured(), View.CLEAR),
        (cv2.GaussianBlur(textured(), (0, 0), 8), View.BLURRED),
        (np.full((480, 640, 3), 120, np.uint8), View.COVERED),
        (np.full((480, 640, 3), 3, np.uint8), View.DARK),
        (np.full((480, 640, 3), 255, np.uint8), View.BLINDED),
    ],
)
def test_the_view_is_judged_by_its_measures(pixels, view):
    watch = ViewQualityMonitor(patience_s=2.0)
    assert watch.judged(measured(pixels), 0.0) is View.CLEAR
    assert watch.judged(measured(pixels), 2.0) is view


def test_a_loss_of_the_usual_sharpness_is_seen():
    watch = ViewQualityMonitor(patience_s=2.0)
    for second in range(60):
        watch.judged(Measures(100.0, 40.0, 2.0), float(second))
    assert watch.judged(Measures(100.0, 40.0, 0.6), 60.0) is View.CLEAR
    assert watch.judged(Measures(100.0, 40.0, 0.6), 62.0) is View.BLURRED
    assert watch.judged(Measures(100.0, 40.0, 2.0), 63.0) is View.CLEAR


def test_a_view_at_its_limit_is_told_once_and_does_not_flicker():
    watch = ViewQualityMonitor(patience_s=2.0)
    told = [watch.judged(Measures(11.0 + step % 2 * 3.0, 40.0, 2.0), step * 1.0) for step in range(3)]
    assert set(told) == {View.CLEAR}
    for step in range(3, 7):
        watch.judged(Measures(11.0, 40.0, 2.0), step * 1.0)
    told = [watch.judged(Measures(11.0 + step % 2 * 3.0, 40.0, 2.0), step * 1.0) for step in range(7, 20)]
    assert set(told) == {View.DARK}


# ------------------------------------------------------------------------------------------- what is told, and when


@pytest.mark.parametrize(
    ("shown", "view", "earliest_s", "latest_s"),
    [
        (("out_of_focus", 6.0), View.BLURRED, 0.0, WITHIN_S),
        (("out_of_focus", 3.0), View.BLURRED, 0.0, WITHIN_S),
        (("grainy", 45.0), View.NOISY, NOISY_S, NOISY_S + STEP_S),
        (("snowing",), View.NOISY, NOISY_S, NOISY_S + STEP_S),
        (("moved", 0.04), View.MOVED, DISPLACED_S, DISPLACED_S + 2 * OUTLINE_EVERY_S),
        (("moved", 0.15, 0.05), View.MOVED, DISPLACED_S, DISPLACED_S + 2 * OUTLINE_EVERY_S),
        (("moved", 0.0, -0.05), View.MOVED, DISPLACED_S, DISPLACED_S + 2 * OUTLINE_EVERY_S),
        (("moved", 0.0, 0.0, 9.0), View.MOVED, DISPLACED_S, DISPLACED_S + 2 * OUTLINE_EVERY_S),
    ],
)
def test_what_happens_to_the_lens_is_told_in_its_time(shown, view, earliest_s, latest_s):
    watch = watching()
    told = play(watch, [(taken(*shown), 40.0)], LEARNT_S)
    assert {one for _, one in told} == {View.CLEAR, view}
    assert earliest_s <= first(told, view) <= latest_s
    after = play(watch, [(day(), 10.0)], LEARNT_S + 40.0)
    assert after[-1][1] is View.CLEAR


@pytest.mark.parametrize(
    ("grey", "view"), [(3, View.DARK), (30, View.COVERED), (120, View.COVERED), (254, View.BLINDED)]
)
def test_a_bag_a_switched_off_lamp_and_a_white_picture_are_told_within_three_seconds(grey, view):
    flat = shots(np.full((720, 1280, 3), grey, np.uint8), deviation=1.0)
    assert first(play(watching(), [(flat, 10.0)], LEARNT_S), view) <= WITHIN_S - STEP_S


def test_glare_on_half_of_the_picture_is_told_after_ten_seconds():
    pixels = films.yard().copy()
    pixels[:, :640] = np.maximum(pixels[:, :640], 252)
    told = play(watching(), [(shots(pixels), 90.0)], LEARNT_S)
    assert BLINDED_S <= first(told, View.BLINDED) <= OBSTRUCTED_S


def test_a_lamp_that_hides_the_yard_for_a_minute_blinds():
    night = shots(films.night())
    watch = ViewQualityMonitor(PATIENCE_S)
    play(watch, [(night, LEARNT_S)])
    told = play(watch, [(shots(films.headlamps()), OBSTRUCTED_S + 5.0)], LEARNT_S)
    assert OBSTRUCTED_S <= first(told, View.BLINDED) <= OBSTRUCTED_S + STEP_S


def test_a_camera_turned_to_the_wall_is_told_after_ten_minutes_and_forgiven_after_an_hour():
    wall = shots(cv2.resize(textured(), (1280, 720)))
    bright = np.mean([one.brightness for one in wall]) - np.mean([one.brightness for one in day()])
    assert abs(bright) < 40
    told = play(watching(), [(wall, STRANGE_S + ACCEPTED_S + 20.0)], LEARNT_S, step_s=2.0)
    assert STRANGE_S <= first(told, View.MOVED) <= STRANGE_S + 2 * OUTLINE_EVERY_S
    assert told[-1][1] is View.CLEAR


# -------------------------------------------------------------------------------------------- what is not an alarm


def test_cars_come_and_go_without_an_alarm():
    car = shots(films.car())
    film = [(car, 40.0, {"vehicle": True}), (day(), 20.0), (car, 40.0), (day(), 20.0)] * 3
    assert {view for _, view in play(watching(), film, LEARNT_S)} == {View.CLEAR}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("share", [0.7, 1.0])
@pytest.mark.parametrize("grey", [60, 200])
def test_a_truck_before_the_lens_is_no_alarm(known, share, grey):
    film = [(taken("truck", grey, share), 55.0, {"vehicle": known}), (day(), 30.0)] * 2
    assert {view for _, view in play(watching(), film, LEARNT_S)} == {View.CLEAR}


def test_a_truck_as_smooth_as_a_bag_is_no_alarm_where_a_vehicle_is_known_to_stand():
    flat = shots(np.full((720, 1280, 3), 140, np.uint8))
    film = [(flat, 55.0, {"vehicle": True}), (day(), 10.0)]
    assert {view for _, view in play(watching(), film, LEARNT_S)} == {View.CLEAR}
    assert first(play(watching(), [(flat, 70.0, {"vehicle": True})], LEARNT_S), View.COVERED) >= OBSTRUCTED_S


def test_a_sweep_of_headlamps_is_no_alarm():
    night = shots(films.night())
    watch = ViewQualityMonitor(PATIENCE_S)
    film = [(night, LEARNT_S)] + [(shots(films.headlamps()), 8.0), (night, 20.0)] * 3
    assert {view for _, view in play(watch, film)} == {View.CLEAR}


def test_a_switch_to_infrared_is_no_alarm_and_the_night_is_learnt():
    black, white = (shots(np.full((720, 1280, 3), grey, np.uint8), 1.0) for grey in (2, 255))
    night = shots(films.night(), deviation=6.0)
    film = [(black, 1.5), (white, 1.0), (night, 200.0), (white, 1.5), (day(), 700.0)]
    watch = watching()
    assert {view for _, view in play(watch, film, LEARNT_S)} == {View.CLEAR}


def test_a_camera_moved_in_the_night_is_told_by_what_was_learnt_in_the_night():
    night = shots(films.night(), deviation=6.0)
    watch = watching()
    begin_s = LEARNT_S + OTHER_LIGHT_S + 60.0
    play(watch, [(night, begin_s - LEARNT_S)], LEARNT_S)
    told = play(watch, [(shots(films.moved(films.night(), 0.08), 6.0), 40.0)], begin_s)
    assert told[-1][1] is View.MOVED


def test_dusk_is_no_alarm():
    dusk = [(shots((films.yard() * light).astype(np.uint8)), 20.0) for light in np.geomspace(1.0, 0.2, 30)]
    assert {view for _, view in play(watching(), dusk, LEARNT_S)} == {View.CLEAR}


def test_vehicles_do_not_hide_for_good_that_the_camera_was_moved():
    away = films.moved(films.yard(), 0.1)
    car = shots(films.moved(films.car(), 0.1))
    film = [(car, 20.0, {"vehicle": True}), (shots(away), 30.0)] * 3
    told = play(watching(), film, LEARNT_S)
    assert told[-1][1] is View.MOVED
    since = next(at for at, view in told if view is View.MOVED)
    assert {view for at, view in told if at >= since} == {View.MOVED}


def test_another_size_of_the_picture_is_learnt_anew_and_no_alarm():
    small = shots(cv2.resize(films.yard(), (320, 240), interpolation=cv2.INTER_AREA))
    large = shots(cv2.resize(films.out_of_focus(films.yard(), 1.2), (1920, 1080)))
    film = [(small, 120.0), (large, 120.0), (day(), 120.0)]
    assert {view for _, view in play(watching(), film, LEARNT_S)} == {View.CLEAR}
