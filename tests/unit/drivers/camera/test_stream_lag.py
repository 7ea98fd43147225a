"""How late the frames of a stream are, by their stamps."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.camera.opencv import OpenCvCamera
from drivers.camera.settings import OpenCvSettings
from drivers.camera.stream_lag import Lag
from tests.support.vision.numbered_pictures import number_in, numbered_picture
from tests.support.vision.rtsp_server import RtspServer, write_clip
from tests.support.waiting import eventually, scaled

FRAME_S = 0.04


def measured(frames, lag=None):
    """The lags of frames given as (stamp, arrival)."""
    lag = lag or Lag()
    return [lag.behind_s(stamp, at) for stamp, at in frames]


def steady(count, begin=100.0, stamp=5.0, rate=1.0):
    return [(stamp + n * FRAME_S * rate, begin + n * FRAME_S) for n in range(count)]


def test_a_stream_that_is_read_in_time_is_not_behind():
    assert measured(steady(100)) == pytest.approx([0.0] * 100, abs=1e-6)


def test_frames_that_waited_for_a_slow_reader_are_late_and_catch_up():
    held = [(5.0 + n * FRAME_S, 100.0 + n * FRAME_S + (2.0 if n >= 50 else 0)) for n in range(60)]
    caught_up = [(5.0 + n * FRAME_S, max(100.0 + n * FRAME_S, held[-1][1] + (n - 59) * 0.01)) for n in range(60, 160)]
    lags = measured(held + caught_up)
    assert max(lags[:50]) < 0.01
    assert lags[50:60] == pytest.approx([2.0] * 10, abs=0.01)
    assert all(later <= sooner + 1e-3 for sooner, later in pairwise(lags[60:]))
    assert lags[-1] < 0.01


def test_the_first_frames_of_a_connection_that_wait_together_are_no_lasting_lag():
    backlog = [(5.0 + n * FRAME_S, 101.0 + n * 0.001) for n in range(25)]
    lags = measured(backlog + steady(50, begin=101.04, stamp=6.0))
    assert lags[-1] < 0.01


def test_clocks_that_drift_apart_are_no_lag():
    assert max(measured(steady(25 * 600, rate=1 - 1e-4))) < 0.01


@pytest.mark.parametrize("leap_s", [-3600.0, -1.0, 3600.0], ids=["back an hour", "back a second", "an hour ahead"])
def test_stamps_that_leap_are_no_lag(leap_s):
    lags = measured(steady(50) + steady(50, begin=102.0, stamp=7.0 + leap_s))
    assert max(lags) < 0.01


def test_stamps_that_stand_still_say_nothing():
    assert measured([(0.0, 100.0 + n * FRAME_S) for n in range(100)]) == [0.0] * 100


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 5)), max_size=60))
def test_whatever_the_stamps_are_a_lag_is_never_negative_and_never_more_than_half_a_minute(frames):
    at, lag = 1000.0, Lag()
    for stamp, pause in frames:
        at += pause
        assert 0.0 <= lag.behind_s(stamp, at) <= 30.0


def test_a_real_stream_that_was_left_alone_for_a_while_is_at_its_newest_picture_again_at_once(tmp_path):
    frames = (numbered_picture(number, 320, 240) for number in range(125))
    write_clip(tmp_path / "yard.mp4", frames, rate_hz=10)  # few enough for a busy machine to catch up
    server = RtspServer(tmp_path).start()
    camera = OpenCvCamera(
        OpenCvSettings(
            url=server.url("yard.mp4"),
            open_timeout_ms=min(60_000, round(scaled(4000))),
            read_timeout_ms=min(30_000, round(scaled(1000))),
        )
    )
    try:
        camera.open()
        for _ in range(10):
            last = number_in(camera.read().pixels)
        came = camera.stream_figures().came
        eventually(lambda: camera.stream_figures().came >= came + 20)
        seen = [camera.read() for _ in range(5)]
    finally:
        camera.close()
        server.kill()
    assert (number_in(seen[-1].pixels) - last) % 125 >= 15
    assert seen[-1].behind_s < scaled(0.5)
