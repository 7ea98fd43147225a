"""A vision worker whose camera or readers misbehave as ordered: `worker_child.py MODE --fd N`.

Modes: `segfault`, `hang`, `fail` (the code reader does, once a frame shows it a number of 5 or more), `count` (reads
the number in each frame as its code), `slow` (the same, five pictures of the camera a frame), `late` (the same, with a
camera that opens at once and has its first frame so many seconds later as its settings say, `late_s`), `never` (the
same, but there is none), `stops` (the same as `count`, with a camera that gives three frames and no more), `unplugged`
(the same, but reading fails after three frames, and closing the camera hangs), `hint` (tells by a code whether there is
a hint of one, whenever that changes), `silent` (says nothing), `stuck` (stops to beat), `garbage`, `liar` (a plate
without positions), `future` (a frame from tomorrow), `stranger`, `old`, `exit`, `deaf` (does not stop when asked),
`held` (delivers, then hangs; once killed it stays in the kernel, as in uninterruptible sleep, until its tracer is
killed too).

What speaks the protocol by hand loads no library for pictures; the rest is in reading_child.py.
"""

import argparse
import ctypes
import os
import signal
import socket
import sys
import threading
import time
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent.parent))

from agent.vision.worker.protocol import VERSION, CameraPhase, CameraState, Detection, Heartbeat, Hello
from agent.vision.worker.wire import encoded

BY_HAND = frozenset({"garbage", "liar", "future", "stranger", "old", "exit", "stuck", "deaf", "held"})

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
    if options.mode in BY_HAND:
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

    code = import_module("tests.support.vision.reading_child").serve(options.mode, options.fd)
    os._exit(code)


if __name__ == "__main__":
    serve()
