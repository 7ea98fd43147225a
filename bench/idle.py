"""What a camera costs while nothing moves before it: its whole worker process, and the video library alone beside it.

Usage: bench/idle.py   The stream is RTSP at 25 pictures a second with noise and a running clock in the picture.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2

from agent.vision.supervisor import CameraSupervisor
from agent.vision.worker.protocol import Configure
from agent.vision.worker.reading_schedule import ASLEEP_AFTER_S
from bench.camera import ClipCamera
from bench.figures import Figure, table
from bench.processes import cpu_s
from bench.scratch import scratch
from drivers import registry
from drivers.camera.simulated_yard.scene import Scene, draw_scene
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from agent.vision.mapping import CameraStatus
    from agent.vision.worker.protocol import Heartbeat

GOAL_PERCENT = 25.0
SIZES = {"1080p25": (1920, 1080), "720p25": (1280, 720)}
MEASURED_S = 8.0
DECODED_FRAMES = 150
RATE_HZ = 25
LOOKS_A_SECOND = 2
"""More frames read than this, and something moves: then it is not the cost of an empty yard."""


@dataclass(frozen=True, slots=True)
class IdleCost:
    """CPU as a share of one core in percent. `worker`: the whole worker process; `decode`: the video library alone."""

    name: str
    worker: float
    decode: float
    frames: int
    read: int

    def figure(self) -> Figure:
        own_ms = (self.worker - self.decode) / 100 / RATE_HZ * 1000
        note = (
            f"decode alone {self.decode:.1f} %, the rest {own_ms:.2f} ms a frame; "
            f"{self.read} of {self.frames} frames were read"
        )
        goal = GOAL_PERCENT if self.name == "1080p25" else None
        return Figure(
            f"vision worker CPU, nothing moving, RTSP {self.name}", self.worker, "% of a core", goal, note=note
        )


def measure(name: str) -> IdleCost:
    """Measure at one of SIZES. Raises RuntimeError when the change gate does not close."""
    with scratch() as folder, ClipCamera(folder, *SIZES[name]) as camera:
        picture = cv2.resize(draw_scene(Scene()), SIZES[name], interpolation=cv2.INTER_CUBIC).astype("uint8")
        camera.load("empty", picture)
        camera.show("empty")
        decode = _decode_percent(camera.url)
        worker, frames, read = _worker_percent(camera.url)
    if read > LOOKS_A_SECOND * MEASURED_S:
        message = f"{read} of {frames} frames were read: the change gate is not closed"
        raise RuntimeError(message)
    return IdleCost(name, worker, decode, frames, read)


def _decode_percent(url: str) -> float:
    """In this process, which does nothing else meanwhile."""
    cv2.setNumThreads(1)
    camera = registry.camera("opencv", {"url": url})
    camera.open()
    try:
        camera.read()
        begun_at, begun_cpu = time.monotonic(), time.process_time()
        for _ in range(DECODED_FRAMES):
            camera.read()
        return 100 * (time.process_time() - begun_cpu) / (time.monotonic() - begun_at)
    finally:
        camera.close()


def _worker_percent(url: str) -> tuple[float, int, int]:
    """The share of a core, the frames captured and the frames read."""
    settings = registry.settings_model(registry.CAMERAS, "opencv").model_validate({"url": url})
    configure = Configure(camera_kind="opencv", camera=settings.model_dump(mode="json"))
    statuses: queue.SimpleQueue[CameraStatus] = queue.SimpleQueue()
    port = CameraSupervisor("bench", configure, on_seen=lambda _seen: None, on_status=statuses.put)
    port.start()
    try:
        while not statuses.get(timeout=20).up:
            pass
        threading.Event().wait(max(configure.gate.hold_s, ASLEEP_AFTER_S) + 1.5)
        return _watched(port)
    finally:
        port.stop()


def _watched(port: CameraSupervisor) -> tuple[float, int, int]:
    before = _next_beat(port)
    pid = port.pid
    if pid is None:
        message = "the vision worker has ended"
        raise RuntimeError(message)
    begun_at, begun_cpu = time.monotonic(), cpu_s(pid)
    threading.Event().wait(MEASURED_S)
    percent = 100 * (cpu_s(pid) - begun_cpu) / (time.monotonic() - begun_at)
    after = _next_beat(port)
    return percent, after.captured - before.captured, after.read - before.read


def _next_beat(port: CameraSupervisor) -> Heartbeat:
    old = port.last_heartbeat
    eventually(lambda: port.last_heartbeat is not None and port.last_heartbeat is not old, what="the next beat")
    heartbeat = port.last_heartbeat
    assert heartbeat is not None
    return heartbeat


def main() -> int:
    figures = [measure(name).figure() for name in SIZES]
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
