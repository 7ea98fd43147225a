"""Explore the rules: `python -m tests.model [--machine NAME ...] [--short] [--minutes N]` (`make model`).

Prints a row for each machine: how many states and transitions, how far all sequences of inputs were tried, and where it
ended. Then the faults that are put in by hand, each with the inputs that show it. A breach of the product's own rules
is told step by step, and as a test that can be pasted into tests/model/test_found.py.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tests.model.counterexample import as_test, followed
from tests.model.explorer import Exploration, Explorer
from tests.model.faults import FAULTS, found
from tests.model.machines import CORES, MACHINES, WHOLE_S, machine
from tests.support.lane.monitor import BLIND, SIGHTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from multiprocessing.queues import SimpleQueue

_PROGRESS_EVERY_S: Final = 2.0
_FIELDS: Final = "{:<42}{:>10}{:>13}{:>8}{:>8}  {}"

_news: SimpleQueue[Exploration] | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A machine to explore, or a fault to find. `share`: of the time that the machine has."""

    name: str
    is_short: bool
    share: float = 1.0
    is_fault: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a job. `told`: the breaches, or the fault's steps; `is_good`: whether all is as it must be."""

    job: Job
    exploration: Exploration
    told: str
    is_good: bool


def main() -> int:
    """Explore, and print what was found. The exit code is 1 where a rule broke, or a fault was not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--machine", action="append", default=[], metavar="NAME", help="its name, or how that begins")
    parser.add_argument("--short", action="store_true", help="as far as `make test` does")
    parser.add_argument("--minutes", type=float, default=WHOLE_S / 60, help="the whole form takes that at most")
    parser.add_argument("--processes", type=int, default=CORES)
    options = parser.parse_args()
    share = min(1.0, options.minutes * 60 / WHOLE_S)
    jobs = _jobs(options.machine, is_short=options.short, share=share)
    if not jobs:
        parser.error(f"there is no such machine; there are: {'; '.join(MACHINES)}")
    begin = time.monotonic()
    done = _all_done(jobs, options.processes)
    code = _report(done, time.monotonic() - begin)
    if not options.machine:
        _report_table([one.exploration for one in done])
    return code


def _jobs(wanted: Sequence[str], *, is_short: bool, share: float) -> list[Job]:
    """The longest first, so that the processes end together."""

    def is_wanted(name: str) -> bool:
        return not wanted or any(name.startswith(one) for one in wanted)

    rows = sorted(filter(lambda row: is_wanted(row.name), MACHINES.values()), key=lambda row: -row.whole.seconds)
    faults = [name for name, fault in FAULTS.items() if is_wanted(fault.machine)]
    machines = [Job(row.name, is_short, share) for row in rows]
    return machines + [Job(name, is_short, is_fault=True) for name in faults]


def _begin(news: SimpleQueue[Exploration]) -> None:
    global _news  # noqa: PLW0603 - a process of the pool has one
    _news = news
    logging.disable(logging.CRITICAL)  # real parts would tell of each step that is replayed


def _do(job: Job) -> Done:
    return _fault(job) if job.is_fault else _machine(job)


def _machine(job: Job) -> Done:
    row, told_at = MACHINES[job.name], time.monotonic()

    def progress(exploration: Exploration) -> None:
        nonlocal told_at
        if _news is not None and time.monotonic() - told_at > _PROGRESS_EVERY_S:
            told_at = time.monotonic()
            _news.put(Exploration(job.name, exploration.states, exploration.transitions, exploration.whole_to))

    bounds = row.short if job.is_short else replace(row.whole, seconds=row.whole.seconds * job.share)
    exploration = Explorer(job.name, row.make(), bounds, progress).run()
    told = [_counterexample(job.name, breach, inputs) for breach, inputs in exploration.breaches.items()]
    unseen = exploration.never_seen if job.share == 1.0 and not job.is_short else ()
    told += [f"{job.name}: never seen: {one}" for one in unseen]
    return Done(job, exploration, "\n".join(told), not told)


def _counterexample(name: str, breach: str, inputs: tuple[str, ...]) -> str:
    lines, _ = followed(machine(name), inputs)
    return "\n".join([f"{name}: {breach}", *lines, "", as_test(name, breach, inputs)])


def _fault(job: Job) -> Done:
    try:
        exploration, breach, lines = found(FAULTS[job.name])
    except AssertionError as error:
        return Done(job, Exploration(job.name), f"{job.name}: {error}", is_good=False)
    return Done(job, exploration, "\n".join([f"{job.name}: found, {breach}", *lines]), is_good=True)


def _all_done(jobs: Sequence[Job], processes: int) -> list[Done]:
    news: SimpleQueue[Exploration] = multiprocessing.SimpleQueue()
    done: list[Done] = []
    with multiprocessing.Pool(min(processes, len(jobs)), _begin, (news,), maxtasksperchild=1) as pool:
        waiting = [pool.apply_async(_do, (job,)) for job in jobs]
        while waiting:
            ready = [one for one in waiting if one.ready()]
            for one in ready:
                done.append(one.get())
                _line(done[-1])
            waiting = [one for one in waiting if one not in ready]
            if waiting:
                waiting[0].wait(1.0)
            _show_progress(news, len(done), len(jobs))
    return done


def _show_progress(news: SimpleQueue[Exploration], done: int, jobs: int) -> None:
    newest: dict[str, Exploration] = {}
    while not news.empty():
        one = news.get()
        newest[one.machine] = one
    if newest and sys.stderr.isatty():
        words = [f"{one.machine} {one.states:,} states, whole to {one.whole_to}" for one in newest.values()]
        sys.stderr.write(f"\r\x1b[K{done} of {jobs}; {'; '.join(words)}"[:200])
        sys.stderr.flush()


def _line(done: Done) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    it, job = done.exploration, done.job
    if job.is_fault:
        ended = f"fault {'found' if done.is_good else 'NOT FOUND'}"
    elif not done.is_good:
        ended = "BROKEN"
    else:
        ended = f"ended by {it.ended_by}" if it.ended_by else "complete"
    row = _FIELDS.format(job.name, f"{it.states:,}", f"{it.transitions:,}", it.whole_to, f"{it.seconds:.0f} s", ended)
    print(row, flush=True)  # noqa: T201 - this is what the command is for


def _report(done: Iterable[Done], took_s: float) -> int:
    done = list(done)
    explored = [one.exploration for one in done if not one.job.is_fault]
    for one in sorted(done, key=lambda one: one.is_good):
        if one.told:
            print(f"\n{one.told}")  # noqa: T201
    states, transitions = sum(one.states for one in explored), sum(one.transitions for one in explored)
    complete = sum(one.is_complete for one in explored)
    print(  # noqa: T201
        f"\n{len(explored)} machines, {complete} of them complete: {states:,} states, {transitions:,} transitions, "
        f"{sum(len(one.breaches) for one in explored)} breaches; {took_s / 60:.1f} minutes"
    )
    return 0 if all(one.is_good for one in done) else 1


def _report_table(explored: Sequence[Exploration]) -> None:
    """Which moves of the lane's table no exploration met."""
    seen = {move for one in explored if one.machine.startswith("lane") for move in one.moved}
    missing = sorted(" to ".join(move) for move in {(a.value, b.value) for a, b in SIGHTED | BLIND} - seen)
    if seen and missing:
        print(f"moves of docs/lane.md that were not met: {', '.join(missing)}")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
