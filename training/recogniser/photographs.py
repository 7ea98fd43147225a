"""Photographed plates to train on, from folders with a labels.csv; never part of the product.

A folder of crops has pictures that are one plate from edge to edge; a folder of photographs has whole pictures, with
the box of the labelled plate, which the detector then finds the corners of.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.core.plates import ALPHABET
from agent.vision.worker.picture_file import load
from agent.vision.worker.plate.detector import PlateDetector
from agent.vision.worker.plate.rectify import VIEW_HEIGHT_PX, VIEW_WIDTH_PX, aspect
from training.drawing.chance import between, happens
from training.recogniser.targets import MOST_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from agent.vision.worker.plate.detector import PlateBox

    Picture = NDArray[np.float32]

FOLDS: Final = 4
_LONGEST_PX: Final = 960
_LEAST_OVERLAP: Final = 0.05
_ONE_LINE_ASPECT: Final = 2.4
"""Width to height of the outline, from which on a plate is taken for one of one line, as the reader takes it."""
_MARGIN: Final = 0.2
"""Kept around the plate, of its size, so that a view can be shifted and turned without running out of picture."""
_FLAT_PX: Final = (300, 100)
_PAD: Final = 0.05
"""The margin of a view, as agent.vision.worker.plate.rectify has it."""


@dataclass(frozen=True, slots=True)
class PhotographedPlate:
    """`grey`: float; `corners`: shape (4, 2), where the plate is in it."""

    text: str
    grey: Picture
    corners: NDArray[np.float32]


def fold_of(text: str) -> int:
    """Which fold a plate belongs to, by a hash of its number: all pictures of one plate are in the same."""
    return hashlib.sha256(text.encode()).digest()[1] % FOLDS


def crops(folder: Path) -> list[PhotographedPlate]:
    """The crops of a folder; those with a text that no network of ours can say are left out."""
    found = []
    for row in _rows(folder):
        grey = _grey(load(folder / row["file"]))
        high, wide = grey.shape
        # The picture ends where a view would: at the plate's outline with its margin.
        corners = _scaled(np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32), 1 / (1 + 2 * _PAD))
        found.append(PhotographedPlate(row["plate"], grey, corners))
    return found


def photographs(folder: Path, detector: PlateDetector) -> list[PhotographedPlate]:
    """The labelled plate of each photograph, flattened with a margin; those that the detector misses are left out.

    It is the one that overlaps the label's box most; without a box, the most prominent. Left out too are plates of two
    lines, by their shape: a label does not say where its lines part.
    """
    found = []
    for row in _rows(folder):
        pixels = load(folder / row["file"])
        detection = _labelled(detector.find(pixels, _LONGEST_PX), [float(value) for value in row["box"].split()])
        if detection is not None and aspect(detection.corners) >= _ONE_LINE_ASPECT:
            found.append(_flattened(row["plate"], pixels, detection.corners))
    return found


def photographed(crop_folders: Sequence[Path], photograph_folders: Sequence[Path]) -> list[PhotographedPlate]:
    """All plates of the folders."""
    found = [plate for folder in crop_folders for plate in crops(folder)]
    if photograph_folders:
        detector = PlateDetector()
        found += [plate for folder in photograph_folders for plate in photographs(folder, detector)]
    return found


def _labelled(detections: Sequence[PlateBox], box: Sequence[float]) -> PlateBox | None:
    if not box:
        return max(detections, key=lambda detection: detection.score * detection.box[2], default=None)
    overlapping = [detection for detection in detections if _overlap(detection.box, box) > _LEAST_OVERLAP]
    return max(overlapping, key=lambda detection: _overlap(detection.box, box), default=None)


def _rows(folder: Path) -> list[dict[str, str]]:
    """The rows of the folder's labels that have a text, and one that a network of ours can say."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if 0 < len(row["plate"]) <= MOST_CHARACTERS and set(row["plate"]) <= set(ALPHABET)]


def _grey(pixels: NDArray[np.uint8]) -> Picture:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.float32)


