"""Finds finder patterns, the three squares in the corners of a QR code, by the lengths of dark and light runs.

A line through the middle of one, at any turn, crosses dark, light, dark, light, dark as 1:1:3:1:1 (ISO/IEC 18004).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Runs = NDArray[np.float64]
    """One row a run that looks like the pattern: x, y of its middle and the side of a module, in pixels."""

_ROW_STEP: Final = 2
_DARKER_BY: Final = 4
_CELL_PX: Final = 4
_MOST_RUNS: Final = 6000
_PLACE_PX: Final = 8
_MOST_SEEDS: Final = 200
_LEAST_SUPPORT: Final = 0.3
_MOST_IN_TRIOS: Final = 12
_LEAST_APART: Final = 10.0
_MOST_APART: Final = 180.0


@dataclass(frozen=True, slots=True)
class Finder:
    """One finder pattern: its middle and the side of a module in pixels.

    The side is measured along rows and columns, so it is up to 1.41 times too large where the symbol is turned.
    `support`: the share of the rows and columns through its middle square that show the pattern, about 0 to 1.
    """

    x: float
    y: float
    module_px: float
    support: float

    def scaled(self, factor: float) -> Finder:
        """The same in a picture that is so many times as large."""
        return Finder(self.x * factor, self.y * factor, self.module_px * factor, self.support)


@dataclass(frozen=True, slots=True)
class Trio:
    """Three finder patterns that may be one symbol's: at its corner, right of that and below.

    `worth`: larger is better.
    """

    corner: Finder
    right: Finder
    below: Finder
    worth: float

    def is_at(self, other: Trio) -> bool:
        """Whether all three of its patterns stand where the other's do, within a module."""
        pairs = ((self.corner, other.corner), (self.right, other.right), (self.below, other.below))
        return all(math.hypot(a.x - b.x, a.y - b.y) < a.module_px for a, b in pairs)


def darker(grey: Pixels, window_px: int) -> Pixels:
    """1 where a pixel is darker than the mean of its neighbourhood, else 0."""
    out = cv2.adaptiveThreshold(grey, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window_px | 1, _DARKER_BY)
    return out.astype(np.uint8, copy=False)


def finders(dark: Pixels) -> list[Finder]:
    """The finder patterns in a picture of zeros and ones (1 is dark), the best supported first."""
    across = pattern_runs(dark)
    down = pattern_runs(np.ascontiguousarray(dark.T))[:, [1, 0, 2]]
    found: list[Finder] = []
    for x, y, module in _seeds(across, down):
        if any(math.hypot(x - one.x, y - one.y) < 3 * one.module_px for one in found):
            continue
        rows, columns = _through(across, x, y, module), _through(down, x, y, module)
        expected = 2 * 3 * module / _ROW_STEP
        support = (len(rows) + len(columns)) / expected
        if len(rows) and len(columns) and support >= _LEAST_SUPPORT:
            middle = np.median(np.concatenate([rows, columns]), axis=0)
            found.append(Finder(float(middle[0]), float(middle[1]), float(middle[2]), support))
    return sorted(found, key=lambda one: -one.support)


