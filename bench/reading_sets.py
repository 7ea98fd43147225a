"""Labelled pictures for the reading bench: photographs in folders with a labels.csv, and what is cut out of them."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.core.plates import FORMATS, MARKS
from agent.vision.worker.picture_file import load
from agent.vision.worker.plate import rectify
from agent.vision.worker.plate.detector import PlateDetector
from agent.vision.worker.plate.reader import LIKELY
from bench.reading_engines import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

NEGATIVES: Final = "negatives"
TUNED_ON: Final = "tuned on"
HELD_BACK: Final = "held back"
"""The halves of the photographs of codes: who chooses steps and thresholds looks at the first alone."""
_CROPS: Final = "_crops"
"""How the name of a folder ends whose pictures are one plate each, from edge to edge."""
_MEASURED_MOST_PX: Final = 1920
"""Photographs that are larger are made so large, as frames of a camera are."""
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

    @property
    def country(self) -> str:
        """The country of most of its plates, as its labels name it; "" where they name none."""
        named = Counter(picture.kind.partition(": ")[0] for picture in self.pictures if ": " in picture.kind)
        return max(named, key=lambda country: named[country], default="")


def photographs(data: Path) -> Iterator[LabelledSet]:
    """The sets of a folder that holds qr/ and plates/; what is not there is left out."""
    for folder in sorted((data / "qr").glob("*/labels.csv")):
        yield _codes(folder.parent)
    folders = [labels.parent for labels in sorted((data / "plates").glob("*/labels.csv"))]
    for folder in (each for each in folders if not each.name.endswith(_CROPS)):
        photos = _plates(folder, Subject.PHOTOS)
        yield photos
        yield cut_out(photos)
    for folder in (each for each in folders if each.name.endswith(_CROPS)):
        yield _plates(folder, Subject.CROPS)


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
        Picture(row["file"], (row["plate"],), _country_and_kind(row), partial(_sized, folder / row["file"]))
        for row in _rows(folder)
    )
    return LabelledSet(folder.name, subject, pictures)


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _sized(file: Path) -> Pixels:
    pixels = load(file)
    factor = _MEASURED_MOST_PX / max(pixels.shape[:2])
    if factor >= 1:
        return pixels
    return cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _country_and_kind(row: dict[str, str]) -> str:
    """The country that the labels name, and the kind."""
    country = row.get("region", "").partition("-")[0]
    return f"{country}: {kind_of(row['plate'])}" if country else kind_of(row["plate"])


def sampled(labelled: LabelledSet, most: int) -> LabelledSet:
    """At most so many pictures of a set, spread evenly over it."""
    count = len(labelled.pictures)
    if count <= most:
        return labelled
    return replace(labelled, pictures=tuple(labelled.pictures[place * count // most] for place in range(most)))


def kind_of(plate: str) -> str:
    """The kind that the number alone tells."""
    if plate[-1:] in MARKS:
        return MARKS[plate[-1]].value
    return next((each.kind.value for each in FORMATS if each.fits(plate)), "other")


def cut_out(photos: LabelledSet) -> LabelledSet:
    """What our detector finds in photographs, flattened: the largest likely plate, or the likeliest; none is left out.

    A photograph in which it finds nothing stays whole: no recogniser can read that.
    """
    detector = PlateDetector()

    def cut(photo: Picture) -> Pixels:
        pixels = photo.load()
        found = detector.find(pixels, _FINE_PX)
        if not found:
            return pixels
        main = max(found, key=lambda each: (min(each.score, LIKELY), each.box[2] * each.box[3]))
        return rectify.flatten(pixels, main.corners, _CUT_SIZE_PX)

    pictures = tuple(Picture(each.name, each.labels, each.kind, partial(cut, each)) for each in photos.pictures)
    return LabelledSet(f"{photos.name}, cut out", Subject.CROPS, pictures, drawn=photos.drawn)
