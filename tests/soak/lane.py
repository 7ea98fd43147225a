"""The long proof of the lane: random walks with faults, and vehicles by the thousand, on all cores.

`python -m tests.soak.lane` runs it (`make soak-lane`). A breach of a rule is told with the lane and the seed that
repeat it: `python -m tests.soak.lane --lane "walk: limits" --seed 17` plays that one sequence and prints it step by
step.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.core.lane.lane_state_machine import LaneRules, step
from tests.support.lane.traffic import KINDS, Traffic
from tests.support.lane.walks import LANES, PAIRS, Pair, World
from tests.support.lane.yard import told

if TYPE_CHECKING:
    from agent.core.lane.step_inputs import Input

SEQUENCES = 20_000
STEPS = 400
VEHICLES = 10_000
VEHICLES_A_RUN = 50
SEQUENCES_A_JOB = 50
TRACE_LINES = 400

Log = Callable[[str], None]


@dataclass
class Tally:
    """What was seen. `breaches`: lane, seed and what broke."""

    counts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    bodies: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    collisions: Counter[str] = field(default_factory=Counter)
    breaches: list[tuple[str, int, str]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take in what another process saw."""
        for mine, more in zip(self._counters(), other._counters(), strict=True):
            mine.update(more)
        self.breaches += other.breaches

    def _counters(self) -> tuple[Counter, ...]:  # type: ignore[type-arg]
        return self.counts, self.outcomes, self.bodies, self.ways, self.collisions


# --------------------------------------------------------------------------------------------------------- one sequence


def walk(name: str, seed: int, tally: Tally, log: Log | None = None) -> None:
    """Walk one lane at random. Raises AssertionError at the first breach."""
    world = World(LaneRules("lane-3", 3, **LANES[name]), seed)
    _walk(world.run, [world], tally, log)


def walk_two(name: str, seed: int, tally: Tally, log: Log | None = None) -> None:
    """Walk two lanes that wait for one another. Raises AssertionError at the first breach."""
    pair = Pair(name, seed)
    _walk(pair.run, pair.worlds, tally, log)


def _walk(run: Callable[[int], None], worlds: Sequence[World], tally: Tally, log: Log | None) -> None:
    for world in worlds:
        if log is not None:
            _trace(world, log)
    try:
        run(STEPS)
        if len(worlds) == 1:
            # Of two lanes the monitor alone tells: a walk that is cut into turns forgets what was open at their ends.
            assert sum(worlds[0].monitor.outcomes.values()) == len(worlds[0].monitor.ids), "exactly one outcome"
            worlds[0].come_to_rest()
    finally:
        tally.counts["sequences"] += 1
        for world in worlds:
            tally.counts["steps"] += world.steps
            tally.counts["transactions"] += len(world.monitor.ids)
            tally.counts["raises"] += world.monitor.raises
            tally.counts["closes"] += world.monitor.closes


def drive(name: str, seed: int, tally: Tally, *, vehicles: int, faults: bool, log: Log | None = None) -> None:
    """Let vehicles come to one lane. Raises AssertionError at the first breach."""
    traffic = Traffic(name, seed, faults=faults, log=log)
    try:
        traffic.run(vehicles)
    finally:
        counts, world = traffic.gate.counts, traffic.gate.world
        tally.counts["vehicles"] += len(traffic.arrivals)
        tally.counts["driven_s"] += round(world.now)
        for key in ("steps", "transactions", "raises", "closes"):
            tally.counts[key] += counts[key]
        tally.counts["faults"] += sum(n for key, n in counts.items() if key.startswith("fault: "))
        tally.outcomes.update(traffic.outcomes)
        tally.bodies.update(traffic.bodies)
        tally.ways.update(way.value for way in traffic.ways.elements())
        tally.collisions.update(collision.cause.value for collision in world.collisions)


def _trace(world: World, log: Log) -> None:
    feed = world.feed

    def traced(item: Input, **more: object) -> None:
        before = world.lane.state
        after, effects = step(world.lane, item)
        log(
            f"{world.rules.lane} {item.now.at:10.2f} {type(item).__name__:14} {before} -> {after.state}  "
            f"{'; '.join(told(effects))}"
        )
        feed(item, **more)  # type: ignore[arg-type]

    world.feed = traced  # type: ignore[method-assign]


# --------------------------------------------------------------------------------------------------------- all of them


@dataclass(frozen=True)
class Job:
    """Sequences `first` to `last` of one lane; `lane` is the name that --lane takes."""

    lane: str
    first: int
    last: int


def play(lane: str, seed: int, tally: Tally, log: Log | None = None) -> None:
    """Play one sequence by the name that --lane takes.

    Raises AssertionError at a breach, KeyError for a name unknown.
    """
    sort, name = lane.split(": ", 1)
    if sort == "walk":
        walk(name, seed, tally, log)
    elif sort == "two lanes":
        walk_two(name, seed, tally, log)
    else:
        drive(name, seed, tally, vehicles=VEHICLES_A_RUN, faults=sort == "faulty traffic", log=log)


