"""The 1:1 match of the reading with the declared plate, by likelihood. It never searches among many plates."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from agent.core.plates.certainty import Doubt, has_known_form
from agent.core.plates.formats import PROVINCES, normalise
from agent.core.plates.frame_evidence import evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.core.plates.vote import PlateVote

_LOOK_ALIKES: Final = (
    *("0DOQU", "1IL7T", "2Z7", "38B", "5S", "6GC", "4A", "UV", "VY", "TY", "MN", "EF", "PR", "KX"),
    PROVINCES,
)
"""Characters that a blurred picture turns into one another, however sure the reader is; a province into any other."""
_CLEARLY_ANOTHER: Final = 3
"""Edits between two plates of different length from which on a dropped character explains nothing."""


class MatchVerdict(StrEnum):
    """MATCH passes, UNSURE asks for more frames, MISMATCH is another plate."""

    MATCH = "MATCH"
    UNSURE = "UNSURE"
    MISMATCH = "MISMATCH"


@dataclass(frozen=True, slots=True)
class PlateMatch:
    """The result: `score` is the log odds, in nats, of the declared plate against all other texts together, -99 to 99.

    `read`: the voted text, empty when nothing was read. `frames`: how many readings the vote holds. `rival`: the plate
    of another declaration explains the picture as well as the declared one, or better. `kind`, `colour`, `country`,
    `country_share`: what was read, as the vote has them; empty when nothing was.
    """

    verdict: MatchVerdict
    declared: str
    read: str
    score: float
    frames: int
    rival: bool = False
    kind: str = ""
    colour: str = ""
    country: str = ""
    country_share: float = 0.0


@dataclass(frozen=True, slots=True)
class MatchRules:
    """Where the verdicts part; scores are log odds in nats. The defaults were chosen on photographs (docs/plates.md).

    `accept`: least score of a MATCH; 0: the declared plate is likelier than everything else together. `reject`: how far
    below zero the score of a MISMATCH is at least. `rival`: by how much the declared plate must be likelier than that
    of any other declaration. `min_frames_to_mismatch`: how many frames must have read the other text exactly.
    `confident_mismatch`: least confidence of the vote for a MISMATCH. A single frame may MATCH; it never makes a
    MISMATCH at 2 or more.
    """

    accept: float = 0.25
    reject: float = 2.0
    rival: float = 2.0
    min_frames_to_mismatch: int = 2
    confident_mismatch: float = 0.9


DEFAULT_RULES: Final = MatchRules()


def match(
    vote: PlateVote | None, declared: str, rules: MatchRules = DEFAULT_RULES, others: Sequence[str] = ()
) -> PlateMatch:
    """Compare the vote with the declared plate, which may be written in any way that `normalise` understands.

    MATCH: the declared plate is likelier than all other texts together, its neighbours in the series included.
    `others`: plates of other declarations that are good now; where one of them explains the picture nearly as well, the
    answer is UNSURE with `rival`. MISMATCH: at least two frames agree on another plate, and no single character that
    looks like the declared one, no wrong province alone and no dropped character explains it. Nothing read, nothing
    declared, two plates in the picture that could both be the vehicle's, or a text that may lack a character, be it the
    one that was read or the declared one: UNSURE. Where nobody knows the form of the declared plate, as of most of
    Europe, it matches by being read itself, character by character, and more clearly than others need be.
    """
    wanted = normalise(declared)
    if vote is None:
        return PlateMatch(MatchVerdict.UNSURE, wanted, "", 0.0, 0)
    if not wanted:
        return _read(vote, MatchVerdict.UNSURE, "", 0.0)
    competing = {normalise(other) for other in others} - {wanted, ""}
    seen = evidence(vote, wanted, sorted(competing))
    score = seen.odds(wanted)
    rival = any(seen.likelihoods[wanted] - seen.likelihoods[other] < rules.rival for other in competing)
    if rival or vote.contested or not is_whole(vote, wanted):
        verdict = MatchVerdict.UNSURE
    elif score >= least_score(vote, rules):
        verdict = MatchVerdict.MATCH
    elif score <= -rules.reject and _is_settled(vote, rules) and is_another(wanted, vote.text):
        verdict = MatchVerdict.MISMATCH
    else:
        verdict = MatchVerdict.UNSURE
    return _read(vote, verdict, wanted, score, rival=rival)


def _read(vote: PlateVote, verdict: MatchVerdict, declared: str, score: float, *, rival: bool = False) -> PlateMatch:
    return PlateMatch(
        verdict,
        declared,
        vote.text,
        score,
        vote.frames,
        rival,
        kind=vote.kind,
        colour=vote.colour,
        country=vote.country,
        country_share=vote.country_share,
    )


def is_whole(vote: PlateVote, declared: str) -> bool:
    """Whether neither the text of the vote nor the declared one may be a part of what the plate says.

    Of texts whose form nobody knows only the declared one itself is taken for the whole: no form says how long another
    would be, and two slips that end in the same text are unlikely.
    """
    if vote.doubt is Doubt.FORM:
        return vote.text == declared
    return not vote.doubt and has_known_form(declared)


def least_score(vote: PlateVote, rules: MatchRules) -> float:
    """From which score on a vote is a MATCH: where no form speaks for its text, as clearly as against a rival."""
    return max(rules.accept, rules.rival) if vote.doubt is Doubt.FORM else rules.accept


def _is_settled(vote: PlateVote, rules: MatchRules) -> bool:
    return vote.agreeing >= rules.min_frames_to_mismatch and vote.confidence >= rules.confident_mismatch


def is_another(declared: str, read: str) -> bool:
    """Whether no slip of the reader, of one look-alike character or a dropped one, makes one text of the other.

    So for any text that is read by its characters, not for plates alone.
    """
    if len(declared) != len(read):
        return _edits(declared, read) >= _CLEARLY_ANOTHER
    pairs = [(x, y) for x, y in zip(declared, read, strict=True) if x != y]
    return len(pairs) > 1 or not any(x in group and y in group for x, y in pairs for group in _LOOK_ALIKES)


def _edits(a: str, b: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (x != y)))
    return row[-1]
