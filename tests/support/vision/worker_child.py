"""A vision worker whose camera or readers misbehave as ordered: `worker_child.py MODE --fd N`.

Modes: `segfault`, `hang`, `fail` (the code reader does, once a frame shows it a number of 5 or more), `count` (reads
the number in each frame as its code), `slow` (the same, 0.2 s a frame), `late` (the same, with a camera that opens at
once and has its first frame two seconds later), `never` (the same, but there is none), `stops` (the same as `count`,
with a camera that gives three frames and no more), `unplugged` (the same, but reading fails after three frames, and
closing the camera hangs), `hint` (tells by a code whether there is a hint of one, whenever that changes), `silent`
(says nothing), `stuck` (stops to beat), `garbage`, `liar` (a plate without positions), `future` (a frame from
tomorrow), `stranger`, `old`, `exit`, `deaf` (does not stop when asked), `held` (delivers, then hangs; once killed it
stays in the kernel, as in uninterruptible sleep, until its tracer is killed too).
"""

import argparse
import ctypes
import math
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent.parent.parent))

from agent.vision.worker import main
from agent.vision.worker.protocol import VERSION, CameraPhase, CameraState, Detection, Heartbeat, Hello
from agent.vision.worker.readers import Readers
from agent.vision.worker.wire import encoded
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


def drawn_camera(mode):
    match mode:
        case "late":
            return CountingCamera(late_s=2.0)
        case "never":
            return CountingCamera(late_s=3600.0)
        case "stops":
            return CountingCamera(most=3)
        case "unplugged":
            return UnpluggedCamera()
    return CountingCamera()


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
        self.flat = np.full((80, 288, 3), 128, np.uint8)
        self.columns = bytes((1, 0, 0))
        self.two_lines = False
        self.colour = "white"
        self.character_px = 6.5


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
            self._be_slow(number)
        return [Found(str(number).encode())]

    def _be_slow(self, number):
        """Take as long as five pictures of the camera that counts; of another camera, a fifth of a second."""
        if CountingCamera.newest == 0:
            self._pause.wait(0.2)
        looks = 0
        while 0 < CountingCamera.newest < number + 5 and looks < 1000:  # it is over when the camera has stopped
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
            return Readers(thorough_codes=HintTeller())
        return Readers(
            codes=Counter(mode) if settings.read_codes else None,
            plates=PlateCounter() if settings.read_plates else None,
        )

    return make


PTRACE_SEIZE = 0x4206
PR_SET_PTRACER = 0x59616D61


def be_traced():
    """Have a process of its own trace this one and never look: a wait for this one lasts until the tracer is gone."""
    library = ctypes.CDLL(None, use_errno=True)
    readable, writable = os.pipe()
    tracer = os.fork()
    if tracer == 0:
        os.read(readable, 1)
        if library.ptrace(PTRACE_SEIZE, os.getppid(), None, None) == 0:
            threading.Event().wait()
        os._exit(1)
    library.prctl(PR_SET_PTRACER, tracer, 0, 0, 0)
    os.write(writable, b"1")
    while "TracerPid:\t0\n" in Path("/proc/self/status").read_text():
        threading.Event().wait(0.01)


def misbehave(mode, end):
    """Speak the protocol by hand, and wrongly."""
    pid = os.getpid() + (mode == "stranger")
    end.sendall(encoded(Hello(pid=pid, version=VERSION + (mode == "old"))))
    now = time.monotonic()
    end.sendall(encoded(Heartbeat(at=now)))
    match mode:
        case "garbage":
            end.sendall(b"GET / HTTP/1.1\r\n\r\n")
        case "liar":
            text = encoded(Detection(frame=1, at=now))[4:].replace(
                b'"plates":[]',
                b'"plates":[{"text":"A","positions":[],"kind":"x","confidence":1.0,"box":[0,0,0,0]}]',
            )
            end.sendall(len(text).to_bytes(4, "big") + text)
        case "future":
            end.sendall(encoded(Detection(frame=1, at=now + 86400)))
        case "exit":
            os._exit(3)
        case "held":
            end.sendall(encoded(CameraState(phase=CameraPhase.STREAMING)))
    # A true worker would leave when its parent closes; these are the ones that must be killed.
    threading.Event().wait()


def mode_of(options):
    if options.once is None:
        return options.mode
    if options.once.exists():
        return "count"
    options.once.touch()
    return options.mode


def serve():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode")
    parser.add_argument("--once", type=Path, help="a file to be made: where it is there, the mode is `count` instead")
    parser.add_argument("--fd", type=int, required=True)
    options = parser.parse_args()
    options.mode = mode_of(options)
    if options.mode == "silent":
        threading.Event().wait()
    if options.mode in {"garbage", "liar", "future", "stranger", "old", "exit", "stuck", "deaf", "held"}:
        if options.mode == "held":
            be_traced()
        end = socket.socket(fileno=options.fd)
        if options.mode == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            end.sendall(encoded(Hello(pid=os.getpid(), version=VERSION)))
            while True:
                end.sendall(encoded(Heartbeat(at=time.monotonic())))
                threading.Event().wait(0.1)
        misbehave(options.mode, end)

    def make_camera(settings):
        if settings.camera_kind != "drawn":
            return main.made_camera(settings)
        return drawn_camera(options.mode)

    code = main.serve(options.fd, make_camera, made_readers(options.mode), main.needs_of)
    os._exit(code)


if __name__ == "__main__":
    serve()
