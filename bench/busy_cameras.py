"""One, two and four cameras at 1080p25 on one machine: how long a code takes to the parent, and what each costs.

Usage: bench/busy_cameras.py [--cameras N ...] [--codes N]

Every camera shows a vehicle with its plate, and a code now and then, as if all lanes were busy at once: each vision
worker reads plates and makes thorough looks all the time. Begun when the first frame with the code goes to the network,
ended when the parent has the presentation.
"""

from __future__ import annotations

import argparse
import queue
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from agent.core.crypto import SigningKey
from agent.core.permit.issue import issue
from agent.vision.supervisor import CameraSupervisor
from agent.vision.worker.protocol import Configure
from bench.camera import ClipCamera
from bench.codes import MINIMAL
from bench.figures import Figure, p50, p99, table
from bench.latency import HEIGHT_PX, P50_GOAL_MS, P99_GOAL_MS, WIDTH_PX, drawn
from bench.processes import cpu_s, proportional_mb
from bench.scratch import scratch
from drivers import registry
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from agent.vision.mapping import CameraStatus, MappedDetection
    from agent.vision.worker.protocol import Heartbeat

CAMERAS = (1, 2, 4)
CODES = 40
CLIP_FRAMES = 10
WARM_UP_S = 3.0
PATIENCE_S = 3.0
"""So long a driver shows the code; not read by then, it is counted as missed."""


@dataclass(frozen=True, slots=True)
class WorkerCost:
    """What one vision worker did and took: CPU in % of a core, memory in MB (shared pages counted in parts)."""

    times_ms: list[float]
    missed: int
    captured: int
    read: int
    dropped: int
    load: float
    cpu_percent: float
    memory_mb: float


class BusyCamera:
    """A camera, its vision worker, and the codes that are shown to it."""

    def __init__(self, folder: Path, number: int) -> None:
        self.camera = ClipCamera(folder, WIDTH_PX, HEIGHT_PX)
        self._rng = random.Random(number)
        self._presented: queue.SimpleQueue[tuple[bytes, float, float]] = queue.SimpleQueue()
        self._statuses: queue.SimpleQueue[CameraStatus] = queue.SimpleQueue()
        vehicle = Vehicle(plate=f"京A{number}2345")
        key = SigningKey.from_seed(b"e" * 32)
        permits = [replace(MINIMAL, permit_id=bytes((number, code)) * 4) for code in range(2)]
        self._texts = [issue(permit, key) for permit in permits]
        self.camera.load("vehicle", drawn(Scene(vehicle=vehicle)), CLIP_FRAMES)
        for code, text in enumerate(self._texts):
            self.camera.load(f"code{code}", drawn(Scene(vehicle=vehicle, code=ShownCode(text=text))), CLIP_FRAMES)
        settings = registry.settings_model(registry.CAMERAS, "opencv").model_validate({"url": self.camera.url})
        configure = Configure(camera_kind="opencv", camera=settings.model_dump(mode="json"))
        self.port = CameraSupervisor(f"lane{number}", configure, on_seen=self._seen, on_status=self._statuses.put)

    def __enter__(self) -> Self:
        self.camera.show("vehicle")
        self.port.start()
        while not self._statuses.get(timeout=30).up:
            pass
        self.port.set_vehicle_present(True)
        return self

    def __exit__(self, *_: object) -> None:
        self.port.stop()
        self.camera.__exit__()

    @property
    def behind_s(self) -> float:
        """How late the newest picture came for its stream."""
        return self._next_beat().behind_s

    def measure(self, codes: int) -> WorkerCost:
        """Show so many codes, one after the other."""
        threading.Event().wait(WARM_UP_S)
        before, begun_at, pid = self._next_beat(), time.monotonic(), self.port.pid
        assert pid is not None
        begun_cpu = cpu_s(pid)
        loads, times = [], []
        for number in range(codes):
            self.camera.show("vehicle")
            threading.Event().wait(self._rng.uniform(0.4, 0.8))
            times.append(self._shown(number % 2))
            loads.append(self._next_beat().load)
        cpu_percent = 100 * (cpu_s(pid) - begun_cpu) / (time.monotonic() - begun_at)
        after = self._next_beat()
        if self.port.pid != pid:
            message = f"a vision worker was started anew: {self.port.status.detail}"
            raise RuntimeError(message)
        return WorkerCost(
            times_ms=[one for one in times if one is not None],
            missed=times.count(None),
            captured=after.captured - before.captured,
            read=after.read - before.read,
            dropped=after.dropped - before.dropped,
            load=sum(loads) / len(loads),
            cpu_percent=cpu_percent,
            memory_mb=proportional_mb(pid),
        )

    def _shown(self, code: int) -> float | None:
        """Milliseconds from the frame to the presentation; None where none came."""
        shown_at = self.camera.show(f"code{code}")
        deadline = shown_at + PATIENCE_S
        while True:
            try:
                payload, frame_at, heard_at = self._presented.get(timeout=max(0.001, deadline - time.monotonic()))
            except queue.Empty:
                return None
            if payload == self._texts[code].encode() and frame_at >= shown_at:
                return (heard_at - shown_at) * 1000

    def _seen(self, seen: MappedDetection) -> None:
        for presentation in seen.presentations:
            self._presented.put((presentation.payload, presentation.at, time.monotonic()))

    def _next_beat(self) -> Heartbeat:
        old = self.port.last_heartbeat
        eventually(
            lambda: self.port.last_heartbeat is not None and self.port.last_heartbeat is not old, what="the next beat"
        )
        heartbeat = self.port.last_heartbeat
        assert heartbeat is not None
        return heartbeat


