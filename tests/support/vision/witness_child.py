"""A witness's process that misbehaves as ordered: `witness_child.py MODE --fd N`.

Modes: `garbage`, `liar` (a plate that does not print), `long` (one that is too long), `future` (a plate from tomorrow),
`past` (one from before it was started), `stranger`, `old`, `exit`, `detection` (says what a witness does not say),
`flood` (a thousand plates), `silent` (says nothing), `product` (behaves: it is the product's own). JSON in the place of
a mode is what somebody who has taken it over tries: it starts as the product's does, and when its camera is opened, the
sandbox is complete; its identity then names the attempts that no layer refused.
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

from agent.vision.worker import witness
from agent.vision.worker.protocol import VERSION, CameraPhase, CameraState, Detection, Heartbeat, Hello, SaidPlate
from agent.vision.worker.wire import encoded
from tests.support.vision.sandbox_attempts import BARRED, attempted

PLATE = "A111AA01"
_DAY_S = 86_400


class TakenOver:
    """A camera whose driver was taken over."""

    def __init__(self, targets):
        self._targets = targets
        self._pause = threading.Event()

    def open(self):
        outcomes = attempted(self._targets)
        return "not barred: " + ", ".join(f"{what} ({how})" for what, how in outcomes.items() if how not in BARRED)

    def close(self):
        pass

    def read(self, timeout_s):
        self._pause.wait(timeout_s)


def words(mode, now):
    """What is said after the greeting, as bytes."""
    said = encoded(SaidPlate(text=PLATE, confidence=1.0, at=now))
    longer = said[4:].replace(PLATE.encode(), b"A" * 33)
    return {
        "garbage": b"GET / HTTP/1.1\r\n\r\n",
        # The same length, and a character that steers a terminal.
        "liar": said.replace(PLATE.encode(), b"A1\\u001b"),
        "long": len(longer).to_bytes(4, "big") + longer,
        "future": encoded(SaidPlate(text=PLATE, confidence=1.0, at=now + _DAY_S)),
        "past": encoded(SaidPlate(text=PLATE, confidence=1.0, at=0.0)),
        "detection": encoded(Detection(frame=1, at=now)),
        "flood": encoded(CameraState(phase=CameraPhase.STREAMING)) + said * 1000,
    }.get(mode, b"")


def misbehave(mode, end):
    """Speak the protocol by hand, and wrongly."""
    pid = os.getpid() + (mode == "stranger")
    end.sendall(encoded(Hello(pid=pid, version=VERSION + (mode == "old"))))
    now = time.monotonic()
    end.sendall(encoded(Heartbeat(at=now)) + words(mode, now))
    if mode == "exit":
        os._exit(3)
    while mode == "flood":
        threading.Event().wait(0.1)
        end.sendall(encoded(Heartbeat(at=time.monotonic())))
    threading.Event().wait()


def serve():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode")
    parser.add_argument("--fd", type=int, required=True)
    options = parser.parse_args()
    if options.mode == "silent":
        threading.Event().wait()
    if options.mode == "product":
        sys.argv[1:] = ["--fd", str(options.fd)]
        witness.main()
    if options.mode.startswith("{"):
        targets = json.loads(options.mode)
        os._exit(witness.serve(options.fd, lambda _: TakenOver(targets), witness.needs_of))
    misbehave(options.mode, socket.socket(fileno=options.fd))


if __name__ == "__main__":
    serve()