def pattern_runs(dark: Pixels) -> Runs:
    """Where rows of a picture of zeros and ones show 1:1:3:1:1, every second row looked at."""
    rows = dark[::_ROW_STEP]
    width = rows.shape[1] + 2
    padded = np.zeros((rows.shape[0], width), np.uint8)  # a light column at each end parts the rows
    padded[:, 1:-1] = rows
    flat = padded.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    begins, ends = changes[0::2], changes[1::2]
    if len(begins) < 3:  # noqa: PLR2004 - three dark runs make a pattern
        return np.empty((0, 3))
    dark_runs, light_runs = ends - begins, begins[1:] - ends[:-1]
    first, gap, middle, gap_2, last = dark_runs[:-2], light_runs[:-1], dark_runs[1:-1], light_runs[1:], dark_runs[2:]
    module = (first + gap + middle + gap_2 + last) / 7.0
    slack = 0.6 * module + 0.6
    good = np.abs(middle - 3 * module) < 1.2 * module + 1
    for run in (first, gap, gap_2, last):
        good &= np.abs(run - module) < slack
    good &= (begins[:-2] // width == begins[2:] // width) & (module > 1)
    index = np.flatnonzero(good)[:_MOST_RUNS]
    place = begins[index + 1] + middle[index] / 2.0
    row = begins[index + 1] // width
    return np.stack([place - row * width - 1, row * float(_ROW_STEP), module[index]], axis=1)


def _seeds(across: Runs, down: Runs) -> list[tuple[float, float, float]]:
    """Where a run of a row and one of a column cross: x, y, module; the largest first."""
    if not len(across) or not len(down):
        return []
    size = (
        int(max(across[:, 1].max(), down[:, 1].max())) // _CELL_PX + 3,
        int(max(across[:, 0].max(), down[:, 0].max())) // _CELL_PX + 3,
    )
    module_of = np.zeros(size, np.float64)
    module_of[_cells(down)] = down[:, 2]
    rows, columns = _cells(across)
    crossed = np.zeros(len(across), bool)
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            other = module_of[rows + i, columns + j]
            crossed |= (other > across[:, 2] / 2.2) & (other < across[:, 2] * 2.2)
    hits = across[crossed]
    hits = hits[np.argsort(-hits[:, 2], kind="stable")]
    _, one_a_place = np.unique(hits[:, :2] // _PLACE_PX, axis=0, return_index=True)
    hits = hits[np.sort(one_a_place)[:_MOST_SEEDS]]
    return [(float(x), float(y), float(module)) for x, y, module in hits]


def _cells(runs: Runs) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return (runs[:, 1] // _CELL_PX).astype(np.int64) + 1, (runs[:, 0] // _CELL_PX).astype(np.int64) + 1


def _through(runs: Runs, x: float, y: float, module: float) -> Runs:
    """The runs that go through the middle square of a pattern."""
    near = (np.abs(runs[:, 0] - x) < 1.7 * module) & (np.abs(runs[:, 1] - y) < 1.7 * module)
    alike = (runs[:, 2] > module / 1.7) & (runs[:, 2] < module * 1.7)
    return runs[near & alike]


def trios(found: Sequence[Finder]) -> list[Trio]:
    """The threes among finder patterns that stand as those of one symbol would, the likeliest first."""
    best = list(found)[:_MOST_IN_TRIOS]
    out = []
    for corner in best:
        others = [one for one in best if one is not corner and _could_belong(corner, one)]
        for j, one in enumerate(others):
            out += [trio for other in others[j + 1 :] if (trio := _trio(corner, one, other))]
    return sorted(out, key=lambda trio: -trio.worth)


def _could_belong(a: Finder, b: Finder) -> bool:
    apart = math.hypot(a.x - b.x, a.y - b.y)
    small, large = sorted((a.module_px, b.module_px))
    return large < 1.9 * small and _LEAST_APART * small < apart < _MOST_APART * large


def _trio(corner: Finder, a: Finder, b: Finder) -> Trio | None:
    ax, ay, bx, by = a.x - corner.x, a.y - corner.y, b.x - corner.x, b.y - corner.y
    short, long = sorted((math.hypot(ax, ay), math.hypot(bx, by)))
    slant = abs(ax * bx + ay * by) / (short * long)
    if long > 1.8 * short or slant > 0.6:  # noqa: PLR2004 - seen from the side, a square is this much out of shape
        return None
    worth = min(corner.support, a.support, b.support) * (1 - slant) * short / long
    # Seen from the front, the right one and then the lower one turn clockwise.
    return Trio(corner, a, b, worth) if ax * by - ay * bx > 0 else Trio(corner, b, a, worth)
