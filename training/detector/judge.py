"""Judges a detector on photographs.

Plates found, and read between the corners found, finds too many, time a picture.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from typing_extensions import override

from agent.vision.worker.plate.box import extent, overlap
from training.detector.photographs import LONGEST_PX, read_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.vision.worker.plate.detector import PlateBox
    from agent.vision.worker.plate.reader import PlateReader
    from training.detector.backgrounds import Pixels
    from training.detector.labelled import Box
    from training.detector.photographs import Detector, Photograph

_HALF: Final = 0.5


@dataclass(frozen=True, slots=True)
class Finding:
    """`found` of `plates` labelled plates, and `read` as labelled between the corners found, of `texts` with a label.

    `placed`: found by corners whose box overlaps the labelled one by half. `beside`: finds elsewhere, which may be
    other plates; `ms`: CPU time of each picture.
    """

    found: int
    placed: int
    read: int
    plates: int
    texts: int
    beside: int
    ms: tuple[float, ...]

    @override
    def __str__(self) -> str:
        median, rare = np.percentile(self.ms, (50, 99)) if self.ms else (0.0, 0.0)
        return (
            f"{self.found} of {self.plates} plates found, {self.placed} with an overlap of half, "
            f"{self.read} of {self.texts} read as labelled, {self.beside} finds beside them, "
            f"{median:.1f} ms a picture (99 %: {rare:.1f})"
        )


def found(detector: Detector, reader: PlateReader, shown: Sequence[Photograph], longest_px: int) -> Finding:
    """What a detector finds in photographs. One without a box counts as found where its label is read."""
    ms, hits, placed, right, beside = [], 0, 0, 0, 0
    for photograph in shown:
        begun_s = time.process_time()
        detections = detector.find(photograph.pixels, longest_px)
        ms.append(1000 * (time.process_time() - begun_s))
        reading = [one for one in detections if _reads(photograph, one, reader)]
        box = photograph.box
        own = reading if box is None else [one for one in detections if _same(one, box)]
        hits += bool(own)
        right += bool(reading)
        placed += box is not None and any(overlap(extent(one.corners), box) >= _HALF for one in own)
        beside += len(detections) - len(own)
    return Finding(hits, placed, right, len(shown), sum(bool(one.label) for one in shown), beside, tuple(ms))


def false_finds(detector: Detector, shown: Sequence[Pixels], longest_px: int) -> int:
    """Finds in pictures that hold no plate."""
    return sum(len(detector.find(pixels, longest_px)) for pixels in shown)


def judged(detector: Detector, reader: PlateReader, shown: Sequence[Photograph], empty: Sequence[Pixels]) -> list[str]:
    """What a detector finds in labelled photographs and in pictures without plates, in words."""
    lines = [f"{false_finds(detector, empty, LONGEST_PX[0])} finds in {len(empty)} pictures without plates"]
    return lines + [f"at {px} pixels: {found(detector, reader, shown, px)}" for px in LONGEST_PX if shown]


def _reads(photograph: Photograph, detection: PlateBox, reader: PlateReader) -> bool:
    if not photograph.label or (photograph.box is not None and not _same(detection, photograph.box)):
        return False
    plate = read_at(photograph.pixels, detection.corners, reader)
    return plate is not None and plate.text == photograph.label


def _same(detection: PlateBox, box: Box) -> bool:
    """Whether the middle of either lies in the other: labelled boxes are loose, so their overlap says little."""
    x, y, width, height = detection.box
    across, down = detection.corners.mean(axis=0).tolist()
    return _holds(box, across, down) or _holds((x, y, width, height), box[0] + box[2] / 2, box[1] + box[3] / 2)


def _holds(box: Box, x: float, y: float) -> bool:
    return box[0] <= x <= box[0] + box[2] and box[1] <= y <= box[1] + box[3]
