"""Run tests again and again on a machine that is made busy: which of them depend on its speed?

Usage: tools/stress.py [--runs N] [--kind KIND ...] [--at-once N] [--workers N] [TEST ...]   Run it as `make stress`.

TESTs are what pytest takes; without them, all tests that meet real threads, ports, brokers, serial lines or processes.
Each kind of stress runs them so often: beside three busy loops, beside another such run, and on half a core each. Runs
side by side are more stress, and take less time. The reports stay in build/stress. The exit code is 1 where a test
failed.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build" / "stress"
TESTS = ("unit", "system", "races", "examples", "packaging/test_boot.py")
BUSY_LOOPS = 3
PERIOD_US = 100_000
CORES = 0.5
CGROUPS = Path("/sys/fs/cgroup")
TIME_SCALE = {"busy loops": 4, "second suite": 4, "half a core": 16}
"""For `TEST_TIME_SCALE`, where the environment says nothing: its usual value, and that for a quarter of two cores."""
LOOK_S = 1.0
ENDED = {0: "green", 1: "red"}
"""What pytest's exit codes say of a run that came to its end."""
_FAILED = re.compile(r"^(?:FAILED|ERROR) (?P<test>.+?)(?: - (?P<why>.*))?$", re.MULTILINE)
_PERCENT = re.compile(r"\[ *(\d+)%\]")


@dataclass
class StressFound:
    """What the runs under one kind of stress came to. `failures`: by test; `why`: the first words of one."""

    runs: int = 0
    seconds: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)
    why: dict[str, str] = field(default_factory=dict)

    def add(self, log: str, code: int, took_s: float) -> Counter[str]:
        """Add a run by what pytest wrote; the tests that failed in it."""
        failed: dict[str, str] = {}
        for match in _FAILED.finditer(
            log
        ):  # a test that failed may be in error at its end too: its failure comes first
            failed.setdefault(match["test"], match["why"] or "")
        if code not in ENDED or (code and not failed):
            failed["the run itself"] = f"pytest ended with {code}"
        self.runs += 1
        self.seconds += took_s
        self.failures.update(failed.keys())
        self.why = failed | self.why
        return Counter(failed.keys())


def table(found: dict[str, StressFound]) -> list[str]:
    """A row for each test that failed, with how often under each kind of stress, and the seconds of a run."""
    kinds = list(found)
    tests = sorted({test for each in found.values() for test in each.failures})
    rows = [["", *kinds]]
    rows += [[test, *(f"{found[kind].failures[test]} of {found[kind].runs}" for kind in kinds)] for test in tests]
    rows.append(["runs", *(str(found[kind].runs) for kind in kinds)])
    rows.append(["seconds a run", *(f"{found[kind].seconds / max(1, found[kind].runs):.0f}" for kind in kinds)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


# ------------------------------------------------------------------------------------------------------ kinds of stress

LOOPS, SUITES, HALF = KINDS = ("busy loops", "second suite", "half a core")


@contextmanager
def _busy_loops() -> Iterator[None]:
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY_LOOPS)]
    try:
        yield
    finally:
        _end(loops)


@contextmanager
def _half_a_core() -> Iterator[Sequence[str]]:
    """What to begin a command with, so that all it starts shares half a core."""
    with _cgroup() as group:
        # The shell enters the group itself: everything that it starts is in it from its first moment.
        yield ("sh", "-c", f'echo $$ >{group}/cgroup.procs && exec "$@"', "sh")


@contextmanager
def _cgroup() -> Iterator[Path]:
    first = (CGROUPS / "cpu").is_dir()
    # A name of its own each time: the group of a run that was killed is still there.
    group = Path(tempfile.mkdtemp(prefix="stress-", dir=CGROUPS / "cpu" if first else CGROUPS))
    quota_us = round(CORES * PERIOD_US)
    try:
        if first:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US), encoding="ascii")
            (group / "cpu.cfs_quota_us").write_text(str(quota_us), encoding="ascii")
        else:
            with suppress(OSError):  # it may be so already
                (CGROUPS / "cgroup.subtree_control").write_text("+cpu", encoding="ascii")
            (group / "cpu.max").write_text(f"{quota_us} {PERIOD_US}", encoding="ascii")
        yield group
    finally:
        with suppress(OSError):  # what a test left behind is still in it
            group.rmdir()


# ------------------------------------------------------------------------------------------------------ runs


