"""Says which parts of a frame are worth the thorough steps, and cuts them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.qr.code import placed
from agent.vision.worker.qr.finder import darker, finders, trios
from agent.vision.worker.qr.local_gain import stretched_where_faint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from agent.vision.worker.qr.code import Code, Corners
    from agent.vision.worker.qr.finder import Trio

    Pixels = NDArray[np.uint8]

CROP_PX: Final = 700
"""The longest side of a crop: keeps every step short."""

_COARSE: Final = (720, 31)
_FINE: Final = (1920, 41)
"""The longest side that finder patterns are looked for in, and the window of the threshold, in pixels."""

_LEAST_WORTH: Final = 0.25
_MARGIN: Final = 0.2
_FINDER_MARGIN: Final = 8.0
_LEAST_PX: Final = 20
_MOST_REGIONS: Final = 4


@dataclass(frozen=True, slots=True)
class Region:
    """An upright part of a frame, in pixels; the right and lower edges are not part of it.

    `faint`: it was found in the frame with local gain only, and needs that itself.
    """

    left: int
    top: int
    right: int
    bottom: int
    faint: bool = False

    def holds(self, x: float, y: float) -> bool:
        """Whether the point lies in it."""
        return self.left <= x < self.right and self.top <= y < self.bottom


@dataclass(frozen=True, slots=True)
class Crop:
    """A region, cut out and shrunk to CROP_PX where it is larger. `scale`: pixels of the crop for one of the frame."""

    pixels: Pixels
    left: int
    top: int
    scale: float

    def in_frame(self, code: Code) -> Code:
        """A code that was read in this crop, as it stands in the frame."""
        return placed(code, self.scale, self.left, self.top)


def whole(grey: Pixels) -> Region:
    """All of a frame."""
    return Region(0, 0, grey.shape[1], grey.shape[0])


def cut(grey: Pixels, region: Region) -> Crop:
    """The crop of a region."""
    part = np.ascontiguousarray(grey[region.top : region.bottom, region.left : region.right])
    if region.faint:
        stretched = stretched_where_faint(part)
        part = part if stretched is None else stretched
    scale = min(1.0, CROP_PX / max(part.shape))
    if scale < 1:
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return Crop(part, region.left, region.top, scale)


def around(grey: Pixels, outlines: Sequence[Corners]) -> list[Region]:
    """The regions of symbols that an engine saw but could not decode, with a margin: their outlines are rough."""
    regions = []
    for outline in outlines:
        spots = np.array(outline)
        margin = _MARGIN * float(np.ptp(spots, axis=0).max())
        regions.append(_within(grey, spots.min(axis=0) - margin, spots.max(axis=0) + margin))
    return _apart(regions, [])


def with_finders(grey: Pixels, *, fine: bool, known: Sequence[Region] = ()) -> list[Region]:
    """The regions in which three finder patterns stand as a symbol's would, the likeliest first; not those known.

    Coarse, about 4 ms, patterns of two pixels a module of a frame that is 720 pixels long; `fine`, three times the
    time, of one that is 1920 pixels long.
    """
    longest, window = _FINE if fine else _COARSE
    scale = min(1.0, longest / max(grey.shape))
    small = grey
    if scale < 1:
        small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    found = [one.scaled(1 / scale) for one in finders(darker(small, window))]
    return _apart([_around_trio(grey, trio) for trio in trios(found) if trio.worth >= _LEAST_WORTH], known)


def _around_trio(grey: Pixels, trio: Trio) -> Region:
    corner, right, below = (np.array([one.x, one.y]) for one in (trio.corner, trio.right, trio.below))
    spots = np.stack([corner, right, below, right + below - corner])
    margin = _FINDER_MARGIN * max(trio.corner.module_px, trio.right.module_px, trio.below.module_px)
    return _within(grey, spots.min(axis=0) - margin, spots.max(axis=0) + margin)


def _within(grey: Pixels, low: NDArray[np.float64], high: NDArray[np.float64]) -> Region:
    left, top = (max(0, int(value)) for value in low)
    right, bottom = (
        min(limit, int(value) + 1) for value, limit in zip(high, (grey.shape[1], grey.shape[0]), strict=True)
    )
    return Region(left, top, right, bottom)


def _apart(regions: Sequence[Region], known: Sequence[Region]) -> list[Region]:
    """Those large enough whose middles lie in no earlier one."""
    out: list[Region] = []
    for one in regions:
        x, y = (one.left + one.right) / 2, (one.top + one.bottom) / 2
        large = min(one.right - one.left, one.bottom - one.top) >= _LEAST_PX
        if large and not any(other.holds(x, y) for other in (*known, *out)):
            out.append(one)
    return out[:_MOST_REGIONS]
