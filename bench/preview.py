"""What open pages cost.

CPU of the vision worker and of the main process with nobody, one and three who watch, and the latency beside them.
Usage: bench/preview.py [--rounds N] [--vehicles N]

A whole gate with an RTSP camera at 1080p25 before which nothing moves, so that no other work hides the pages'. The
numbers of viewers take turns, round after round. CPU is what the kernel counts for the processes, also on a machine
that others use.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from bench import latency
from bench.camera import ClipCamera
from bench.figures import Figure, p50, p99, table
from bench.gate import BenchGate
from bench.latency import HEIGHT_PX, WIDTH_PX, drawn
from bench.processes import cpu_s, family
from bench.scratch import scratch
from bench.viewers import Viewers
from drivers.camera.simulated_yard.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Callable

GOAL_PERCENT = 5.0
ROUNDS, VEHICLES = 5, 20
MEASURED_S = 8.0
SETTLE_S = 3.0
VIEWERS = (0, 1, 3)


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU in % of a core. `pictures`: how many a second came to each viewer."""

    worker: float
    main: float
    pictures: float

    @property
    def both(self) -> float:
        return self.worker + self.main


def measure(rounds: int, progress: Callable[[str], None] = lambda _text: None) -> list[Figure]:
    """The cost of the pages."""
    costs: dict[int, list[Cost]] = {count: [] for count in VIEWERS}
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        camera = stack.enter_context(ClipCamera(folder, WIDTH_PX, HEIGHT_PX))
        gate = stack.enter_context(BenchGate(folder))
        camera.load("empty", drawn(Scene()))
        camera.show("empty")
        agent = gate.start(f'kind = "opencv"\nurl = "{camera.url}"', console=True)
        gate.wait_for_camera()
        threading.Event().wait(2 * SETTLE_S)
        for number in range(rounds):
            for count in VIEWERS:
                with Viewers(folder, "exit-1", "front", count) as viewers:
                    costs[count].append(_cost(agent.pid, viewers))
            told = ", ".join(f"{count}: {costs[count][-1].both:.1f} %" for count in VIEWERS)
            progress(f"round {number + 1} of {rounds}: {told}")
    return _figures(costs)


def _cost(pid: int, viewers: Viewers) -> Cost:
    threading.Event().wait(SETTLE_S)
    processes, pictures = family(pid), list(viewers.pictures)
    begun_at, begun = time.monotonic(), {one: cpu_s(one) for one in processes}
    threading.Event().wait(MEASURED_S)
    took_s = time.monotonic() - begun_at
    used = {
        name: sum(cpu_s(one) - begun[one] for one, role in processes.items() if role == name)
        for name in ("worker", "main")
    }
    came = [after - before for before, after in zip(pictures, viewers.pictures, strict=True)]
    return Cost(100 * used["worker"] / took_s, 100 * used["main"] / took_s, min(came, default=0) / took_s)


def _figures(costs: dict[int, list[Cost]]) -> list[Figure]:
    """Each cost against nobody's of the same round; the median of the rounds."""
    rows = []
    for count in VIEWERS[1:]:
        pairs = list(zip(costs[count], costs[0], strict=True))
        more = [one.both - none.both for one, none in pairs]
        parts = [
            (median(one.worker - none.worker for one, none in pairs)),
            (median(one.main - none.main for one, none in pairs)),
        ]
        rate = median(one.pictures for one in costs[count])
        note = (
            f"worker {parts[0]:+.1f}, main process {parts[1]:+.1f}; rounds {min(more):.1f} to {max(more):.1f}; "
            f"{rate:.1f} pictures a second to each, {10 * median(more) / max(rate, 0.1):.1f} ms a picture; "
            f"nobody: {median(one.both for one in costs[0]):.1f}"
        )
        goal = GOAL_PERCENT if count == 1 else None
        name = f"CPU of an open page, {count} viewer{'s' if count > 1 else ''}, 1080p25"
        rows.append(Figure(name, median(more), "% of a core", goal, note=note))
    return rows


def delays(vehicles: int, progress: Callable[[str], None] = lambda _text: None) -> list[Figure]:
    """The latency of bench/latency.py with nobody and with one who watches."""
    rows = []
    for count in (0, 1):
        passages = latency.measure(vehicles, progress, viewers=count)
        times = [*passages.standing, *passages.at_once]
        name = f"frame to relay byte, {count or 'no'} page open"
        how = f"n={len(times)}, worst {max(times):.0f} ms"
        rows += [Figure(f"{name}, p50", p50(times), "ms", note=how), Figure(f"{name}, p99", p99(times), "ms", note=how)]
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(
        "--vehicles", type=int, default=VEHICLES, help="vehicles of each sort, for the latency; 0: none"
    )
    options = parser.parse_args()
    figures = measure(options.rounds, print)
    if options.vehicles:
        figures += delays(options.vehicles, print)
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
