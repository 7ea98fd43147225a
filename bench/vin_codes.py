"""How small VIN codes on labels may be: `python -m bench.vin_codes [LABELS]`.

Drawn labels in a yard, behind glass, tilted and turned, at 1.2 to 3 pixels a module, `LABELS` of each kind and size
(40). Beside the product the engine alone stands, on the whole frame, as in the trial from which the sizes come. Each
text that is read is held against the VIN of the label, and against all those that differ from it in one character:
what equals one of these would have let another vehicle through.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import zxingcpp

from agent.core.model import VinSource, vins_in
from agent.core.permit import label_vins
from agent.vision.worker.qr.picture_reader import QrReader
from agent.vision.worker.vin.reader import VinReader
from bench.figures import Figure, p50, p99, table
from bench.sights import Sight
from bench.vin_labels import SEED, SOURCES, Glass, behind, label, neighbours, shown, vin_of, yard

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.sights import Pixels

LABELS: Final = 40
MODULES_PX: Final = (1.2, 1.5, 2.0, 3.0)
GOAL_PX: Final = 2.0
GOAL_CODE_39: Final = 80.0
"""Per cent of Code 39 at two pixels a module."""
EARLIER: Final = {
    VinSource.CODE_39: (0, 0, 33, 40),
    VinSource.CODE_128: (0, 22, 40, 40),
    VinSource.DATA_MATRIX: (0, 0, 24, 40),
    VinSource.QR: (0, 1, 40, 40),
}
"""Of 40 each, of an earlier trial with the engine alone: labels without glass, nearly upright, in an empty picture; its
Data Matrix was one of 12 x 26 modules, ours has 18 x 18."""
CONTRAST: Final = 150.0
DEFOCUS: Final = 0.25
_FORMATS: Final = {
    VinSource.CODE_39: zxingcpp.BarcodeFormat.Code39,
    VinSource.CODE_128: zxingcpp.BarcodeFormat.Code128,
    VinSource.DATA_MATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    VinSource.QR: zxingcpp.BarcodeFormat.QRCodeModel2,
}


@dataclass(slots=True)
class Row:
    """What became of the labels of one kind and size. `looks_ms`: CPU time of each look of ours."""

    source: VinSource
    module_px: float
    read: int = 0
    by_engine: int = 0
    others: int = 0
    accepted: int = 0
    looks_ms: list[float] = field(default_factory=list)


def measure(labels: int = LABELS, progress: Callable[[str], None] = lambda _: None) -> list[Row]:
    """A row for each kind and size."""
    cv2.setNumThreads(1)
    vins, qr = VinReader(), QrReader()

    def read(pixels: Pixels, source: VinSource) -> set[str]:
        if source is VinSource.QR:
            return {vin for code in qr.read(pixels, thorough=True) for vin in label_vins(code.payload)}
        return {found.text for found in vins.read(pixels)}

    rows = []
    for source in SOURCES:
        for module_px in MODULES_PX:
            row = Row(source, module_px)
            for number in range(labels):
                _look(row, picture(source, module_px, number), vin_of(number), read)
            rows.append(row)
            progress(f"{source} {module_px}: {row.read} of {labels}")
    return rows


def picture(source: VinSource, module_px: float, number: int) -> Pixels:
    """The label of this number in the yard, BGR, 1280 x 720."""
    chance = np.random.default_rng((SEED, 2, number))
    flat = behind(label(source, vin_of(number)), Glass(), chance)
    return shown(flat, Sight(module_px, contrast=CONTRAST, defocus=DEFOCUS), chance).pixels


def _look(row: Row, pixels: Pixels, vin: str, read: Callable[[Pixels, VinSource], set[str]]) -> None:
    begun_s = time.process_time()
    found = read(pixels, row.source)
    row.looks_ms.append((time.process_time() - begun_s) * 1e3)
    row.read += vin in found
    row.others += bool(found - {vin})
    row.accepted += len(found.intersection(neighbours(vin)))
    formats = zxingcpp.BarcodeFormats(_FORMATS[row.source])
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    row.by_engine += vin in {
        one for code in zxingcpp.read_barcodes(grey, formats=formats) for one in vins_in(code.text)
    }


def idle_ms(looks: int = 20) -> list[float]:
    """CPU time of looks at a yard with a vehicle and no label."""
    reader, pixels, spent = VinReader(), np.array(yard(0)), []
    for _ in range(looks):
        begun_s = time.process_time()
        reader.read(pixels)
        spent.append((time.process_time() - begun_s) * 1e3)
    return spent


def figures(rows: list[Row]) -> list[Figure]:
    """The figures for the table of all benchmarks."""
    of_goal = next(row for row in rows if (row.source, row.module_px) == (VinSource.CODE_39, GOAL_PX))
    labels = len(of_goal.looks_ms)
    pairs = sum(len(row.looks_ms) for row in rows) * len(neighbours(vin_of(0)))
    spent = [ms for row in rows if row.source is not VinSource.QR for ms in row.looks_ms]
    return [
        Figure(
            "VIN in Code 39 at 2 pixels a module read", 100 * of_goal.read / labels, "%", GOAL_CODE_39, at_least=True
        ),
        Figure("VINs read that no label bears", float(sum(row.others for row in rows)), "", 0.0),
        Figure(f"another's VIN accepted, of {pairs:,}", float(sum(row.accepted for row in rows)), "", 0.0),
        Figure("look for VINs, a label in view, 720p, p50", p50(spent), "ms"),
        Figure("look for VINs, a label in view, 720p, p99", p99(spent), "ms"),
        Figure("look for VINs, no label in view, 720p, p50", p50(idle_ms()), "ms"),
    ]


def report(rows: list[Row]) -> str:
    """The table: reads of ours, of the engine alone, and of the earlier trial, of its 40."""
    lines = [
        f"{'code':<12}{'px a module':>12}{'ours':>10}{'engine':>10}{'trial':>8}{'others':>8}{'ms, p50':>9}{'p99':>7}"
    ]
    for row in rows:
        labels = len(row.looks_ms)
        trial = EARLIER[row.source][MODULES_PX.index(row.module_px)]
        lines.append(
            f"{row.source:<12}{row.module_px:>12}{f'{row.read}/{labels}':>10}{f'{row.by_engine}/{labels}':>10}"
            f"{f'{trial}/40':>8}{row.others:>8}{p50(row.looks_ms):>9.1f}{p99(row.looks_ms):>7.1f}"
        )
    return "\n".join(lines)


def main() -> int:
    """Print both tables; the exit code is 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", nargs="?", type=int, default=LABELS)
    rows = measure(parser.parse_args().labels, lambda text: print(text, file=sys.stderr, flush=True))
    print(report(rows))
    found = figures(rows)
    print(table(found))
    return 1 if any(figure.kept is False for figure in found) else 0


if __name__ == "__main__":
    sys.exit(main())
