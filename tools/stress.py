"""Run tests again and again on a machine that is made busy: which of them depend on its speed?

Usage: tools/stress.py [--runs N] [--kind KIND ...] [--workers N] [TEST ...]   Run it as `make stress`.

TESTs are what pytest takes; without them, all tests that meet real threads, ports, brokers, serial lines or processes. Each
kind of stress runs them so often. The reports stay in build/stress. The exit code is 1 where a test failed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build" / "stress"
TESTS = ("drivers", "agent", "system", "site", "console", "examples", "packaging/test_boot.py")
BUSY_LOOPS = 3
PERIOD_US = 100_000
CORES = 0.5
CGROUPS = Path("/sys/fs/cgroup")
SCALE_OF_HALF_A_CORE = "16"
"""For `TEST_TIME_SCALE`, where the environment says nothing: a quarter of the machine that its usual value is for."""
LOOK_S = 1.0
ENDED = {0: "green", 1: "red"}
"""What pytest's exit codes say of a run that came to its end."""
_FAILED = re.compile(r"^(?:FAILED|ERROR) (?P<test>.+?)(?: - (?P<why>.*))?$", re.MULTILINE)
_PERCENT = re.compile(r"\[ *(\d+)%\]")


@dataclass
class Found:
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


def table(found: dict[str, Found]) -> list[str]:
    """A row for each test that failed, with how often under each kind of stress, and the seconds of a run."""
    kinds = list(found)
    tests = sorted({test for each in found.values() for test in each.failures})
    rows = [["", *kinds]]
    rows += [[test, *(f"{found[kind].failures[test]} of {found[kind].runs}" for kind in kinds)] for test in tests]
    rows.append(["seconds a run", *(f"{found[kind].seconds / max(1, found[kind].runs):.0f}" for kind in kinds)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


# ------------------------------------------------------------------------------------------------------ kinds of stress


@contextmanager
def busy_loops(_start: Callable[[str], subprocess.Popen[bytes]]) -> Iterator[Sequence[str]]:
    """Three processes that compute all the time."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY_LOOPS)]
    try:
        yield ()
    finally:
        _end(loops)


@contextmanager
def second_suite(start: Callable[[str], subprocess.Popen[bytes]]) -> Iterator[Sequence[str]]:
    """The same tests beside, again and again."""
    over = threading.Event()
    running = [start("beside")]

    def go_on() -> None:
        while not over.wait(LOOK_S):
            if running[0].poll() is not None:
                running[0] = start("beside")

    starter = threading.Thread(target=go_on)
    starter.start()
    try:
        yield ()
    finally:
        over.set()
        starter.join()
        _end(running)


@contextmanager
def half_a_core(_start: Callable[[str], subprocess.Popen[bytes]]) -> Iterator[Sequence[str]]:
    """No more than half a core for all that the run starts."""
    with _cgroup() as group:
        # The shell enters the group itself: everything that it starts is in it from its first moment.
        yield ("sh", "-c", f'echo $$ >{group}/cgroup.procs && exec "$@"', "sh")


@contextmanager
def _cgroup() -> Iterator[Path]:
    first = (CGROUPS / "cpu").is_dir()
    group = (CGROUPS / "cpu" if first else CGROUPS) / f"stress-{os.getpid()}"
    quota_us = round(CORES * PERIOD_US)
    group.mkdir()
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


KINDS = {"busy loops": busy_loops, "second suite": second_suite, "half a core": half_a_core}


# ------------------------------------------------------------------------------------------------------ runs


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait()


def _start(log: Path, arguments: argparse.Namespace, before: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    options = ["-q", "-rfE", "-p", "no:cacheprovider", "--dist", "loadfile", "--no-loadscope-reorder"]
    command = [*before, sys.executable, "-m", "pytest", *options, "-n", str(arguments.workers), *arguments.tests]
    environment = os.environ | {"COLUMNS": "400"}
    with log.open("wb") as written:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env={"TEST_TIME_SCALE": SCALE_OF_HALF_A_CORE} | environment if before else environment,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )


def _run(kind: str, number: int, arguments: argparse.Namespace, found: Found) -> None:
    log = REPORTS / f"{kind.replace(' ', '-')}-{number}.log"
    began_at = time.monotonic()
    with ExitStack() as stack:
        before = stack.enter_context(KINDS[kind](lambda name: _start(REPORTS / f"{name}.log", arguments)))
        process = _start(log, arguments, before)
        stack.callback(_end, [process])
        told = ""
        while process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_S)
            done = (_PERCENT.findall(log.read_text(errors="replace")) or ["0"])[-1]
            if done != told:
                print(f"\r{kind}, run {number} of {arguments.runs}: {done} %", end="", flush=True)
            told = done
    took_s = time.monotonic() - began_at
    failed = found.add(log.read_text(errors="replace"), process.returncode, took_s)
    print(f"\r{kind}, run {number} of {arguments.runs}: {took_s:.0f} s, {len(failed)} failed", flush=True)
    for test in failed:
        print(f"    {test}: {found.why[test]}", flush=True)


def main() -> int:
    """Run the tests under each kind of stress and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="how often under each kind of stress")
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=list(KINDS), help="only these kinds of stress")
    parser.add_argument("--workers", type=int, default=2, help="how many tests at a time")
    parser.add_argument("tests", nargs="*", default=[f"tests/{name}" for name in TESTS], help="what pytest is to run")
    arguments = parser.parse_args()
    REPORTS.mkdir(parents=True, exist_ok=True)
    found = {kind: Found() for kind in arguments.kind if _is_possible(kind)}
    for kind, each in found.items():
        for number in range(1, arguments.runs + 1):
            _run(kind, number, arguments, each)
    print("\n".join(["", *table(found)]))
    return 1 if any(each.failures for each in found.values()) or not found else 0


def _is_possible(kind: str) -> bool:
    if KINDS[kind] is not half_a_core:
        return True
    try:
        with _cgroup():
            return True
    except OSError as error:
        print(f"{kind}: left out, for it needs root and control groups of the processor ({error})", flush=True)
        return False


if __name__ == "__main__":
    sys.exit(main())
