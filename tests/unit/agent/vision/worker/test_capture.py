"""What the capture hands to the readers."""

import threading
import time

import numpy as np

from agent.vision.worker.capture import Capture
from agent.vision.worker.latest_frame import LatestFrame
from agent.vision.worker.protocol import Configure
from drivers.api import CameraDetails, Frame
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
