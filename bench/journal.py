"""Times a durable append to the journal, one event a record, and the same in a bare SQLite table beside it.

Usage: bench/journal.py [--events N] [--folder DIR]   The folder must be on a real disk; without it build/.

Wall time is the disk's as much as ours, CPU time is ours. The journal holds what a gate's does: acknowledged history,
a ledger, open transactions. Exit code 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.core.events import AccessDecided, AccessGranted, CheckRecord, ClockReading, Draft
from agent.core.model import LedgerChange, LedgerState, Reason, Verdict
from agent.store.journal import Journal
from bench.figures import Figure, p50, p99, table
from bench.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Callable

P99_GOAL_MS = 20.0
CPU_GOAL_MS = 0.3
UTC = 1_795_000_000.0
HISTORY = 20_000


@dataclass(frozen=True, slots=True)
class Times:
    """Of one append, in ms."""

    p50: float
    p99: float
    worst: float
    cpu: float


def timed(append: Callable[[int], object], count: int) -> Times:
    wall = []
    cpu = time.process_time()
    for number in range(count):
        start = time.perf_counter()
        append(number)
        wall.append((time.perf_counter() - start) * 1000)
    cpu = (time.process_time() - cpu) * 1000 / count
    return Times(p50(wall), p99(wall), max(wall), cpu)


def decided(number: int) -> Draft:
    checks = tuple(CheckRecord(reason=reason, ok=True, detail="as it must be") for reason in list(Reason)[:18])
    event = AccessDecided(verdict=Verdict.PASS, reason=Reason.OK, checks=checks)
    return Draft(event, "1", f"transaction {number}", UTC)


def granted(number: int) -> Draft:
    return Draft(AccessGranted(grant=f"grant {number}", by="permit"), "1", f"transaction {number}", UTC)


def measure(folder: Path, count: int) -> dict[str, Times]:
    journal = Journal.open(
        folder / "journal.db", gate="bench", boot="1", clock=lambda: ClockReading(UTC, synced=True), max_bytes=1 << 30
    )
    journal.record([decided(number) for number in range(HISTORY)])
    journal.acknowledge(journal.stream, HISTORY // 2)

    def reserve(number: int) -> object:
        change = LedgerChange(number.to_bytes(8, "big"), 1, LedgerState.RESERVED, f"transaction {number}")
        return journal.record([decided(number), granted(number)], [change])

    size = len(next(journal.range(1, 1)).payload)
    times = {
        f"one event of {size} bytes": timed(lambda number: journal.record([decided(number)]), count),
        "decision, grant and reservation": timed(reserve, count),
    }
    journal.close()

    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    bare.execute("CREATE TABLE bare (seq INTEGER PRIMARY KEY, payload BLOB)")
    payload = bytes(size)
    times["bare SQLite insert, same bytes"] = timed(
        lambda _number: bare.execute("INSERT INTO bare (payload) VALUES (?)", (payload,)), count
    )
    bare.close()
    return times


def figures(times: dict[str, Times]) -> list[Figure]:
    """The append of one event beside its goals; the others for comparison."""
    one = next(iter(times.values()))
    others = "; ".join(f"{name}: p50 {t.p50:.2f}, p99 {t.p99:.2f}" for name, t in list(times.items())[1:])
    return [
        Figure("journal append, durable, p50", one.p50, "ms", note=f"one event; {others}"),
        Figure("journal append, durable, p99", one.p99, "ms", P99_GOAL_MS, note=f"worst {one.worst:.1f} ms"),
        Figure("journal append, CPU", one.cpu, "ms", CPU_GOAL_MS, note="of the agent, an event"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=2000, help="appends to time")
    parser.add_argument("--folder", type=Path, default=None, help="a folder on the disk to measure")
    options = parser.parse_args()
    with scratch(options.folder) as folder:
        times = measure(folder, options.events)
    print(f"{'durable append, ms':<34} {'p50':>8} {'p99':>8} {'worst':>8} {'CPU':>8}")
    for name, one in times.items():
        print(f"{name:<34} {one.p50:>8.3f} {one.p99:>8.3f} {one.worst:>8.2f} {one.cpu:>8.3f}")
    found = figures(times)
    print(table(found))
    return 1 if any(figure.kept is False for figure in found) else 0


if __name__ == "__main__":
    sys.exit(main())
