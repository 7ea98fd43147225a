"""The result of the second reading of a grant's kept pictures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SecondVerdict(StrEnum):
    """What came of a second reading.

    CONFIRMED: the pictures show it. UNCLEAR: they neither show it well enough nor show something else; more pictures
    may. DIFFERENT: they do not show what was told. FAILED: they could not be read.
    """

    CONFIRMED = "confirmed"
    UNCLEAR = "unclear"
    DIFFERENT = "different"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SecondReading:
    """What came of it, and why, in words. `camera`: where it is DIFFERENT, the camera whose picture is."""

    verdict: SecondVerdict
    detail: str = ""
    camera: str = ""
