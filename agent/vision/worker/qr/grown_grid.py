"""Lays a grid over a symbol on a bent carrier: from its finder patterns outwards, module by module.

A grid that is off by a whole module looks as clear as the right one, so the modules of bent paper cannot be looked for
all over the symbol at once. Those of the finder patterns are known. From there the grid grows: the modules next to
known ones are where these lead to, moved to where they are clearest. Timing and alignment patterns, whose modules are
known too, keep it on its way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.qr.module_positions import Move, blurred, moved
from agent.vision.worker.qr.symbol import fixed, modules
from agent.vision.worker.qr.tones import tones_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.vision.worker.qr.finder_pose import Poses
    from agent.vision.worker.qr.tones import Bools, Floats, Grid

    Doubles = NDArray[np.float64]

_BLOCK: Final = 8
"""Rows and columns of a finder pattern and its light ring, from the corner of the symbol."""
_STRIP: Final = 9
"""Rows up to a timing pattern, and what leads along it."""
_TIMING: Final = 6
_LARGE: Final = 65
"""Up to so many modules a side the grid grows by one module in a round, larger ones by two: half the time."""
_WITH_THEM: Final = 4
_MOVES: Final = 2
_LEADING: Final = 3.0
"""How far modules lead others: standard deviation of their weight, in modules."""
_GROWTH: Final = Move(reach=0.35, steps=3, spread=1.6, stay=0.12)
_BEND_COST: Final = 0.02
_TWIST_COST: Final = 0.1


def first_grid(poses: Poses, version: int) -> Grid:
    """The grid as the finder patterns in the corner, on the right and below alone foretell it.

    A surface of the third degree through the three patterns, the least bent that has them as they lie.
    """
    side = modules(version)
    cells = np.array([(i, j) for i in (-3, 0, 3) for j in (-3, 0, 3)], np.float64)
    at = np.array([(3, 3), (3, side - 4), (side - 4, 3)], np.float64)
    spots = np.concatenate([pose.middle + cells[:, ::-1] @ pose.axes for pose in poses])
    known = _terms((at[:, None, :] + cells).reshape(-1, 2), side)
    costs = np.diag([0.0] * 3 + [_BEND_COST] * 3 + [_TWIST_COST] * 4)
    solved = np.linalg.solve(known.T @ known + costs, known.T @ spots)
    placed = _terms(np.argwhere(np.ones((side, side), bool)).astype(np.float64), side) @ solved
    xs, ys = placed.reshape(side, side, 2).transpose(2, 0, 1).astype(np.float32)
    return xs, ys


def _terms(rows_columns: Doubles, side: int) -> Doubles:
    v, u = (2 * rows_columns / (side - 1) - 1).T
    return np.stack([np.ones_like(u), u, v, u * v, u * u, v * v, u * u * v, u * v * v, u**3, v**3], axis=1)


def timing_fit(tones: Floats, start: Grid, version: int) -> float:
    """How well the timing patterns are seen when the grid grows along them alone: 1 is perfect, 0 chance."""
    known = fixed(version).astype(np.float32)
    seen = []
    for (xs, ys), strip in ((start, known), ((start[0].T, start[1].T), known.T)):
        along = _grown(tones, (xs[:_STRIP], ys[:_STRIP]), strip[:_STRIP], _blocks(len(known))[:_STRIP])
        row = (tones_at(tones, *along) * strip[:_STRIP])[_TIMING, _BLOCK:-_BLOCK]
        seen.append(float(row.mean()))
    return sum(seen) / len(seen)


def grown(tones: Floats, start: Grid, version: int) -> Grid:
    """The whole grid, grown from the finder patterns of `start`, which is taken for the least bent one."""
    known = fixed(version).astype(np.float32)
    return _grown(tones, start, known, _blocks(len(known)))


def _blocks(side: int) -> Bools:
    out = np.zeros((side, side), bool)
    out[:_BLOCK, :_BLOCK] = out[:_BLOCK, -_BLOCK:] = out[-_BLOCK:, :_BLOCK] = True
    return out


def _grown(tones: Floats, start: Grid, known: Floats, reached: Bools) -> Grid:
    xs, ys = (np.array(each, order="C") for each in start)
    reach = 1 if max(reached.shape) <= _LARGE else 2
    while not reached.all():
        fresh = _widened(reached, reach) & ~reached
        dx, dy = _foretold(np.stack([xs - start[0], ys - start[1]], axis=-1), reached, fresh)
        xs[fresh], ys[fresh] = start[0][fresh] + dx, start[1][fresh] + dy
        reached = reached | fresh
        # Far from the new modules nothing is left to move.
        there = reached & _widened(fresh, _WITH_THEM)
        for _ in range(_MOVES):
            xs, ys = moved(tones, (xs, ys), known, there, _GROWTH)
    return xs, ys


def _widened(area: Bools, reach: int) -> Bools:
    return cv2.dilate(area.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)) > 0


def _foretold(values: Floats, reached: Bools, wanted: Bools) -> tuple[Doubles, Doubles]:
    """What a plane through two values (rows, columns, 2) of the reached modules around gives for those wanted.

    The nearer a reached module is, the more it counts.
    """
    v, u = (each - each.mean() for each in np.mgrid[: reached.shape[0], : reached.shape[1]].astype(np.float32))
    x, y = values[..., 0], values[..., 1]
    moments = [np.ones_like(u), u, v, u * u, v * v, u * v, x, u * x, v * x, y, u * y, v * y]
    weighed = blurred(np.stack(moments, axis=-1) * reached[..., None], _LEADING)[wanted].astype(np.float64)
    mu, mv, uu, vv, uv, *rest = (weighed[:, 1:] / np.maximum(weighed[:, :1], 1e-9)).T
    # Half a module of slack: where few modules lead, their mean counts more than their slope.
    uu, vv, uv = uu - mu * mu + 0.5, vv - mv * mv + 0.5, uv - mu * mv
    whole = np.maximum(uu * vv - uv * uv, 1e-6)
    found = []
    for mean, with_u, with_v in (rest[:3], rest[3:]):
        ux, vx = with_u - mu * mean, with_v - mv * mean
        along, down = (ux * vv - vx * uv) / whole, (vx * uu - ux * uv) / whole
        found.append(mean + along * (u[wanted] - mu) + down * (v[wanted] - mv))
    return found[0], found[1]
