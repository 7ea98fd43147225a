"""A live RTSP camera for tests: it shows the picture that it is told to, until it is told another."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.support.waiting import scaled

SERVER = Path(__file__).with_name("live_rtsp_server.py")
RATE_HZ = 5
SELDOM_HZ = 2
"""For whole gates: enough to read a vehicle by, and all that decodes and reads pictures has less than half the work."""


class LiveCamera:
    """Serve one live stream at 127.0.0.1, on the same port over all its lives. `show` is what stands before it.

    `log`: a file for its complaints about clients that go without a word; those of this process if not told.
    """

    def __init__(self, folder, width_px=1280, height_px=720, log=None, rate_hz=RATE_HZ):
        self.size = (width_px, height_px)
        self.rate_hz = rate_hz
        self.port = 0
        self._folder = Path(folder)
        self._process = None
        self._log = log
        self._shown = 0

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

    @property
    def url(self):
        return f"rtsp://127.0.0.1:{self.port}/live.mp4"

    @property
    def settings(self):
        """Its settings for the driver: where it is, and time enough for a busy machine, as much as the driver takes."""
        return {
            "url": self.url,
            "open_timeout_ms": min(60_000, round(scaled(4000))),
            "read_timeout_ms": min(30_000, round(scaled(1000))),
        }

    @property
    def toml(self):
        """Its keys in a gate's configuration."""
        return "\n".join(f"{key} = {json.dumps(value)}" for key, value in ({"kind": "opencv"} | self.settings).items())

    def start(self):
        self._process = subprocess.Popen(
            [sys.executable, SERVER, *map(str, self.size), str(self.rate_hz), str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.port = int(self._process.stdout.readline())
        return self

    def show(self, pixels):
        """Show a BGR picture from now on; returns when it is in the stream.

        Of another size, the stream changes its own.
        """
        self._say("show", pixels)
        self.wait(1)

    def show_once(self, pixels):
        """Show a BGR picture in one frame, and send no more until the next is shown; returns when
        it is in the stream.
        """
        self._say("once", pixels)
        self.wait(1)

    def _say(self, order, pixels):
        self._shown += 1
        path = self._folder / f"shown-{self._shown % 2}.npy"
        np.save(path, pixels)
        print(order, path, file=self._process.stdin, flush=True)

    def garble(self, frames):
        """Send so many frames with nonsense in place of their pictures; returns when they were sent."""
        print("garble", frames, file=self._process.stdin, flush=True)
        self.wait(frames + 1)

    def wait(self, frames):
        """Return when the picture has been in the stream for so many frames since it was first shown."""
        print("wait", frames, file=self._process.stdin, flush=True)
        assert self._process.stdout.readline() == "shown\n"

    def wait_s(self, seconds):
        """Return when the picture has been in the stream for so long since it was first shown."""
        self.wait(1 + math.ceil(seconds * self.rate_hz))

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
            self._process = None
