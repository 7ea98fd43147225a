"""Samples the modules of a symbol, wherever its paper bends, and gives the clean symbol to be decoded.

Engines lay one flat grid over a symbol. Cloth, wet sheets and paper in a hand are not flat: here every module moves to
where its neighbourhood looks most like modules, that is, clearly dark or clearly light. Whether the outcome is a symbol
is not judged here: only the error correction of the decoder can tell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from agent.vision.worker.qr.code import outline
from agent.vision.worker.qr.symbol import ALIGNMENT, VERSIONS, fixed, modules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from agent.vision.worker.qr.code import Corners
    from agent.vision.worker.qr.finder import Trio

    Floats = NDArray[np.float32]
    Spots = NDArray[np.float64]

_NEAR_VERSIONS: Final = 3
_LEAST_FINDER_PATTERNS: Final = 0.2
_LEAST_TIMING: Final = 0.05
"""Before the grid has settled: 291 symbols that could be decoded had 0.24 and 0.18 at least, 19 of 20 others less."""
_ROUNDS: Final = 4
_FIRST_SHIFT: Final = 0.5
_SPREAD: Final = 2.0
_DRAWN_PX: Final = 3
_QUIET: Final = 4
_ALIGNMENT_AWAY: Final = 6.5
_FINDER_AWAY: Final = 3.5
_FAR_PX: Final = 1e4


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


def sample(grey: NDArray[np.uint8], trio: Trio) -> list[SampledSymbol]:
    """The modules of the symbol that has these finder patterns, for each version it may be; the likeliest first."""
    module = (trio.corner.module_px + trio.right.module_px + trio.below.module_px) / 3
    tones = _tones(grey, module)
    out = []
    for version in _versions(trio):
        xs, ys = _flat_grid(tones, trio, version)
        flat = _at(tones, xs, ys)
        if _finder_patterns(flat, version) < _LEAST_FINDER_PATTERNS or _timing(flat, version) < _LEAST_TIMING:
            continue
        xs, ys = _settled(tones, xs, ys, version)
        tone = _at(tones, xs, ys)
        out.append(SampledSymbol(version, tone, _timing(tone, version), xs, ys))
    return sorted(out, key=lambda one: -one.timing)


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


def _tones(grey: NDArray[np.uint8], module: float) -> Floats:
    """How dark each pixel is between the lightest and darkest around: -1 to 1."""
    smooth = cv2.GaussianBlur(grey, (0, 0), max(0.4, 0.22 * module))
    around = np.ones((int(5 * module) | 1,) * 2, np.uint8)
    even = (int(9 * module) // 2 | 1,) * 2
    low = cv2.blur(cv2.erode(smooth, around), even).astype(np.float32)
    high = cv2.blur(cv2.dilate(smooth, around), even).astype(np.float32)
    tones = ((low + high) / 2 - smooth) / np.maximum((high - low) / 2, 6.0)
    return np.clip(tones, -1, 1).astype(np.float32, copy=False)


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


def _flat_grid(tones: Floats, trio: Trio, version: int) -> tuple[Floats, Floats]:
    """The middles of the modules if the symbol were flat, in perspective."""
    side = modules(version)
    corner, right, below = (np.array([one.x, one.y]) for one in (trio.corner, trio.right, trio.below))
    axes = np.stack([right - corner, below - corner]) / (side - 7)
    away = side - (_ALIGNMENT_AWAY if version > 1 else _FINDER_AWAY)
    guess = corner + (axes[0] + axes[1]) * (away - _FINDER_AWAY)
    start = [(_FINDER_AWAY, _FINDER_AWAY), (side - _FINDER_AWAY, _FINDER_AWAY), (_FINDER_AWAY, side - _FINDER_AWAY)]

    def grid(fourth: Spots) -> tuple[Floats, Floats]:
        ends = np.array([corner, right, below, fourth], np.float32)
        return _projected(cv2.getPerspectiveTransform(np.array([*start, (away, away)], np.float32), ends), side)

    if version > 1:
        return grid(_best_alignment(tones, guess, axes))
    # No alignment pattern: the fourth corner is where it makes the modules clearest.
    spots = guess + _shifts(2) @ axes
    return max((grid(spot) for spot in spots), key=lambda places: float(np.abs(_at(tones, *places)).mean()))


def _projected(matrix: NDArray[Any], side: int) -> tuple[Floats, Floats]:
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
    seen = _at(tones, points[..., 0], points[..., 1]) @ ALIGNMENT.astype(np.float32).ravel() / ALIGNMENT.size
    best: Spots = spots[int(np.argmax(seen - 0.01 * np.hypot(shifts[:, 0], shifts[:, 1])))]
    return best


def _shifts(reach: int) -> Spots:
    """All shifts along two axes up to `reach` modules, by half modules."""
    steps = np.arange(-reach, reach + 0.01, 0.5)
    return np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)


def _settled(tones: Floats, xs: Floats, ys: Floats, version: int) -> tuple[Floats, Floats]:
    """The grid after each module has moved to where those around it are clearest, some rounds long."""
    known = fixed(version).astype(np.float32)
    for turn in range(_ROUNDS):
        xu, xv, yu, yv = (
            np.gradient(xs, axis=1),
            np.gradient(xs, axis=0),
            np.gradient(ys, axis=1),
            np.gradient(ys, axis=0),
        )
        reach = _FIRST_SHIFT / (1 + turn / 2)
        steps = (-reach, -reach / 2, 0.0, reach / 2, reach)
        shifts = np.array([(u, v) for u in steps for v in steps], np.float32)
        clear = [
            _clearness(tones, xs + u * xu + v * xv, ys + u * yu + v * yv, known) - 0.01 * (u * u + v * v)
            for u, v in shifts
        ]
        best = shifts[np.argmax(np.stack(clear), axis=0)]
        us, vs = _smooth(best[..., 0]), _smooth(best[..., 1])
        xs, ys = xs + us * xu + vs * xv, ys + us * yu + vs * yv
    return xs, ys


def _clearness(tones: Floats, xs: Floats, ys: Floats, known: Floats) -> Floats:
    """How clearly the modules around each one are seen there; fixed parts must be right and count double."""
    tone = _at(tones, xs, ys)
    return _smooth(np.where(known != 0, 2 * known * tone, np.abs(tone)))


def _smooth(values: Floats) -> Floats:
    return cv2.GaussianBlur(values, (0, 0), _SPREAD, borderType=cv2.BORDER_REFLECT).astype(np.float32, copy=False)


def _at(tones: Floats, xs: Floats, ys: Floats) -> Floats:
    found = cv2.remap(tones, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return found.astype(np.float32, copy=False)


def _finder_patterns(tone: Floats, version: int) -> float:
    """How well the worst of its finder patterns is seen, 1 is perfect."""
    seen = tone * fixed(version)
    return float(min(part.mean() for part in (seen[:7, :7], seen[:7, -7:], seen[-7:, :7])))


def _timing(tone: Floats, version: int) -> float:
    seen = tone * fixed(version)
    return float(seen[6, 8:-8].mean() + seen[8:-8, 6].mean()) / 2
