"""A vision worker with the product's own readers.

Its camera shows pictures as fast as they are read, and fails now and then. `vision_child.py --fd N`. The table of the
camera: `frames` to show, `seed`, and `folder` of photographs or null.
"""

import argparse
import os
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from agent.vision.worker import main
from agent.vision.worker.readers import Readers
from drivers.api import (
    CameraDetails,
    CameraNeeds,
    DeviceMisconfiguredError,
    DeviceUnavailableError,
    EndOfStreamError,
    Frame,
)
from tests.soak.vision_pictures import Reel

READ_WITHIN_S = 1.0
ALL_READ_EVERY = 25
"""Of so many pictures one waits until all readers have had their turn: those that give way would get none else."""
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


class Turns:
    """Counts the turns of the readers that give way."""

    def __init__(self):
        self._changed = threading.Condition()
        self.taken = {"plates": 0, "thorough looks": 0}

    def take(self, name):
        with self._changed:
            self.taken[name] += 1
            self._changed.notify_all()

    def wait(self, *names):
        """Until each of these has had one more."""
        with self._changed:
            before = dict(self.taken)
            self._changed.wait_for(lambda: all(self.taken[name] > before[name] for name in names), READ_WITHIN_S)


class Recycler:
    """A camera that shows the pictures of a reel again and again. It outlives its openings: the end comes once."""

    def __init__(self, table, turnstile, turns):
        self._reel = Reel(table["seed"], table["folder"])
        self._rng = np.random.default_rng(table["seed"])
        self._left = table["frames"]
        self._turnstile = turnstile
        self._turns = turns

    def open(self):
        if self._rng.random() < NO_SUCH_STREAM:
            raise DeviceMisconfiguredError("no such stream")
        return CameraDetails(1280, 720, 25, "soak")

    def close(self):
        pass

    def read(self):
        self._turnstile.enter()
        if self._left <= 0:
            turns = ", ".join(f"{count:,} {name}" for name, count in self._turns.taken.items())
            raise EndOfStreamError(f"all were shown; {turns}")
        if self._rng.random() < STREAM_ENDS:
            self._turnstile.leave()
            raise DeviceUnavailableError("the stream ended")
        self._left -= 1
        if self._left % ALL_READ_EVERY == 0:
            # Where a code was just read, thorough looks are seldom.
            self._turns.wait("plates", *(() if self._reel.shows_codes else ("thorough looks",)))
        return Frame(self._reel.next(), time.monotonic())


class Told:
    """A reader of the product that tells when it has done with a picture."""

    def __init__(self, reader, done):
        self._reader = reader
        self._done = done

    def read_codes(self, pixels, at, *, hint, budget_ms):
        try:
            return self._reader.read_codes(pixels, at, hint=hint, budget_ms=budget_ms)
        finally:
            self._done()

    def read(self, pixels, *, thorough=False):
        try:
            return self._reader.read(pixels, thorough=thorough)
        finally:
            self._done()


def serve():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    turnstile, turns, cameras = Turnstile(), Turns(), []

    def make_camera(settings):
        if not cameras:
            cameras.append(Recycler(settings.camera, turnstile, turns))
        return cameras[0]

    def make_readers(settings):
        readers = main.made_readers(settings)
        return Readers(
            Told(readers.codes, turnstile.leave),
            Told(readers.thorough_codes, partial(turns.take, "thorough looks")),
            Told(readers.plates, partial(turns.take, "plates")),
        )

    def needs(settings):
        folder = settings.camera["folder"]
        return CameraNeeds(files=(Path(folder),) if folder else ())

    os._exit(main.serve(parser.parse_args().fd, make_camera, make_readers, needs))


if __name__ == "__main__":
    serve()