def _overlap(box: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes: x, y, width, height."""
    ax, ay, aw, ah = box
    bx, by, bw, bh = other
    wide = max(0.0, min(ax + aw, bx + bw) - max(ax, bx))
    high = max(0.0, min(ay + ah, by + bh) - max(ay, by))
    return wide * high / (aw * ah + bw * bh - wide * high + 1e-9)


def _flattened(text: str, pixels: NDArray[np.uint8], corners: NDArray[np.float32]) -> PhotographedPlate:
    wide, high = _FLAT_PX
    edge = _MARGIN / (1 + 2 * _MARGIN)
    inner = np.array([[edge, edge], [1 - edge, edge], [1 - edge, 1 - edge], [edge, 1 - edge]], np.float32)
    inner *= np.array(_FLAT_PX, np.float32)
    transform = cv2.getPerspectiveTransform(corners, inner)
    flat = cv2.warpPerspective(pixels, transform, (wide, high), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return PhotographedPlate(text, _grey(np.asarray(flat, np.uint8)), inner)


def _scaled(corners: Picture, factor: float) -> Picture:
    centre = corners.mean(axis=0)
    scaled: Picture = centre + (corners - centre) * np.float32(factor)
    return scaled


class Album:
    """Photographed plates, shown a little differently each time; those of rare provinces more often than they are."""

    def __init__(self, plates: Sequence[PhotographedPlate]) -> None:
        """`plates`: at least one."""
        self._plates = list(plates)
        provinces = Counter(plate.text[0] for plate in plates)
        weights = np.array([1 / math.sqrt(provinces[plate.text[0]]) for plate in plates])
        self._shares = weights / weights.sum()

    def __len__(self) -> int:
        return len(self._plates)

    def sample(self, rng: np.random.Generator, count: int) -> tuple[Picture, list[str]]:
        """Views, shape (count, 40, 144), and their texts."""
        chosen = [self._plates[index] for index in rng.choice(len(self._plates), count, p=self._shares)]
        return np.stack([_shown(rng, plate) for plate in chosen]), [plate.text for plate in chosen]


def _shown(rng: np.random.Generator, plate: PhotographedPlate) -> Picture:
    view = _moved(rng, plate)
    how = rng.random()
    if how < 0.2:
        view = _coarser(view, between(rng, 0.4, 0.9))
    elif how < 0.35:
        view = np.asarray(cv2.GaussianBlur(view, (0, 0), between(rng, 0.4, 1.5)), np.float32)
    elif how < 0.45:
        view = _swept(rng, view)
    spread = float(view.std())
    if happens(rng, 0.3):
        coarse = rng.standard_normal((2 + int(rng.random() * 3), 2 + int(rng.random() * 5)), dtype=np.float32)
        size = (VIEW_WIDTH_PX, VIEW_HEIGHT_PX)
        light = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.float32)
        view = view + light * np.float32(spread * between(rng, 0.1, 0.6))
    if happens(rng, 0.2):
        view = np.asarray(255 * (np.clip(view, 0, 255) / 255) ** between(rng, 0.5, 2), np.float32)
    if happens(rng, 0.4):
        view = view + rng.standard_normal(view.shape, dtype=np.float32) * np.float32(spread * between(rng, 0, 0.2))
    if happens(rng, 0.1):
        left = int(rng.random() * 130)
        view[:, left : left + 3 + int(rng.random() * 7)] = between(rng, 0, 255)
    return np.asarray(view, np.float32)


def _moved(rng: np.random.Generator, plate: PhotographedPlate) -> Picture:
    """The view inside corners that are a little off, as a detector's are from frame to frame."""
    corners = plate.corners.copy()
    wide, high = corners[2] - corners[0]
    strength = rng.random()
    corners = _scaled(corners, 1 + 2 * between(rng, _PAD - 0.02, _PAD + 0.03))
    errors = (rng.random((4, 2), dtype=np.float32) * 2 - 1) * np.array([0.025 * wide, 0.07 * high]) * strength
    slope = between(rng, -0.08, 0.08) * high * strength
    errors[:, 1] += np.array([slope, -slope, -slope, slope])
    shift = np.array([between(rng, -0.02, 0.02) * wide, between(rng, -0.05, 0.05) * high])
    target = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * np.array(
        [VIEW_WIDTH_PX, VIEW_HEIGHT_PX], np.float32
    )
    transform = cv2.getPerspectiveTransform((corners + errors + shift).astype(np.float32), target)
    how = cv2.INTER_CUBIC if wide < VIEW_WIDTH_PX else cv2.INTER_AREA
    view = cv2.warpPerspective(
        plate.grey, transform, (VIEW_WIDTH_PX, VIEW_HEIGHT_PX), flags=how, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(view, np.float32)


def _coarser(view: Picture, factor: float) -> Picture:
    high, wide = view.shape
    small = cv2.resize(view, (int(wide * factor), max(11, int(high * factor))), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (wide, high), interpolation=cv2.INTER_CUBIC), np.float32)


def _swept(rng: np.random.Generator, view: Picture) -> Picture:
    """Motion over five pixels."""
    kernel = np.zeros((5, 5), np.float32)
    angle = between(rng, 0, math.pi)
    across, down = 2 * math.cos(angle), 2 * math.sin(angle)
    cv2.line(kernel, (round(2 - across), round(2 - down)), (round(2 + across), round(2 + down)), 1.0, 1)
    return np.asarray(cv2.filter2D(view, -1, kernel / kernel.sum()), np.float32)
