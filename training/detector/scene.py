"""A picture with plates in it, whose corners are known: drawn plates put into a background, and what resembles them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from training.detector.decoys import decoy, put_caption, stencil
from training.detector.pose import paste, projected, rectangle
from training.detector.vehicle import behind_glass, mounted, on_truck

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from training.detector.labelled import Labelled

    Pixels = NDArray[np.uint8]
    Quad = NDArray[np.float32]
    PlateSource = Callable[[np.random.Generator, int], Pixels]
    """Draws the next plate, flat, so many pixels wide."""

_COUNTS: Final = (0.12, 0.48, 0.26, 0.14)
"""How likely none, one, two and three plates are in a part of a picture of PART_AREA_PX2; larger ones hold more."""
_PART_AREA_PX2: Final = 256 * 160
_LEAST_WIDTH_PX: Final = 20.0
_MOST_WIDTH: Final = 0.95
_LEAST_SEEN_PX: Final = (13.0, 4.5)
"""Width and height, as seen: what is smaller is a plate to nobody."""
_FINER: Final = 1.4
_DRAWN_PX: Final = (70, 440)
_TRUCK_MOST_PX: Final = 130
_NARROWER: Final = 0.75
_APART_PX: Final = 5
_TOLD_PX: Final = 13
"""So far around what was put in, nothing else of the background shows as a plate."""
_ON_CAR: Final = 0.45
_ON_TRUCK: Final = 0.15
_BEHIND_GLASS: Final = 0.07
_PAINTED: Final = 0.3
_TRIES: Final = 8
_TWO_LINE_ASPECT: Final = 2.4
_OPAQUE: Final = 128


def compose(rng: np.random.Generator, ground: Labelled, plate_of: PlateSource) -> Labelled:
    """Decoys and plates put into a picture, which is changed: none to three into a part, more into a whole one."""
    parts = ground.pixels.shape[0] * ground.pixels.shape[1] / _PART_AREA_PX2
    for _ in range(int(rng.integers(0, 5) * np.sqrt(parts))):
        _put_decoy(rng, ground)
    corners = list(ground.corners)
    for _ in range(round(float(rng.choice(len(_COUNTS), p=_COUNTS)) * np.sqrt(parts))):
        put_plate(rng, ground, plate_of, corners)
    for _ in range(int(rng.random() < 0.25) + int(rng.random() < 0.1)):
        # Captions lie over everything, and so not where a plate is.
        _put_caption(rng, ground.pixels, [*corners, *ground.boxes])
    return replace(ground, corners=corners)


def put_plate(rng: np.random.Generator, ground: Labelled, plate_of: PlateSource, corners: list[Quad]) -> None:
    """Put a plate where nothing is that was put there before, and add its corners to `corners`.

    Gives up when it is full.
    """
    pixels = ground.pixels
    width_px = width_between(rng, pixels.shape[1])
    plate = plate_of(rng, int(np.clip(_FINER * width_px, *_DRAWN_PX)))
    height, width = plate.shape[:2]
    if width < _TWO_LINE_ASPECT * height:
        width_px *= _NARROWER
    card, opacity, start = _card(rng, plate)
    for _ in range(_TRIES):
        quad = _placed(rng, pixels, width_px, width / height)
        matrix = cv2.getPerspectiveTransform(rectangle(width, height) + start, quad)
        whole = cv2.perspectiveTransform(rectangle(card.shape[1], card.shape[0])[None], matrix)[0]
        if inside(quad, (pixels.shape[1], pixels.shape[0])) and not meets(whole, [*corners, *ground.boxes]):
            paste(pixels, card, matrix, opacity)
            _tell(ground, whole, opacity)
            _tell(ground, quad)
            corners.append(quad)
            return


def _card(rng: np.random.Generator, plate: Pixels) -> tuple[Pixels, Pixels | None, Quad]:
    """The plate alone, or on a vehicle or in one, in a light of its own."""
    lit = np.clip(plate * rng.uniform(0.6, 1.15) + rng.uniform(-10, 20), 0, 255).astype(np.uint8)
    pick = rng.random()
    if pick < _ON_CAR:
        return mounted(rng, lit)
    if pick < _ON_CAR + _ON_TRUCK and plate.shape[1] < _TRUCK_MOST_PX:
        return on_truck(rng, lit)
    if pick > 1 - _BEHIND_GLASS:
        return behind_glass(rng, lit)
    return lit, None, np.zeros(2, np.float32)


def _tell(ground: Labelled, outline: Quad, opacity: Pixels | None = None) -> None:
    """From here on it is known what stands within an outline, and close around it unless it is seen through."""
    if ground.told is None or (opacity is not None and opacity.min() < _OPAQUE):
        return
    shape = np.round(outline).astype(np.int32)
    cv2.fillConvexPoly(ground.told, shape, 255)
    cv2.polylines(ground.told, [shape], isClosed=True, color=255, thickness=2 * _TOLD_PX)


def width_between(rng: np.random.Generator, picture_width_px: int) -> float:
    """The width of a plate in a picture that is so wide; each doubling is as likely as the next."""
    low, high = np.log((_LEAST_WIDTH_PX, _MOST_WIDTH * picture_width_px))
    return float(np.exp(rng.uniform(low, high)))


def _placed(rng: np.random.Generator, pixels: Pixels, width_px: float, aspect: float) -> Quad:
    """An outline somewhere in the picture."""
    height, width = pixels.shape[:2]
    quad = projected(rng, width_px, aspect)
    across, down = float(np.linalg.norm(quad[1] - quad[0])), float(np.linalg.norm(quad[3] - quad[0]))
    quad = quad * np.float32(max(1.0, _LEAST_SEEN_PX[0] / across, _LEAST_SEEN_PX[1] / down))
    # The middle is drawn from where the whole outline fits, so that large ones find a place.
    reach = np.minimum(np.abs(quad).max(axis=0), np.array([width, height]) / 2)
    centre = rng.uniform(reach, np.array([width, height]) - reach)
    placed: Quad = quad + centre.astype(np.float32)
    return placed


def inside(quad: Quad, size_px: tuple[int, int]) -> bool:
    """Whether the whole outline lies in a picture of that width and height, to a pixel."""
    return bool((quad >= -1).all() and (quad <= (size_px[0] + 1, size_px[1] + 1)).all())


def meets(outline: Quad, taken: Sequence[Quad]) -> bool:
    """Whether the outline comes near one of the others."""
    low, high = outline.min(axis=0) - _APART_PX, outline.max(axis=0) + _APART_PX
    return any((low < other.max(axis=0)).all() and (high > other.min(axis=0)).all() for other in taken)


def _put_decoy(rng: np.random.Generator, ground: Labelled) -> None:
    thing, opacity = stencil(rng) if rng.random() < _PAINTED else (decoy(rng), None)
    height, width = thing.shape[:2]
    width_px = width_between(rng, ground.pixels.shape[1])
    quad = _placed(rng, ground.pixels, width_px, width / height)
    if meets(quad, ground.outlines):
        return
    paste(ground.pixels, thing, cv2.getPerspectiveTransform(rectangle(width, height), quad), opacity)
    _tell(ground, quad)


def _put_caption(rng: np.random.Generator, pixels: Pixels, taken: Sequence[Quad]) -> None:
    before = pixels.copy()
    put_caption(rng, pixels)
    rows, columns = np.nonzero((pixels != before).any(axis=2))
    if rows.size and meets(np.array([[columns.min(), rows.min()], [columns.max(), rows.max()]], np.float32), taken):
        pixels[:] = before
