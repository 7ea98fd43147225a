"""A picture and what is known of the plates in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Box = tuple[float, float, float, float]
    Quad = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture, BGR, with outlines of shape (4, 2) in pixels.

    `corners`: of plates, clockwise from each plate's own top left. `boxes`: upright outlines of plates of which no more
    is known. `told`: shape (height, width), 0 where there may be plates that nobody labelled; None: nowhere.
    """

    pixels: Pixels
    corners: Sequence[Quad] = ()
    boxes: Sequence[Quad] = ()
    told: Pixels | None = None

    @property
    def outlines(self) -> list[Quad]:
        """Those of all plates, the ones with corners first."""
        return [*self.corners, *self.boxes]

    def with_pixels(self, pixels: Pixels) -> Labelled:
        """The same plates in another light."""
        return replace(self, pixels=pixels)


def unlabelled(pixels: Pixels) -> Labelled:
    """A picture in which there may be plates anywhere."""
    return Labelled(pixels, told=np.zeros(pixels.shape[:2], np.uint8))


def upright(x: float, y: float, width: float, height: float) -> Quad:
    """The outline of a box."""
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)
