"""The 1:1 match of what was read with the declared plate. Never a search among many."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MatchVerdict(StrEnum):
    """MATCH passes, UNSURE asks for more frames, MISMATCH is another plate."""

    MATCH = "MATCH"
    UNSURE = "UNSURE"
    MISMATCH = "MISMATCH"


@dataclass(frozen=True, slots=True)
class PlateMatch:
    """The result: `score` is the mean log likelihood ratio a character of the declared plate against the best other.

    `read`: the voted text, empty when nothing was read. `frames`: how many readings the vote holds.
    """

    verdict: MatchVerdict
    declared: str
    read: str
    score: float
    frames: int
