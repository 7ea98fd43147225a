"""Samples the modules of a symbol on a bent carrier: round a bottle, on cloth, on paper that was crumpled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from agent.vision.worker.qr.finder_pose import poses_of
from agent.vision.worker.qr.grid import flat_grid
from agent.vision.worker.qr.grown_grid import first_grid, grown, timing_fit
from agent.vision.worker.qr.sampled_symbol import sampled
from agent.vision.worker.qr.settling import settled
from agent.vision.worker.qr.symbol import VERSIONS, modules
from agent.vision.worker.qr.tones import tones_of
from agent.vision.worker.qr.version_block import version_told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from agent.vision.worker.qr.finder import Trio
    from agent.vision.worker.qr.finder_pose import Poses
    from agent.vision.worker.qr.sampled_symbol import SampledSymbol
    from agent.vision.worker.qr.tones import Floats

_LEAST_SEEN: Final = 0.25
_LEAST_TIMING: Final = 0.15
_NEAR_VERSIONS: Final = 3
_LARGEST: Final = 22
"""Of 105 modules a side, in a crop of 700 pixels. Larger ones would take too long, and are never bent and read."""


def sample_bent(grey: NDArray[np.uint8], trio: Trio) -> Iterator[SampledSymbol]:
    """The modules of the symbol that has these finder patterns, in one way after another; the likeliest first.

    The grid grows from the finder patterns (agent.vision.worker.qr.grown_grid), first from a surface that is bent as
    they are, as paper round a bottle is, then from a flat one, from which crumpled paper differs less. The version is
    what the symbol tells of itself, or else where timing patterns are seen best.
    """
    module = (trio.corner.module_px + trio.right.module_px + trio.below.module_px) / 3
    tones = tones_of(grey, module)
    poses = poses_of(tones, trio)
    if min(pose.seen for pose in poses) < _LEAST_SEEN:
        return
    starts = {version: first_grid(poses, version) for version in _versions(tones, poses)}
    fits = {version: timing_fit(tones, grid, version) for version, grid in starts.items()}
    likely = sorted((one for one in fits if fits[one] >= _LEAST_TIMING), key=lambda one: -fits[one])
    for version in likely[:1]:
        for start in (starts[version], flat_grid(tones, trio, version)):
            yield sampled(tones, settled(tones, grown(tones, start, version), version), version)
    for version in likely[1:2]:
        yield sampled(tones, settled(tones, grown(tones, starts[version], version), version), version)


def _versions(tones: Floats, poses: Poses) -> list[int]:
    """What the version may be: as told, or else nearest to what the finder patterns' sizes and distances say."""
    told = version_told(tones, poses)
    if told is not None:
        return [told] if told <= _LARGEST else []
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
    return [version for version in near if version <= _LARGEST]
