"""The 1:1 match of what was read with the declared plate. Never a search among many."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from agent.core.plates.formats import normalise
from agent.core.plates.vote import probability

if TYPE_CHECKING:
    from agent.core.observations import Position
    from agent.core.plates.vote import PlateVote

_EDIT_COST: Final = 4.0
"""Nats by which a dropped or added character makes a declared plate of another length less likely."""
_CLEARLY_ANOTHER: Final = 3
"""Edits between two plates of different length from which on a dropped character explains nothing."""
_LOOK_ALIKES: Final = ("0DOQU", "1IL7T", "2Z7", "38B", "5S", "6GC", "4A", "UV", "VY", "TY", "MN", "EF", "PR", "KX")
"""Characters that a blurred picture turns into one another, however sure the reader is."""


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


@dataclass(frozen=True, slots=True)
class MatchRules:
    """Where the verdicts part.

    `accept`: least score of a MATCH. `least_probability`: least probability of the declared plate for a MATCH; at 0.5
    it is likelier than everything else together. `reject`: how far below zero the score of a MISMATCH is at least.
    `min_frames_to_mismatch`: how many frames must have read the other text exactly. `confident_mismatch`: least
    confidence of the vote for a MISMATCH. A single frame may MATCH; it never makes a MISMATCH at 2 or more.
    """

    accept: float = 0.2
    least_probability: float = 0.5
    reject: float = 0.4
    min_frames_to_mismatch: int = 2
    confident_mismatch: float = 0.9


DEFAULT_RULES: Final = MatchRules()


def match(vote: PlateVote | None, declared: str, rules: MatchRules = DEFAULT_RULES) -> PlateMatch:
    """Compare the vote with the declared plate, which may be written in any way that `normalise` understands.

    A plate that differs in one character, as consecutive plates do, never matches: the declared text must itself be
    the likeliest. A vote of another length is UNSURE, or MISMATCH when it is clearly another plate. A vote that differs
    only by one character that looks like the declared one is UNSURE too: an officer looks. Nothing read, or nothing
    declared, is UNSURE.
    """
    wanted = normalise(declared)
    if vote is None or not wanted:
        return PlateMatch(MatchVerdict.UNSURE, wanted, vote.text if vote else "", 0.0, vote.frames if vote else 0)
    if len(wanted) == len(vote.positions):
        score, other = _score(vote.positions, wanted), not _looks_alike(wanted, vote.text)
        likely = math.prod(_shares(vote.positions, wanted)) >= rules.least_probability
        matches = wanted == vote.text and score >= rules.accept and likely
    else:
        edits = _edits(wanted, vote.text)
        score, other, matches = -_EDIT_COST * edits / len(wanted), edits >= _CLEARLY_ANOTHER, False
    if matches:
        verdict = MatchVerdict.MATCH
    elif other and score <= -rules.reject and _is_settled(vote, rules):
        verdict = MatchVerdict.MISMATCH
    else:
        verdict = MatchVerdict.UNSURE
    return PlateMatch(verdict, wanted, vote.text, score, vote.frames)


def _is_settled(vote: PlateVote, rules: MatchRules) -> bool:
    return vote.agreeing >= rules.min_frames_to_mismatch and vote.confidence >= rules.confident_mismatch


def _looks_alike(a: str, b: str) -> bool:
    """Whether two texts of one length differ in a single character that is easily taken for the other."""
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if x != y]
    return len(pairs) == 1 and any(x in group and y in group for x, y in pairs for group in _LOOK_ALIKES)


def _shares(positions: tuple[Position, ...], text: str) -> list[float]:
    return [probability(position, character) for position, character in zip(positions, text, strict=True)]


def _score(positions: tuple[Position, ...], declared: str) -> float:
    """Mean log likelihood ratio a character of `declared` against the likeliest other text of its length."""
    ratios = [
        math.log(share / max(probability(position, other) for other in _others(position, character)))
        for position, character, share in zip(positions, declared, _shares(positions, declared), strict=True)
    ]
    worse = [ratio for ratio in ratios if ratio < 0]
    # Where another character is likelier at some places, the best other text takes them all; else the nearest one.
    return (sum(worse) if worse else min(ratios)) / len(ratios)


def _others(position: Position, character: str) -> list[str]:
    """The listed characters but this one; an unlisted one stands for all the others."""
    return [listed for listed, _ in position if listed != character] or [""]


def _edits(a: str, b: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (x != y)))
    return row[-1]
