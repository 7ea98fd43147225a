"""Reads one plate whose corners are known: flattens it, reads its view, and says how sure each character is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from agent.core.model import Position, Reading
from agent.core.plates import (
    ACCEPTED,
    Country,
    Doubt,
    PlateColour,
    PlateKind,
    Sight,
    bounded,
    doubt_of,
    encode,
    possible,
    refined,
)
from agent.vision.worker.plate import rectify, weights
from agent.vision.worker.plate.colour import Light, colour_of
from agent.vision.worker.plate.detector import PlateBox
from agent.vision.worker.plate.field_line import region_field
from agent.vision.worker.plate.recogniser import PlateRecogniser
from agent.vision.worker.plate.view_read import ViewRead, read_view

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_EVIDENCE_SIZE_PX: Final = (288, 80)
_TWO_LINE_EVIDENCE_SIZE_PX: Final = (200, 100)
_FLAT_ASPECT: Final = 2.4
"""A plate of one line is 3.1 to 4.6 times as wide as high, one of two lines 1.4 to 2; perspective narrows both."""
_LEAST_PROBABILITY: Final = 0.02
"""Under this, the whole text is no more than a guess at a thing that may be no plate."""
_CONTRADICTED: Final = 0.5
"""What is left of the confidence where the colour says that the plate is of no such kind."""
_NEVER: Final = 1e-6
"""The least odds that a reading is wrong, or right."""


@dataclass(frozen=True, slots=True)
class PlateFound:
    """A plate in a picture; what has the name of a field of agent.core.model.observations.Reading means the same.

    `corners`: shape (4, 2), clockwise from the top left, pixels. `score`: the detector's, 0..1. `flat`: the plate
    flattened, BGR, to be kept as evidence. `character_px`: height of a character in the frame, of the smaller ones
    where there are two lines. `legible`: `flat`, kept as JPEG, does not read as another plate, or as none. `cut`: the
    edge of the picture cuts it, or may.
    """

    text: str
    positions: tuple[Position, ...]
    kind: PlateKind
    confidence: float
    box: tuple[int, int, int, int]
    corners: NDArray[np.float32]
    score: float
    flat: NDArray[np.uint8]
    columns: bytes
    two_lines: bool
    colour: PlateColour
    character_px: float
    off_centre: float = 0.0
    cut: bool = False
    legible: bool = True
    doubt: Doubt = Doubt.NONE
    countries: tuple[tuple[Country, float], ...] = ()

    def beside(self, other: PlateFound | None) -> PlateFound:
        """The same, in doubt where another look at its place reads a text that contains its own.

        Where that reads a third text, only one can be right: as sure as the odds of both leave it.
        """
        if other is None or other.text in self.text:
            return self
        if doubt_of(self.text, others=[other.text]) is Doubt.LONGER:
            return self.doubted(Doubt.LONGER)
        own, against = (min(max(one.confidence, _NEVER), 1 - _NEVER) for one in (self, other))
        right, wrong = own * (1 - against), against * (1 - own)
        return replace(self, confidence=min(self.confidence, right / (right + wrong)))

    def doubted(self, doubt: Doubt) -> PlateFound:
        """The same, in this doubt."""
        return replace(self, doubt=doubt, confidence=bounded(self.confidence, doubt))

    def reading(self, camera: str, frame: int, at: float, picture: str | None = None) -> Reading:
        """What leaves the worker. `at`: monotonic seconds of the frame's arrival; `picture`: SHA-256 or None."""
        return Reading(
            text=self.text,
            positions=self.positions,
            kind=self.kind.value,
            confidence=self.confidence,
            camera=camera,
            frame=frame,
            at=at,
            box=self.box,
            off_centre=self.off_centre,
            picture=picture,
            columns=self.columns,
            two_lines=self.two_lines,
            colour=self.colour.value,
            legible=self.legible,
            doubt=self.doubt.value,
            countries=tuple((country.value, share) for country, share in self.countries),
        )


