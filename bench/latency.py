"""From the first frame that shows a permit to the relay byte, through a whole gate at 1080p25.

Usage: bench/latency.py [--vehicles N] [--full-post] [--rested]

With `--rested` nothing moves for a while before each vehicle.

Begun when the frame goes to the network, ended when the relay board has read the first byte of the open pulse. Camera,
board and agent are processes of their own on one machine, whose monotonic clock they share.

A full post has all else too: a reader of VINs, signs, speech, a driver page that somebody looks at, and a camera that
reads plates by itself.
"""

from __future__ import annotations

import argparse
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bench.camera import REST_FRAMES, ClipCamera
from bench.figures import Figure, p50, p99, table
from bench.gate import BenchGate
from bench.post import READERS, FullPost
from bench.processes import family, proportional_mb
from bench.scratch import scratch
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from bench.gate import Agent

WIDTH_PX, HEIGHT_PX = 1920, 1080
P50_GOAL_MS, P99_GOAL_MS = 60.0, 120.0
MEMORY_GOAL_MB = 300.0
FULL_POST_MEMORY_GOAL_MB = 600.0
MEMORY_AFTER = 30
REST_S = 7.0
"""The change detector of a camera holds 5 s after the last change."""
CLIP_FRAMES = 10
FULL_POST = "full post"
PROVINCES = "京沪粤苏浙川鲁新陕渝"


@dataclass(frozen=True, slots=True)
class Passages:
    """Times of the vehicles in ms, and the memory of the whole agent after some of them in MB."""

    standing: list[float]
    at_once: list[float]
    memory_mb: dict[str, float]
    at: str = ""

    def figures(self) -> list[Figure]:
        rows = []
        for name, times in (("code shown at the arm", self.standing), ("vehicle and code at once", self.at_once)):
            how = f"n={len(times)}, worst {max(times):.0f} ms; RTSP 1080p25, {self.at or 'both readers'}, whole agent"
            what = f"frame to relay byte, {name}{self.at and f', {self.at}'}"
            rows += [
                Figure(f"{what}, p50", p50(times), "ms", P50_GOAL_MS, note=how),
                Figure(f"{what}, p99", p99(times), "ms", P99_GOAL_MS, note=how),
            ]
        parts = ", ".join(f"{name} {mb:.0f}" for name, mb in self.memory_mb.items())
        total = sum(self.memory_mb.values())
        count = min(MEMORY_AFTER, len(self.standing) + len(self.at_once))
        note = f"proportional set size after {count} vehicles: {parts}"
        what = f"memory of the whole agent{self.at and f', {self.at}'}"
        goal_mb = FULL_POST_MEMORY_GOAL_MB if self.at else MEMORY_GOAL_MB
        return [*rows, Figure(what, total, "MB", goal_mb, note=note)]


def measure(
    vehicles: int,
    progress: Callable[[str], None] = lambda _text: None,
    *,
    is_full_post: bool = False,
    rested: bool = False,
) -> Passages:
    """Let that many vehicles pass which show their code at the arm, and as many that appear with it.

    `rested`: nothing moves for a while before each.
    """
    passages = Passages([], [], {}, at=FULL_POST if is_full_post else "")
    with scratch() as folder, timed_gate(folder, is_full_post=is_full_post) as gate:
        for number in range(2 * vehicles):
            standing = number < vehicles
            (passages.standing if standing else passages.at_once).append(gate.passage_ms(standing=standing))
            gate.pause(REST_S if rested else 0.0)
            if number + 1 == min(MEMORY_AFTER, 2 * vehicles):
                passages.memory_mb.update(_memory(gate.agent.pid))
            if (number + 1) % 10 == 0:
                progress(f"{number + 1} of {2 * vehicles} vehicles")
    return passages


class TimedGate:
    """A gate that sees an empty yard, through which vehicles pass one after the other."""

    def __init__(self, camera: ClipCamera, gate: BenchGate, agent: Agent, post: FullPost | None) -> None:
        self.agent = agent
        self._camera, self._gate, self._post = camera, gate, post
        self._rng = random.Random(1)
        self._number = 0
        self._load()

    def passage_ms(self, *, standing: bool) -> float:
        """Let a vehicle pass; from the frame with its code to the relay byte. `standing`: it was in view before."""
        self._gate.arrive()
        if standing:
            self._camera.show("vehicle")
        if self._post:
            self._post.read_plate(_plate(self._number))
        self._gate.pause(self._rng.uniform(0.4, 0.8))
        self._gate.expect_pulse()
        shown_at = self._camera.show("code")
        took_ms = (self._gate.pulse_at() - shown_at) * 1000
        self._camera.show("empty")
        self._number += 1
        with ThreadPoolExecutor(1) as beside:
            loaded = beside.submit(self._load)
            self._gate.pass_through()
            loaded.result()
        return took_ms

    def pause(self, seconds: float) -> None:
        self._gate.pause(seconds)

    def _load(self) -> None:
        plate = _plate(self._number)
        vehicle = Vehicle(plate=plate)
        code = ShownCode(text=self._gate.site.permit(plate))
        self._camera.load("vehicle", drawn(Scene(vehicle=vehicle)), CLIP_FRAMES)
        self._camera.load("code", drawn(Scene(vehicle=vehicle, code=code)), CLIP_FRAMES)


@contextmanager
def timed_gate(folder: Path, *, console: bool = False, is_full_post: bool = False) -> Iterator[TimedGate]:
    """A gate with a camera. `console`: with its console; a full post has one in any case."""
    with ExitStack() as stack:
        camera = stack.enter_context(ClipCamera(folder, WIDTH_PX, HEIGHT_PX))
        gate = stack.enter_context(BenchGate(folder))
        camera.load("empty", drawn(Scene()), REST_FRAMES)
        camera.show("empty")
        post = stack.enter_context(FullPost(folder)) if is_full_post else None
        keys = f'kind = "opencv"\nurl = "{camera.url}"' + (f"\n{READERS}" if post else "")
        agent = gate.start(keys, console=console or is_full_post, post=post)
        gate.wait_for_camera()
        if post:
            stack.enter_context(post.driver_page("exit-1"))
        yield TimedGate(camera, gate, agent, post)


def _plate(number: int) -> str:
    series, place = divmod(number, 100)
    return f"{PROVINCES[number % len(PROVINCES)]}{'ABCDEFGH'[series]}{place:02}K{number * 7 % 100:02}"


def drawn(scene: Scene) -> NDArray[np.uint8]:
    """The drawn yard at 1080p."""
    return cv2.resize(draw_scene(scene), (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def _memory(pid: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for one, name in family(pid).items():
        found[name] = found.get(name, 0.0) + proportional_mb(one)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vehicles", type=int, default=40, help="vehicles of each sort")
    parser.add_argument("--full-post", action="store_true", help="with VINs, signs, speech, driver page and witness")
    parser.add_argument("--rested", action="store_true", help="let the camera come to rest before each vehicle")
    arguments = parser.parse_args()
    passages = measure(arguments.vehicles, print, is_full_post=arguments.full_post, rested=arguments.rested)
    figures = passages.figures()
    print(table(figures))
    print(
        "all, ms:",
        " ".join(f"{value:.0f}" for value in passages.standing),
        "|",
        *(f"{v:.0f}" for v in passages.at_once),
    )
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
