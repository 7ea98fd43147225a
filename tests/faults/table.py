"""The loss table, and the line that shows how a case goes."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.faults.judge import Ending

FILE = Path(__file__).parents[2] / "build" / "faults.txt"
LINE_EVERY_S = 10.0
HEADINGS = (
    "case",
    "cycles",
    "recorded",
    "stored",
    "lost",
    "invented",
    "raw duplicates",
    "duplicates",
    "chain",
    "checkpoints",
    "time",
    "",
)


@dataclass(frozen=True)
class Result:
    """One row. `ending` is None where nothing came to an end, or another program judged; `note` then says more.

    `passed` is None for a case that was skipped.
    """

    case: str
    cycles: int
    took_s: float
    passed: bool | None
    ending: Ending | None = None
    note: str = ""

    @property
    def cells(self):
        verdict = {True: "ok", False: "FAILED", None: "SKIPPED"}[self.passed]
        took = f"{self.took_s:.0f} s"
        if self.ending is None:
            notes = "; ".join(filter(None, (verdict, self.note)))
            return (self.case, f"{self.cycles:,}", *["-"] * 8, took, notes)
        found = self.ending.judgement
        wrong = (*self.ending.breaches[:3], *found.refused[:3])
        again = self.ending.raw_duplicates
        counts = (found.recorded, found.stored, found.lost, found.invented, again, found.doubles)
        signed = f"{found.checkpoints}, up to {found.signed:,}" if found.keyed else "-"
        notes = "; ".join(filter(None, (verdict, *wrong, self.note)))
        figures = (f"{count:,}" for count in counts)
        return (self.case, f"{self.cycles:,}", *figures, found.chain, signed, took, notes)


def table(results):
    """The lines of the table."""
    rows = [HEADINGS, *(result.cells for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if place in {0, 8, 9, 11} else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * min(160, max(map(len, lines))))
    return lines


class Progress:
    """Shows how one case goes: in one line on a terminal, elsewhere a line now and then.

    `events`, `lost`: None where they are counted at the end only.
    """

    def __init__(self, case, cycles, out=sys.stdout):
        self._case, self._cycles, self._out = case, cycles, out
        self._began = time.monotonic()
        self._told_at = 0.0

    def __call__(self, cycle, events, lost):
        now = time.monotonic()
        left_s = (now - self._began) / cycle * (self._cycles - cycle)
        counts = "" if events is None else f"{events:,} events, {lost} lost, "
        line = f"{self._case}: cycle {cycle} of {self._cycles}, {counts}{left_s:.0f} s left"
        if self._out.isatty():
            self._out.write(f"\r\x1b[K{line}")
        elif now - self._told_at >= LINE_EVERY_S or cycle == self._cycles:
            self._out.write(f"{line}\n")
            self._told_at = now
        self._out.flush()

    def close(self):
        """Leave an empty line on a terminal."""
        if self._out.isatty():
            self._out.write("\r\x1b[K")
            self._out.flush()
