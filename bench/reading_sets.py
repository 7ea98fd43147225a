"""Labelled pictures for the reading bench: photographs in folders with a labels.csv, and what is cut out of them."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from agent.core.plates import FORMATS, MARKS
from agent.vision.worker.picture_file import load
from agent.vision.worker.plate import rectify
from agent.vision.worker.plate.detector import PlateDetector
from bench.reading_engines import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

NEGATIVES: Final = "negatives"
PHOTOS: Final = "easypr_cn"
TUNED_ON: Final = "tuned on"
HELD_BACK: Final = "held back"
"""The halves of the photographs of codes: who chooses steps and thresholds looks at the first alone."""
_CROPS: Final = "lprnet_cn_crops"
_CUT_SIZE_PX: Final = (288, 80)
_FINE_PX: Final = 960


@dataclass(frozen=True, slots=True)
class Picture:
    """One labelled picture. `load` gives BGR pixels.

    `labels`: the text that counts, then others that are what is printed but not the plate's number: a peer may give
    them. `half`: TUNED_ON or HELD_BACK, or "" in sets that are not halved.
    """

    name: str
    labels: tuple[str, ...]
    kind: str
    load: Callable[[], Pixels]
    half: str = ""


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Pictures that are scored together. `empty`: none of them shows a code. `drawn`: by a program, not by a camera."""

    name: str
    subject: Subject
    pictures: tuple[Picture, ...]
    empty: bool = False
    drawn: bool = False

    @property
    def all_labels(self) -> frozenset[str]:
        """The text that counts of every picture."""
        return frozenset(picture.labels[0] for picture in self.pictures)


def photographs(data: Path) -> Iterator[LabelledSet]:
    """The sets of a folder that holds qr/ and plates/; what is not there is left out."""
    for folder in sorted((data / "qr").glob("*/labels.csv")):
        yield _codes(folder.parent)
    if (data / "plates" / PHOTOS).is_dir():
        photos = _plates(data / "plates" / PHOTOS, Subject.PHOTOS)
        yield photos
        yield cut_out(photos)
    if (data / "plates" / _CROPS).is_dir():
        yield _plates(data / "plates" / _CROPS, Subject.CROPS)


def _codes(folder: Path) -> LabelledSet:
    pictures = tuple(
        Picture(
            row["file"],
            (row["payload"],),
            _code_kind(folder.name, row["category"]),
            partial(load, folder / row["file"]),
            half_of(row["file"]),
        )
        for row in _rows(folder)
    )
    return LabelledSet(folder.name, Subject.CODES, pictures, empty=folder.name == NEGATIVES)


def half_of(file: str) -> str:
    """The half that a photograph of codes is in, by its file's name alone, so that nobody's eye chooses."""
    # The second byte: by the first one these were once parted from others, and it is the same for all.
    return HELD_BACK if hashlib.sha256(file.encode()).digest()[1] % 2 else TUNED_ON


def _code_kind(folder: str, category: str) -> str:
    """What the set's own authors call the picture's difficulty; where they tell only where it comes from, the set."""
    return f"{folder}: {category}" if folder == "boofcv-v3" else folder


def _plates(folder: Path, subject: Subject) -> LabelledSet:
    pictures = tuple(
        Picture(row["file"], (row["plate"],), kind_of(row["plate"]), partial(load, folder / row["file"]))
        for row in _rows(folder)
    )
    return LabelledSet(folder.name, subject, pictures)


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def kind_of(plate: str) -> str:
    """The kind that the number alone tells."""
    if plate[-1:] in MARKS:
        return MARKS[plate[-1]].value
    return next((each.kind.value for each in FORMATS if each.fits(plate)), "other")


def cut_out(photos: LabelledSet) -> LabelledSet:
    """What our detector finds in photographs, flattened: the plate that is large and sure; none is left out.

    A photograph in which it finds nothing stays whole: no recogniser can read that.
    """
    detector = PlateDetector()

    def cut(photo: Picture) -> Pixels:
        pixels = photo.load()
        found = detector.find(pixels, _FINE_PX)
        if not found:
            return pixels
        main = max(found, key=lambda each: each.score * each.box[2] * each.box[3])
        return rectify.flatten(pixels, main.corners, _CUT_SIZE_PX)

    pictures = tuple(Picture(each.name, each.labels, each.kind, partial(cut, each)) for each in photos.pictures)
    return LabelledSet(f"{photos.name}, cut out", Subject.CROPS, pictures, drawn=photos.drawn)
