"""A picture with plates in it, whose corners are known: drawn plates put into a background, and what resembles them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from training.detector.decoys import decoy
from training.detector.pose import paste, projected, rectangle
from training.detector.vehicle import mounted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Quad = NDArray[np.float32]
    PlateSource = Callable[[np.random.Generator, int], Pixels]
    """Draws the next plate, flat, so many pixels wide."""

_COUNTS: Final = (0.14, 0.58, 0.2, 0.08)
"""How likely none, one, two and three plates are."""
_LEAST_WIDTH_PX: Final = 24.0
_MOST_WIDTH: Final = 0.78
_FINER: Final = 1.4
_DRAWN_PX: Final = (70, 300)
_NARROWER: Final = 0.75
_APART_PX: Final = 5
_MOUNTED: Final = 0.6
_TRIES: Final = 8
_TWO_LINE_ASPECT: Final = 2.4


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture, BGR, and its plates: corners clockwise from the plate's own top left, shape (4, 2), in pixels."""

    pixels: Pixels
    corners: Sequence[Quad]

    def with_pixels(self, pixels: Pixels) -> Labelled:
        """The same plates in another light."""
        return Labelled(pixels, self.corners)


def compose(rng: np.random.Generator, ground: Pixels, plate_of: PlateSource) -> Labelled:
    """Decoys and none to three plates put into a background, which is changed."""
    for _ in range(rng.integers(0, 5)):
        _put_decoy(rng, ground)
    taken: list[Quad] = []
    for _ in range(int(rng.choice(len(_COUNTS), p=_COUNTS))):
        put_plate(rng, ground, plate_of, taken)
    return Labelled(ground, taken)


def put_plate(rng: np.random.Generator, ground: Pixels, plate_of: PlateSource, taken: list[Quad]) -> None:
    """Put a plate where nothing is that was put there before, and add its corners to `taken`.

    Gives up when it is full.
    """
    width_px = width_between(rng, ground.shape[1])
    plate = plate_of(rng, int(np.clip(_FINER * width_px, *_DRAWN_PX)))
    height, width = plate.shape[:2]
    if width < _TWO_LINE_ASPECT * height:
        width_px *= _NARROWER
    card, opacity, start = _card(rng, plate)
    for _ in range(_TRIES):
        quad = _placed(rng, ground, width_px, width / height)
        matrix = cv2.getPerspectiveTransform(rectangle(width, height) + start, quad)
        whole = cv2.perspectiveTransform(rectangle(card.shape[1], card.shape[0])[None], matrix)[0]
        if inside(quad, (ground.shape[1], ground.shape[0])) and not _meets(whole, taken):
            paste(ground, card, matrix, opacity)
            taken.append(quad)
            return


def _card(rng: np.random.Generator, plate: Pixels) -> tuple[Pixels, Pixels | None, Quad]:
    """The plate alone or on a vehicle, in a light of its own."""
    lit = np.clip(plate * rng.uniform(0.6, 1.15) + rng.uniform(-10, 20), 0, 255).astype(np.uint8)
    if rng.random() < _MOUNTED:
        return mounted(rng, lit)
    return lit, None, np.zeros(2, np.float32)


def width_between(rng: np.random.Generator, picture_width_px: int) -> float:
    """The width of a plate in a picture that is so wide; each doubling is as likely as the next."""
    low, high = np.log((_LEAST_WIDTH_PX, _MOST_WIDTH * picture_width_px))
    return float(np.exp(rng.uniform(low, high)))


def _placed(rng: np.random.Generator, ground: Pixels, width_px: float, aspect: float) -> Quad:
    """An outline somewhere in the picture."""
    height, width = ground.shape[:2]
    centre = rng.uniform((0, 0), (width, height))
    return projected(rng, width_px, aspect) + centre.astype(np.float32)


def inside(quad: Quad, size_px: tuple[int, int]) -> bool:
    """Whether the whole outline lies in a picture of that width and height, to a pixel."""
    return bool((quad >= -1).all() and (quad <= (size_px[0] + 1, size_px[1] + 1)).all())


def _meets(outline: Quad, taken: Sequence[Quad]) -> bool:
    """Whether the outline comes near one of the others."""
    low, high = outline.min(axis=0) - _APART_PX, outline.max(axis=0) + _APART_PX
    return any((low < other.max(axis=0)).all() and (high > other.min(axis=0)).all() for other in taken)


def _put_decoy(rng: np.random.Generator, ground: Pixels) -> None:
    thing = decoy(rng)
    height, width = thing.shape[:2]
    width_px = width_between(rng, ground.shape[1])
    quad = _placed(rng, ground, width_px, width / height)
    paste(ground, thing, cv2.getPerspectiveTransform(rectangle(width, height), quad))
