"""What the second reading of a vehicle's pictures takes: on the clock, of the processor, and of memory while it waits.

Usage: bench/second_reading.py [--vehicles N]

A picture of the frame with a permit's code and three of its plate, as a gate keeps them of a drawn yard at 720p. Begun
when the lane's decision asks, ended when it has the answer; the process waits prepared each time.
"""

from __future__ import annotations

import argparse
import queue
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agent.core.permit.issue import issue
from agent.vision.second_reading import SecondReadingService
from agent.vision.worker.evidence_picture import KeptPictureReader, legible_jpeg
from agent.vision.worker.picture_selector import crop_jpeg
from agent.vision.worker.plate.reader import PlateReader
from agent.vision.worker.qr.picture_reader import QrReader
from bench.figures import Figure, p50, p99, table
from bench.processes import cpu_s
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene
from tests.support.pki.permits import KEY, PERMIT

if TYPE_CHECKING:
    from agent.core.decision import PicturesShown

GOAL_MS = 150.0
WIDTH_PX = 640
PLATES = 3
MOST_READY_S = 30.0
SETTLE_S = 0.2
MS_PER_S = 1000.0
KB_PER_MB = 1024.0


@dataclass(frozen=True, slots=True)
class Readings:
    """Times in ms, and what a waiting process shares with no other in MB."""

    wall_ms: list[float] = field(default_factory=list)
    ready_ms: list[float] = field(default_factory=list)
    start_cpu_ms: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    made_ms: list[float] = field(default_factory=list)

    def figures(self) -> list[Figure]:
        note = f"n={len(self.wall_ms)}, worst {max(self.wall_ms):.0f} ms; a code and {PLATES} plates"
        return [
            Figure("second reading, p50", p50(self.wall_ms), "ms", GOAL_MS, note=note),
            Figure("second reading, p99", p99(self.wall_ms), "ms", GOAL_MS),
            Figure("next second reader ready after, p50", p50(self.ready_ms), "ms", note="from the answer before"),
            Figure("start of a second reader, CPU, p50", p50(self.start_cpu_ms), "ms"),
            Figure(
                "memory of a second reader", p50(self.memory_mb), "MB", note="what it shares with none, while it waits"
            ),
            Figure("picture of a code, made and tried, p50", p50(self.made_ms), "ms", note="in the vision worker"),
        ]


def measure(vehicles: int) -> Readings:
    """Read the pictures of that many vehicles, one after the other."""
    found = Readings()
    overview, crop = _pictures(found)
    service, pause = SecondReadingService(1), threading.Event()
    service.start()
    used: tuple[int, ...] = ()
    try:
        for _ in range(vehicles):
            begun_at = time.perf_counter()
            while not service.status.ready or service.pids in ((), used):
                if time.perf_counter() - begun_at > MOST_READY_S:
                    message = f"no second reader: {service.status.trouble}"
                    raise RuntimeError(message)
                pause.wait(0.005)
            found.ready_ms.append((time.perf_counter() - begun_at) * MS_PER_S)
            pause.wait(SETTLE_S)
            used = (pid,) = service.pids
            found.start_cpu_ms.append(cpu_s(pid) * MS_PER_S)
            found.memory_mb.append(_own_mb(pid))
            found.wall_ms.append(_timed(service, overview, crop) * MS_PER_S)
    finally:
        service.stop()
    return found


def _pictures(found: Readings) -> tuple[bytes, bytes]:
    text = issue(PERMIT, KEY)
    pixels = draw_scene(Scene(vehicle=Vehicle(plate="新A12345"), code=ShownCode(text=text)))
    codes, reader = QrReader().read(pixels), KeptPictureReader()
    overview = b""
    for _ in range(20):
        begun_at = time.perf_counter()
        overview, _ = legible_jpeg(pixels, codes, WIDTH_PX, reader, thorough=False)
        found.made_ms.append((time.perf_counter() - begun_at) * MS_PER_S)
    return overview, crop_jpeg(PlateReader().read(pixels)[0].flat)


def _timed(service: SecondReadingService, overview: bytes, crop: bytes) -> float:
    answers: queue.SimpleQueue[tuple[PicturesShown | None, str, float]] = queue.SimpleQueue()
    begun_at = time.perf_counter()
    service.read([overview], [crop] * PLATES, lambda shown, why: answers.put((shown, why, time.perf_counter())))
    shown, why, ended_at = answers.get()
    if shown is None or not shown.codes or None in shown.plates:
        message = f"the pictures were not read: {why or shown}"
        raise RuntimeError(message)
    return ended_at - begun_at


def _own_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / KB_PER_MB


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vehicles", type=int, default=30)
    figures = measure(parser.parse_args().vehicles).figures()
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
