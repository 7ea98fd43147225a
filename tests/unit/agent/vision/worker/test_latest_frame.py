"""The newest frame is given once, and nobody waits at a slot that is closed."""

import threading
import time

import numpy as np
import pytest

from agent.vision.worker.latest_frame import MOST_BEHIND_S, LatestFrame, NumberedFrame
from drivers.api import Frame
from tests.support.waiting import PATIENCE_S


def numbered(number):
    return NumberedFrame(number, Frame(np.zeros((2, 2, 3), np.uint8), float(number)))


def test_the_slot_gives_the_newest_frame_once():
    latest_frame = LatestFrame()
    latest_frame.set_frame(numbered(1))
    latest_frame.set_frame(numbered(2))
    assert latest_frame.newer_than(0).number == 2
    threading.Timer(0.05, latest_frame.set_frame, [numbered(3)]).start()
    assert latest_frame.newer_than(2).number == 3


def test_a_closed_slot_wakes_and_turns_away_everybody():
    latest_frame = LatestFrame()
    threading.Timer(0.05, latest_frame.close).start()
    begun_at = time.monotonic()
    assert latest_frame.newer_than(0) is None
    assert time.monotonic() - begun_at < PATIENCE_S
    latest_frame.set_frame(numbered(1))
    assert latest_frame.newer_than(0) is None


@pytest.mark.parametrize(
    ("behind_s", "opened_at", "taken_at"),
    [
        (0.0, 0.0, 100.0),
        (3.0, 0.0, 97.0),
        (3.0, 99.0, 99.0),
        (30.0, 0.0, 100.0 - MOST_BEHIND_S),
        (-3.0, 0.0, 100.0),
        (3.0, 101.0, 100.0),
    ],
    ids=["in time", "late", "late, and open since then", "of a stream whose clock is slow", "early", "open too late"],
)
def test_a_frame_was_taken_before_it_came_within_limits_and_not_before_its_camera_was_open(
    behind_s, opened_at, taken_at
):
    one = NumberedFrame(1, Frame(np.zeros((2, 2, 3), np.uint8), 100.0, behind_s), opened_at=opened_at)
    assert (one.taken_at, one.behind_s) == (taken_at, 100.0 - taken_at)
