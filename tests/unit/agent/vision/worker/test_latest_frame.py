"""The newest frame is given once, and nobody waits at a slot that is closed."""

import threading
import time

import numpy as np

from agent.vision.worker.latest_frame import LatestFrame, NumberedFrame
from drivers.api import Frame
from tests.support.waiting import PATIENCE_S


def numbered(number):
    return NumberedFrame(number, Frame(np.zeros((2, 2, 3), np.uint8), float(number)))


def test_the_slot_gives_the_newest_frame_once():
    slot = LatestFrame()
    slot.set_frame(numbered(1))
    slot.set_frame(numbered(2))
    assert slot.newer_than(0).number == 2
    threading.Timer(0.05, slot.set_frame, [numbered(3)]).start()
    assert slot.newer_than(2).number == 3


def test_a_closed_slot_wakes_and_turns_away_everybody():
    slot = LatestFrame()
    threading.Timer(0.05, slot.close).start()
    begun_at = time.monotonic()
    assert slot.newer_than(0) is None
    assert time.monotonic() - begun_at < PATIENCE_S
    slot.set_frame(numbered(1))
    assert slot.newer_than(0) is None
