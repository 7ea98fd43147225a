"""Reads the plates of a picture: finds them, flattens them, reads them, and says how sure each character is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from agent.core.observations import Position, Reading
from agent.core.plates.columns import ALPHABET, encode
from agent.core.plates.formats import FORMATS, TWO_LINES, Grammar, PlateKind
from agent.eye.plate import colour, ctc, rectify, weights
from agent.eye.plate.detector import Detection, PlateDetector
from agent.eye.plate.recogniser import PlateRecogniser

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_ONE_LINE: Final = Grammar(FORMATS)
_TWO_LINES: Final = Grammar(TWO_LINES)
_MOST_PLATES: Final = 4
_EVIDENCE_SIZE_PX: Final = (288, 80)
_TWO_LINE_EVIDENCE_SIZE_PX: Final = (200, 100)
_FLAT_ASPECT: Final = 2.4
"""A plate of one line is 3.1 to 4.6 times as wide as high, one of two lines 1.4 to 2; perspective narrows both."""
_WEAK: Final = 0.5
_SURE: Final = 0.9
_LEAST_PROBABILITY: Final = 0.02
"""Under this, the whole text is no more than a guess at a thing that may be no plate."""
_LIKELY: Final = 1e-3
_MOST_CHARACTERS: Final = 6


@dataclass(frozen=True, slots=True)
class PlateFound:
    """A plate in a picture; what has the name of a field of agent.core.observations.Reading means the same.

    `corners`: shape (4, 2), clockwise from the top left, pixels. `score`: the detector's, 0..1. `flat`: the plate
    flattened, BGR, to be kept as evidence.
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

    def reading(self, camera: str, frame: int, at: float, picture: str | None = None) -> Reading:
        """The value that leaves the eye. `at`: monotonic seconds of the frame's arrival; `picture`: SHA-256 or None."""
        return Reading(
            text=self.text,
            positions=self.positions,
            kind=self.kind.value,
            confidence=self.confidence,
            camera=camera,
            frame=frame,
            at=at,
            box=self.box,
            picture=picture,
            columns=self.columns,
            two_lines=self.two_lines,
        )


@dataclass(frozen=True, slots=True)
class _Read:
    """What one view gave: its columns and the hypotheses they allow, best first."""

    columns: NDArray[np.float64]
    hypotheses: list[ctc.Hypothesis]
    two_lines: bool

    @property
    def best(self) -> ctc.Hypothesis:
        return self.hypotheses[0]

    @property
    def worth(self) -> float:
        return self.best.probability * self.best.format.prior


class PlateReader:
    """Reads plates. Holds two networks; not thread-safe by promise, one thread owns it."""

    def __init__(self, folder: Path = weights.FOLDER) -> None:
        """Load the networks. Raises WeightsError when a file of weights is missing or wrong."""
        self._detector = PlateDetector(folder=folder)
        self._recogniser = PlateRecogniser(folder)

    def read(self, pixels: NDArray[np.uint8], *, thorough: bool = False) -> list[PlateFound]:
        """The plates in a BGR picture, shape (height, width, 3), 8 bit; the main one, large and sure, first.

        `thorough` looks again at a finer scale when the first look gave no sure plate, at about three times the cost.
        """
        found = self._look(pixels, 640)
        if thorough and _best(found) < _SURE:
            finer = self._look(pixels, 960)
            found = finer if _best(finer) >= _best(found) else found
        return sorted(found, key=lambda plate: _prominence(plate, pixels.shape[1]), reverse=True)

    def read_crop(self, pixels: NDArray[np.uint8]) -> PlateFound | None:
        """Read a picture that is one plate from edge to edge; None when it holds no readable one."""
        height, width = pixels.shape[:2]
        # The view widens the outline by its margin, and this outline has none to spare: shrink it first.
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
        centre = corners.mean(axis=0)
        corners = (centre + (corners - centre) / 1.1).astype(np.float32)
        return self._read_one(pixels, Detection(corners, (0.0, 0.0, float(width), float(height)), 1.0))

    def _look(self, pixels: NDArray[np.uint8], longest_px: int) -> list[PlateFound]:
        detections = self._detector.find(pixels, longest_px)
        largest = sorted(detections, key=lambda d: d.score * d.box[2] * d.box[3], reverse=True)[:_MOST_PLATES]
        read = [self._read_one(pixels, detection) for detection in largest]
        return [plate for plate in read if plate is not None]

    def _read_one(self, pixels: NDArray[np.uint8], detection: Detection) -> PlateFound | None:
        read = self._views(pixels, detection.corners)
        if read is None or read.best.probability < _LEAST_PROBABILITY:
            return None
        positions, confidence = _posterior(read)
        size = _TWO_LINE_EVIDENCE_SIZE_PX if read.two_lines else _EVIDENCE_SIZE_PX
        flat = rectify.flatten(pixels, detection.corners, size)
        return PlateFound(
            text=read.best.number,
            positions=positions,
            kind=colour.refined(read.best.format.kind, flat),
            confidence=confidence,
            box=_inside(detection.box, pixels),
            corners=detection.corners,
            score=detection.score,
            flat=flat,
            columns=encode(read.columns.tolist()),
            two_lines=read.two_lines,
        )

    def _views(self, pixels: NDArray[np.uint8], corners: NDArray[np.float32]) -> _Read | None:
        """The likeliest of the one-line view and, when shape or doubt call for them, the two-line views."""
        read = self._best([rectify.one_line(pixels, corners)], two_lines=False)
        if rectify.aspect(corners) >= _FLAT_ASPECT and read is not None and read.worth >= _WEAK:
            return read
        split = self._best(rectify.two_lines(pixels, corners), two_lines=True)
        both = [candidate for candidate in (read, split) if candidate is not None]
        return max(both, key=lambda candidate: candidate.worth, default=None)

    def _best(self, views: Sequence[NDArray[np.uint8]], *, two_lines: bool) -> _Read | None:
        grammar = _grammar(two_lines)
        reads = [
            _Read(columns, hypotheses, two_lines)
            for columns in self._recogniser.probabilities(views)
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


def _prominence(plate: PlateFound, width_px: int) -> float:
    """What makes a plate the main one: that it can be read, is near, which is size, and in the lane, which is middle."""
    left, _, width, _ = plate.box
    aside = abs(left + width / 2 - width_px / 2) / (width_px / 2)
    return plate.confidence * plate.score * width * (1 - aside / 2)


def _best(plates: Sequence[PlateFound]) -> float:
    return max((plate.confidence for plate in plates), default=0.0)


def _inside(box: tuple[float, float, float, float], pixels: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    height, width = pixels.shape[:2]
    left, top = max(0, int(box[0])), max(0, int(box[1]))
    right, bottom = min(width, int(box[0] + box[2] + 0.5)), min(height, int(box[1] + box[3] + 0.5))
    return left, top, max(0, right - left), max(0, bottom - top)
