"""The fixed parts of a QR code symbol, model 2, versions 1 to 40 (ISO/IEC 18004, sections 6.3 and annex E)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

VERSIONS: Final = range(1, 41)

_LIGHT_RING: Final = 2
"""Its distance from the middle of a finder pattern, in modules."""
FINDER: Final = np.array(
    [[1 if max(abs(i - 3), abs(j - 3)) != _LIGHT_RING else -1 for j in range(7)] for i in range(7)], np.int8
)
ALIGNMENT: Final = np.array(
    [[1 if max(abs(i - 2), abs(j - 2)) != 1 else -1 for j in range(5)] for i in range(5)], np.int8
)
"""An alignment pattern: 1 is dark, -1 light."""


def modules(version: int) -> int:
    """Modules along a side."""
    return 17 + 4 * version


def alignment_middles(version: int) -> list[int]:
    """Rows, and columns, on which alignment patterns are centred, counted from 0 (annex E, table E.1)."""
    if version == 1:
        return []
    count = version // 7 + 2
    # Version 32 is the odd one of the table.
    step = 26 if version == 32 else (4 * version + 2 * count + 1) // (2 * count - 2) * 2  # noqa: PLR2004
    return [6, *sorted(modules(version) - 7 - step * i for i in range(count - 1))]


@cache
def fixed(version: int) -> NDArray[np.int8]:
    """What every symbol of a version shows, (modules, modules): 1 dark, -1 light, 0 where the content decides."""
    side = modules(version)
    out = np.zeros((side, side), np.int8)
    corner = np.full((8, 8), -1, np.int8)
    corner[:7, :7] = FINDER
    timing = np.where(np.arange(side) % 2 == 0, 1, -1).astype(np.int8)
    out[6, :], out[:, 6] = timing, timing
    out[:8, :8], out[:8, -8:], out[-8:, :8] = corner, corner[:, ::-1], corner[::-1]
    middles = alignment_middles(version)
    for i in middles:
        for j in middles:
            if (i, j) not in ((6, 6), (6, side - 7), (side - 7, 6)):
                out[i - 2 : i + 3, j - 2 : j + 3] = ALIGNMENT
    out[side - 8, 8] = 1
    out.setflags(write=False)
    return out
