"""Trials of the plate match: the true plate and its impostors, against what one reader read of each photograph."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from agent.core.plates import DEFAULT_RULES, TEMPERATURE, FrameEvidence, MatchVerdict, series
from agent.core.plates.frame_evidence import evidence
from agent.core.plates.match import match
from agent.core.plates.vote import vote
from bench.plate_impostors import NEIGHBOUR, impostors
from bench.plate_views import FRAMES, Photograph, Sight, part, readings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from agent.core.model import Reading
    from agent.core.plates import PlateMatch, PlateVote
    from agent.vision.worker.plate.reader import PlateReader

NEVER: Final = -99.0
_WORTH_A_TRIAL: Final = 12.0
"""Nats below the likeliest text: under that no threshold of the chart lets a text pass."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What the camera shows. The vehicle is through as soon as the first frames, one, two or three, make a MATCH."""

    name: str
    sights: tuple[Sight, ...]


THREE_FRAMES: Final = Condition("three frames", (Sight.PLAIN, Sight.MILD, Sight.MILD))
CONDITIONS: Final = (
    Condition("one frame", (Sight.PLAIN,)),
    THREE_FRAMES,
    Condition("three frames, all degraded", (Sight.MILD,) * FRAMES),
    Condition("three frames, hardly readable", (Sight.HARD,) * FRAMES),
)


@dataclass(slots=True)
class Trial:
    """One photograph under one condition. Scores are the best over the first one, two or three frames.

    `impostors`: name of the kind and score of each; `tried`: how many of each kind there are, also those that no frame
    gave any share. `declared_too`: as many accepted although the vehicle's own plate is declared as well. `crowded`:
    the true plate passes although all its neighbours are declared. `match_ms`: CPU time of
    the match when the last frame has come. `read`: the evidence of all frames; `text`,
    `kind`: what was read of them, empty when nothing was.
    """

    photograph: Photograph
    true: float
    match_ms: float
    denied: bool
    crowded: bool
    declared_too: int
    read: FrameEvidence | None
    text: str
    kind: str
    impostors: list[tuple[str, float]] = field(default_factory=list)
    tried: dict[str, int] = field(default_factory=dict)

    @property
    def measuring(self) -> bool:
        """Whether it belongs to the half that nothing was chosen on."""
        return part(self.photograph.label, 2, 2) == 1


def trials(
    photographs: Sequence[Photograph],
    reader_of: Callable[[str], PlateReader],
    condition: Condition,
    told: Callable[[int], None],
) -> list[Trial]:
    """All photographs under one condition; `reader_of`: the reader for the plate of this number."""
    found = []
    for place, photograph in enumerate(photographs):
        frames = readings(photograph, reader_of(photograph.label), condition.sights)
        found.append(_trial(photograph, frames))
        told(place + 1)
    return found


def _trial(photograph: Photograph, frames: Sequence[list[Reading]]) -> Trial:
    label = photograph.label
    votes = [vote([reading for frame in frames[:count] for reading in frame]) for count in range(1, len(frames) + 1)]
    last = votes[-1]
    true = _best(votes[:-1], label)
    begun = time.process_time()
    true = max(true, _score(match(last, label)))
    match_ms = (time.process_time() - begun) * 1e3
    trial = Trial(
        photograph,
        true=true,
        match_ms=match_ms,
        denied=match(last, label).verdict is MatchVerdict.MISMATCH,
        crowded=any(match(v, label, others=tuple(series(label))).verdict is MatchVerdict.MATCH for v in votes),
        declared_too=0,
        read=evidence(last, label) if last else None,
        text=last.text if last else "",
        kind=last.kind if last else "",
    )
    others = impostors(label)
    trial.tried = {kind: len(texts) for kind, texts in others.items()}
    for text in others[NEIGHBOUR] | _worth_a_trial(votes, label) & set().union(*others.values()):
        score = _best(votes, text)
        trial.impostors += [(kind, score) for kind, texts in others.items() if text in texts]
        if score >= DEFAULT_RULES.accept:
            trial.declared_too += any(match(v, text, others=(label,)).verdict is MatchVerdict.MATCH for v in votes)
    return trial


def _worth_a_trial(votes: Iterable[PlateVote | None], label: str) -> set[str]:
    """The texts that some vote gives any share."""
    worth = set()
    for voted in votes:
        if voted is None:
            continue
        seen = evidence(voted, label)
        least = max(seen.likelihoods.values()) - _WORTH_A_TRIAL
        worth |= {text for text, value in seen.likelihoods.items() if value >= least}
    return worth


def _best(votes: Iterable[PlateVote | None], declared: str) -> float:
    return max((_score(match(voted, declared)) for voted in votes), default=NEVER)


def _score(found: PlateMatch) -> float:
    """The score that a threshold meets; without a vote, or where two plates contest, no threshold lets it pass."""
    unsure_all_the_same = found.verdict is not MatchVerdict.MATCH and found.score >= DEFAULT_RULES.accept
    return NEVER if not found.frames or unsure_all_the_same else found.score


def accepted(scores: Iterable[float], least: float) -> int:
    return sum(score >= least for score in scores)


# ------------------------------------------------------------------------------------------------- calibration


def said_and_true(found: Iterable[Trial], temperature: float) -> list[tuple[float, bool]]:
    """The probability of each text that was read, and whether it is the label."""
    return [
        (probability(trial.read, trial.text, temperature), trial.text == trial.photograph.label)
        for trial in found
        if trial.read is not None
    ]


def probability(seen: FrameEvidence, text: str, temperature: float) -> float:
    """Of one text against everything else together, all provinces alike, at another temperature than the product's."""
    warmer = temperature / TEMPERATURE
    values = {other: value / warmer for other, value in seen.likelihoods.items()}
    total = _log_sum([*values.values(), seen.unexplained / warmer])
    return math.exp(values[text] - total)


def surprise(pairs: Sequence[tuple[float, bool]]) -> float:
    """Mean negative log likelihood of what turned out: the least is best."""
    return -sum(math.log(max(1e-9, said if true else 1 - said)) for said, true in pairs) / len(pairs)


def calibration_error(pairs: Sequence[tuple[float, bool]], bins: int = 15) -> float:
    """Expected calibration error: how far, on average, what is said lies from how often it is true."""
    return sum(abs(sum(said for said, _ in row) - sum(true for _, true in row)) for row in _bins(pairs, bins)) / len(
        pairs
    )


def reliability(pairs: Sequence[tuple[float, bool]], bins: int = 10) -> list[tuple[float, float, int]]:
    """For each bin of what is said: the mean of it, the share that is true, and the count."""
    return [
        (sum(said for said, _ in row) / len(row), sum(true for _, true in row) / len(row), len(row))
        for row in _bins(pairs, bins)
        if row
    ]


def _bins(pairs: Sequence[tuple[float, bool]], bins: int) -> list[list[tuple[float, bool]]]:
    rows: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for said, true in pairs:
        rows[min(bins - 1, int(said * bins))].append((said, true))
    return rows


def _log_sum(values: Sequence[float]) -> float:
    top = max(values)
    return top + math.log(sum(math.exp(value - top) for value in values))
