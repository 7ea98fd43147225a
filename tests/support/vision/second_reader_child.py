"""A second reader that misbehaves as ordered: `second_reader_child.py MODE --fd N`.

Modes: `hang`, `segfault` (both once it has the pictures), `leave` (as `segfault`, in order), `other` (answers about
other pictures), `garbage` (no protocol at all), `never` (is never ready), `early` (ends while it waits), `old` (of
another version), and JSON: targets of tests/support/vision/sandbox_attempts.py, all of which it tries over its pictures
and tells what came of them as the text of a code.
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

from agent.vision.worker import second_reader
from agent.vision.worker.protocol import VERSION, Hello, PicturesShown, Sandbox
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


def serve():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode")
    parser.add_argument("--fd", type=int, required=True)
    options = parser.parse_args()
    end = None
    match options.mode:
        case "never":
            threading.Event().wait()
        case "early" | "garbage" | "old":
            end = socket.socket(fileno=options.fd)
            end.sendall(encoded(Hello(pid=os.getpid(), version=VERSION - (options.mode == "old"))))
            end.sendall(encoded(Sandbox(on=())))
    match options.mode:
        case "early" | "old":
            os._exit(5)
        case "garbage":
            end.recv(1)
            end.sendall(b"GET / HTTP/1.1\r\n\r\n")
            threading.Event().wait()
    os._exit(second_reader.serve(options.fd, lambda: reading(options.mode)))


if __name__ == "__main__":
    serve()
