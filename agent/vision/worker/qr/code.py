"""What reading a QR code gives: its bytes, where it stands, and how sure the engine's own check makes it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Corners = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Code:
    """One QR code. `payload`: its bytes, exact. `engine`: who read it, and of which treatment of the picture.

    `corners`: its outline in pixels, clockwise as seen, beginning with the one nearest the picture's top left.
    `text`: the payload for people to read, never to decide by: UTF-8 where the bytes are that, else by the character
    set that the symbol names or the engine guesses. `module_px`: mean side of a module in pixels, `proof_bits`: what
    its error correction proves (see agent.vision.worker.qr.weak_codes); both 0 where the engine does not tell the
    version.
    """

    payload: bytes
    engine: str
    corners: Corners
    text: str
    module_px: float = 0.0
    proof_bits: float = 0.0


def placed(code: Code, scale: float, left: float = 0.0, top: float = 0.0) -> Code:
    """A code that was read in a part of a picture, `scale` times as large, as it stands in the picture itself."""
    corners = tuple((left + x / scale, top + y / scale) for x, y in code.corners)
    return replace(code, corners=corners, module_px=code.module_px / scale)


def module_px(corners: Corners, version: int) -> float:
    """Mean side of a module in pixels, from the outline and the version 1 to 40 (ISO/IEC 18004: 17 + 4 x version)."""
    around = zip(corners, corners[1:] + corners[:1], strict=True)
    return sum(math.dist(a, b) for a, b in around) / (len(corners) * (17 + 4 * version))


def outline(points: Sequence[tuple[float, float]]) -> Corners:
    """Four points, clockwise from the top left; an outline of another shape becomes its upright box."""
    spots = np.array(points, dtype=np.float64)
    if len(points) != 4:  # noqa: PLR2004 - a symbol has four corners
        (left, top), (right, bottom) = spots.min(axis=0), spots.max(axis=0)
        spots = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    centre = spots.mean(axis=0)
    around = spots[np.argsort(np.arctan2(spots[:, 1] - centre[1], spots[:, 0] - centre[0]))]
    first = np.roll(around, -int(np.argmin(around.sum(axis=1))), axis=0)
    return tuple((float(x), float(y)) for x, y in first)


def merged(codes: Sequence[Code], more: Iterable[Code]) -> list[Code]:
    """All codes, without those that stand where one was read already: the earlier engine is the more exact one."""
    out = list(codes)
    for code in more:
        if code.payload and not any(same_place(code.corners, known.corners) for known in out):
            out.append(code)
    return out


def same_place(a: Corners, b: Corners) -> bool:
    """Whether the middle of one outline lies inside the other."""
    return _inside(middle(a), b) or _inside(middle(b), a)


def middle(corners: Corners) -> tuple[float, float]:
    """The mean of the corners."""
    return sum(x for x, _ in corners) / len(corners), sum(y for _, y in corners) / len(corners)


def _inside(point: tuple[float, float], corners: Corners) -> bool:
    return cv2.pointPolygonTest(np.array(corners, dtype=np.float32), point, measureDist=False) >= 0
