"""Reads the version that a symbol tells of itself, in the blocks of 18 modules beside two of its finder patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from agent.vision.worker.qr.tones import tones_at

if TYPE_CHECKING:
    from agent.vision.worker.qr.finder_pose import Poses
    from agent.vision.worker.qr.tones import Floats

_FIRST: Final = 7
"""Smaller symbols have no such block."""
_LAST: Final = 40
_GENERATOR: Final = 0x1F25
_BITS: Final = 18
_LEAST_SEEN: Final = 0.5
"""Tones of the wrong modules come to 0.3 with the likeliest of the 34 versions."""


def version_word(version: int) -> int:
    """The 18 bits of a version from 7 to 40: six of data, twelve that protect them (ISO/IEC 18004, annex D)."""
    rest = version << 12
    for place in range(5, -1, -1):
        if rest >> (12 + place) & 1:
            rest ^= _GENERATOR << place
    return version << 12 | rest


_WORDS: Final = np.array(
    [[1 if version_word(version) >> bit & 1 else -1 for bit in range(_BITS)] for version in range(_FIRST, _LAST + 1)]
)


def version_told(tones: Floats, poses: Poses) -> int | None:
    """The version from 7 to 40 that both blocks together tell; None where they tell none clearly.

    They lie close to the finder patterns, so that these alone say where, also on a bent carrier.
    """
    bits = np.arange(_BITS)
    near, along = bits % 3 - 7, bits // 3 - 3
    _, right, below = poses
    at_right = right.middle + np.stack([near, along], axis=1) @ right.axes
    at_below = below.middle + np.stack([along, near], axis=1) @ below.axes
    spots = np.concatenate([at_right, at_below]).astype(np.float32)
    seen = tones_at(tones, spots[:, :1], spots[:, 1:]).reshape(2, _BITS).mean(axis=0)
    fits = _WORDS @ seen / _BITS
    best = int(np.argmax(fits))
    return _FIRST + best if fits[best] >= _LEAST_SEEN else None
