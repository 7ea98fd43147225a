"""Reads the VINs that are printed in a picture: finds lines, reads them, and says how sure each character is.

Engraved and punched ones are not read. A check digit changes nothing here: it is a hint for people, no proof.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from agent.core.permit import vin as vins
from agent.core.plates import ACCEPTED, ALPHABET, encode
from agent.core.vin_match import differences
from agent.vision.worker.plate.ctc import CLASSES, substitutions
from agent.vision.worker.vin.lines import text_lines
from agent.vision.worker.vin.print_recogniser import FOLDER, VIEW_PX, PrintRecogniser
from agent.vision.worker.vin.text_search import likely_texts
from agent.vision.worker.vin.vin_span import SLIPS, vin_span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from agent.core.model import Position
    from agent.vision.worker.vin.lines import TextLine
    from agent.vision.worker.vin.vin_span import Span

    Pixels = NDArray[np.uint8]

BUDGET_MS: Final = 150.0
"""CPU time after which no further line of a picture is begun: eight lines, or some such."""
_LEAST_LINES: Final = 2
"""So many are read in any case: where a core is slow, a VIN is read late rather than never."""
_BLANK: Final = 128
_AS_HIGH, _AS_LONG = 1.15, 1.2
"""A line is well seen in the view of another that is less than so many times as high and as long."""
_MOST_LOOKS_APART: Final = 4
"""So many looks a place is left out at most: another vehicle may stand there meanwhile."""
_REMEMBERED: Final = 256
_PLACE_PX: Final = 24
_LEAST_SHARE: Final = 0.6
"""Of a view that a VIN must take, lest its line is looked at closer."""
_AROUND: Final = 1.5
"""Characters that are looked at beside a VIN: the network does not say exactly where one stands."""
_LEAST_PROBABILITY: Final = 0.02
"""Under this, 17 characters are a guess at a line that is no VIN."""
_LIKELY: Final = 1e-3
_MOST_CHARACTERS: Final = 6


@dataclass(frozen=True, slots=True)
class PrintedVin:
    """A VIN in print; the fields are those of agent.core.model.observations.VinReading. `line`: where it stands."""

    text: str
    confidence: float
    positions: tuple[Position, ...]
    columns: bytes
    line: TextLine


@dataclass(frozen=True, slots=True)
class _Barren:
    """A place where no VIN was read, so many `times`; it is read again in the look of the number `due`."""

    times: int = 0
    due: int = 0


_NEVER: Final = _Barren()


class PrintedVinReader:
    """Read the printed VINs of pictures. Holds one network; one thread owns it.

    It remembers where lines stood that were none. It reads others before them in the next pictures, and them the more
    seldom the more often they were none: so each line of a label gets its turn while the time for a picture lasts, and
    a grille before the camera costs little.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        """Load the network and use it once, which is slower than ever after. Raises WeightsError for a wrong file."""
        self._recogniser = PrintRecogniser(folder)
        self._recogniser.read(np.full(VIEW_PX[::-1], _BLANK, np.uint8))
        self._barren: dict[tuple[int, int], _Barren] = {}
        self._look = 0

    def read(self, grey: Pixels, budget_ms: float = BUDGET_MS) -> list[PrintedVin]:
        """The printed VINs of a grey picture, shape (height, width), 8 bit, the surest first, each text once.

        `budget_ms`: CPU time of this thread after which no further line is begun; two are read in any case.
        """
        self._look += 1
        due = [line for line in text_lines(grey) if self._known(line).due <= self._look]
        due.sort(key=lambda line: self._known(line).times)
        return self._read_lines(grey, due, budget_ms, self._note_barren)

    def read_once(self, grey: Pixels, budget_ms: float = BUDGET_MS) -> list[PrintedVin]:
        """The same of a picture that has nothing to do with those before it."""
        return self._read_lines(grey, text_lines(grey), budget_ms)

    def shows(self, grey: Pixels, text: str, budget_ms: float = BUDGET_MS) -> bool:
        """Whether `read_once` would read this VIN in a picture; it stops as soon as it has."""
        return any(one.text == text for one in self._read_lines(grey, text_lines(grey), budget_ms, sought=text))

    def _read_lines(
        self,
        grey: Pixels,
        lines: Sequence[TextLine],
        budget_ms: float,
        note_barren: Callable[[TextLine], None] = lambda _: None,
        sought: str | None = None,
    ) -> list[PrintedVin]:
        begun_s = time.thread_time()
        found: list[PrintedVin] = []
        without: list[TextLine] = []
        for line in lines:
            if len(found) + len(without) >= _LEAST_LINES and (time.thread_time() - begun_s) * 1e3 >= budget_ms:
                break
            if any(one.confidence >= ACCEPTED and one.line.holds(line) for one in found):
                continue  # another find of a line that has been read
            if any(_shows(other, line) for other in without):
                continue  # it was in that view, and no VIN was there
            vin = self._read_line(grey, line)
            if vin is None:
                without.append(line)
                note_barren(line)
            else:
                found.append(vin)
                if vin.text == sought:
                    break
        return _apart_from_one_another(found)

    def _known(self, line: TextLine) -> _Barren:
        return self._barren.get(_place(line), _NEVER)

    def _note_barren(self, line: TextLine) -> None:
        place = _place(line)
        times = self._barren.pop(place, _NEVER).times + 1
        self._barren[place] = _Barren(times, self._look + min(times, _MOST_LOOKS_APART))
        if len(self._barren) > _REMEMBERED:
            self._barren.pop(next(iter(self._barren)))

    def _read_line(self, grey: Pixels, line: TextLine) -> PrintedVin | None:
        read = self._recogniser.read(line.flattened(grey, VIEW_PX))
        span = vin_span(read)
        closer = None if span is None else _closer(span, line)
        if closer is not None:
            line = closer
            read = self._recogniser.read(line.flattened(grey, VIEW_PX))
            span = vin_span(read)
        return None if span is None else _vin_of(read.columns[span.start : span.end], line)


