"""Reads one plate whose corners are known: flattens it, reads its view, and says how sure each character is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from agent.core.model import Position, Reading
from agent.core.plates import (
    ACCEPTED,
    ALPHABET,
    FORMATS,
    TWO_LINES,
    Grammar,
    PlateColour,
    PlateKind,
    encode,
    possible,
    refined,
)
from agent.vision.worker.plate import ctc, rectify, weights
from agent.vision.worker.plate.colour import Light, colour_of
from agent.vision.worker.plate.detector import PlateBox
from agent.vision.worker.plate.recogniser import PlateRecogniser

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_ONE_LINE: Final = Grammar(FORMATS)
_TWO_LINES: Final = Grammar(TWO_LINES)
_EVIDENCE_SIZE_PX: Final = (288, 80)
_TWO_LINE_EVIDENCE_SIZE_PX: Final = (200, 100)
_FLAT_ASPECT: Final = 2.4
"""A plate of one line is 3.1 to 4.6 times as wide as high, one of two lines 1.4 to 2; perspective narrows both."""
_WEAK: Final = 0.5
_LEAST_PROBABILITY: Final = 0.02
"""Under this, the whole text is no more than a guess at a thing that may be no plate."""
_LIKELY: Final = 1e-3
_MOST_CHARACTERS: Final = 6
_CONTRADICTED: Final = 0.5
"""What is left of the confidence where the colour says that the plate is of no such kind."""


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
    aside: float = 0.0
    cut: bool = False
    legible: bool = True

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
            aside=self.aside,
            picture=picture,
            columns=self.columns,
            two_lines=self.two_lines,
            colour=self.colour.value,
            legible=self.legible,
        )


@dataclass(frozen=True, slots=True)
class _Read:
    """What one view gave: its columns and the hypotheses they allow, best first."""

    view: NDArray[np.uint8]
    columns: NDArray[np.float64]
    hypotheses: list[ctc.Hypothesis]
    two_lines: bool

    @property
    def best(self) -> ctc.Hypothesis:
        return self.hypotheses[0]

    @property
    def worth(self) -> float:
        return self.best.probability * self.best.format.prior


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
        # The plate fills the picture, which therefore says nothing of the light.
        return self.read_one(pixels, plate, Light())

    def read_one(self, pixels: NDArray[np.uint8], detection: PlateBox, light: Light) -> PlateFound | None:
        """The plate at this place in a BGR picture; None where nothing is read there. `light`: of the whole picture."""
        read = self._views(pixels, detection.corners)
        if read is None or read.best.probability < _LEAST_PROBABILITY:
            return None
        positions, confidence = _posterior(read)
        size = _TWO_LINE_EVIDENCE_SIZE_PX if read.two_lines else _EVIDENCE_SIZE_PX
        flat = rectify.flatten(pixels, detection.corners, size)
        kind, colour = read.best.format.kind, colour_of(flat, light)
        return PlateFound(
            text=read.best.number,
            positions=positions,
            kind=refined(kind, colour),
            confidence=confidence if possible(kind, colour) else confidence * _CONTRADICTED,
            box=_inside(detection.box, pixels),
            corners=detection.corners,
            score=detection.score,
            flat=flat,
            columns=encode(read.columns.tolist()),
            two_lines=read.two_lines,
            colour=colour,
            character_px=rectify.character_height_px(detection.corners, two_lines=read.two_lines),
        )

    def _views(self, pixels: NDArray[np.uint8], corners: NDArray[np.float32]) -> _Read | None:
        """The likeliest of the one-line view and, when shape or doubt call for them, the two-line views."""
        read = self._best([rectify.one_line(pixels, corners)], two_lines=False)
        if rectify.aspect(corners) < _FLAT_ASPECT or read is None or read.worth < _WEAK:
            split = self._best(rectify.two_lines(pixels, corners), two_lines=True)
            both = [candidate for candidate in (read, split) if candidate is not None]
            read = max(both, key=lambda candidate: candidate.worth, default=None)
        return read if read is None or read.best.probability >= ACCEPTED else self._sharpened(read)

    def _sharpened(self, read: _Read) -> _Read:
        """The doubtful view read once more, sharpened.

        The geometric mean of both words, which blur tells less apart.
        """
        (sharper,) = self._recogniser.probabilities([rectify.sharpened(read.view)])
        mean = np.sqrt(read.columns * sharper)
        columns = mean / mean.sum(axis=1, keepdims=True)
        hypotheses = ctc.search(columns, _grammar(read.two_lines))
        return _Read(read.view, columns, hypotheses, read.two_lines) if hypotheses else read

    def _best(self, views: Sequence[NDArray[np.uint8]], *, two_lines: bool) -> _Read | None:
        grammar = _grammar(two_lines)
        reads = [
            _Read(view, columns, hypotheses, two_lines)
            for view, columns in zip(views, self._recogniser.probabilities(views), strict=True)
            if (hypotheses := ctc.search(columns, grammar))
        ]
        return max(reads, key=lambda read: read.worth, default=None)


def _grammar(two_lines: bool) -> Grammar:
    return _TWO_LINES if two_lines else _ONE_LINE


def _posterior(read: _Read) -> tuple[tuple[Position, ...], float]:
    """The positions of the number and the probability of the whole."""
    found = ctc.posterior(read.columns, read.hypotheses, _grammar(read.two_lines))
    return tuple(_position(found.places[place]) for place in read.best.format.printed_order), found.whole


def _position(shares: NDArray[np.float64]) -> Position:
    order = np.argsort(shares)[::-1][:_MOST_CHARACTERS]
    likely = [index for index in order if shares[index] >= _LIKELY]
    return tuple((ALPHABET[index - 1], float(shares[index])) for index in likely)


def _inside(box: tuple[float, float, float, float], pixels: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    height, width = pixels.shape[:2]
    left, top = max(0, int(box[0])), max(0, int(box[1]))
    right, bottom = min(width, int(box[0] + box[2] + 0.5)), min(height, int(box[1] + box[3] + 0.5))
    return left, top, max(0, right - left), max(0, bottom - top)
