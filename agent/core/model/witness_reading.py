"""A reading of a plate by a camera that reads plates itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WitnessReading:
    """A plate that a witness read: another computer's word, which proves nothing alone.

    `witness`: name of the camera. `text`: as it wrote it, printable. `confidence`: 0..1, by its own measure. `at`: when
    it came, in monotonic seconds; what the camera's own clock said is not looked at. `lane`: its own number of the
    lane. `country`, `kind`, `colour`: in its own words. `picture`: SHA-256 (hex) of the JPEG that it sent, if it did.
    """

    witness: str
    text: str
    confidence: float
    at: float
    lane: int | None = None
    country: str = ""
    kind: str = ""
    colour: str = ""
    picture: str | None = None
