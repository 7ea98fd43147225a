"""What goes wrong with a network camera: how soon that is told, and how soon its pictures are back once it is mended.

Usage: bench/camera_faults.py   Each fault begins while the camera is at rest, and again while each picture is decoded.
"""

from __future__ import annotations

import argparse
import socket
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from agent.core.model import View
from agent.vision.supervisor import CameraSupervisor
from agent.vision.worker.protocol import Configure
from bench.figures import Figure, table
from drivers import registry
from drivers.camera.simulated_yard.scene import Scene, draw_scene
from tests.support.vision.packet_rtsp import PacketCamera, encoded
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from agent.vision.mapping import CameraStatus
    from tests.support.vision.packet_rtsp import Stream

    Fault = Callable[[], AbstractContextManager[None]]

GOAL_S = 3.0
RATE_HZ = 25
SIZE = (640, 360)
LASTS_S = 1.0
NOISE_LEVELS = 2.0


@dataclass(frozen=True, slots=True)
class Films:
    """What the camera sends: the yard, a picture that stands still, a covered lens, and nonsense."""

    yard: Stream
    still: Stream
    covered: Stream
    nonsense: Stream


def films(rate_hz: int = RATE_HZ) -> Films:
    """A second of each."""
    noise, rows = np.random.default_rng(1), SIZE[1]
    yard = cv2.resize(draw_scene(Scene()), SIZE, interpolation=cv2.INTER_AREA).astype(np.int16)

    def noisy(pixels: NDArray[np.int16]) -> list[NDArray[np.uint8]]:
        shape = (rows, SIZE[0], 3)
        levels = (noise.normal(0, NOISE_LEVELS, shape).round() for _ in range(rate_hz))
        return [np.clip(pixels + one, 0, 255).astype(np.uint8) for one in levels]

    seen = encoded("H264", noisy(yard), rate_hz=rate_hz)
    nonsense = seen
    for number in range(rate_hz):
        nonsense = nonsense.broken(number)
    return Films(
        yard=seen,
        # Without loss: else each picture would be a little better than the one before, or a little worse.
        still=encoded("H264", [yard.astype(np.uint8)] * rate_hz, rate_hz=rate_hz, qp=0),
        covered=encoded("H264", noisy(np.full((rows, SIZE[0], 3), 60, np.int16)), rate_hz=rate_hz),
        nonsense=nonsense,
    )


@contextmanager
def _another_service(port: int, answer: bytes) -> Iterator[None]:
    """Listens where the camera did; says this to each request, or nothing."""
    with socket.create_server(("127.0.0.1", port)) as listener:

        def serve() -> None:
            while True:
                try:
                    end, _ = listener.accept()
                except OSError:
                    return
                kept.append(end)
                if answer:
                    end.recv(4096)
                    end.sendall(answer)

        kept: list[socket.socket] = []
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for end in kept:
                end.close()
    thread.join()


@contextmanager
def _stopped(camera: PacketCamera, port_taken_by: bytes | None = None) -> Iterator[None]:
    camera.stop()
    with ExitStack() as stack:
        if port_taken_by is not None:
            stack.enter_context(_another_service(camera.port, port_taken_by))
        yield
    camera.start()


@contextmanager
def _hanging(camera: PacketCamera) -> Iterator[None]:
    camera.pause()
    yield
    camera.go_on()


@contextmanager
def _showing(camera: PacketCamera, stream: Stream, usual: Stream) -> Iterator[None]:
    camera.show(stream)
    yield
    camera.show(usual)


class WatchedCamera:
    """A camera, its vision worker, and what that says."""

    def __init__(self, camera: PacketCamera, stack: ExitStack, *, rests: bool) -> None:
        # No vehicle keeps it awake: while one is there, a covered lens is told later.
        decoded = "key_pictures" if rests else "all"
        values = {"url": camera.url, "decode_at_rest": decoded}
        settings = registry.settings_model(registry.CAMERAS, "opencv").model_validate(values)
        configure = Configure(camera_kind="opencv", camera=settings.model_dump(mode="json"))
        self.port = CameraSupervisor("bench", configure, on_seen=lambda _seen: None, on_status=self._note)
        self._status: CameraStatus | None = None
        self.port.start()
        stack.callback(self.port.stop)

    def _note(self, status: CameraStatus) -> None:
        self._status = status

    @property
    def well(self) -> bool:
        status = self._status
        return status is not None and status.up and status.view is View.CLEAR

    @property
    def resting(self) -> bool:
        heartbeat = self.port.last_heartbeat
        return heartbeat is not None and heartbeat.resting


def faults(camera: PacketCamera, shown: Films) -> dict[str, Fault]:
    """What may go wrong, by its name: each lasts as long as it is entered."""
    refused = b"RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n"
    return {
        "hangs up, port closed": lambda: _stopped(camera),
        "hangs": lambda: _hanging(camera),
        "accepts and never answers": lambda: _stopped(camera, b""),
        "no such stream": lambda: _stopped(camera, refused),
        "sends nonsense": lambda: _showing(camera, shown.nonsense, shown.yard),
        "its picture stands still": lambda: _showing(camera, shown.still, shown.yard),
        "its lens is covered": lambda: _showing(camera, shown.covered, shown.yard),
    }


def measure() -> list[Figure]:
    shown = films()
    found = []
    for resting in (True, False):
        with ExitStack() as stack:
            camera = stack.enter_context(PacketCamera(shown.yard))
            watched = WatchedCamera(camera, stack, rests=resting)
            for name, fault in faults(camera, shown).items():
                found += _figures(watched, name, fault, resting=resting)
    return found


def _figures(watched: WatchedCamera, name: str, fault: Fault, *, resting: bool) -> list[Figure]:
    pause = threading.Event()
    eventually(lambda: watched.well and watched.resting is resting, within_s=60, what=f"before: {name}")
    pause.wait(LASTS_S)
    with fault():
        begun_at = time.monotonic()
        eventually(lambda: not watched.well, within_s=60, what=f"told: {name}")
        told_s = time.monotonic() - begun_at
        pause.wait(LASTS_S)
    mended_at = time.monotonic()
    eventually(lambda: watched.well, within_s=60, what=f"mended: {name}")
    back_s = time.monotonic() - mended_at
    how = f"at rest: {watched.port.status.restarts} restarts" if resting else "awake"
    return [
        Figure(f"camera {name}, told after", told_s, "s", GOAL_S, note=how),
        Figure(f"camera {name}, pictures back after", back_s, "s", GOAL_S, note=how),
    ]


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    figures = measure()
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
