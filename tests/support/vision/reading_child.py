"""The vision workers of the tests that draw their pictures and read them as ordered, for worker_child.py."""

import ctypes
import math
import threading
import time

import numpy as np

from agent.core.plates import Doubt
from agent.vision.worker import main
from agent.vision.worker.readers import Readers
from drivers.api import CameraDetails, DeviceUnavailableError, Frame
from tests.support.vision.numbered_pictures import number_in, numbered_picture


class CountingCamera:
    """Draws numbered pictures, 25 a second. `newest`: the number of the last.

    `late_s`: how long the first one takes. `most`: how many there are; the read after the last never returns.
    """

    newest = 0

    def __init__(self, late_s=0.0, most=math.inf):
        self._number = 0
        self._most = most
        self._late_s = late_s
        self._pause = threading.Event()

    def open(self):
        return CameraDetails(640, 480, 25, "drawn")

    def close(self):
        pass

    def read(self):
        if self._number == self._most:
            self._pause.wait()
        self._pause.wait(0.04 if self._number else self._late_s)
        self._number += 1
        CountingCamera.newest = self._number
        return Frame(numbered_picture(self._number), time.monotonic())


class UnpluggedCamera(CountingCamera):
    """Gives three frames and fails, and its driver does not come back from closing it."""

    def read(self):
        if self._number == 3:
            raise DeviceUnavailableError("gives no picture; was it unplugged?")
        return super().read()

    def close(self):
        self._pause.wait()


def drawn_camera(mode, camera):
    match mode:
        case "late":
            return CountingCamera(late_s=camera["late_s"])
        case "never":
            return CountingCamera(late_s=3600.0)
        case "stops":
            return CountingCamera(most=3)
        case "unplugged":
            return UnpluggedCamera()
    return CountingCamera()


def counted(camera):
    """A camera of the product, with its pictures counted too."""
    read = camera.read

    def read_and_count():
        frame = read()
        CountingCamera.newest += 1
        return frame

    camera.read = read_and_count
    return camera


class Found:
    def __init__(self, payload):
        self.payload = payload
        self.engine = "test"
        self.corners = ((0, 0), (1, 0), (1, 1), (0, 1))
        self.module_px = 2.5


class FoundPlate:
    def __init__(self, text):
        self.text = text
        self.positions = tuple(((character, 0.9),) for character in text)
        self.kind = "kz_car"
        self.confidence = 0.5
        self.box = (1, 2, 30, 10)
        self.off_centre = 0.0
        self.flat = np.full((80, 288, 3), 128, np.uint8)
        self.columns = bytes((1, 0, 0))
        self.two_lines = False
        self.colour = "white"
        self.character_px = 6.5
        self.legible = True
        self.doubt = Doubt.NONE
        self.countries = ()


class Counter:
    def __init__(self, mode):
        self._mode = mode
        self._pause = threading.Event()

    def read_codes(self, pixels, at, *, hint, budget_ms):
        number = number_in(pixels)
        if number >= 5:
            match self._mode:
                case "segfault":
                    ctypes.string_at(0)
                case "hang":
                    self._pause.wait()
                case "fail":
                    raise RuntimeError("this engine cannot")
        if self._mode == "slow":
            self._be_slow()
        return [Found(str(number).encode())]

    def _be_slow(self):
        """Take as long as five pictures of the camera."""
        until, looks = CountingCamera.newest + 5, 0
        while CountingCamera.newest < until and looks < 1000:  # it is over when the camera has stopped
            self._pause.wait(0.005)
            looks += 1


class HintTeller:
    def __init__(self):
        self._told = None

    def read_codes(self, pixels, at, *, hint, budget_ms):
        before, self._told = self._told, hint
        return [] if hint is before else [Found(b"hint" if hint else b"no hint")]


class PlateCounter:
    def read(self, pixels, *, thorough=False):
        return [FoundPlate(f"{number_in(pixels) % 1000:03d}ABC02")]


def made_readers(mode):
    def make(settings):
        if mode == "hint":
            return Readers(codes=HintTeller())
        return Readers(
            codes=Counter(mode) if settings.read_codes else None,
            plates=PlateCounter() if settings.read_plates else None,
        )

    return make


def serve(mode, descriptor):
    """Work as the product's does, with the camera and the readers of a mode; returns the exit code."""

    def make_camera(settings):
        if settings.camera_kind != "drawn":
            return counted(main.made_camera(settings))
        return drawn_camera(mode, settings.camera)

    return main.serve(descriptor, make_camera, made_readers(mode), main.needs_of)