def walks() -> list[str]:
    """The names of the lanes that are walked at random."""
    return [f"walk: {name}" for name in LANES] + [f"two lanes: {name}" for name in PAIRS]


def lanes() -> list[str]:
    """The names that --lane takes."""
    return walks() + [f"{sort}: {k}" for k in KINDS for sort in ("traffic", "faulty traffic")]


def work(job: Job) -> Tally:
    """Play the sequences of a job; a breach ends its own sequence only."""
    tally = Tally()
    for seed in range(job.first, job.last):
        try:
            play(job.lane, seed, tally)
        except AssertionError as error:
            tally.breaches.append((job.lane, seed, str(error) or repr(error)))
    return tally


def jobs(sequences: int, vehicles: int) -> Iterator[Job]:
    """Split so many sequences, and vehicles, over all lanes. No two lanes share a seed."""
    each = -(-sequences // len(walks()))
    for index, lane in enumerate(walks()):
        start = index * 1_000_000
        for first in range(start, start + each, SEQUENCES_A_JOB):
            yield Job(lane, first, min(first + SEQUENCES_A_JOB, start + each))
    drives = [lane for lane in lanes() if lane not in walks()]
    runs = -(-vehicles // (VEHICLES_A_RUN * len(drives)))
    for index, lane in enumerate(drives):
        for first in range(index * 1_000, index * 1_000 + runs):
            yield Job(lane, first, first + 1)


def soak(todo: Iterable[Job], progress: Log) -> Tally:
    """Work through the jobs on all cores."""
    waiting = list(todo)
    total, tally, began = len(waiting), Tally(), time.monotonic()
    with multiprocessing.get_context("fork").Pool() as pool:
        for number, part in enumerate(pool.imap_unordered(work, waiting), start=1):
            tally.add(part)
            counts = tally.counts
            progress(
                f"{number * 100 // total:3} %  {counts['sequences']:,} sequences, {counts['steps']:,} steps, "
                f"{counts['vehicles']:,} vehicles, {len(tally.breaches)} breaches, {time.monotonic() - began:.0f} s"
            )
    return tally


# --------------------------------------------------------------------------------------------------------- the command


def report(tally: Tally, seconds: float) -> str:
    """The result as text."""
    counts = tally.counts
    lines = [f"{key:13} {counts[key]:>12,}" for key in ("sequences", "steps", "transactions", "raises", "closes")]
    lines += [
        (
            f"{'vehicles':13} {counts['vehicles']:>12,}  in {counts['driven_s'] / 3600:.1f} h of traffic, "
            f"{counts['faults']:,} faults"
        )
    ]
    lines += [f"{'breaches':13} {len(tally.breaches):>12,}", f"{'seconds':13} {seconds:>12.0f}", ""]
    lines += ["bodies: " + _list(tally.bodies), "came through: " + _list(tally.ways)]
    lines += ["collisions by cause: " + (_list(tally.collisions) or "none"), ""]
    for sort in dict.fromkeys(sort for sort, _ in sorted(tally.outcomes)):
        lines.append(f"{sort:25} " + _list({o: n for (s, o), n in tally.outcomes.items() if s == sort}))
    for lane, seed, what in tally.breaches[:20]:
        lines.append(f"BREACH {what}\n  repeat it: python -m tests.soak.lane --lane '{lane}' --seed {seed}")
    return "\n".join(lines)


def _list(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in sorted(counts.items(), key=lambda item: -item[1]))


def repeat(lane: str, seed: int) -> int:
    """Play one sequence again and print its end. The exit code: 1 at a breach."""
    lines: list[str] = []
    breach = ""
    try:
        play(lane, seed, Tally(), lines.append)
    except AssertionError as error:
        breach = f"BREACH {error}"
    print("\n".join(lines[-TRACE_LINES:]))  # noqa: T201 -- a command
    print(breach or "no breach")  # noqa: T201
    return 1 if breach else 0


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=SEQUENCES)
    parser.add_argument("--vehicles", type=int, default=VEHICLES)
    parser.add_argument("--lane", choices=lanes(), help="repeat one sequence of this lane")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.lane is not None:
        return repeat(options.lane, options.seed)
    end = "\r" if sys.stderr.isatty() else "\n"
    shown = Counter[str]()

    def progress(line: str) -> None:
        """Every change on a terminal, every tenth elsewhere."""
        tenth = line[:2]
        if end == "\r" or not shown[tenth]:
            shown[tenth] += 1
            print(line, end=end, file=sys.stderr, flush=True)  # noqa: T201

    began = time.monotonic()
    tally = soak(jobs(options.sequences, options.vehicles), progress)
    print("\n" + report(tally, time.monotonic() - began))  # noqa: T201
    return 1 if tally.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