class PlateCropReader:
    """Reads plates whose place is known. Holds one network; not thread-safe by promise, one thread owns it."""

    def __init__(self, folder: Path = weights.FOLDER) -> None:
        """Load the network. Raises WeightsError when its file of weights is missing or wrong."""
        self._recogniser = PlateRecogniser(folder)

    def read_crop(self, pixels: NDArray[np.uint8]) -> PlateFound | None:
        """Read a picture that is one plate from edge to edge; None when it holds no readable one."""
        height, width = pixels.shape[:2]
        # The view widens the outline by its margin, and this outline has none to spare: shrink it first.
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
        centre = corners.mean(axis=0)
        corners = (centre + (corners - centre) / 1.1).astype(np.float32)
        plate = PlateBox(corners, (0.0, 0.0, float(width), float(height)), 1.0)
        # The plate fills the picture, which therefore says nothing of the light, and may have been drawn to its size.
        return self.read_one(pixels, plate, Light(), shape_known=False)

    def read_one(
        self, pixels: NDArray[np.uint8], detection: PlateBox, light: Light, *, shape_known: bool = True
    ) -> PlateFound | None:
        """The plate at this place in a BGR picture; None where nothing is read there.

        `light`: of the whole picture. `shape_known`: the outline has the proportions that the plate is seen with.
        """
        flat = rectify.flatten(pixels, detection.corners, _EVIDENCE_SIZE_PX)
        aspect = rectify.aspect(detection.corners) if shape_known else 0.0
        sight = Sight(colour_of(flat, light), aspect, field=region_field(flat)).rounded
        read = self._views(pixels, detection.corners, sight)
        if read is None or read.best.probability < _LEAST_PROBABILITY:
            return None
        two_lines = read.sight.two_lines
        if two_lines:
            flat = rectify.flatten(pixels, detection.corners, _TWO_LINE_EVIDENCE_SIZE_PX)
        positions, confidence = read.posterior()
        colour, doubt = sight.colour, read.doubt
        if not possible(read.kind, colour):
            confidence *= _CONTRADICTED
        return PlateFound(
            text=read.best.number,
            positions=positions,
            kind=refined(read.kind, colour),
            confidence=bounded(confidence, doubt),
            box=_inside(detection.box, pixels),
            corners=detection.corners,
            score=detection.score,
            flat=flat,
            columns=encode(read.columns.tolist()),
            two_lines=two_lines,
            colour=colour,
            character_px=rectify.character_height_px(detection.corners, two_lines=two_lines),
            doubt=doubt,
            countries=read.countries,
        )

    def _views(self, pixels: NDArray[np.uint8], corners: NDArray[np.float32], sight: Sight) -> ViewRead | None:
        """The likeliest of the one-line view and, when shape or doubt call for them, the two-line views."""
        read = self._best([rectify.one_line(pixels, corners)], sight)
        if rectify.aspect(corners) < _FLAT_ASPECT or read is None or read.is_weak:
            split = self._best(rectify.two_lines(pixels, corners), replace(sight, two_lines=True))
            both = [candidate for candidate in (read, split) if candidate is not None]
            read = max(both, key=lambda candidate: candidate.worth, default=None)
        return read if read is None or read.best.probability >= ACCEPTED else self._sharpened(read)

    def _sharpened(self, read: ViewRead) -> ViewRead:
        """The doubtful view read once more, sharpened.

        The geometric mean of both words, which blur tells less apart.
        """
        (sharper,) = self._recogniser.probabilities([rectify.sharpened(read.view)])
        mean = np.sqrt(read.columns * sharper)
        return read_view(read.view, mean / mean.sum(axis=1, keepdims=True), read.sight) or read

    def _best(self, views: Sequence[NDArray[np.uint8]], sight: Sight) -> ViewRead | None:
        words = zip(views, self._recogniser.probabilities(views), strict=True)
        reads = [read for view, columns in words if (read := read_view(view, columns, sight)) is not None]
        return max(reads, key=lambda read: read.worth, default=None)


def _inside(box: tuple[float, float, float, float], pixels: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    height, width = pixels.shape[:2]
    left, top = max(0, int(box[0])), max(0, int(box[1]))
    right, bottom = min(width, int(box[0] + box[2] + 0.5)), min(height, int(box[1] + box[3] + 0.5))
    return left, top, max(0, right - left), max(0, bottom - top)
