"""How small VINs in print may be: `python -m bench.vin_print [LABELS] [--photographs FOLDER]`.

Drawn labels in a yard, behind glass, tilted and turned, with characters 10 to 20 pixels high, `LABELS` of each height
(60). Each picture is read by the product and held against the VIN that it shows, as one frame of a transaction, and
against VINs that differ from that in one character: what is accepted of these would have let another vehicle through.
The odds say where the thresholds of agent.core.vin_match stand among what was measured.

`FOLDER`: photographs of labels with a `labels.csv` (file, vin). They are read from edge to edge.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.core.model import VinReading, VinSource
from agent.core.permit.vin import CHARACTERS
from agent.core.plates import MatchVerdict
from agent.core.vin_match import match_vin
from agent.vision.worker.picture_selector import decoded
from agent.vision.worker.vin.printed import BUDGET_MS
from agent.vision.worker.vin.reader import VinReader
from bench.figures import Figure, p50, p99, table
from bench.sights import Sight
from bench.vin_labels import SEED, vin_of, yard
from bench.vin_print_labels import label_of, seen_label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.sights import Pixels

LABELS: Final = 60
HEIGHTS_PX: Final = (10.0, 12.0, 14.0, 20.0)
GOAL_PX: Final = 14.0
GOAL: Final = 98.0
"""Per cent of the labels with characters of 14 pixels whose VIN one frame is enough to accept."""
NEIGHBOURS: Final = 42
"""Of each label: with 60 labels of four heights 10,080 pairs."""
CONTRAST: Final = 150.0
DEFOCUS: Final = 0.06
_ALIKE: Final = ("0D", "8B", "5S", "2Z", "1L", "6G", "UV", "MN", "CG", "A4", "EF", "PR", "KX", "1T", "7T", "38")
"""Characters that readers take for one another: every other neighbour differs by such a pair, where it holds one."""


@dataclass(slots=True)
class Row:
    """What became of the labels of one height, or of the photographs of one folder.

    `read`: how many were read as their VIN, `accepted`: how many were accepted for it. `others`: VINs that were told
    and that no label bears. `neighbours`: pairs with a VIN next to it, `wrong`: how many of those were accepted.
    `odds`: of the true VINs, `next_odds`: of the neighbours, nats. `looks_ms`: CPU time of each look.
    """

    name: str
    labels: int = 0
    read: int = 0
    accepted: int = 0
    others: int = 0
    neighbours: int = 0
    wrong: int = 0
    odds: list[float] = field(default_factory=list)
    next_odds: list[float] = field(default_factory=list)
    looks_ms: list[float] = field(default_factory=list)


def measure(
    labels: int = LABELS, neighbours: int = NEIGHBOURS, progress: Callable[[str], None] = lambda _: None
) -> list[Row]:
    """A row for each height."""
    cv2.setNumThreads(1)
    rows = []
    for height_px in HEIGHTS_PX:
        row = Row(f"{height_px:g} px")
        for number in range(labels):
            label = label_of(number)
            sight = Sight(height_px, contrast=CONTRAST, defocus=DEFOCUS)
            _look(row, seen_label(label, sight, number).pixels, label.vin, neighbours)
        rows.append(row)
        progress(f"{row.name}: {row.accepted} of {labels}")
    return rows


def photographs(folder: Path, neighbours: int = NEIGHBOURS) -> Row:
    """The row of a folder of photographs. Raises OSError where it has no labels.csv, ValueError for no picture."""
    cv2.setNumThreads(1)
    row = Row(folder.name)
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as rows:
        for line in csv.DictReader(rows):
            pixels = decoded((folder / line["file"]).read_bytes())
            if pixels is None:
                raise ValueError(f"{folder / line['file']}: no picture")
            _look(row, pixels, line["vin"], neighbours)
    return row


def _look(row: Row, pixels: Pixels, vin: str, neighbours: int) -> None:
    # A new one each time: it remembers where no VIN stood, and each picture is another scene.
    reader = VinReader.with_print()
    begun_s = time.process_time()
    found = reader.read(pixels)
    row.looks_ms.append((time.process_time() - begun_s) * 1e3)
    row.labels += 1
    readings = tuple(
        VinReading(
            text=one.text,
            source=VinSource.PRINT,
            camera="side",
            frame=row.labels,
            at=float(row.labels),
            confidence=one.confidence,
            positions=one.positions,
            columns=one.columns,
            box=one.box,
        )
        for one in found
        if one.source is VinSource.PRINT
    )
    row.read += any(one.text == vin for one in readings)
    row.others += sum(one.text != vin for one in readings)
    if not readings:
        row.neighbours += neighbours
        return
    accepted, odds = _held_against(readings, vin)
    row.accepted += accepted
    row.odds.append(odds)
    for other in _neighbours_of(vin, neighbours):
        accepted, odds = _held_against(readings, other)
        row.neighbours += 1
        row.wrong += accepted
        row.next_odds.append(odds)


def _held_against(readings: tuple[VinReading, ...], declared: str) -> tuple[bool, float]:
    """Whether the declared VIN is accepted, and its odds in nats."""
    found = match_vin(readings, declared)
    return (False, 0.0) if found is None else (found.verdict is MatchVerdict.MATCH, found.score)


def _neighbours_of(vin: str, count: int) -> Iterator[str]:
    """VINs that differ from this one in one character, the same for each; every other one by a pair that look alike."""
    chance = np.random.default_rng((SEED, 6, *vin.encode()))
    alike = [
        vin[:place] + other + vin[place + 1 :]
        for place, character in enumerate(vin)
        for pair in _ALIKE
        if character in pair
        for other in pair
        if other != character and other in CHARACTERS
    ]
    for number in range(count):
        if number % 2 == 0 and alike:
            yield alike[int(chance.integers(len(alike)))]
            continue
        place = int(chance.integers(len(vin)))
        yield vin[:place] + str(chance.choice(sorted(CHARACTERS - {vin[place]}))) + vin[place + 1 :]


def idle_ms(looks: int = 20) -> list[float]:
    """CPU time of looks at a yard with a vehicle and no label."""
    reader, pixels, spent = VinReader.with_print(), np.array(yard(0)), []
    for _ in range(looks):
        begun_s = time.process_time()
        reader.read(pixels)
        spent.append((time.process_time() - begun_s) * 1e3)
    return spent


def figures(rows: list[Row]) -> list[Figure]:
    """The figures for the table of all benchmarks."""
    of_goal = next(row for row in rows if row.name == f"{GOAL_PX:g} px")
    pairs = sum(row.neighbours for row in rows)
    spent = [ms for row in rows for ms in row.looks_ms]
    return [
        Figure(
            f"VIN in print of {GOAL_PX:g} px accepted in one frame",
            100 * of_goal.accepted / of_goal.labels,
            "%",
            GOAL,
            at_least=True,
        ),
        Figure(f"VIN next to a printed one accepted, of {pairs:,}", float(sum(row.wrong for row in rows)), "", 0.0),
        Figure("look for VINs, print in view, 720p, p50", p50(spent), "ms"),
        Figure("look for VINs, print in view, 720p, p99", p99(spent), "ms"),
        Figure("look for VINs and print, no label in view, 720p, p50", p50(idle_ms()), "ms"),
    ]


def report(rows: list[Row]) -> str:
    """The table: what was read and accepted, and the odds of what is true and of what stands next to it."""
    head = (
        f"{'characters':<14}{'read':>9}{'accepted':>10}{'others':>8}{'next accepted':>18}"
        f"{'odds, least':>13}{'next, most':>12}{'ms, p50':>9}{'p99':>7}"
    )
    lines = [
        f"{row.name:<14}{f'{row.read}/{row.labels}':>9}{f'{row.accepted}/{row.labels}':>10}{row.others:>8}"
        f"{f'{row.wrong}/{row.neighbours}':>18}{min(row.odds, default=0.0):>13.1f}"
        f"{max(row.next_odds, default=0.0):>12.1f}{p50(row.looks_ms):>9.1f}{p99(row.looks_ms):>7.1f}"
        for row in rows
    ]
    return "\n".join((head, *lines))


def main() -> int:
    """Print the tables; the exit code is 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", nargs="?", type=int, default=LABELS)
    parser.add_argument("--neighbours", type=int, default=NEIGHBOURS)
    parser.add_argument("--photographs", type=Path)
    options = parser.parse_args()
    print(f"a look reads lines for {BUDGET_MS:g} ms; first VIN: {vin_of(0)}", file=sys.stderr)
    rows = measure(options.labels, options.neighbours, lambda text: print(text, file=sys.stderr, flush=True))
    print(report(rows))
    if options.photographs is not None:
        print(report([photographs(options.photographs, options.neighbours)]))
    found = figures(rows)
    print(table(found))
    return 1 if any(figure.kept is False for figure in found) else 0


if __name__ == "__main__":
    sys.exit(main())
