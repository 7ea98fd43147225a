"""A second reader that misbehaves as ordered: `second_reader_child.py MODE --fd N`.

Modes: `hang`, `segfault` (both once it has the pictures), `leave` (as `segfault`, in order), `other` (answers about
other pictures), `garbage` (no protocol at all), `never` (the template is never ready), `unloaded` (the template ends),
`early` (ends while it waits), `old` (of another version), `bare` (hands over no handle of itself), and JSON: targets of
tests/support/vision/sandbox_attempts.py, all of which it tries over its pictures and tells what came of them as the
text of a code.
"""

import argparse
import ctypes
import json
import os
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent.parent))

from agent.vision.worker import second_reader, template_process
from agent.vision.worker.protocol import VERSION, Hello, PicturesShown, Sandbox
from agent.vision.worker.second_reader import KeptReading
from agent.vision.worker.wire import encoded
from tests.support.vision.sandbox_attempts import attempted


def reading(mode):
    """What is done over pictures."""

    def read(codes, plates, vins):
        match mode:
            case "hang":
                threading.Event().wait()
            case "segfault":
                ctypes.string_at(0)
            case "leave":
                os._exit(3)
            case "other":
                return PicturesShown(codes=((b"GP1:",),) * (len(codes) + 1))
        told = json.dumps(attempted(json.loads(mode))).encode()
        return PicturesShown(codes=((told,),) * len(codes), plates=(None,) * len(plates), vins=((),) * len(vins))

    return read


def misbehaving(mode):
    """What a process does that is forked and never gets as far as pictures."""

    def work(end, handle):
        hello = Hello(pid=os.getpid(), version=VERSION - (mode == "old"))
        socket.send_fds(end, [encoded(hello)], [] if mode == "bare" else [handle])
        end.sendall(encoded(Sandbox(on=())))
        if mode == "garbage":
            end.recv(1)
            end.sendall(b"GET / HTTP/1.1\r\n\r\n")
            threading.Event().wait()
        return 5

    return work


def serve():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode")
    parser.add_argument("--fd", type=int, required=True)
    options = parser.parse_args()
    match options.mode:
        case "never":
            threading.Event().wait()
        case "unloaded":
            os._exit(6)
        case "early" | "garbage" | "old" | "bare":
            os._exit(template_process.serve(options.fd, misbehaving(options.mode)))
    os._exit(second_reader.serve(options.fd, lambda: KeptReading(reading(options.mode), lambda: None)))


if __name__ == "__main__":
    serve()
