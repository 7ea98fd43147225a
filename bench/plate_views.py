"""Labelled photographs of plates as a camera would show them over several frames, and what a reader reads of them.

As at a gate, the first look is a thorough one, and the camera has a zone: of several vehicles in a photograph the
labelled one counts.

There is one photograph of each plate. Further frames are made of it: shifted, turned, scaled, blurred, brightened, with
noise and JPEG. So all frames of a plate share its dirt, its angle and its light: they err more alike than those of a
camera that a vehicle drives up to, and less like them in kind.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.picture_file import load

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from agent.core.model import Reading
    from agent.vision.worker.plate.reader import PlateReader

    Pixels = NDArray[np.uint8]

CROP_WIDTH_PX: Final = 94.0
FRAMES: Final = 3
_ZONE: Final = 0.5
"""How far the zone goes beyond the labelled plate on every side, in widths of the plate."""


class Sight(StrEnum):
    """How a frame differs from the photograph. HARD makes about one plate in ten unreadable."""

    PLAIN = "plain"
    MILD = "mild"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class Photograph:
    """`crop`: the picture is one plate from edge to edge; else the plate stands somewhere in it.

    `box`: where, as x, y, width and height in pixels; empty when nobody knows.
    """

    label: str
    origin: str
    pixels: Pixels
    crop: bool
    box: tuple[float, ...] = ()

    def counts(self, box: tuple[int, int, int, int]) -> bool:
        """Whether the centre of a plate that was found lies in the zone around the labelled one."""
        if not self.box:
            return True
        x, y, width, height = self.box
        across, down = box[0] + box[2] / 2 - x - width / 2, box[1] + box[3] / 2 - y - height / 2
        return abs(across) <= width / 2 + _ZONE * width and abs(down) <= height / 2 + _ZONE * width


def photographs(folder: Path) -> list[Photograph]:
    """All labelled photographs of one set; `folder`: its pictures and its labels.csv."""
    crop = "crops" in folder.name
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Photograph(
            row["plate"],
            folder.name,
            load(folder / row["file"]),
            crop,
            tuple(float(value) for value in row.get("box", "").split()),
        )
        for row in rows
    ]


def part(label: str, parts: int, byte: int) -> int:
    """Which of `parts` a plate belongs to, by a hash of its number: fixed, and the same for all pictures of it."""
    return hashlib.sha256(label.encode()).digest()[byte] % parts


def readings(photograph: Photograph, reader: PlateReader, sights: tuple[Sight, ...]) -> list[list[Reading]]:
    """What is read in each frame: of a crop one plate or none, of a photograph as many as are found."""
    width_px = CROP_WIDTH_PX
    frames = []
    for number, sight in enumerate(sights):
        shown = photograph.pixels if sight is Sight.PLAIN else _seen(photograph, sight, number, width_px)
        if photograph.crop:
            plate = reader.read_crop(shown)
            found = [plate] if plate else []
        else:
            found = [plate for plate in reader.read(shown, thorough=number == 0) if photograph.counts(plate.box)]
            width_px = max((float(plate.box[2]) for plate in found[:1]), default=width_px)
        frames.append([plate.reading("bench", number, number * 0.04) for plate in found])
    return frames


def _seen(photograph: Photograph, sight: Sight, number: int, width_px: float) -> Pixels:
    seed = hashlib.sha256(f"{photograph.label}/{sight}/{number}".encode()).digest()[:8]
    return degraded(photograph.pixels, sight, width_px, np.random.default_rng(int.from_bytes(seed, "big")))


def degraded(pixels: Pixels, sight: Sight, width_px: float, chance: np.random.Generator) -> Pixels:
    """Another frame of the same plate, `width_px` wide: drawn by `chance`, so that it is the same each time."""
    strength = 1.6 if sight is Sight.HARD else 1.0
    shown = _moved(pixels, strength, width_px, chance).astype(np.float32)
    height, width = shown.shape[:2]
    if sight is Sight.HARD:
        factor = chance.uniform(0.5, 0.75)
        small = cv2.resize(shown, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        shown = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    shown = cv2.GaussianBlur(shown, (0, 0), chance.uniform(0.2, 0.6) * strength * width_px / CROP_WIDTH_PX).astype(
        np.float32
    )
    shown = shown * chance.uniform(1 - 0.16 * strength, 1 + 0.16 * strength) + chance.uniform(-15, 15)
    shown += chance.normal(0, 4 * strength, shown.shape)
    quality = int(chance.integers(45, 75) if sight is Sight.HARD else chance.integers(70, 92))
    _, jpeg = cv2.imencode(".jpg", np.clip(shown, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(jpeg, cv2.IMREAD_COLOR).astype(np.uint8, copy=False)


def _moved(pixels: Pixels, strength: float, width_px: float, chance: np.random.Generator) -> Pixels:
    """Shifted, scaled and slightly turned in perspective, by fractions of the plate's size."""
    height, width = pixels.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    centre = corners.mean(axis=0)
    moved = centre + (corners - centre) * (1 + chance.normal(0, 0.015 * strength))
    plate_px = np.array([width_px, width_px / 3.5])
    moved = moved + chance.normal(0, 0.012 * strength, 2) * plate_px
    moved = moved + chance.normal(0, 0.01 * strength, (4, 2)) * plate_px
    transform = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    shown = cv2.warpPerspective(
        pixels, transform, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return shown.astype(np.uint8, copy=False)
