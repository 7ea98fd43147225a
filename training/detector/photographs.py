"""Labelled photographs: half of them to learn from, half to judge by; and where the plates of the first half stand.

A label names the plate and not its corners. So a detector that learnt from drawings alone looks at each photograph;
where the product's reader reads between its corners exactly what the label says, they were right, and are learnt from.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

import cv2
import numpy as np

from agent.vision.worker.picture_file import load
from agent.vision.worker.plate import rectify
from agent.vision.worker.plate.box import extent, overlap
from agent.vision.worker.plate.detector import PlateBox
from training.detector.labelled import Labelled, upright

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from agent.vision.worker.plate.crop_reader import PlateFound
    from agent.vision.worker.plate.reader import PlateReader
    from training.detector.labelled import Box

    Pixels = NDArray[np.uint8]
    Quad = NDArray[np.float32]

LONGEST_PX: Final = (640, 960)
"""The longest side of the picture that a detector looks at: as for every frame, and as for what is far."""
_FLAT_WIDTH_PX: Final = 288
_HASH_BYTE: Final = 1
_SURE: Final = 0.8
_TENTH: Final = 10
_TOLD: Final = 255
_ENLARGED: Final = 1.6
_FILLED: Final = 0.72
"""A find fills a box whose extent overlaps it so far; its corners are then those of the plate in it."""
_APART: Final = 0.2
_AROUND: Final = 0.25


class Detector(Protocol):
    """What finds plates: the product's detector, or one trained here."""

    def find(self, pixels: Pixels, longest_px: int = ...) -> list[PlateBox]:
        """The plates in a BGR picture that is shrunk to `longest_px`, best first."""
        ...


@dataclass(frozen=True, slots=True)
class Boxed:
    """A photograph, `shown`, in which every plate that can be seen has a tight box. `name`: of its file."""

    name: str
    shown: Labelled

    @property
    def held_out(self) -> bool:
        """Whether it is for judging: one in ten, by a hash of its name."""
        return hashlib.sha256(self.name.encode()).digest()[_HASH_BYTE] % _TENTH == 0


@dataclass(frozen=True, slots=True)
class Photograph:
    """`label`: the number of its plate. `box`: x, y, width, height, in pixels, loosely around it; None if not known."""

    label: str
    box: Box | None
    pixels: Pixels

    @property
    def held_out(self) -> bool:
        """Whether it is for judging: by a hash of the number, so that all pictures of one plate are on one side."""
        return hashlib.sha256(self.label.encode()).digest()[_HASH_BYTE] % 2 == 1


def photographs(folder: Path) -> list[Photograph]:
    """The photographs of a folder with its labels.csv (file, plate, box).

    Raises OSError, PictureError for a picture that cannot be used, and KeyError or ValueError for a table of another
    form.
    """
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [Photograph(row["plate"], _box(row["box"]), load(folder / row["file"])) for row in rows]


def boxed(folder: Path) -> list[Boxed]:
    """The photographs of a folder whose labels.csv (file, box) has a row for each plate.

    Raises as `photographs` does.
    """
    boxes: dict[str, list[Quad]] = {}
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            box = _box(row["box"])
            if box is None:
                raise ValueError(f"{folder / 'labels.csv'}: {row['file']} has a plate without a box")
            boxes.setdefault(row["file"], []).append(upright(*box))
    return [Boxed(name, Labelled(load(folder / name), boxes=known)) for name, known in boxes.items()]


def located(shown: Sequence[Photograph], detector: Detector, reader: PlateReader) -> list[Labelled]:
    """Those whose plate is read as labelled, its corners first, then those of other plates that are surely read."""
    return [one for photograph in shown if (one := _located(photograph, detector, reader)) is not None]


def cornered(shown: Sequence[Labelled], detector: Detector) -> list[Labelled]:
    """Photographs with boxes: the corners found for those plates whose box a find fills, and boxes for the others.

    What is found elsewhere may be a plate that nobody labelled: whether it is one is not told.
    """
    return [_cornered(one, detector) for one in shown]


