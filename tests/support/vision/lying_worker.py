"""A vision worker that was taken over: `lying_worker.py FOLDER --fd N`.

It looks at no camera. Each file `N.told` that appears in the folder, in the order of the numbers, it passes on as if it
had seen it just now: a JSON object with the `codes` and `plates` of a Detection, and with `pictures`, JPEG in base64.
"""

import argparse
import base64
import json
import os
import select
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent.parent))

from agent.vision.worker.protocol import VERSION, CameraPhase, CameraState, Detection, Heartbeat, Hello
from agent.vision.worker.wire import encoded

LOOK_S = 0.05


def serve():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fd", type=int, required=True)
    options = parser.parse_args()
    end = socket.socket(fileno=options.fd)
    end.sendall(encoded(Hello(pid=os.getpid(), version=VERSION)))
    end.sendall(encoded(Heartbeat(at=time.monotonic())))
    end.sendall(encoded(CameraState(phase=CameraPhase.STREAMING)))
    number = 1
    while True:
        readable, _, _ = select.select([end], [], [], LOOK_S)
        if readable and not end.recv(1 << 16):
            return
        end.sendall(encoded(Heartbeat(at=time.monotonic())))
        told = options.folder / f"{number}.told"
        if told.exists():
            said = json.loads(told.read_text())
            pictures = [base64.b64decode(picture) for picture in said.pop("pictures")]
            said |= {"frame": number, "at": time.monotonic()}
            end.sendall(encoded(Detection.model_validate_json(json.dumps(said)), pictures))
            number += 1


if __name__ == "__main__":
    serve()