def _shows(other: TextLine, line: TextLine) -> bool:
    """Whether the view of another line shows all of this one, and not much smaller."""
    as_high = max(line.height, other.height) < _AS_HIGH * min(line.height, other.height)
    return as_high and line.length <= other.length < _AS_LONG * line.length and other.holds(line)


def _closer(span: Span, line: TextLine) -> TextLine | None:
    """What of a line is to be looked at once more, and why not all of it was read; None where it was."""
    reach = _AROUND * span.pitch
    if span.share < _LEAST_SHARE:
        # It is a small part of a long line: in the view it is too narrow to be read.
        start, end = max(0.0, span.first - reach), min(float(span.count), span.last + 1 + reach)
    elif span.length < vins.LENGTH and (span.start == 0 or span.end == span.count):
        # It lacks a character at the end of what was found: a faint one, which stands beside it.
        start, end = -reach if span.start == 0 else 0.0, span.count + (reach if span.end == span.count else 0.0)
    else:
        return None
    return line.part(start / span.count, end / span.count)


def _vin_of(columns: NDArray[np.float64], line: TextLine) -> PrintedVin | None:
    """The likeliest text of what was read, unless that is no VIN, or nothing is likely."""
    found = likely_texts(columns, vins.LENGTH + SLIPS)
    if not found or not vins.is_well_formed(found[0][0]) or found[0][1] < _LEAST_PROBABILITY:
        return None
    text, _ = found[0]
    joint = substitutions(columns, text)
    possible = np.zeros(joint.shape[1], dtype=bool)
    possible[[CLASSES[character] for character in vins.CHARACTERS]] = True
    joint[:, ~possible] = 0.0
    own = float(joint[0, CLASSES[text[0]]])
    neighbours = float(joint.sum()) - len(text) * own
    farther = sum(probability for other, probability in found[1:] if not _is_neighbour(other, text))
    shares = joint / joint.sum(axis=1, keepdims=True)
    return PrintedVin(
        text=text,
        confidence=own / (own + neighbours + farther),
        positions=tuple(_position(place) for place in shares),
        columns=encode(columns.tolist()),
        line=line,
    )


def _is_neighbour(other: str, text: str) -> bool:
    """Whether it is a VIN of which one character at most differs: such a text is among the substitutions."""
    return vins.is_well_formed(other) and differences(other, text) <= 1


def _apart_from_one_another(found: Sequence[PrintedVin]) -> list[PrintedVin]:
    """The surest of each text and of each place, the surest first."""
    apart: list[PrintedVin] = []
    for vin in sorted(found, key=lambda one: -one.confidence):
        if not any(one.text == vin.text or one.line.holds(vin.line) or vin.line.holds(one.line) for one in apart):
            apart.append(vin)
    return apart


def _position(shares: NDArray[np.float64]) -> Position:
    order = np.argsort(shares)[::-1][:_MOST_CHARACTERS]
    return tuple((ALPHABET[index - 1], float(shares[index])) for index in order if shares[index] >= _LIKELY)


def _place(line: TextLine) -> tuple[int, int]:
    return int(line.x) // _PLACE_PX, int(line.y) // _PLACE_PX
