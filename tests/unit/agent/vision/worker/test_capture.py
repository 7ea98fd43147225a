"""What the capture hands to the readers."""

import threading
import time

import numpy as np
import pytest

from agent.vision.worker.capture import Capture
from agent.vision.worker.latest_frame import LatestFrame
from agent.vision.worker.protocol import CameraPhase, Configure
from drivers.api import (
    CameraDetails,
    DeviceLockingError,
    DeviceMisconfiguredError,
    DeviceUnavailableError,
    Frame,
    StreamFigures,
)
from tests.support.waiting import PATIENCE_S, eventually


class LateCamera:
    """Its one frame is told to be a second later than it can be: the camera was not open yet."""

    def __init__(self):
        self.opened_at = time.monotonic()
        self.go = threading.Event()
        self._given = False

    def open(self):
        self.opened_at = time.monotonic()
        return CameraDetails(64, 48, 25, "drawn")

    def read(self):
        if self._given:
            self.go.wait(PATIENCE_S)
        self._given = True
        now = time.monotonic()
        return Frame(np.zeros((48, 64, 3), np.uint8), now, behind_s=now - self.opened_at + 1.0)

    def close(self):
        pass


def test_no_frame_was_taken_before_its_camera_was_open():
    camera, latest_frame = LateCamera(), LatestFrame()
    capture = Capture(lambda: camera, latest_frame, Configure(camera_kind="x", camera={}), lambda state: None)
    capture.start()
    try:
        numbered = eventually(latest_frame.newest)
    finally:
        camera.go.set()
        assert capture.stop(PATIENCE_S)
    assert camera.opened_at <= numbered.taken_at <= numbered.frame.at


class AbsentCamera(LateCamera):
    """Cannot be opened, for one reason."""

    def __init__(self, error):
        super().__init__()
        self.opened = 0
        self._error = error

    def open(self):
        self.opened += 1
        raise self._error


@pytest.mark.parametrize(
    ("error", "caps"),
    [
        (DeviceUnavailableError("does not answer"), {"retry_cap_s": 0.01, "refused_cap_s": 600}),
        (DeviceMisconfiguredError("no such stream"), {"retry_cap_s": 0.01, "refused_cap_s": 600}),
        (DeviceLockingError("wrong password"), {"retry_cap_s": 600, "refused_cap_s": 0.01}),
    ],
    ids=["away", "no such stream", "refused"],
)
def test_a_camera_that_is_away_and_one_that_refuses_the_password_are_tried_again_each_after_its_own_time(error, caps):
    camera = AbsentCamera(error)
    settings = Configure(camera_kind="x", camera={}, retry_first_s=60, **caps)
    capture = Capture(lambda: camera, LatestFrame(), settings, lambda state: None)
    capture.start()
    try:
        eventually(lambda: camera.opened > 5)
    finally:
        assert capture.stop(PATIENCE_S)


class RestingCamera(LateCamera):
    """Gives a frame whenever it is let, and says what has come meanwhile."""

    def __init__(self):
        super().__init__()
        self.said = StreamFigures(1, None, resting=False)
        self.wanted = []
        self._more = threading.Semaphore(1)

    def read(self):
        assert self._more.acquire(timeout=PATIENCE_S)
        return Frame(np.random.default_rng().integers(0, 255, (48, 64, 3), np.uint8), time.monotonic())

    def give(self):
        self._more.release()

    def rest(self, wanted):
        self.wanted.append(wanted)

    def stream_figures(self):
        return self.said


@pytest.fixture
def resting():
    """A camera that rests after its first frame, its capture, and the states that were told."""
    camera, latest_frame, states = RestingCamera(), LatestFrame(), []
    settings = Configure(camera_kind="x", camera={}, stale_s=2.0)
    capture = Capture(lambda: camera, latest_frame, settings, states.append)
    capture.start()
    eventually(latest_frame.newest)
    yield camera, capture, states
    camera.give()
    assert capture.stop(PATIENCE_S)


def test_what_comes_and_is_not_decoded_shows_that_the_camera_is_there(resting):
    camera, capture, states = resting
    now = time.monotonic() + 10
    camera.said = StreamFigures(50, now - 0.1, resting=True, key_gap_s=1.0)
    capture.tick(now)
    assert states[-1].phase is CameraPhase.STREAMING
    assert capture.figures.key_gap_s == 1.0
    assert (capture.figures.came, capture.figures.frames, capture.figures.resting) == (50, 1, True)
    assert capture.figures.frame_at == now - 0.1
    capture.tick(now + 3)
    assert states[-1].phase is CameraPhase.STALE


def test_what_comes_while_each_picture_should_be_decoded_does_not_count(resting):
    camera, capture, states = resting
    now = time.monotonic() + 10
    camera.said = StreamFigures(50, now - 0.1, resting=False)
    capture.tick(now)
    assert states[-1].phase is CameraPhase.STALE


def test_why_a_camera_cannot_rest_is_told_after_a_while_with_its_next_picture(resting):
    camera, capture, states = resting
    now = time.monotonic()
    camera.said = StreamFigures(50, None, resting=False, hindrance="it has no key pictures")
    capture.tick(now)
    capture.tick(now + 1)
    camera.give()
    eventually(lambda: capture.figures.frames == 2)
    assert states[-1].detail == ""
    capture.tick(now + 40)
    camera.give()
    eventually(lambda: states[-1].detail == "it has no key pictures")


def test_a_wish_to_rest_reaches_the_camera_that_is_open(resting):
    camera, capture, _ = resting
    capture.rest(wanted=True)
    capture.rest(wanted=False)
    assert camera.wanted[-2:] == [True, False]
