"""What open pages cost.

CPU of the vision worker and of the main process with nobody, one and three who watch; the time of a decision with a
page open and without one.
Usage: bench/preview.py [--rounds N] [--vehicles N]

A whole gate with an RTSP camera at 1080p25. For the CPU, nothing moves before it, so that no other work hides the
pages', and then an arm that goes up and down all the time. The numbers of viewers take turns, round after round. CPU is
what the kernel counts for the processes, also on a machine that others use. While something moves, readers take what
they get of the cores, with a page or without: there the vision worker's part is that of the threads which sleep while
nobody watches. For the decisions, vehicles pass one after
the other, ten with a page open and ten without, in turns, so that what changes meanwhile meets both alike.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from bench import latency
from bench.camera import REST_FRAMES, ClipCamera
from bench.figures import Figure, percentile, table
from bench.gate import BenchGate
from bench.latency import HEIGHT_PX, WIDTH_PX, drawn
from bench.processes import cpu_s, family, thread_cpu_s
from bench.scratch import scratch
from bench.viewers import Viewers
from drivers.camera.simulated_yard.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence
    from pathlib import Path

GOAL_PERCENT = 5.0
GOAL_DELAY_MS = 5.0
ROUNDS, VEHICLES = 3, 60
MEASURED_S = 5.0
SETTLE_S = 3.5
"""Longer than pictures are made for a viewer who has gone."""
MOVES_EVERY_S = 1.0
IDLE_PERCENT = 0.1
BLOCK = 10
SHARES = (0.5, 0.9, 0.99)
RESAMPLED = 10_000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Yard:
    """What the camera sees: these clips in turns. `viewers`: how many watch. `busy`: its readers are at work."""

    name: str
    clips: tuple[str, ...]
    viewers: tuple[int, ...]
    busy: bool


YARDS = (
    Yard("nothing moves", ("empty",), (0, 1, 3), busy=False),
    Yard("something moves", ("raised", "empty"), (0, 1), busy=True),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU in % of a core; `worker`: by thread. `pictures`: how many a second came to each viewer."""

    worker: dict[int, float]
    main: float
    pictures: float

    def of_worker(self, asleep: Container[int] | None = None) -> float:
        """All of the worker, or only these threads."""
        return sum(cpu for thread, cpu in self.worker.items() if asleep is None or thread in asleep)


# ----------------------------------------------------------------------------------------------------------- the cost


def measure(rounds: int, progress: Callable[[str], None] = lambda _text: None) -> list[Figure]:
    """The cost of the pages."""
    figures: list[Figure] = []
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        camera = stack.enter_context(ClipCamera(folder, WIDTH_PX, HEIGHT_PX))
        gate = stack.enter_context(BenchGate(folder))
        camera.load("empty", drawn(Scene()), REST_FRAMES)
        camera.load("raised", drawn(Scene(arm_raised=True)), REST_FRAMES)
        camera.show("empty")
        agent = gate.start(f'kind = "opencv"\nurl = "{camera.url}"', console=True)
        gate.wait_for_camera()
        gate.pause(3 * SETTLE_S)
        for yard in YARDS:
            costs: dict[int, list[Cost]] = {count: [] for count in yard.viewers}
            for number in range(rounds):
                for count in yard.viewers:
                    costs[count].append(_cost(agent.pid, folder, camera, yard, count))
                last = {count: costs[count][-1] for count in yard.viewers}
                told = ", ".join(f"{count}: {one.of_worker() + one.main:.1f} %" for count, one in last.items())
                progress(f"{yard.name}, round {number + 1} of {rounds}: {told}")
            figures += _figures(yard, costs)
    return figures


def _cost(pid: int, folder: Path, camera: ClipCamera, yard: Yard, count: int) -> Cost:
    with Viewers(folder, "exit-1", "front", count) as viewers:
        _watch(camera, yard, SETTLE_S)
        worker = next(one for one, role in family(pid).items() if role == "worker")
        pictures, begun_at = list(viewers.pictures), time.monotonic()
        main_s, threads_s = cpu_s(pid), thread_cpu_s(worker)
        _watch(camera, yard, MEASURED_S)
        percent = 100 / (time.monotonic() - begun_at)
        used = {one: percent * (used_s - threads_s.get(one, 0.0)) for one, used_s in thread_cpu_s(worker).items()}
        came = [after - before for before, after in zip(pictures, viewers.pictures, strict=True)]
        return Cost(used, percent * (cpu_s(pid) - main_s), percent / 100 * min(came, default=0))


