"""Samples the modules of a symbol on a bent carrier: round a bottle, on cloth, on paper that was crumpled.

The grid grows from the finder patterns (agent.vision.worker.qr.grown_grid). The version is read from the
symbol, or else it is the one whose timing patterns fit best.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from agent.vision.worker.qr.finder_pose import poses_of
from agent.vision.worker.qr.flat_grid import flat_grid
from agent.vision.worker.qr.grown_grid import first_grid, grown, timing_fit
from agent.vision.worker.qr.module_positions import settled
from agent.vision.worker.qr.sampled_symbol import sampled
from agent.vision.worker.qr.symbol import VERSIONS, modules
from agent.vision.worker.qr.tones import tones_of
from agent.vision.worker.qr.version_block import version_told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from agent.vision.worker.qr.finder import Trio
    from agent.vision.worker.qr.finder_pose import Poses
    from agent.vision.worker.qr.sampled_symbol import SampledSymbol
    from agent.vision.worker.qr.tones import Floats, Grid

    Pixels = NDArray[np.uint8]

_LEAST_SEEN: Final = 0.25
"""Of the worst finder pattern, where 1 is perfect: noise comes to 0.15, drawn ones to 0.35 and more."""
_LEAST_TIMING: Final = 0.15
_NEAR_VERSIONS: Final = 3
_MOST_VERSIONS: Final = 2
_LARGEST: Final = 16
"""Of 81 modules a side. Larger symbols would take too long; a permit has 57."""
_LARGEST_UNTOLD: Final = 8
"""From 7 on a symbol tells its version; what is larger than that and tells none is no symbol, as a rule."""


def sample_bent(grey: Pixels, trio: Trio) -> Iterator[SampledSymbol]:
    """The modules of the symbol with these finder patterns if it is bent as they are, as paper round a bottle is.

    For each version that is likely, the likeliest first.
    """
    tones = _tones(grey, trio)
    for version, start in _starts(tones, poses_of(tones, trio)):
        yield sampled(tones, settled(tones, grown(tones, start, version), version), version)


def sample_crumpled(grey: Pixels, trio: Trio) -> Iterator[SampledSymbol]:
    """The modules of the symbol with these finder patterns if it is flat on the whole, as crumpled paper is."""
    tones = _tones(grey, trio)
    for version, _ in _starts(tones, poses_of(tones, trio))[:1]:
        start = flat_grid(tones, trio, version)
        yield sampled(tones, settled(tones, grown(tones, start, version), version), version)


def _tones(grey: Pixels, trio: Trio) -> Floats:
    return tones_of(grey, (trio.corner.module_px + trio.right.module_px + trio.below.module_px) / 3)


def _starts(tones: Floats, poses: Poses) -> list[tuple[int, Grid]]:
    """The versions that the symbol may have, the likeliest first, and the grid of each that its patterns foretell."""
    if min(pose.seen for pose in poses) < _LEAST_SEEN:
        return []
    told = version_told(tones, poses)
    if told is not None:
        return [(told, first_grid(poses, told))] if told <= _LARGEST else []
    starts = {version: first_grid(poses, version) for version in _near_versions(poses)}
    fits = {version: timing_fit(tones, grid, version) for version, grid in starts.items()}
    likely = sorted((one for one in fits if fits[one] >= _LEAST_TIMING), key=lambda one: -fits[one])
    return [(version, starts[version]) for version in likely[:_MOST_VERSIONS]]


def _near_versions(poses: Poses) -> list[int]:
    """The versions nearest to what the finder patterns' sizes and distances say."""
    corner = poses[0]
    sides = []
    for other, axis in ((poses[1], 0), (poses[2], 1)):
        away = other.middle - corner.middle
        length = max(float(np.hypot(*away)), 1e-6)
        module = float(abs(corner.axes[axis] @ away) + abs(other.axes[axis] @ away)) / (2 * length)
        sides.append(length / max(module, 1e-6) + 7)
    # Round a bottle modules are narrower at both ends than between them, so that the longer side is the less sure one.
    likely = (3 * min(sides) + max(sides)) / 4
    near = sorted(VERSIONS, key=lambda one: abs(modules(one) - likely))[:_NEAR_VERSIONS]
    return [version for version in near if version <= _LARGEST_UNTOLD]
