"""Moves every module of a grid to where its neighbourhood looks most like modules: clearly dark or clearly light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.qr.symbol import fixed
from agent.vision.worker.qr.tones import clearness, tones_at

if TYPE_CHECKING:
    from agent.vision.worker.qr.tones import Bools, Floats, Grid

_ROUNDS: Final = 4
_FIRST_REACH: Final = 0.5
_ROWS: Final = 30_000


@dataclass(frozen=True, slots=True)
class Move:
    """How modules may move at once. `reach`: how far along each axis, in modules; `steps`: places tried along it.

    `spread`: how far around modules are moved together, the standard deviation of their weight in modules. `stay`: what
    a move of one module must win in clearness.
    """

    reach: float
    steps: int
    spread: float
    stay: float

    def shifts(self) -> Floats:
        """All moves that are tried, along the rows and down the columns, in modules: (steps x steps, 2)."""
        steps = np.linspace(-self.reach, self.reach, self.steps)
        return np.array([(u, v) for u in steps for v in steps], np.float32)


def settled(tones: Floats, grid: Grid, version: int) -> Grid:
    """The grid after some rounds of moves, each shorter than the last."""
    known = fixed(version).astype(np.float32)
    everywhere = np.ones(known.shape, bool)
    for turn in range(_ROUNDS):
        grid = moved(tones, grid, known, everywhere, Move(_FIRST_REACH / (1 + turn / 2), 5, 2.0, 0.01))
    return grid


def moved(tones: Floats, grid: Grid, known: Floats, there: Bools, move: Move) -> Grid:
    """The grid after modules have moved to where those around them are clearest.

    `tones`: see agent.vision.worker.qr.tones. `known`: 1 where the symbol is known to be dark, -1 light, 0 where its
    content decides. `there`: which modules move and are looked at. Both have the shape of the grid, which may be a part
    of a symbol's.
    """
    xs, ys = grid
    xu, xv, yu, yv = (np.gradient(at, axis=axis) for at in (xs, ys) for axis in (1, 0))
    shifts = move.shifts()
    us, vs = shifts.T
    at_x, at_y = (
        (at[there][:, None] + along[there][:, None] * us + down[there][:, None] * vs).astype(np.float32)
        for at, along, down in ((xs, xu, xv), (ys, yu, yv))
    )
    seen = np.zeros((*xs.shape, len(shifts)), np.float32)
    seen[there] = clearness(_tall(tones, at_x, at_y), known[there][:, None])
    share = np.clip(blurred(there.astype(np.float32), move.spread), 1e-6, None)
    clear = blurred(seen, move.spread) / share[..., None] - move.stay * (us * us + vs * vs)
    best = shifts[np.argmax(clear, axis=-1)]
    u, v = np.moveaxis(there[..., None] * blurred(there[..., None] * best, move.spread) / share[..., None], -1, 0)
    return xs + u * xu + v * xv, ys + u * yu + v * yv


def _tall(tones: Floats, xs: Floats, ys: Floats) -> Floats:
    """The tones at many places; OpenCV takes 32,767 rows at most, and a large symbol has as many modules."""
    return np.concatenate([tones_at(tones, xs[i : i + _ROWS], ys[i : i + _ROWS]) for i in range(0, len(xs), _ROWS)])


def blurred(values: Floats, spread: float) -> Floats:
    """Rows and columns of values, blurred; what is outside counts as 0."""
    smooth = cv2.GaussianBlur(values.astype(np.float32), (0, 0), spread, borderType=cv2.BORDER_CONSTANT)
    return smooth.astype(np.float32, copy=False)
