"""An eye process with the product's own readers, whose camera shows pictures as fast as they are read, and fails now and then.

`soak_eye_child.py --fd N`. The camera's table: `frames` to show, `seed`, and `folder` of photographs or null.
"""

import argparse
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from agent.eye import main
from agent.eye.readers import Readers
from drivers.api import (
    CameraDetails,
    DeviceMisconfiguredError,
    DeviceUnavailableError,
    EndOfStreamError,
    Frame,
)
from tests.soak_eye_pictures import Reel

READ_WITHIN_S = 1.0
STREAM_ENDS = 1 / 1500
NO_SUCH_STREAM = 1 / 10


class Turnstile:
    """Lets a frame in when the code reader has done with the one before."""

    def __init__(self):
        self._free = threading.Semaphore(1)

    def enter(self):
        # A frame that is not read, because the picture counts as frozen, opens it for nobody.
        self._free.acquire(timeout=READ_WITHIN_S)

    def leave(self):
        self._free.release()


class Recycler:
    """A camera that shows the pictures of a reel again and again. It outlives its openings: the end comes once."""

    def __init__(self, table, turnstile):
        self._reel = Reel(table["seed"], table["folder"])
        self._rng = np.random.default_rng(table["seed"])
        self._left = table["frames"]
        self._turnstile = turnstile

    def open(self):
        if self._rng.random() < NO_SUCH_STREAM:
            raise DeviceMisconfiguredError("no such stream")
        return CameraDetails(1280, 720, 25, "soak")

    def close(self):
        pass

    def read(self):
        self._turnstile.enter()
        if self._left <= 0:
            raise EndOfStreamError("all were shown")
        if self._rng.random() < STREAM_ENDS:
            self._turnstile.leave()
            raise DeviceUnavailableError("the stream ended")
        self._left -= 1
        return Frame(self._reel.next(), time.monotonic())


class Counted:
    """The code reader, with the turnstile behind it."""

    def __init__(self, reader, turnstile):
        self._reader = reader
        self._turnstile = turnstile

    def look(self, pixels, at, *, hint, budget_ms):
        try:
            return self._reader.look(pixels, at, hint=hint, budget_ms=budget_ms)
        finally:
            self._turnstile.leave()


def serve():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    turnstile, cameras = Turnstile(), []

    def make_camera(settings):
        if not cameras:
            cameras.append(Recycler(settings.camera, turnstile))
        return cameras[0]

    def make_readers(settings):
        readers = main.made_readers(settings)
        return Readers(Counted(readers.codes, turnstile), readers.dear_codes, readers.plates)

    os._exit(main.serve(parser.parse_args().fd, make_camera, make_readers))


if __name__ == "__main__":
    serve()
