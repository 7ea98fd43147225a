"""Parts of labelled photographs to learn from: moved, turned and scaled, their plates kept, replaced or covered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from training.detector.labelled import Labelled
from training.detector.pose import paste, rectangle
from training.detector.scene import inside, width_between

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.detector.scene import PlateSource

    Pixels = NDArray[np.uint8]
    Quad = NDArray[np.float32]

_REPLACED: Final = 0.35
_COVERED: Final = 0.08
_FLAT_ASPECT: Final = 2.4
_TRIES: Final = 20
_DRAWN_PX: Final = 220
_MOST_ENLARGED: Final = 1.5
_COARSE: Final = 0.7
"""What is shrunk to less than this aliases unless it is averaged first."""
_EDGE: Final = 0.12
_BENT: Final = 0.05
_TURNED: Final = 0.09
_LEANING: Final = (0.15, 0.5)
"""How many views are turned by any angle up to the latter, in radians."""
_WIDER: Final = (0.85, 1.2)
_WIDER_SQUARE: Final = (0.95, 1.7)
"""How much wider photographs are made; the square ones of data sets were mostly squeezed."""
_COVER: Final = 1.25
_OVER: Final = 1.12
"""A drawn plate covers the box of the one that it replaces, whose edges are known to a pixel or two."""


def view(rng: np.random.Generator, photograph: Labelled, size_px: tuple[int, int], plate_of: PlateSource) -> Labelled:
    """A part of a photograph as a new picture of `size_px`, mostly with a plate. What it cuts is not told."""
    pick = rng.random()
    covers_all = pick > 1 - _COVERED
    shown = _replaced(rng, photograph, plate_of) if pick < _REPLACED else photograph
    main = shown.outlines[int(rng.integers(len(shown.outlines)))]
    scale = min(_MOST_ENLARGED, width_between(rng, size_px[0]) / max(1.0, float(np.ptp(main[:, 0]))))
    pixels, shrink = shown.pixels, scale if scale < _COARSE else 1.0
    if shrink < 1:
        pixels = cv2.resize(pixels, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA).astype(np.uint8)
    # What is known by its box alone keeps a box only while it stays upright.
    matrix = _placed(
        rng, pixels, main.mean(axis=0) * np.float32(shrink), scale / shrink, size_px, turns=not shown.boxes
    )
    moved = cv2.warpPerspective(pixels, matrix, size_px, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = moved.astype(np.uint8, copy=False)
    corners = [_moved(plate, shrink, matrix) for plate in shown.corners]
    boxes = [_moved(plate, shrink, matrix) for plate in shown.boxes]
    if covers_all:
        for plate in [*corners, *boxes]:
            _cover(rng, seen, plate)
        return Labelled(seen, told=_told(shown, shrink, matrix, size_px, []))
    cut = [plate for plate in [*corners, *boxes] if not inside(plate, size_px)]
    return Labelled(
        seen,
        [plate for plate in corners if inside(plate, size_px)],
        [plate for plate in boxes if inside(plate, size_px)],
        _told(shown, shrink, matrix, size_px, cut),
    )


def _moved(plate: Quad, shrink: float, matrix: cv2.typing.MatLike) -> Quad:
    moved: Quad = cv2.perspectiveTransform((plate * np.float32(shrink))[None], matrix)[0].astype(np.float32)
    return moved


def _told(
    shown: Labelled, shrink: float, matrix: cv2.typing.MatLike, size_px: tuple[int, int], cut: list[Quad]
) -> Pixels | None:
    if shown.told is None and not cut:
        return None
    told = np.full(size_px[::-1], 255, np.uint8)
    if shown.told is not None:
        small = cv2.resize(shown.told, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_NEAREST)
        told = cv2.warpPerspective(
            small, matrix, size_px, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=255
        ).astype(np.uint8, copy=False)
    for plate in cut:
        (left, top), (right, bottom) = _limits(told, plate)
        told[top:bottom, left:right] = 0
    return told


def _replaced(rng: np.random.Generator, photograph: Labelled, plate_of: PlateSource) -> Labelled:
    """With drawn plates in place of its own, as far as any come up that fit; their corners are known."""
    pixels, corners, boxes = photograph.pixels.copy(), list(photograph.corners), []
    for plate in photograph.corners:
        _replace(rng, pixels, plate, plate_of)
    for plate in photograph.boxes:
        centre = plate.mean(axis=0)
        over = (centre + (plate - centre) * _OVER).astype(np.float32)
        if _replace(rng, pixels, over, plate_of):
            corners.append(over)
        else:
            boxes.append(plate)
    return Labelled(pixels, corners, boxes, photograph.told)


def _replace(rng: np.random.Generator, pixels: Pixels, corners: Quad, plate_of: PlateSource) -> bool:
    """By a drawn plate of the same shape and light, of one line where the old one was flat.

    False, and it stays, if none comes up.
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
        return True
    return False


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
    rng: np.random.Generator, pixels: Pixels, centre: Quad, scale: float, size_px: tuple[int, int], *, turns: bool
) -> cv2.typing.MatLike:
    """From the photograph to a part of it that holds `centre`: enlarged by `scale`.

    Where it `turns`, also a little turned, and in perspective.
    """
    square = pixels.shape[0] == pixels.shape[1]
    wider = rng.uniform(*(_WIDER_SQUARE if square else _WIDER))
    window = np.array(size_px) / (scale * np.array([wider, 1]))
    beyond = np.array([pixels.shape[1], pixels.shape[0]]) - window
    start = rng.uniform(centre - (1 - _EDGE) * window, centre - _EDGE * window)
    # Where the photograph is large enough, nothing from beyond its edge is shown.
    start = np.clip(start, np.minimum(0, beyond), np.maximum(0, beyond))
    corners = rectangle(1, 1) - 0.5
    angle = 0.0
    if turns:
        corners = corners + rng.uniform(-_BENT, _BENT, (4, 2))
        angle = rng.uniform(-_LEANING[1], _LEANING[1]) if rng.random() < _LEANING[0] else rng.normal(0, _TURNED)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    seen = (corners * window) @ turn + start + window / 2
    return cv2.getPerspectiveTransform(seen.astype(np.float32), rectangle(*size_px))
