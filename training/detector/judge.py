"""Judges a detector on photographs.

Plates found, and read between the corners found, finds too many, time a picture.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from typing_extensions import override

from training.detector.photographs import read_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.vision.worker.plate.detector import PlateBox
    from agent.vision.worker.plate.reader import PlateReader
    from training.detector.backgrounds import Pixels
    from training.detector.photographs import Box, Detector, Photograph


@dataclass(frozen=True, slots=True)
class Finding:
    """`found` of `plates` labelled plates, and of those `read` as labelled between the corners found.

    `beside`: finds elsewhere, which may be other plates; `ms`: CPU time of each picture.
    """

    found: int
    read: int
    plates: int
    beside: int
    ms: tuple[float, ...]

    @override
    def __str__(self) -> str:
        median, rare = np.percentile(self.ms, (50, 99)) if self.ms else (0.0, 0.0)
        return (
            f"{self.found} of {self.plates} plates found, {self.read} of them read as labelled, "
            f"{self.beside} finds beside them, {median:.1f} ms a picture (99 %: {rare:.1f})"
        )


def found(detector: Detector, reader: PlateReader, shown: Sequence[Photograph], longest_px: int) -> Finding:
    """What a detector finds in photographs; those without a box are left out."""
    ms, hits, right, beside = [], 0, 0, 0
    boxed = [(photograph, photograph.box) for photograph in shown if photograph.box is not None]
    for photograph, box in boxed:
        begun_s = time.process_time()
        detections = detector.find(photograph.pixels, longest_px)
        ms.append(1000 * (time.process_time() - begun_s))
        own = [detection for detection in detections if _same(detection, box)]
        texts = [read_at(photograph.pixels, detection.corners, reader) for detection in own]
        hits += bool(own)
        right += any(plate is not None and plate.text == photograph.label for plate in texts)
        beside += len(detections) - len(own)
    return Finding(hits, right, len(boxed), beside, tuple(ms))


def false_finds(detector: Detector, shown: Sequence[Pixels], longest_px: int) -> int:
    """Finds in pictures that hold no plate."""
    return sum(len(detector.find(pixels, longest_px)) for pixels in shown)


def _same(detection: PlateBox, box: Box) -> bool:
    """Whether the middle of either lies in the other: labelled boxes are loose, so their overlap says little."""
    x, y, width, height = detection.box
    across, down = detection.corners.mean(axis=0).tolist()
    return _holds(box, across, down) or _holds((x, y, width, height), box[0] + box[2] / 2, box[1] + box[3] / 2)


def _holds(box: Box, x: float, y: float) -> bool:
    return box[0] <= x <= box[0] + box[2] and box[1] <= y <= box[1] + box[3]
