"""Finds plates in a picture, with their four corners."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.plate import weights

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# The network is of the RetinaFace family: three grids of anchors, two sizes each, in pixels of its input.
_STRIDES: Final = (8, 16, 32)
_ANCHORS_PX: Final = ((24, 48), (96, 192), (384, 768))
_VARIANCE_PLACE: Final = 0.1
_VARIANCE_SIZE: Final = 0.2
_MEAN_BGR: Final = (104.0, 117.0, 123.0)
_SMALLEST_SIDE_PX: Final = 32


@dataclass(frozen=True, slots=True)
class PlateBox:
    """A plate at a place. `corners`: shape (4, 2), clockwise from the top left. `box`: x, y, width, height.

    In pixels.
    """

    corners: NDArray[np.float32]
    box: tuple[float, float, float, float]
    score: float


class PlateDetector:
    """The detector network. `threshold`: least score, 0..1; `overlap`: of two that overlap more, the better stays."""

    def __init__(self, threshold: float = 0.4, overlap: float = 0.4, folder: Path = weights.FOLDER) -> None:
        """Load the network. Raises WeightsError."""
        self._session = weights.session("detector", folder)
        self._threshold = threshold
        self._overlap = overlap

    def find(self, pixels: NDArray[np.uint8], longest_px: int = 640) -> list[PlateBox]:
        """The plates in a BGR picture, shape (height, width, 3), best first, in the picture's own pixels.

        The picture is shrunk to `longest_px` on its longest side before looking; it is never enlarged.
        """
        small, scale = _shrunk(pixels, longest_px)
        height, width = small.shape[:2]
        blob = cv2.dnn.blobFromImage(small, mean=_MEAN_BGR)
        offsets, classes, marks = self._session.run(None, {"image": blob})
        scores = classes[0, :, 1]
        kept = np.flatnonzero(scores > self._threshold)
        if not kept.size:
            return []
        anchors = _anchors(height, width)[kept]
        full = np.array([width, height], dtype=np.float32) / scale
        boxes = _boxes(anchors, offsets[0, kept]) * np.tile(full, 2)
        places = marks[0, kept].reshape(-1, 4, 2) * _VARIANCE_PLACE * anchors[:, None, 2:] + anchors[:, None, :2]
        corners = places * full
        chosen = cv2.dnn.NMSBoxes(boxes.tolist(), scores[kept].tolist(), self._threshold, self._overlap)
        return [_detection(corners[index], boxes[index], scores[kept[index]]) for index in np.asarray(chosen).ravel()]


def clockwise(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Four points put clockwise (as seen, y downwards), beginning with the one nearest the top left."""
    centre = corners.mean(axis=0)
    angles = np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0])
    around = corners[np.argsort(angles)]
    return np.roll(around, -int(np.argmin(around.sum(axis=1))), axis=0)


def _detection(corners: NDArray[np.float32], box: NDArray[np.float32], score: np.float32) -> PlateBox:
    x, y, width, height = (float(value) for value in box)
    return PlateBox(clockwise(corners.astype(np.float32)), (x, y, width, height), float(score))


def _shrunk(pixels: NDArray[np.uint8], longest_px: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The picture for the network, and by how much each axis was shrunk (x, y)."""
    height, width = pixels.shape[:2]
    factor = min(1.0, longest_px / max(height, width))
    size = (max(_SMALLEST_SIDE_PX, round(width * factor)), max(_SMALLEST_SIDE_PX, round(height * factor)))
    if size == (width, height):
        return pixels, np.ones(2, dtype=np.float32)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False), np.array([size[0] / width, size[1] / height], dtype=np.float32)


def _boxes(anchors: NDArray[np.float32], offsets: NDArray[np.float32]) -> NDArray[np.float32]:
    centres = anchors[:, :2] + offsets[:, :2] * _VARIANCE_PLACE * anchors[:, 2:]
    sizes = anchors[:, 2:] * np.exp(offsets[:, 2:] * _VARIANCE_SIZE)
    return np.hstack([centres - sizes / 2, sizes])


@lru_cache(maxsize=8)
def _anchors(height: int, width: int) -> NDArray[np.float32]:
    """All anchors for one size of input: centre x, y, width, height as fractions of it."""
    grids = []
    for stride, sizes in zip(_STRIDES, _ANCHORS_PX, strict=True):
        rows, columns = np.mgrid[0 : -(-height // stride), 0 : -(-width // stride)]
        x, y = (columns + 0.5) * stride / width, (rows + 0.5) * stride / height
        layers = [np.stack([x, y, np.full_like(x, s / width), np.full_like(x, s / height)], axis=-1) for s in sizes]
        grids.append(np.stack(layers, axis=2).reshape(-1, 4))
    anchors: NDArray[np.float32] = np.concatenate(grids).astype(np.float32)
    return anchors
