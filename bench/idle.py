"""What cameras cost while nothing moves before them: their whole worker processes, in the old way and in the new.

Usage: bench/idle.py [--cameras N ...] [--second]   RTSP at 25 pictures a second with noise and a running clock in the
picture, a key picture a second. In the old way each picture is decoded; in the new one the key pictures are, and with
`--second` also each picture of a small second stream, 640 x 360.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2

from agent.vision.supervisor import CameraSupervisor
from agent.vision.worker.protocol import Configure
from agent.vision.worker.reading_schedule import ASLEEP_AFTER_S
from bench.camera import REST_FRAMES, ClipCamera
from bench.figures import Figure, table
from bench.processes import cpu_s, proportional_mb
from bench.scratch import scratch
from drivers import registry
from drivers.camera.simulated_yard.scene import Scene, draw_scene
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from agent.vision.mapping import CameraStatus
    from agent.vision.worker.protocol import Heartbeat

    Way = Literal["all", "key_pictures", "second"]

GOAL_PERCENT = 4.0
SIZE = (1920, 1080)
SECOND_SIZE = (640, 360)
CAMERAS = (1, 2, 4, 8)
MEASURED_S = 12.0
UP_WITHIN_S = 60.0
LOOKS_A_SECOND = 2
"""More frames read than this, and something moves: then it is not the cost of an empty yard."""
WAYS: dict[Way, str] = {
    "all": "each picture decoded, as before",
    "key_pictures": "key pictures decoded",
    "second": "key pictures and a small second stream decoded",
}


@dataclass(frozen=True, slots=True)
class IdleCost:
    """CPU of a worker as a share of one core in percent, its memory in MB, and its pictures."""

    cpu_percent: float
    memory_mb: float
    came: int
    decoded: int
    read: int


def figure(way: Way, costs: list[IdleCost]) -> Figure:
    mean = sum(one.cpu_percent for one in costs) / len(costs)
    each = ", ".join(f"{one.cpu_percent:.1f}" for one in costs)
    came, decoded, read = (sum(getattr(one, name) for one in costs) for name in ("came", "decoded", "read"))
    name = f"{len(costs)} camera{'s' if len(costs) > 1 else ''} at rest, 1080p25, {WAYS[way]}: CPU of a vision worker"
    memory = max(one.memory_mb for one in costs)
    note = f"each {each}; of {came} pictures {decoded} decoded, {read} read; the largest has {memory:.0f} MB (PSS)"
    return Figure(name, mean, "% of a core", None if way == "all" else GOAL_PERCENT, note=note)


class IdleCamera:
    """A camera before which nothing moves, its second stream where there is one, and its vision worker."""

    def __init__(self, folder: Path, way: Way, stack: ExitStack) -> None:
        self._camera = stack.enter_context(_empty_yard(folder, SIZE))
        camera = {"url": self._camera.url, "decode_at_rest": "all" if way == "all" else "key_pictures"}
        if way == "second":
            camera["second_url"] = stack.enter_context(_empty_yard(folder, SECOND_SIZE)).url
        settings = registry.settings_model(registry.CAMERAS, "opencv").model_validate(camera)
        self._configure = Configure(camera_kind="opencv", camera=settings.model_dump(mode="json"))
        self._up, self._up_at = threading.Event(), 0.0
        self._port = CameraSupervisor("bench", self._configure, on_seen=lambda _seen: None, on_status=self._note)
        self._port.start()
        stack.callback(self._port.stop)

    def await_rest(self) -> None:
        """Return once the camera delivers, and nothing has moved for so long that its readers are asleep."""
        if not self._up.wait(UP_WITHIN_S):
            message = f"a camera gives no picture: {self._port.status.detail}"
            raise RuntimeError(message)
        rests_at = self._up_at + max(self._configure.gate.hold_s, ASLEEP_AFTER_S) + 1.5
        threading.Event().wait(max(0.0, rests_at - time.monotonic()))

    @property
    def behind_s(self) -> float:
        """How late the newest picture came for its stream."""
        return self._next_beat().behind_s

    def begin(self) -> tuple[float, float, Heartbeat]:
        """Begin to measure."""
        return time.monotonic(), cpu_s(self._pid()), self._next_beat()

    def end(self, begun: tuple[float, float, Heartbeat]) -> IdleCost:
        """What was spent since."""
        at, spent_s, before = begun
        percent = 100 * (cpu_s(self._pid()) - spent_s) / (time.monotonic() - at)
        after = self._next_beat()
        return IdleCost(
            percent,
            proportional_mb(self._pid()),
            after.captured - before.captured,
            after.decoded - before.decoded,
            after.read - before.read,
        )

    def _note(self, status: CameraStatus) -> None:
        if status.up and not self._up.is_set():
            self._up_at = time.monotonic()
            self._up.set()

    def _pid(self) -> int:
        pid = self._port.pid
        if pid is None:
            message = f"a vision worker has ended: {self._port.status.detail}"
            raise RuntimeError(message)
        return pid

    def _next_beat(self) -> Heartbeat:
        port, old = self._port, self._port.last_heartbeat
        eventually(lambda: port.last_heartbeat is not None and port.last_heartbeat is not old, what="the next beat")
        heartbeat = port.last_heartbeat
        assert heartbeat is not None
        return heartbeat


def _empty_yard(folder: Path, size: tuple[int, int]) -> ClipCamera:
    camera = ClipCamera(folder, *size)
    pixels = cv2.resize(draw_scene(Scene()), size, interpolation=cv2.INTER_CUBIC).astype("uint8")
    camera.load("empty", pixels, REST_FRAMES)
    camera.show("empty")
    return camera


def measure(count: int, way: Way) -> list[IdleCost]:
    """So many cameras at once. Raises RuntimeError when the change detector of one does not close."""
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        cameras = [IdleCamera(folder, way, stack) for _ in range(count)]
        for camera in cameras:
            camera.await_rest()
        begun = [camera.begin() for camera in cameras]
        threading.Event().wait(MEASURED_S)
        costs = [camera.end(one) for camera, one in zip(cameras, begun, strict=True)]
    if any(one.read > LOOKS_A_SECOND * (MEASURED_S + 1) for one in costs):
        message = f"{[one.read for one in costs]} frames were read: a change detector is not closed"
        raise RuntimeError(message)
    return costs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, nargs="+", default=CAMERAS, help="how many at once")
    parser.add_argument("--second", action="store_true", help="also with a second stream")
    options = parser.parse_args()
    ways: tuple[Way, ...] = ("all", "key_pictures", "second") if options.second else ("all", "key_pictures")
    figures = [figure(way, measure(count, way)) for count in options.cameras for way in ways]
    print(table(figures))
    return 1 if any(one.kept is False for one in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
