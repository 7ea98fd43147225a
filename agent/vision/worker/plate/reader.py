"""Reads the plates of a picture: finds, rectifies and reads them, and gives the probability of each character."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from agent.core.plates import (
    ACCEPTED,
    PLAUSIBLE,
    Doubt,
    PlateKind,
    in_zone,
    is_caption,
    is_cut,
    off_centre_of,
    prominence,
)
from agent.vision.worker.picture_selector import crop_jpeg, decoded
from agent.vision.worker.plate import weights
from agent.vision.worker.plate.close_up import close_up, upright_close_up
from agent.vision.worker.plate.colour import light_of
from agent.vision.worker.plate.crop_reader import PlateCropReader
from agent.vision.worker.plate.detector import PlateDetector
from agent.vision.worker.plate.edge import sides_of
from agent.vision.worker.plate.text_look import look_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from agent.vision.worker.plate.colour import Light
    from agent.vision.worker.plate.crop_reader import PlateFound
    from agent.vision.worker.plate.detector import PlateBox

_MOST_PLATES: Final = 4
_CLOSE_UPS: Final = 2
"""How many plates of a frame are looked at twice: the most prominent ones, for the sake of time."""
LIKELY: Final = 0.55
"""A find that the detector gives less is mostly no plate, so it is read only where it would be the nearest one."""


class PlateReader(PlateCropReader):
    """Finds plates and reads them. Holds two networks; not thread-safe by promise, one thread owns it."""

    def __init__(self, folder: Path = weights.FOLDER, zone: Sequence[tuple[float, float]] = ()) -> None:
        """Load the networks. Raises WeightsError when a file of weights is missing or wrong.

        `zone`: corners x, y of the part of the picture where a plate counts, as fractions of width and height; a plate
        whose centre lies outside is not read. Empty: the whole picture.
        """
        super().__init__(folder)
        self._detector = PlateDetector(folder=folder)
        self._zone = tuple((x, y) for x, y in zone)

    def read(self, pixels: NDArray[np.uint8], *, thorough: bool = False, with_cut: bool = False) -> list[PlateFound]:
        """The plates in a BGR picture, shape (height, width, 3), 8 bit; that of the main vehicle first.

        What the camera itself writes into the picture is none. A plate that the edge of the picture may cut is left
        out; `with_cut`: it comes last and is never sure.
        `thorough` looks again at a finer scale when the first look gave no plate that is sure to be all there, at about
        three times the cost.
        """
        found = self._read_at_size(pixels, 640)
        if thorough and not any(map(_is_whole, found)):
            found = surer_look(found, self._read_at_size(pixels, 960))
        found = [replace(plate, legible=self._is_legible(plate)) for plate in found if with_cut or not plate.cut]
        return sorted(found, key=_precedence, reverse=True)

    def _is_legible(self, plate: PlateFound) -> bool:
        """Whether the picture that is kept of a plate can stand for what was read: it is read once more, as JPEG."""
        pixels = decoded(crop_jpeg(plate.flat))
        again = None if pixels is None else self.read_crop(pixels)
        return again is not None and (again.text == plate.text or again.confidence < ACCEPTED)

    def _read_at_size(self, pixels: NDArray[np.uint8], longest_px: int) -> list[PlateFound]:
        """What is read of the likely finds, and plausibly of the doubtful ones, mostly no plates, that would be nearer.

        Where nothing is read of the likely ones, all that is read of the doubtful ones.
        """
        detections = [found for found in self._detector.find(pixels, longest_px) if self._counts(found, pixels)]
        read = self._read_finds(pixels, [found for found in detections if found.score >= LIKELY])
        widest = max((plate.box[2] for plate in read), default=0)
        doubtful = [found for found in detections if found.score < LIKELY and found.box[2] > widest]
        least = PLAUSIBLE if read else 0.0
        return read + [plate for plate in self._read_finds(pixels, doubtful) if plate.confidence >= least]

    def _read_finds(self, pixels: NDArray[np.uint8], detections: Sequence[PlateBox]) -> list[PlateFound]:
        if not detections:
            return []
        light = light_of(pixels)
        first = sorted(detections, key=_prominence, reverse=True)[:_MOST_PLATES]
        read = [
            self._read_closer(pixels, detection, light)
            if place < _CLOSE_UPS
            else self.read_one(pixels, detection, light)
            for place, detection in enumerate(first)
        ]
        plates = (plate for plate in read if plate is not None)
        return [self._placed(plate, pixels) for plate in plates if not _is_caption(plate, pixels)]

    def _counts(self, detection: PlateBox, pixels: NDArray[np.uint8]) -> bool:
        """Whether the plate lies in the zone."""
        return in_zone(detection.box, _size_px(pixels), self._zone)

    def _placed(self, plate: PlateFound, pixels: NDArray[np.uint8]) -> PlateFound:
        """The plate with its place in the lane, and in the picture, whose edge may cut it."""
        placed = replace(plate, off_centre=off_centre_of(plate.box, _size_px(pixels), self._zone))
        if not is_cut(sides_of(pixels, plate.corners)):
            return placed
        return replace(placed, cut=True).doubted(Doubt.EDGE)

    def _read_closer(self, pixels: NDArray[np.uint8], detection: PlateBox, light: Light) -> PlateFound | None:
        """Read a plate, and until that is sure to be all of it once more with tighter corners, from close by.

        Returns the surest reading.
        """
        best = self.read_one(pixels, detection, light)
        for look in (close_up, upright_close_up):
            if best is not None and _is_whole(best):
                break
            closer = look(self._detector, pixels, detection)
            other = None if closer is None else self.read_one(pixels, closer, light)
            both = [read.beside(beside) for read, beside in ((other, best), (best, other)) if read is not None]
            best = max(both, key=lambda read: (_is_whole(read), read.confidence), default=None)
        return best


def _is_whole(plate: PlateFound) -> bool:
    """Whether a reading is sure, which none is of which a character may be missing."""
    return plate.confidence >= ACCEPTED


def _precedence(plate: PlateFound) -> tuple[bool, float, float]:
    """Whole plates first, by what makes the main one; of two that are alike, the surer."""
    area = float(plate.box[2] * plate.box[3])
    formless = plate.kind is PlateKind.LATIN
    prominent = prominence(plate.confidence, area, plate.off_centre, formless=formless)
    return not plate.cut, prominent, plate.confidence


def _size_px(pixels: NDArray[np.uint8]) -> tuple[int, int]:
    height, width = pixels.shape[:2]
    return width, height


def surer_look(first: list[PlateFound], finer: list[PlateFound]) -> list[PlateFound]:
    """Of two looks the surer one; but a finer look never replaces a plausible text of the first one by another.

    Chosen on photographs in which the surer text was the wrong one (docs/plates.md).
    """
    main = max(first, key=_precedence, default=None)
    if main is None or main.cut or main.confidence < PLAUSIBLE or any(plate.text == main.text for plate in finer):
        return max(finer, first, key=_surest)
    return first


def _surest(plates: Sequence[PlateFound]) -> tuple[bool, float]:
    """How sure the surest of them is; one that is cut counts only where all are."""
    return max(((not plate.cut, plate.confidence) for plate in plates), default=(False, 0.0))


def _prominence(detection: PlateBox) -> float:
    """Near plates first, but not what is large and hardly a plate."""
    return detection.score**3 * detection.box[2]


def _is_caption(plate: PlateFound, pixels: NDArray[np.uint8]) -> bool:
    """Whether the camera wrote it. The detector has learnt what captions are: a likely plate is none."""
    return plate.score < LIKELY and is_caption(look_of(pixels, plate.corners))
