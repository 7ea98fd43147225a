"""Labelled photographs: half of them to learn from, half to judge by; and where the plates of the first half stand.

A label names the plate and not its corners. So a detector that learnt from drawings alone looks at each photograph;
where the product's reader reads between its corners exactly what the label says, they were right, and are learnt from.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from agent.core.plates import PlateKind
from agent.vision.worker.picture_file import load
from agent.vision.worker.plate import rectify
from training.detector.scene import Labelled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from agent.vision.worker.plate.crop_reader import PlateFound
    from agent.vision.worker.plate.detector import PlateBox
    from agent.vision.worker.plate.reader import PlateReader

    Box = tuple[float, float, float, float]
    Pixels = NDArray[np.uint8]
    Quad = NDArray[np.float32]

LONGEST_PX: Final = (640, 960)
"""The longest side of the picture that a detector looks at: as for every frame, and as for what is far."""
_FLAT_WIDTH_PX: Final = 288
_HASH_BYTE: Final = 1
_SURE: Final = 0.8


class Detector(Protocol):
    """What finds plates: the product's detector, or one trained here."""

    def find(self, pixels: Pixels, longest_px: int = ...) -> list[PlateBox]:
        """The plates in a BGR picture that is shrunk to `longest_px`, best first."""
        ...


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


def located(shown: Sequence[Photograph], detector: Detector, reader: PlateReader) -> list[Labelled]:
    """Those whose plate is read as labelled, its corners first, then those of other plates that are surely read."""
    return [one for photograph in shown if (one := _located(photograph, detector, reader)) is not None]


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
    """Whether this is surely a plate: a date in the picture's corner, too, can be read as a Latin one."""
    return plate.confidence >= _SURE and plate.kind is not PlateKind.LATIN
