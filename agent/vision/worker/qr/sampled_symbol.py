"""The modules of one symbol as they were sampled, and clean pictures of it to be decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.qr.code import outline
from agent.vision.worker.qr.symbol import fixed
from agent.vision.worker.qr.tones import tones_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from agent.vision.worker.qr.code import Corners
    from agent.vision.worker.qr.tones import Floats, Grid

_DRAWN_PX: Final = 3
_QUIET: Final = 4


@dataclass(frozen=True, slots=True)
class SampledSymbol:
    """The modules of one symbol.

    `tone`: (modules, modules), from -1, light, to 1, dark. `timing`: how well its timing patterns are seen, 1 is
    perfect. `xs`, `ys`: where the middle of each module was sampled, in pixels.
    """

    version: int
    tone: Floats
    timing: float
    xs: Floats
    ys: Floats


def sampled(tones: Floats, grid: Grid, version: int) -> SampledSymbol:
    """The symbol that a grid shows. `tones`: see agent.vision.worker.qr.tones."""
    tone = tones_at(tones, *grid)
    return SampledSymbol(version, tone, timing(tone, version), *grid)


def timing(tone: Floats, version: int) -> float:
    """How well the timing patterns are seen, 1 is perfect, 0 chance."""
    seen = tone * fixed(version)
    return float(seen[6, 8:-8].mean() + seen[8:-8, 6].mean()) / 2


def outline_of(one: SampledSymbol) -> Corners:
    """The corners of a symbol in pixels, clockwise from the top left."""
    spots = []
    for i, j in ((0, 0), (0, -1), (-1, -1), (-1, 0)):
        inner, side, other = (i, j), (i, j - 1 if j else 1), (i - 1 if i else 1, j)
        # Half a module beyond the middle of the one in the corner, along both sides.
        spots.append(tuple(float(2 * at[inner] - (at[side] + at[other]) / 2) for at in (one.xs, one.ys)))
    return outline([(x, y) for x, y in spots])


def drawings(tone: Floats, version: int) -> Iterator[NDArray[np.uint8]]:
    """The symbol as clean pictures, by each rule of what is dark; fixed parts are drawn as they must be."""
    # Half-way between the darkest and lightest around, and the mean around: light that falls in patches, or dirt.
    for limit in (0.0, cv2.blur(tone, (9, 9))):
        yield _drawn(tone > limit, version)


def _drawn(dark: NDArray[np.bool_], version: int) -> NDArray[np.uint8]:
    known = fixed(version)
    dark = np.where(known != 0, known > 0, dark)
    picture = np.where(np.pad(dark, _QUIET), 0, 255).astype(np.uint8)
    return np.repeat(np.repeat(picture, _DRAWN_PX, axis=0), _DRAWN_PX, axis=1)
