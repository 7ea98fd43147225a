"""Parts of labelled photographs to learn from: moved, turned and scaled, their plates kept, replaced or covered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from training.detector.pose import paste, rectangle
from training.detector.scene import Labelled, inside, width_between

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.detector.scene import PlateSource

    Pixels = NDArray[np.uint8]
    Quad = NDArray[np.float32]

_REPLACED: Final = 0.4
_COVERED: Final = 0.2
_FLAT_ASPECT: Final = 2.4
_TRIES: Final = 20
_DRAWN_PX: Final = 220
_MOST_ENLARGED: Final = 1.5
_COARSE: Final = 0.7
"""What is shrunk to less than this aliases unless it is averaged first."""
_EDGE: Final = 0.12
_BENT: Final = 0.05
_TURNED: Final = 0.08
_COVER: Final = 1.25


def view(rng: np.random.Generator, photograph: Labelled, size_px: tuple[int, int], plate_of: PlateSource) -> Labelled:
    """A part of a photograph as a new picture of `size_px`, mostly with a plate. Plates that it cuts are covered."""
    pixels, corners = photograph.pixels.copy(), list(photograph.corners)
    pick = rng.random()
    if pick < _REPLACED:
        for plate in corners:
            _replace(rng, pixels, plate, plate_of)
    native_px = max(1.0, float(np.linalg.norm(corners[0][1] - corners[0][0])))
    scale = min(_MOST_ENLARGED, width_between(rng, size_px[0]) / native_px)
    shrink = scale if scale < _COARSE else 1.0
    if shrink < 1:
        pixels = cv2.resize(pixels, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA).astype(np.uint8)
    matrix = _placed(rng, pixels, corners[0].mean(axis=0) * np.float32(shrink), scale / shrink, size_px)
    seen = [cv2.perspectiveTransform((plate * np.float32(shrink))[None], matrix)[0] for plate in corners]
    moved = cv2.warpPerspective(pixels, matrix, size_px, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    shown = moved.astype(np.uint8, copy=False)
    covers_all = pick > 1 - _COVERED
    kept = [plate for plate in seen if inside(plate, size_px) and not covers_all]
    for plate in seen:
        if covers_all or not inside(plate, size_px):
            _cover(rng, shown, plate)
    return Labelled(shown, kept)


def _replace(rng: np.random.Generator, pixels: Pixels, corners: Quad, plate_of: PlateSource) -> None:
    """By a drawn plate of the same shape and light, of one line where the old one was flat.

    It stays if none comes up.
    """
    top, right, bottom, left = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    flat = top + bottom >= _FLAT_ASPECT * (right + left)
    for _ in range(_TRIES):
        plate = plate_of(rng, _DRAWN_PX)
        height, width = plate.shape[:2]
        if flat != (width >= _FLAT_ASPECT * height):
            continue
        light = (_brightness(pixels, corners) + 8) / (float(np.percentile(plate, 90)) + 8)
        lit = np.clip(plate * min(1.2, light * rng.uniform(0.85, 1.15)), 0, 255).astype(np.uint8)
        paste(pixels, lit, cv2.getPerspectiveTransform(rectangle(width, height), corners))
        return


def _brightness(pixels: Pixels, corners: Quad) -> float:
    (left, top), (right, bottom) = _limits(pixels, corners)
    part = pixels[top:bottom, left:right]
    return float(np.percentile(part, 90)) if part.size else 128.0


def _limits(pixels: Pixels, corners: Quad) -> tuple[tuple[int, int], tuple[int, int]]:
    most = np.array([pixels.shape[1], pixels.shape[0]])
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, most)
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, most)
    return (int(low[0]), int(low[1])), (int(high[0]), int(high[1]))


def _cover(rng: np.random.Generator, pixels: Pixels, corners: Quad) -> None:
    """Paint a plate over with the colours around it."""
    centre = corners.mean(axis=0)
    wider = (centre + (corners - centre) * _COVER).astype(np.float32)
    (left, top), (right, bottom) = _limits(pixels, wider)
    part = pixels[top:bottom, left:right]
    if not part.size:
        return
    rim = np.concatenate([part[0], part[-1]]).astype(np.float32)
    mask = np.zeros(part.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, np.round(wider - (left, top)).astype(np.int32), 255)
    shade = np.array([part[0].mean(axis=0), part[-1].mean(axis=0)], np.float32)[:, None]
    fill = cv2.resize(shade, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_LINEAR)
    grain = rng.standard_normal(fill.shape, dtype=np.float32) * np.float32(min(6.0, float(rim.std())))
    part[mask > 0] = np.clip(fill + grain, 0, 255).astype(np.uint8)[mask > 0]


def _placed(
    rng: np.random.Generator, pixels: Pixels, centre: Quad, scale: float, size_px: tuple[int, int]
) -> cv2.typing.MatLike:
    """From the photograph to a part of it that holds `centre`: enlarged by `scale`, a little turned, in perspective."""
    window = np.array(size_px) / scale
    beyond = np.array([pixels.shape[1], pixels.shape[0]]) - window
    start = rng.uniform(centre - (1 - _EDGE) * window, centre - _EDGE * window)
    # Where the photograph is large enough, nothing from beyond its edge is shown.
    start = np.clip(start, np.minimum(0, beyond), np.maximum(0, beyond))
    corners = rectangle(1, 1) - 0.5 + rng.uniform(-_BENT, _BENT, (4, 2))
    angle = rng.normal(0, _TURNED)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    seen = (corners * window) @ turn + start + window / 2
    return cv2.getPerspectiveTransform(seen.astype(np.float32), rectangle(*size_px))
