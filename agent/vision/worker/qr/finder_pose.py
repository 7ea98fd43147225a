"""How a finder pattern lies: its middle, and the two sides of its modules as they are seen.

The places of the three patterns tell a flat symbol's grid. Where paper bends, each pattern is turned and shortened in
its own way, and that is what tells the bend.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from agent.vision.worker.qr.symbol import FINDER
from agent.vision.worker.qr.tones import tones_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.vision.worker.qr.finder import Finder, Trio
    from agent.vision.worker.qr.tones import Floats

    Spots = NDArray[np.float64]

_ROUNDS: Final = 7
_NARROWED: Final = ((0.75, 1.15), (1.15, 0.75), (0.6, 1.2), (1.2, 0.6), (0.8, 0.8))
"""How much narrower a module may be one way than the mean of both: at the edge of a bottle, or seen from the side."""
_MOST_STARTS: Final = 2
_CLEAR: Final = 0.55
"""So well is a drawn pattern seen that is neither blurred nor narrow; the search then ends."""
_FIRST_STEP: Final = 0.24
_SHRINK: Final = 0.72
_WITHIN: Final = (-0.3, 0.0, 0.3)
"""Where in a module its tone is looked at, in modules from its middle."""
_RING: Final = 4
"""The light ring round a finder pattern: its distance from the middle, in modules."""


@dataclass(frozen=True, slots=True)
class FinderPose:
    """`middle`: (x, y) in pixels. `axes`: the steps of one module to the right and down the symbol, shape (2, 2).

    `seen`: how well the pattern is seen there, 1 is perfect.
    """

    middle: Spots
    axes: Spots
    seen: float


Poses = tuple[FinderPose, FinderPose, FinderPose]
"""Of the patterns in the corner of a symbol, on the right and below."""


def poses_of(tones: Floats, trio: Trio) -> Poses:
    """How the finder patterns of a symbol lie. `tones`: see agent.vision.worker.qr.tones."""
    corner, right, below = (np.array([one.x, one.y]) for one in (trio.corner, trio.right, trio.below))
    along, down = _unit(right - corner), _unit(below - corner)
    return (
        _fitted(tones, trio.corner, along, down),
        _fitted(tones, trio.right, along, down),
        _fitted(tones, trio.below, along, down),
    )


def _unit(step: Spots) -> Spots:
    return step / max(float(np.hypot(*step)), 1e-6)


def _fitted(tones: Floats, finder: Finder, along: Spots, down: Spots) -> FinderPose:
    """The pose at which the pattern is seen best: from the one that the search tells, or else from narrower ones."""
    middle = np.array([finder.x, finder.y])
    right, below = (finder.module_px * _upright(axis) * axis for axis in (along, down))
    narrowed = np.array([np.concatenate([middle, right * u, below * v]) for u, v in _NARROWED])
    likely = narrowed[np.argsort(-_seen(tones, narrowed))][:_MOST_STARTS]
    best = _better(tones, np.concatenate([middle, right, below]))
    for start in likely:
        if best.seen >= _CLEAR:
            break
        best = max(best, _better(tones, start), key=lambda pose: pose.seen)
    return best


def _better(tones: Floats, pose: Spots) -> FinderPose:
    """The pose that smaller and smaller changes lead to."""
    (best,), step = _seen(tones, pose[None]), _FIRST_STEP
    for _ in range(_ROUNDS):
        changes = _changes(pose, step)
        seen = _seen(tones, pose + changes)
        # All changes that help at once, and the best one alone: whichever is better.
        gains = np.maximum(seen - best, 0.0)
        together = pose + (gains @ changes) / gains.max() if gains.max() > 0 else pose
        alone = pose + changes[int(np.argmax(seen))]
        for candidate, worth in zip((together, alone), _seen(tones, np.stack([together, alone])), strict=True):
            if worth > best:
                pose, best = candidate, worth
        step *= _SHRINK
    return FinderPose(pose[:2], pose[2:].reshape(2, 2), float(best))


def _upright(axis: Spots) -> float:
    """What a module measured along rows and columns, which cross it at a slant, has to be multiplied by."""
    turn = math.atan2(float(axis[1]), float(axis[0])) % (math.pi / 2)
    return math.cos(min(turn, math.pi / 2 - turn))


def _changes(pose: Spots, step: float) -> Spots:
    """Shifts of the middle, and turns, stretches and slants of the axes, to and fro; shape (n, 6)."""
    right, down = pose[2:4], pose[4:6]
    none = np.zeros(2)
    ways = [
        np.concatenate([right, none, none]),
        np.concatenate([down, none, none]),
        np.concatenate([none, 0.6 * right, none]),
        np.concatenate([none, 0.6 * down, none]),
        np.concatenate([none, none, 0.6 * right]),
        np.concatenate([none, none, 0.6 * down]),
        np.concatenate([none, 0.6 * right, 0.6 * down]),
        np.concatenate([none, 0.6 * down, -0.6 * right]),
    ]
    return np.stack([sign * step * way for way in ways for sign in (1.0, -1.0)])


def _pattern() -> tuple[Spots, Spots]:
    """The places of a finder pattern with the light ring round it, in modules from its middle, and what they show."""
    cells = np.arange(-_RING, _RING + 1)
    rows, columns = (each.ravel() for each in np.meshgrid(cells, cells, indexing="ij"))
    shown = np.full((2 * _RING + 1,) * 2, -1.0)
    shown[1:-1, 1:-1] = FINDER
    inner = [(x, y) for y in _WITHIN for x in _WITHIN]
    places = np.concatenate([np.stack([columns + x, rows + y], axis=1) for x, y in inner])
    weights = np.tile(np.where(np.maximum(abs(rows), abs(columns)) == _RING, 0.5, 1.0), len(inner))
    values = np.tile(shown.ravel(), len(inner)) * weights
    return places, values / weights.sum()


_PLACES, _VALUES = _pattern()


def _seen(tones: Floats, candidates: Spots) -> Spots:
    """How well the pattern is seen with each pose (x, y, right x, right y, down x, down y)."""
    spots = candidates[:, None, :2] + _PLACES @ candidates[:, 2:].reshape(-1, 2, 2)
    found: Spots = tones_at(tones, spots[..., 0].astype(np.float32), spots[..., 1].astype(np.float32)) @ _VALUES
    return found
