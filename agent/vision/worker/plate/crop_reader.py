"""Reads one plate whose corners are known: flattens it, reads its view, and says how sure each character is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from agent.core.model import Position, Reading
from agent.core.plates import (
    ACCEPTED,
    ALPHABET,
    FORMATS,
    TWO_LINES,
    Country,
    Doubt,
    Grammar,
    PlateColour,
    PlateKind,
    Sight,
    as_seen,
    bounded,
    country_of,
    doubt_of,
    encode,
    possible,
    refined,
    shares,
    weighed,
)
from agent.vision.worker.plate import ctc, rectify, weights
from agent.vision.worker.plate.colour import Light, colour_of
from agent.vision.worker.plate.detector import PlateBox
from agent.vision.worker.plate.field_line import region_field
from agent.vision.worker.plate.recogniser import PlateRecogniser

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_EVIDENCE_SIZE_PX: Final = (288, 80)
_TWO_LINE_EVIDENCE_SIZE_PX: Final = (200, 100)
_FLAT_ASPECT: Final = 2.4
"""A plate of one line is 3.1 to 4.6 times as wide as high, one of two lines 1.4 to 2; perspective narrows both."""
_WEAK: Final = 0.5
_LEAST_PROBABILITY: Final = 0.02
"""Under this, the whole text is no more than a guess at a thing that may be no plate."""
_LIKELY: Final = 1e-3
_MOST_CHARACTERS: Final = 6
_LONGER: Final = 0.05
"""From this share of the likelihood of what is read on, a longer text that contains it may be what stands there."""
_EDGE_COLUMNS: Final = 1
_FLAG_COLUMNS: Final = 3
"""A character in so many of the first or last columns may be cut by the outline's edge; in so many of the first where a
plate of its kind has a flag and its country's letters before the number."""
_FLAGGED: Final = frozenset({Country.KAZAKHSTAN, Country.TAJIKISTAN, Country.TURKMENISTAN, Country.BELARUS})
_NOT_FLAGGED: Final = frozenset({PlateKind.KAZAKHSTAN_1993, PlateKind.KAZAKHSTAN_DIPLOMATIC})
_CONTRADICTED: Final = 0.5
"""What is left of the confidence where the colour says that the plate is of no such kind."""