def searched(shown: Labelled, detector: Detector) -> Labelled:
    """A picture in which plates are possible anywhere: only where the detector takes something for one is not told."""
    told = np.full(shown.pixels.shape[:2], _TOLD, np.uint8)
    for detection in _found(shown.pixels, detector):
        _leave_out(told, detection)
    return replace(shown, told=told)


def as_judged(shown: Sequence[Boxed]) -> list[Photograph]:
    """The plates of photographs with boxes, each as a photograph of which the label is not known."""
    return [
        Photograph("", (*box[0].tolist(), *(box[2] - box[0]).tolist()), one.shown.pixels)
        for one in shown
        for box in one.shown.boxes
    ]


def read_at(pixels: Pixels, corners: Quad, reader: PlateReader) -> PlateFound | None:
    """What the product's reader reads between corners, clockwise from the top left; None for no plate."""
    width, height = _FLAT_WIDTH_PX, round(_FLAT_WIDTH_PX / max(1.0, rectify.aspect(corners)))
    return reader.read_crop(rectify.flatten(pixels, corners, (width, height)))


def _box(text: str) -> Box | None:
    if not text:
        return None
    x, y, width, height = (float(value) for value in text.split())
    return x, y, width, height


def _located(photograph: Photograph, detector: Detector, reader: PlateReader) -> Labelled | None:
    found: dict[str, Quad] = {}
    for longest_px in LONGEST_PX:
        for detection in detector.find(photograph.pixels, longest_px):
            plate = read_at(photograph.pixels, detection.corners, reader)
            if plate is not None and (plate.text == photograph.label or _sure(plate)):
                found.setdefault(plate.text, detection.corners)
    own = found.pop(photograph.label, None)
    return None if own is None else Labelled(photograph.pixels, [own, *found.values()])


def _sure(plate: PlateFound) -> bool:
    """Whether this is surely a plate, and a whole one: a date in the picture's corner can be read as a Latin one."""
    return plate.confidence >= _SURE and not plate.doubt


def _found(pixels: Pixels, detector: Detector) -> list[PlateBox]:
    """The finds at all sizes, in pixels of the picture, which is also shown enlarged."""
    larger = cv2.resize(pixels, None, fx=_ENLARGED, fy=_ENLARGED, interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    return detector.find(pixels, max(pixels.shape)) + [
        PlateBox(one.corners / np.float32(_ENLARGED), _smaller(one.box), one.score)
        for one in detector.find(larger, max(larger.shape))
    ]


def _smaller(box: Box) -> Box:
    x, y, width, height = (side / _ENLARGED for side in box)
    return x, y, width, height


def _cornered(shown: Labelled, detector: Detector) -> Labelled:
    finds = _found(shown.pixels, detector)
    corners, boxes = list(shown.corners), []
    told = np.full(shown.pixels.shape[:2], _TOLD, np.uint8)
    for plate in shown.boxes:
        left, top = plate[0].tolist()
        width, height = (plate[2] - plate[0]).tolist()
        own = [one for one in finds if overlap(extent(one.corners), (left, top, width, height)) >= _FILLED]
        if own:
            corners.append(max(own, key=lambda one: overlap(extent(one.corners), (left, top, width, height))).corners)
        else:
            boxes.append(plate)
        finds = [one for one in finds if overlap(one.box, (left, top, width, height)) <= _APART]
    for detection in finds:
        _leave_out(told, detection)
    return Labelled(shown.pixels, corners, boxes, told)


def _leave_out(told: Pixels, detection: PlateBox) -> None:
    x, y, width, height = detection.box
    left, top = max(0, int(x - width * _AROUND)), max(0, int(y - height * _AROUND))
    told[top : int(y + height * (1 + _AROUND)) + 1, left : int(x + width * (1 + _AROUND)) + 1] = 0
