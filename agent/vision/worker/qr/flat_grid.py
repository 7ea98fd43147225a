"""Lays a flat grid over a symbol, lets its modules move a little, and gives the clean symbol to be decoded.

Engines stop at the flat grid. Cloth, wet sheets and paper in a hand are not quite flat: here every module moves to
where its neighbourhood looks most like modules, that is, clearly dark or clearly light. Carriers that are bent or
crumpled need a grid that grows (agent.vision.worker.qr.bent_symbol). Whether the outcome is a symbol is not judged
here: only the error correction of the decoder can tell.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from agent.vision.worker.qr.module_positions import settled
from agent.vision.worker.qr.sampled_symbol import sampled, timing
from agent.vision.worker.qr.symbol import ALIGNMENT, VERSIONS, fixed, modules
from agent.vision.worker.qr.tones import tones_at, tones_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.vision.worker.qr.finder import Trio
    from agent.vision.worker.qr.sampled_symbol import SampledSymbol
    from agent.vision.worker.qr.tones import Floats, Grid

    Spots = NDArray[np.float64]

_NEAR_VERSIONS: Final = 3
_LEAST_FINDER_PATTERNS: Final = 0.2
_LEAST_TIMING: Final = 0.05
"""Before the grid has settled: 291 symbols that could be decoded had 0.24 and 0.18 at least, 19 of 20 others less."""
_ALIGNMENT_AWAY: Final = 6.5
_FINDER_AWAY: Final = 3.5
_FAR_PX: Final = 1e4


def sample(grey: NDArray[np.uint8], trio: Trio) -> list[SampledSymbol]:
    """The modules of the symbol that has these finder patterns, for each version it may be; the likeliest first."""
    module = (trio.corner.module_px + trio.right.module_px + trio.below.module_px) / 3
    tones = tones_of(grey, module)
    out = []
    for version in _versions(trio):
        grid = flat_grid(tones, trio, version)
        flat = tones_at(tones, *grid)
        if _finder_patterns(flat, version) < _LEAST_FINDER_PATTERNS or timing(flat, version) < _LEAST_TIMING:
            continue
        out.append(sampled(tones, settled(tones, grid, version), version))
    return sorted(out, key=lambda one: -one.timing)


def _versions(trio: Trio) -> list[int]:
    """The versions whose number of modules is nearest to what the finder patterns' sizes and distances say."""
    sides = []
    for other in (trio.right, trio.below):
        x, y = other.x - trio.corner.x, other.y - trio.corner.y
        turn = math.atan2(y, x) % (math.pi / 2)
        # The size of a pattern is measured along rows and columns, those cross it at a slant.
        module = (trio.corner.module_px + other.module_px) / 2 * math.cos(min(turn, math.pi / 2 - turn))
        sides.append(math.hypot(x, y) / module + 7)
    version = (sum(sides) / 2 - 17) / 4
    return sorted(VERSIONS, key=lambda one: abs(one - version))[:_NEAR_VERSIONS]


def flat_grid(tones: Floats, trio: Trio, version: int) -> Grid:
    """The middles of the modules if the symbol were flat, in perspective."""
    side = modules(version)
    corner, right, below = (np.array([one.x, one.y]) for one in (trio.corner, trio.right, trio.below))
    axes = np.stack([right - corner, below - corner]) / (side - 7)
    away = side - (_ALIGNMENT_AWAY if version > 1 else _FINDER_AWAY)
    guess = corner + (axes[0] + axes[1]) * (away - _FINDER_AWAY)
    start = [(_FINDER_AWAY, _FINDER_AWAY), (side - _FINDER_AWAY, _FINDER_AWAY), (_FINDER_AWAY, side - _FINDER_AWAY)]

    def grid(fourth: Spots) -> Grid:
        ends = np.array([corner, right, below, fourth], np.float32)
        return _projected(cv2.getPerspectiveTransform(np.array([*start, (away, away)], np.float32), ends), side)

    if version > 1:
        return grid(_best_alignment(tones, guess, axes))
    # No alignment pattern: the fourth corner is where it makes the modules clearest.
    spots = guess + _shifts(2) @ axes
    return max((grid(spot) for spot in spots), key=lambda places: float(np.abs(tones_at(tones, *places)).mean()))


def _projected(matrix: NDArray[Any], side: int) -> Grid:
    middles = np.arange(side) + 0.5
    us, vs = np.meshgrid(middles, middles)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        xs, ys, ws = (row[0] * us + row[1] * vs + row[2] for row in matrix)
        xs, ys = xs / ws, ys / ws
    # Places that only a wrong guess leads to: far outside, where nothing is seen.
    return _bounded(xs), _bounded(ys)


def _bounded(places: NDArray[Any]) -> Floats:
    bounded: Floats = np.nan_to_num(np.clip(places, -_FAR_PX, _FAR_PX), nan=-_FAR_PX).astype(np.float32)
    return bounded


def _best_alignment(tones: Floats, guess: Spots, axes: Spots) -> Spots:
    """Where near the guess an alignment pattern is seen best, up to four modules away."""
    shifts = _shifts(4)
    spots = guess + shifts @ axes
    cells = np.stack(np.meshgrid(np.arange(-2, 3), np.arange(-2, 3)), axis=-1).reshape(-1, 2) @ axes
    points = (spots[:, None, :] + cells[None, :, :]).astype(np.float32)
    seen = tones_at(tones, points[..., 0], points[..., 1]) @ ALIGNMENT.astype(np.float32).ravel() / ALIGNMENT.size
    best: Spots = spots[int(np.argmax(seen - 0.01 * np.hypot(shifts[:, 0], shifts[:, 1])))]
    return best


def _shifts(reach: int) -> Spots:
    """All shifts along two axes up to `reach` modules, by half modules."""
    steps = np.arange(-reach, reach + 0.01, 0.5)
    return np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)


def _finder_patterns(tone: Floats, version: int) -> float:
    """How well the worst of its finder patterns is seen, 1 is perfect."""
    seen = tone * fixed(version)
    return float(min(part.mean() for part in (seen[:7, :7], seen[:7, -7:], seen[-7:, :7])))
