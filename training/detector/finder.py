"""Finds plates with a network trained here, as the product's own detector finds them with its network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import onnxruntime

from agent.vision.worker.plate.detector import PlateBox, clockwise
from training.detector.heat import peaks
from training.detector.labelled import extent

if TYPE_CHECKING:
    from numpy.typing import NDArray

THRESHOLD: Final = 0.4
_SIDES_PX: Final = 32
"""The network halves its picture five times: sides are multiples of this."""


class Finder:
    """The detector network. `threshold`: least score, 0..1; `overlap`: of two that overlap more, the better stays."""

    def __init__(self, network: bytes, threshold: float = THRESHOLD, overlap: float = 0.4) -> None:
        """Load the network, as ONNX, for one thread. Raises what onnxruntime raises for a file that is none."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        self._threshold = threshold
        self._overlap = overlap

    def find(self, pixels: NDArray[np.uint8], longest_px: int = 640) -> list[PlateBox]:
        """The plates in a BGR picture, shape (height, width, 3), best first, in the picture's own pixels.

        The picture is shrunk to `longest_px` on its longest side before looking; it is never enlarged.
        """
        small, scale = _shrunk(pixels, longest_px)
        (cells,) = self._session.run(None, {"picture": small[None]})
        scores, corners = peaks(cells[0], self._threshold)
        found = [_detection(outline / scale, score) for outline, score in zip(corners, scores, strict=True)]
        if len(found) < 2:
            return found
        boxes, chances = [detection.box for detection in found], [detection.score for detection in found]
        chosen = cv2.dnn.NMSBoxes(boxes, chances, self._threshold, self._overlap)
        return [found[index] for index in np.asarray(chosen).ravel()]


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