@dataclass(frozen=True, slots=True)
class PlateFound:
    """A plate in a picture; what has the name of a field of agent.core.model.observations.Reading means the same.

    `corners`: shape (4, 2), clockwise from the top left, pixels. `score`: the detector's, 0..1. `flat`: the plate
    flattened, BGR, to be kept as evidence. `character_px`: height of a character in the frame, of the smaller ones
    where there are two lines. `legible`: `flat`, kept as JPEG, does not read as another plate, or as none.
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
    legible: bool = True
    doubt: Doubt = Doubt.NONE
    countries: tuple[tuple[Country, float], ...] = ()

    def beside(self, other: PlateFound | None) -> PlateFound:
        """The same, in doubt where another look at its place reads a text that contains its own."""
        if other is None or self.doubt or doubt_of(self.text, others=[other.text]) is not Doubt.LONGER:
            return self
        return replace(self, doubt=Doubt.LONGER, confidence=bounded(self.confidence, Doubt.LONGER))

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
            picture=picture,
            columns=self.columns,
            two_lines=self.two_lines,
            colour=self.colour.value,
            legible=self.legible,
            doubt=self.doubt.value,
            countries=tuple((country.value, share) for country, share in self.countries),
        )


@dataclass(frozen=True, slots=True)
class _Read:
    """What one view gave: its columns and the hypotheses that they allow with twins, best first."""

    view: NDArray[np.uint8]
    columns: NDArray[np.float64]
    hypotheses: list[ctc.Hypothesis]
    grammar: Grammar
    sight: Sight

    @property
    def two_lines(self) -> bool:
        return self.sight.two_lines

    @property
    def best(self) -> ctc.Hypothesis:
        return self.hypotheses[0]

    @property
    def worth(self) -> float:
        return self.best.worth

    @property
    def is_weak(self) -> bool:
        """Whether it is little likely, or of no form that says how many characters there are."""
        return self.best.probability < _WEAK or self.best.format.kind is PlateKind.LATIN

    @property
    def doubt(self) -> Doubt:
        """What the view itself says against the best text."""
        likely = [other.number for other in self.hypotheses[1:] if other.worth >= _LONGER * self.worth]
        return doubt_of(self.best.number, at_edge=self._is_at_edge, others=likely, sight=self.sight)

    @property
    def _is_at_edge(self) -> bool:
        written = np.flatnonzero(self.columns.argmax(axis=1))
        kind = self.best.format.kind
        flagged = country_of(kind) in _FLAGGED and kind not in _NOT_FLAGGED and not self.sight.two_lines
        first = _FLAG_COLUMNS if flagged else _EDGE_COLUMNS
        return bool(written.size) and (written[0] < first or written[-1] >= len(self.columns) - _EDGE_COLUMNS)


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
        flat = rectify.flatten(pixels, detection.corners, _EVIDENCE_SIZE_PX)
        sight = Sight(colour_of(flat, light), rectify.aspect(detection.corners), field=region_field(flat)).rounded
        read = self._views(pixels, detection.corners, sight)
        if read is None or read.best.probability < _LEAST_PROBABILITY:
            return None
        if read.two_lines:
            flat = rectify.flatten(pixels, detection.corners, _TWO_LINE_EVIDENCE_SIZE_PX)
        positions, confidence = _posterior(read)
        kinds, colour, doubt = weighed(read.best.formats), sight.colour, read.doubt
        kind = max(kinds, key=lambda one: kinds[one])
        if not possible(kind, colour):
            confidence *= _CONTRADICTED
        return PlateFound(
            text=read.best.number,
            positions=positions,
            kind=refined(kind, colour),
            confidence=bounded(confidence, doubt),
            box=_inside(detection.box, pixels),
            corners=detection.corners,
            score=detection.score,
            flat=flat,
            columns=encode(read.columns.tolist()),
            two_lines=read.two_lines,
            colour=colour,
            character_px=rectify.character_height_px(detection.corners, two_lines=read.two_lines),
            doubt=doubt,
            countries=_countries(read),
        )

    def _views(self, pixels: NDArray[np.uint8], corners: NDArray[np.float32], sight: Sight) -> _Read | None:
        """The likeliest of the one-line view and, when shape or doubt call for them, the two-line views."""
        read = self._best([rectify.one_line(pixels, corners)], sight)
        if sight.aspect < _FLAT_ASPECT or read is None or read.is_weak:
            split = self._best(rectify.two_lines(pixels, corners), replace(sight, two_lines=True))
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
        hypotheses = ctc.search(ctc.with_twins(columns), read.grammar)
        return replace(read, columns=columns, hypotheses=hypotheses) if hypotheses else read

    def _best(self, views: Sequence[NDArray[np.uint8]], sight: Sight) -> _Read | None:
        grammar = _grammar(sight)
        reads = [
            _Read(view, columns, hypotheses, grammar, sight)
            for view, columns in zip(views, self._recogniser.probabilities(views), strict=True)
            if (hypotheses := ctc.search(ctc.with_twins(columns), grammar))
        ]
        return max(reads, key=lambda read: read.worth, default=None)


@lru_cache(maxsize=512)
def _grammar(sight: Sight) -> Grammar:
    """What a plate that looks so may bear, each format as likely as the look makes it. Kept: there are few sights."""
    return Grammar(as_seen(TWO_LINES if sight.two_lines else FORMATS, sight))


def _posterior(read: _Read) -> tuple[tuple[Position, ...], float]:
    """The positions of the number and the probability of the whole."""
    found = ctc.posterior(ctc.with_twins(read.columns), read.hypotheses, read.grammar)
    return tuple(_position(found.places[place]) for place in read.best.format.printed_order), found.whole


def _countries(read: _Read) -> tuple[tuple[Country, float], ...]:
    """Whose plate it is, over all that may stand there: each text with its likelihood, each of its formats with it."""
    kinds: dict[PlateKind, float] = {}
    for hypothesis in read.hypotheses:
        for kind, weight in weighed(hypothesis.formats, hypothesis.probability).items():
            kinds[kind] = kinds.get(kind, 0.0) + weight
    return shares(kinds)


def _position(place: NDArray[np.float64]) -> Position:
    order = np.argsort(place)[::-1][:_MOST_CHARACTERS]
    likely = [index for index in order if place[index] >= _LIKELY]
    return tuple((ALPHABET[index - 1], float(place[index])) for index in likely)


def _inside(box: tuple[float, float, float, float], pixels: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    height, width = pixels.shape[:2]
    left, top = max(0, int(box[0])), max(0, int(box[1]))
    right, bottom = min(width, int(box[0] + box[2] + 0.5)), min(height, int(box[1] + box[3] + 0.5))
    return left, top, max(0, right - left), max(0, bottom - top)
