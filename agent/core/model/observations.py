"""What the cameras read: presentations of permits, readings of plates, readings of VINs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Position = tuple[tuple[str, float], ...]
"""The likeliest characters at one place of a plate with their probabilities, best first; they sum to at most 1."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """One QR text seen by a reader or scanner.

    `payload`: the bytes in the symbol. `engine`: which reader found it. `corners`: its outline in the frame, in
    pixels, clockwise from the top left; empty for a scanner. `frame`: number of the frame at that camera. `at`:
    monotonic time at which the frame was taken, as far as that is known, else at which it came. `behind_s`: how much
    later than `at` it came. `picture`: SHA-256 (hex) of the picture kept of it, or None. `legible`:
    that picture shows the code so that it can be read in it once more, says who made it.
    """

    payload: bytes
    engine: str
    camera: str
    frame: int
    at: float
    corners: tuple[tuple[float, float], ...] = ()
    picture: str | None = None
    behind_s: float = 0.0
    legible: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One plate text read in one frame, with per-character probabilities.

    `text`: normalised number (see agent.core.plates.formats), one character for each entry of `positions`.
    `at`, `behind_s`: as in Presentation.
    `off_centre`: how far from the middle of the lane it lies, 0 to 1 at its side (agent.core.plates.main_plate); 0
    where that is not known.
    `kind`: a PlateKind value. `confidence`: probability of the whole text, 0..1. `box`: x, y, width, height in pixels.
    `columns`: what the network saw column by column, as agent.core.plates.recogniser_columns writes it, from which any
    text gets its likelihood; empty for a reader that has none. `two_lines`: they show a plate of two lines, the upper
    one first.
    `colour`: a PlateColour value. `track`: the same number in all frames of this camera in which the reader took the
    plate for the same one; 0 where it is not known. `legible`: the picture can stand for what was read, says who made
    it. `doubt`: a Doubt value, why the text may not be all of it; the confidence is bounded then. `countries`: whose
    plate it is, the likeliest first, each in two letters of ISO 3166-1 with its probability, or "" for any other; they
    sum to 1. Empty: not known.
    """

    text: str
    positions: tuple[Position, ...]
    kind: str
    confidence: float
    camera: str
    frame: int
    at: float
    box: tuple[int, int, int, int] = (0, 0, 0, 0)
    picture: str | None = None
    columns: bytes = b""
    two_lines: bool = False
    colour: str = "not_known"
    off_centre: float = 0.0
    track: int = 0
    behind_s: float = 0.0
    legible: bool = True
    doubt: str = ""
    countries: tuple[tuple[str, float], ...] = ()


class VinSource(StrEnum):
    """What a VIN was read from: a kind of code, print, or a scanner."""

    CODE_39 = "code_39"
    CODE_128 = "code_128"
    DATA_MATRIX = "data_matrix"
    QR = "qr"
    PRINT = "print"
    SCANNER = "scanner"


@dataclass(frozen=True, slots=True)
class VinReading:
    """One VIN text seen in one frame, or read by a handheld scanner.

    `text`: 17 characters of ISO 3779, capital letters. `source`: what it was read from. `confidence`: probability of
    the whole text, 0..1; 1 for a code, whose own check has held. `positions`, `columns`: as in Reading for print; empty
    for a code. The other fields are as in Reading.
    """

    text: str
    source: VinSource
    camera: str
    frame: int
    at: float
    confidence: float = 1.0
    positions: tuple[Position, ...] = ()
    columns: bytes = b""
    box: tuple[int, int, int, int] = (0, 0, 0, 0)
    picture: str | None = None
    behind_s: float = 0.0
    legible: bool = True