def _watch(camera: ClipCamera, yard: Yard, for_s: float) -> None:
    """Have the camera see the yard for so long."""
    until = time.monotonic() + for_s
    clips = itertools.cycle(yard.clips)
    while (left_s := until - time.monotonic()) > 0:
        if len(yard.clips) > 1:
            camera.show(next(clips))
        threading.Event().wait(min(left_s, MOVES_EVERY_S))


def _figures(yard: Yard, costs: dict[int, list[Cost]]) -> list[Figure]:
    """Each cost against nobody's of the same round; the median of the rounds."""
    rows = []
    counted = idle_threads([none.worker for none in costs[0]]) if yard.busy else None
    for count in yard.viewers[1:]:
        pairs = list(zip(costs[count], costs[0], strict=True))
        worker = [one.of_worker(counted) - none.of_worker(counted) for one, none in pairs]
        main_ = [one.main - none.main for one, none in pairs]
        more = [sum(parts) for parts in zip(worker, main_, strict=True)]
        note = (
            f"worker {median(worker):+.1f}, main process {median(main_):+.1f}; "
            f"rounds {min(more):.1f} to {max(more):.1f}; "
            f"{median(one.pictures for one in costs[count]):.1f} pictures a second to each; "
            f"nobody: {median(none.of_worker() + none.main for none in costs[0]):.1f}"
        )
        goal = GOAL_PERCENT if count == 1 else None
        name = f"CPU of an open page, {yard.name}, {count} viewer{'s' if count > 1 else ''}, 1080p25"
        rows.append(Figure(name, median(more), "% of a core", goal, note=note))
    return rows


def idle_threads(rounds: Sequence[Mapping[int, float]]) -> Container[int]:
    """The threads which slept in all of these rounds of CPU by thread."""
    busy = {thread for used in rounds for thread, cpu in used.items() if cpu >= IDLE_PERCENT}
    return {thread for used in rounds for thread in used} - busy


# ---------------------------------------------------------------------------------------------------------- the delay


def delays(vehicles: int, progress: Callable[[str], None] = lambda _text: None) -> list[Figure]:
    """From code to relay byte of so many vehicles, at least, with nobody and with one who watches."""
    times: dict[bool, list[float]] = {False: [], True: []}
    with scratch() as folder, latency.timed_gate(folder, console=True) as gate:
        for watched in blocks(vehicles):
            with Viewers(folder, "exit-1", "front", int(watched)):
                gate.pause(SETTLE_S)
                for number in range(BLOCK):
                    times[watched].append(gate.passage_ms(standing=number % 2 == 0))
            progress(f"{len(times[False])} vehicles without a page, {len(times[True])} with one")
    return _delay_figures(times)


def blocks(vehicles: int) -> Iterator[bool]:
    """Whether a page is open, for each block of vehicles: so that a steady drift meets both alike, as often each."""
    for _ in range(math.ceil(vehicles / (2 * BLOCK))):
        yield from (False, True, True, False)


def _delay_figures(times: dict[bool, list[float]]) -> list[Figure]:
    rows = []
    for watched, of_it in times.items():
        name = f"frame to relay byte, {'a' if watched else 'no'} page open"
        note = f"n={len(of_it)}, worst {max(of_it):.0f} ms"
        rows += [Figure(f"{name}, p{100 * share:.0f}", percentile(of_it, share), "ms", note=note) for share in SHARES]
    low, high = interval(times[False], times[True])
    note = f"{100 * CONFIDENCE:.0f} % interval {low:+.1f} to {high:+.1f} ms (bootstrap, {RESAMPLED} resamples)"
    more = median(times[True]) - median(times[False])
    return [
        *rows,
        Figure("what an open page adds to the median", more, "ms", note=note),
        # Few vehicles, or a machine that others use, show nothing: only a narrow interval keeps the goal.
        Figure("what it adds at most, upper end of that interval", high, "ms", GOAL_DELAY_MS),
    ]


def interval(without: Sequence[float], with_it: Sequence[float]) -> tuple[float, float]:
    """By how much the median of one is above that of the other, at this confidence (percentile bootstrap)."""
    rng = np.random.default_rng(1)
    medians = [
        np.median(rng.choice(np.asarray(times), (RESAMPLED, len(times))), axis=1) for times in (without, with_it)
    ]
    beyond = (1 - CONFIDENCE) / 2
    low, high = np.quantile(medians[1] - medians[0], (beyond, 1 - beyond))
    return float(low), float(high)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="for the CPU; 0: none")
    parser.add_argument("--vehicles", type=int, default=VEHICLES, help="vehicles with a page, and without one; 0: none")
    options = parser.parse_args()
    figures = measure(options.rounds, print) if options.rounds else []
    figures += delays(options.vehicles, print) if options.vehicles else []
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
