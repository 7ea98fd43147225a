"""Finds plates in a picture, with their four corners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from agent.vision.worker.plate import weights
from agent.vision.worker.plate.box import extent
from agent.vision.worker.plate.detector_peaks import peaks

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

THRESHOLD: Final = 0.4
_FAR_PX: Final = 40.0
_FAR_MORE: Final = 0.15
"""What is less wide than this in the picture itself has characters of 5 pixels, which nobody reads, and is mostly no
plate: it needs so much more of a score."""
_OVERLAP: Final = 0.4
_SIDES_PX: Final = 32
"""The network halves its picture five times: sides are multiples of this."""


@dataclass(frozen=True, slots=True)
class PlateBox:
    """A plate at a place. `corners`: shape (4, 2), clockwise from the top left. `box`: x, y, width, height.

    In pixels.
    """

    corners: NDArray[np.float32]
    box: tuple[float, float, float, float]
    score: float


class PlateDetector:
    """The detector network. `threshold`: least score, 0..1; what is far needs more.

    Of two that overlap by more than 0.4 the better stays.
    """

    def __init__(self, threshold: float = THRESHOLD, folder: Path = weights.FOLDER, session: Any = None) -> None:
        """Load the network; `session`: another one than that of the folder, for onnxruntime. Raises WeightsError."""
        self._session = weights.session("detector", folder) if session is None else session
        self._threshold = threshold

    def find(self, pixels: NDArray[np.uint8], longest_px: int = 640) -> list[PlateBox]:
        """The plates in a BGR picture, shape (height, width, 3), best first, in the picture's own pixels.

        The picture is shrunk to `longest_px` on its longest side before looking; it is never enlarged.
        """
        small, scale = _shrunk(pixels, longest_px)
        (cells,) = self._session.run(None, {"picture": small[None]})
        scores, corners = peaks(cells[0], self._threshold)
        outlines = corners / scale
        far = np.linalg.norm(outlines[:, 1] - outlines[:, 0], axis=1) < _FAR_PX
        kept = np.flatnonzero(scores >= self._threshold + _FAR_MORE * far)
        found = [_detection(outlines[index], scores[index]) for index in kept]
        if not found:
            return []
        boxes, chances = [detection.box for detection in found], [detection.score for detection in found]
        chosen = cv2.dnn.NMSBoxes(boxes, chances, self._threshold, _OVERLAP)
        return [found[index] for index in np.asarray(chosen).ravel()]


def clockwise(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Four points put clockwise (as seen, y downwards), beginning with the one nearest the top left."""
    centre = corners.mean(axis=0)
    angles = np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0])
    around = corners[np.argsort(angles)]
    return np.roll(around, -int(np.argmin(around.sum(axis=1))), axis=0)


def _detection(corners: NDArray[np.float32], score: np.float32) -> PlateBox:
    return PlateBox(clockwise(corners), extent(corners), float(score))


def _shrunk(pixels: NDArray[np.uint8], longest_px: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The picture for the network, its edge repeated to whole sides, and by how much each axis was shrunk (x, y)."""
    height, width = pixels.shape[:2]
    factor = min(1.0, longest_px / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = pixels if size == (width, height) else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    right, below = (-size[0]) % _SIDES_PX, (-size[1]) % _SIDES_PX
    if right or below:
        small = cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_REPLICATE)
    scale = np.array([size[0] / width, size[1] / height], dtype=np.float32)
    return np.ascontiguousarray(small, dtype=np.uint8), scale