@dataclass(frozen=True, slots=True)
class Trial:
    """So many cameras at once. `parent_percent`: CPU of this process, which stands for the main one, in % of a core."""

    workers: list[WorkerCost]
    parent_percent: float

    def figures(self) -> list[Figure]:
        count = len(self.workers)
        times = [one for worker in self.workers for one in worker.times_ms]
        name = f"{count} camera{'s' if count > 1 else ''} at 1080p25"
        missed = sum(worker.missed for worker in self.workers)
        captured, read, dropped = (
            sum(getattr(worker, field) for worker in self.workers) for field in ("captured", "read", "dropped")
        )
        alone = count == 1
        how = f"n={len(times)}, worst {max(times):.0f} ms, {missed} not read in {PATIENCE_S:g} s; all busy at once"
        costs = ", ".join(f"{worker.cpu_percent:.0f} %" for worker in self.workers)
        return [
            Figure(f"{name}: frame to presentation, p50", p50(times), "ms", P50_GOAL_MS if alone else None, note=how),
            Figure(f"{name}: frame to presentation, p99", p99(times), "ms", P99_GOAL_MS if alone else None, note=how),
            Figure(
                f"{name}: frames lost of those that changed",
                100 * dropped / max(1, read + dropped),
                "%",
                note=f"{captured} captured, {read} read, {dropped} lost",
            ),
            Figure(
                f"{name}: load of a code reader",
                100 * max(worker.load for worker in self.workers),
                "%",
                note="share of its time in which it was at work, the busiest worker",
            ),
            Figure(
                f"{name}: CPU of all vision workers",
                sum(worker.cpu_percent for worker in self.workers),
                "% of a core",
                note=f"each: {costs}; their parent {self.parent_percent:.0f} %",
            ),
            Figure(
                f"{name}: memory of a vision worker",
                max(worker.memory_mb for worker in self.workers),
                "MB",
                note="the largest, proportional set size",
            ),
        ]


def measure(cameras: int, codes: int) -> Trial:
    """Have so many cameras show so many codes each, all at once. Raises RuntimeError when a worker is started anew."""
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        busy = [stack.enter_context(BusyCamera(folder, number)) for number in range(cameras)]
        begun_at, begun_cpu = time.monotonic(), time.process_time()
        with ThreadPoolExecutor(cameras) as beside:
            workers = list(beside.map(lambda one: one.measure(codes), busy))
        return Trial(workers, 100 * (time.process_time() - begun_cpu) / (time.monotonic() - begun_at))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, nargs="+", default=CAMERAS, help="how many at once")
    parser.add_argument("--codes", type=int, default=CODES, help="shown to each camera")
    options = parser.parse_args()
    figures = [figure for count in options.cameras for figure in measure(count, options.codes).figures()]
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
