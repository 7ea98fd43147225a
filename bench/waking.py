"""From a camera at rest to a permit that was read: a vehicle appears, and its driver shows a code at once.

Usage: bench/waking.py [--codes N]   In the old way each picture is decoded; in the new one the camera rests before each
vehicle. It comes with a key picture, in the middle of a group of pictures without one, or a loop tells of it 0.4 s
before. Begun when the first frame with the code goes to the network, ended when the parent has the presentation.
"""

from __future__ import annotations

import argparse
import queue
import random
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from agent.core.crypto import SigningKey
from agent.core.permit.issue import issue
from agent.vision.supervisor import CameraSupervisor
from agent.vision.worker.protocol import Configure
from bench.camera import REST_FRAMES, ClipCamera
from bench.codes import MINIMAL
from bench.figures import Figure, p50, p99, table
from bench.latency import HEIGHT_PX, P50_GOAL_MS, P99_GOAL_MS, WIDTH_PX, drawn
from bench.scratch import scratch
from drivers import registry
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from agent.vision.mapping import CameraStatus, MappedDetection

    How = Literal["key", "turn", "loop"]

RATE_HZ = 25
CODES = 15
PATIENCE_S = 3.0
LOOP_BEFORE_S = 0.4
HOWS: dict[How, str] = {
    "key": "with a key picture",
    "turn": "between two key pictures",
    "loop": "after a loop",
}


class RestedCamera:
    """A camera that rests, and the codes that appear before it."""

    def __init__(self, stack: ExitStack, *, rests: bool) -> None:
        folder = stack.enter_context(scratch())
        self._rests = rests
        self._camera = stack.enter_context(ClipCamera(folder, WIDTH_PX, HEIGHT_PX))
        self._rng = random.Random(1)
        self._presented: queue.SimpleQueue[tuple[bytes, float, float]] = queue.SimpleQueue()
        self._statuses: queue.SimpleQueue[CameraStatus] = queue.SimpleQueue()
        text = issue(replace(MINIMAL, permit_id=bytes(8)), SigningKey.from_seed(b"e" * 32))
        self._text = text.encode()
        self._camera.load("empty", drawn(Scene()), REST_FRAMES)
        self._camera.load("key", drawn(Scene(vehicle=Vehicle(plate="京A12345"), code=ShownCode(text=text))))
        self._camera.show("empty")
        decoded = "key_pictures" if rests else "all"
        settings = registry.settings_model(registry.CAMERAS, "opencv").model_validate(
            {"url": self._camera.url, "decode_at_rest": decoded}
        )
        configure = Configure(camera_kind="opencv", camera=settings.model_dump(mode="json"))
        self._port = CameraSupervisor("lane", configure, on_seen=self._seen, on_status=self._statuses.put)
        self._port.start()
        stack.callback(self._port.stop)
        while not self._statuses.get(timeout=60).up:
            pass

    def appear(self, how: How) -> float | None:
        """Milliseconds from the first frame with the code to its presentation; None where it was not read in time."""
        name, pause = "key", threading.Event()
        if how == "turn":
            name = "turn"
            self._camera.turn(name, "empty", "key", self._rng.randrange(3, RATE_HZ - 3))
        pause.wait(8.0 if not self._rests else 1.0)
        if self._rests:
            eventually(self._resting, within_s=60, what="rest")
            pause.wait(self._rng.uniform(0.5, 1.5))
        if how == "loop":
            self._port.set_vehicle_present(True)
            pause.wait(LOOP_BEFORE_S)
        shown_at = self._camera.show(name)
        took_ms = self._read(shown_at)
        self._port.set_vehicle_present(False)
        self._camera.show("empty")
        return took_ms

    def _resting(self) -> bool:
        heartbeat = self._port.last_heartbeat
        return heartbeat is not None and heartbeat.resting

    def _read(self, shown_at: float) -> float | None:
        deadline = shown_at + PATIENCE_S
        while True:
            try:
                payload, frame_at, heard_at = self._presented.get(timeout=max(0.001, deadline - time.monotonic()))
            except queue.Empty:
                return None
            if payload == self._text and frame_at >= shown_at - 1 / RATE_HZ:
                return (heard_at - shown_at) * 1000

    def _seen(self, seen: MappedDetection) -> None:
        for presentation in seen.presentations:
            self._presented.put((presentation.payload, presentation.at, time.monotonic()))


def measure(codes: int) -> list[Figure]:
    found = []
    for rests in (False, True):
        with ExitStack() as stack:
            camera = RestedCamera(stack, rests=rests)
            for how, words in HOWS.items():
                times = [camera.appear(how) for _ in range(codes)]
                read = [one for one in times if one is not None] or [PATIENCE_S * 1000]
                way = "at rest" if rests else "each picture decoded, as before"
                note = f"n={codes}, worst {max(read):.0f} ms, {times.count(None)} not read in {PATIENCE_S:g} s"
                name = f"code that appears {words}, {way}"
                goals = (P50_GOAL_MS, P99_GOAL_MS) if rests else (None, None)
                found += [
                    Figure(f"{name}: frame to presentation, p50", p50(read), "ms", goals[0], note=note),
                    Figure(f"{name}: frame to presentation, p99", p99(read), "ms", goals[1], note=note),
                ]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--codes", type=int, default=CODES, help="shown in each way")
    figures = measure(parser.parse_args().codes)
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
