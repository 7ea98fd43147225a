"""Times a claim on the home gate's ledger, the state of a permit and rows of another gate, with a full ledger.

Usage: bench/ledger.py [--rows N] [--count N] [--folder DIR]   The folder must be on a real disk; without it build/.

A claim is durable, so its wall time is the disk's as much as ours; CPU time is ours.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from agent.core.events import ClockReading
from agent.core.model import LedgerChange, LedgerState
from agent.core.site import ClaimRow, PeerRow
from agent.store.journal import Journal
from bench.figures import Figure, p50, p99, table
from bench.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UTC = 1_795_000_000.0
STREAM = "5d0b9f1e-2222-4222-8333-944445555666"
PAGE = 300
MANY_USES = 1000
DAY_S = 86_400.0


def permit(number: int) -> bytes:
    return number.to_bytes(8, "big")


def vehicle(number: int) -> str:
    return f"LSGXX{number:012}"


def fill(journal: Journal, rows: int) -> None:
    """Half of the uses are this gate's own, half those of another; one permit of this gate has been used very often."""
    for start in range(0, rows // 2, PAGE):
        changes = [change for number in range(start, start + PAGE) for change in _used(number, 1)]
        journal.record([], changes)
    for start in range(0, rows - rows // 2 - MANY_USES, PAGE):
        told = [
            PeerRow(seq, permit(rows + seq), 1, LedgerState.CONSUMED, "t", 0, vehicle(rows + seq), "export")
            for seq in range(start + 1, start + PAGE + 1)
        ]
        journal.site.take_rows("peer", STREAM, start + 1, told)
    journal.record([], [change for use in range(1, MANY_USES + 1) for change in _used(-1, use)])


def _used(number: int, use: int) -> Iterator[LedgerChange]:
    key = permit(number % 2**64)
    for state in (LedgerState.RESERVED, LedgerState.CONSUMED):
        yield LedgerChange(key, use, state, f"transaction {number}", vehicle(number), "export")


def measure(folder: Path, rows: int, count: int) -> dict[str, tuple[list[float], float]]:
    """The wall times in ms, and the mean CPU time, of each."""
    journal = Journal.open(
        folder / "journal.db", gate="bench", boot="1", clock=lambda: ClockReading(UTC, synced=True), max_bytes=1 << 30
    )
    fill(journal, rows)
    new = 2 * rows

    def claim(number: int) -> object:
        key = permit(new + number)
        row = ClaimRow(key, vehicle(new + number), "export", 1, f"claim {number}", "peer", DAY_S)
        return journal.site.claim(row)

    def take(number: int) -> object:
        first = rows + number * 10 + 1
        told = [
            PeerRow(seq, permit(new + seq), 1, LedgerState.CONSUMED, "claim", 0, vehicle(new + seq), "export")
            for seq in range(first, first + 10)
        ]
        taken = journal.site.take_rows("peer", STREAM, 1 if number == 0 else first, told)
        if taken.gap:
            message = "a gap in rows that follow one another"
            raise RuntimeError(message)
        return taken

    journal.site.mark_synced("peer", STREAM, rows)
    often = permit(-1 % 2**64)
    times = {
        "claim, granted and durable": _timed(claim, count),
        "claim, refused": _timed(lambda n: journal.site.claim(_refused(n)), count),
        "state of a permit": _timed(lambda n: journal.use_state(permit(n), "asking"), count),
        f"state of a permit of {MANY_USES} uses": _timed(lambda _n: journal.use_state(often, "asking"), count),
        "exit under another permit": _timed(
            lambda n: journal.other_exit(vehicle(n), permit(new), "export", UTC - DAY_S), count
        ),
        "10 rows of another gate, durable": _timed(take, count // 4),
    }
    journal.close()
    return times


def _refused(number: int) -> ClaimRow:
    return ClaimRow(permit(number), vehicle(number), "export", 1, f"late {number}", "peer", DAY_S)


def _timed(work: Callable[[int], object], count: int) -> tuple[list[float], float]:
    wall = []
    cpu = time.process_time()
    for number in range(count):
        start = time.perf_counter()
        work(number)
        wall.append((time.perf_counter() - start) * 1000)
    return wall, (time.process_time() - cpu) * 1000 / count


def figures(times: dict[str, tuple[list[float], float]], rows: int) -> list[Figure]:
    return [
        Figure(f"ledger: {what}, p99", p99(wall), "ms", note=f"{rows} rows; p50 {p50(wall):.3f}, CPU {cpu:.3f}")
        for what, (wall, cpu) in times.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the ledger")
    parser.add_argument("--count", type=int, default=1000, help="how often each is timed")
    parser.add_argument("--folder", type=Path, default=None, help="a folder on the disk to measure")
    options = parser.parse_args()
    with scratch(options.folder) as folder:
        times = measure(folder, options.rows, options.count)
    print(table(figures(times, options.rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
