"""A vision worker that was taken over: `sandbox_child.py TARGETS --fd N`.

It starts as the product's do. When its camera is opened, the sandbox is complete: then it tries all that
tests/support/vision/sandbox_attempts.py knows, and tells what came of each as the text of a code. TARGETS is JSON: what
to try it on, with `without`: layers that this kernel is to lack, and `bare`: no sandbox at all.
"""

import argparse
import json
import os
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent.parent))

from agent.vision.worker import main
from agent.vision.worker.protocol import Layer, Sandbox
from agent.vision.worker.readers import Readers
from agent.vision.worker.sandbox import confinement, landlock, seccomp
from drivers.api import CameraDetails, Frame
from tests.support.vision.numbered_pictures import numbered_picture
from tests.support.vision.sandbox_attempts import attempted


class Camera:
    """Draws numbered pictures."""

    def __init__(self):
        self._number = 0
        self._pause = threading.Event()

    def open(self):
        return CameraDetails(640, 480, 25, "drawn")

    def close(self):
        pass

    def read(self):
        self._pause.wait(0.04)
        self._number += 1
        return Frame(numbered_picture(self._number), time.monotonic())


class Found:
    engine = "test"
    corners = ()
    module_px = 0.0

    def __init__(self, payload):
        self.payload = payload


class Reporter:
    report = None

    def read_codes(self, pixels, at, *, hint, budget_ms):
        report, self.report = self.report, None
        return [Found(report)] if report else []


def serve():
    parser = argparse.ArgumentParser()
    parser.add_argument("targets", type=json.loads)
    parser.add_argument("--fd", type=int, required=True)
    options = parser.parse_args()
    targets = options.targets
    reporter = Reporter()
    if Layer.FILES in targets.get("without", ()):
        landlock.version = lambda: 0
    if Layer.CALLS in targets.get("without", ()):
        seccomp._LIBRARY = "libseccomp.so.none"
    if targets.get("bare"):
        confinement.Confinement.bar_files = lambda self: None
        confinement.Confinement.complete = lambda self: Sandbox(on=())

    def make_camera(settings):
        report = json.dumps(attempted(targets)).encode()
        if "camera" in targets:
            socket.create_connection(("127.0.0.1", targets["camera"]), 5).close()
        reporter.report = report
        return Camera()

    def make_readers(settings):
        main.made_readers(settings)
        return Readers(codes=reporter)

    os._exit(main.serve(options.fd, make_camera, make_readers, main.needs_of))


if __name__ == "__main__":
    serve()