@dataclass
class Run:
    """One run of the tests. `code`: pytest's exit code, once it ended."""

    number: int
    log: Path
    process: subprocess.Popen[bytes]
    began_at: float = field(default_factory=time.monotonic)
    took_s: float = 0.0
    code: int | None = None

    def done(self) -> str:
        """How far it is, in percent."""
        return (_PERCENT.findall(self.log.read_text(errors="replace")) or ["0"])[-1]

    def has_ended(self) -> bool:
        """Whether it has; asked again and again, it knows when."""
        if self.code is None and (code := self.process.poll()) is not None:
            self.code, self.took_s = code, time.monotonic() - self.began_at
        return self.code is not None


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait()


def _start(kind: str, log: Path, arguments: argparse.Namespace, before: Sequence[str]) -> subprocess.Popen[bytes]:
    options = ["-v", "-rfE", "-p", "no:cacheprovider", "--dist", "loadfile", "--no-loadscope-reorder"]
    command = [*before, sys.executable, "-m", "pytest", *options, "-n", str(arguments.workers), *arguments.tests]
    # On half a core each run has as much, however many there are; else they share what there is.
    factor = TIME_SCALE[kind] * (1 if kind == HALF else arguments.at_once)
    with log.open("wb") as written:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env={"TEST_TIME_SCALE": str(factor)} | os.environ | {"COLUMNS": "400"},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )


def _batch(kind: str, numbers: Sequence[int], arguments: argparse.Namespace, found: StressFound) -> None:
    """Runs side by side, under one kind of stress."""
    with ExitStack() as stack:
        if kind == LOOPS:
            stack.enter_context(_busy_loops())
        runs = []
        for number in numbers:
            before = stack.enter_context(_half_a_core()) if kind == HALF else ()
            log = REPORTS / f"{kind.replace(' ', '-')}-{number}.log"
            run = Run(number, log, _start(kind, log, arguments, before))
            stack.callback(_end, [run.process])
            runs.append(run)
        told = ""
        while running := [run for run in runs if not run.has_ended()]:
            line = f"{kind}, of {arguments.runs} runs: " + ", ".join(f"{run.number} at {run.done()} %" for run in runs)
            if line != told:
                print(f"\r{line}", end="", flush=True)
                told = line
            with suppress(subprocess.TimeoutExpired):
                running[0].process.wait(LOOK_S)
    for run in runs:
        failed = found.add(run.log.read_text(errors="replace"), run.process.returncode, run.took_s)
        last = (run.log.read_text(errors="replace").strip().splitlines() or [""])[-1]
        print(f"\r{kind}, run {run.number} of {arguments.runs}: {last}", flush=True)
        for test in failed:
            print(f"    {test}: {found.why[test]}", flush=True)


def _count(typed: str) -> int:
    if not typed.isdecimal() or int(typed) < 1:
        raise argparse.ArgumentTypeError(f"{typed!r} is no number from 1")
    return int(typed)


def main() -> int:
    """Run the tests under each kind of stress and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=_count, default=3, help="how often under each kind of stress")
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=list(KINDS), help="only these kinds of stress")
    parser.add_argument(
        "--at-once", type=_count, default=1, help="how many runs side by side; of a second suite two at least"
    )
    parser.add_argument("--workers", type=_count, default=2, help="how many tests at a time in a run")
    parser.add_argument("tests", nargs="*", default=[f"tests/{name}" for name in TESTS], help="what pytest is to run")
    arguments = parser.parse_args()
    REPORTS.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    found = {kind: StressFound() for kind in arguments.kind if _is_possible(kind)}
    for kind, each in found.items():
        while (left := arguments.runs - each.runs) > 0:
            # A suite beside another is a run as well: none is alone, also the last.
            at_once = max(2, arguments.at_once) if kind == SUITES else min(left, arguments.at_once)
            _batch(kind, range(each.runs + 1, each.runs + at_once + 1), arguments, each)
    print("\n".join(["", *table(found)]))
    return 1 if any(each.failures for each in found.values()) or not found else 0


def _is_possible(kind: str) -> bool:
    if kind != HALF:
        return True
    try:
        with _cgroup():
            return True
    except OSError as error:
        print(f"{kind}: left out, for it needs root and control groups of the processor ({error})", flush=True)
        return False


if __name__ == "__main__":
    sys.exit(main())
