"""The combined evidence of the frames of one vote: the log likelihood of each competing text.

`together` and `columns_of` work for any text that is read by columns. agent.core.vin_match uses them too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from agent.core.plates.certainty import has_known_form
from agent.core.plates.formats import PROVINCES, normalise
from agent.core.plates.lookalike_characters import folded
from agent.core.plates.plate_likelihood import PlateLattice
from agent.core.plates.recogniser_columns import decode, of_positions
from agent.core.plates.vote import CORRELATION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from agent.core.model import Position
    from agent.core.plates.recogniser_columns import Columns
    from agent.core.plates.vote import PlateVote

Source: TypeAlias = "bytes | tuple[Position, ...]"
"""What a frame's likelihoods are worked out from: its columns, or the shares of its characters where it has none."""

TEMPERATURE: Final = 1.4
"""What the network's log likelihoods are divided by, so that its probabilities mean what they say."""
_UNEXPLAINED: Final = 0.1
"""Most of the likelihood that no competing text takes belongs to texts that no plate bears; this share counts."""
_LEAST: Final = 1e-9
_UNLISTED: Final = math.log(1e-5)
"""Against the likeliest text of a frame: a text that differs by a character which the frame does not list."""
_UNBOUNDED: Final = 99.0
_PROVINCES: Final = frozenset(PROVINCES)
_OTHER_PROVINCE: Final = 2.0


@dataclass(frozen=True, slots=True)
class FrameEvidence:
    """`likelihoods`: the log likelihood of each competing text; `unexplained`: that of all others together.

    `alike`: those of the texts that speak against none, as ways to write one.
    """

    likelihoods: Mapping[str, float]
    unexplained: float
    alike: frozenset[str] = frozenset()

    def odds(self, text: str) -> float:
        """Log odds, in nats, of one of the texts against everything else together, -99 to 99.

        A text with another province and every other character the same counts little: that such a vehicle comes with
        this permit is a coincidence, while the series goes on from plate to plate. Where its plate is declared too,
        that is for the caller to see.
        """
        elsewhere = {province + text[1:] for province in _PROVINCES} if text[0] in _PROVINCES else ()
        against = [
            value - (_OTHER_PROVINCE if other in elsewhere else 0.0)
            for other, value in self.likelihoods.items()
            if other != text and other not in self.alike
        ]
        return max(-_UNBOUNDED, min(_UNBOUNDED, self.likelihoods[text] - _log_sum([*against, self.unexplained])))

    def ranked(self) -> list[str]:
        """The texts, the likeliest first."""
        return sorted(self.likelihoods, key=lambda text: (-self.likelihoods[text], text))


def evidence(vote: PlateVote, declared: str, others: Sequence[str] = ()) -> FrameEvidence:
    """What the vote's readings say of the declared number, of all that compete with it, and of the `others`.

    Numbers are normalised. Those that differ in one character from the declared one, or from what was read, compete;
    but not those that only twins part from a declared one of unknown form, where no place says which of them it is.
    """
    read = (vote.text, *(reading.text for reading in vote.readings))
    anchors = tuple(dict.fromkeys((declared, *(normalise(text) for text in read))))
    sources = tuple((reading.columns or reading.positions, reading.two_lines) for reading in vote.readings)
    return _evidence(sources, declared, anchors, tuple(others))


@lru_cache(maxsize=4)
def _evidence(
    sources: tuple[tuple[Source, bool], ...], declared: str, anchors: tuple[str, ...], others: tuple[str, ...]
) -> FrameEvidence:
    """Kept, because one decision asks the same more than once: by which plates to search, and in its match."""
    frames = [_frame(source, anchors, others, two_lines=two_lines) for source, two_lines in sources]
    return together(frames, others, _twins_of(declared, set().union(*frames)) - {*others})


def together(
    frames: Sequence[Mapping[str, float]], others: Sequence[str] = (), alike: frozenset[str] = frozenset()
) -> FrameEvidence:
    """What frames say together, of each the log likelihoods of the texts that compete in it; one frame at least.

    `others`: texts that compete too; `alike`: those that do not. The frames of one standing vehicle err alike: their
    sum is damped by the design effect of correlated samples.
    """
    weight = 1 / (TEMPERATURE * (1 + (len(frames) - 1) * CORRELATION))
    texts = tuple(set(others).union(*frames))
    # By maps, as all below: these are some hundred texts, for each vehicle several times.
    seen = map(sum, zip(*(_seen_of(frame, texts) for frame in frames), strict=True))
    likelihoods = {text: weight * value for text, value in zip(texts, seen, strict=True)}
    left = [max(_LEAST, _UNEXPLAINED * (1 - _taken(frame, alike))) for frame in frames]
    return FrameEvidence(likelihoods, weight * sum(map(math.log, left)), alike)


def _twins_of(declared: str, texts: Iterable[str]) -> frozenset[str]:
    """The texts of unknown form that only twins part from the declared one; none where its own form is known."""
    if has_known_form(declared):
        return frozenset()
    same = folded(declared)
    return frozenset(text for text in texts if text != declared and folded(text) == same and not has_known_form(text))


def _taken(frame: Mapping[str, float], alike: frozenset[str]) -> float:
    """The likelihood in a frame of all texts that compete."""
    values = [value for text, value in frame.items() if text not in alike] if alike else frame.values()
    return sum(map(math.exp, values))


def _seen_of(frame: Mapping[str, float], texts: Sequence[str]) -> list[float]:
    """The log likelihood of each text in a frame, also of those that it does not list."""
    floor = max(frame.values()) + _UNLISTED
    return [frame.get(text, floor) for text in texts]


def _frame(source: Source, anchors: Sequence[str], others: Collection[str], *, two_lines: bool) -> dict[str, float]:
    """The log likelihood of each text in one frame."""
    found: dict[str, float] = {}
    for anchor in anchors:
        found |= _around(source, anchor, two_lines)
    far = [
        other for other in others if other not in found and not any(_is_one_apart(other, anchor) for anchor in anchors)
    ]
    if far:
        lattice = _lattice(source)
        found |= {other: lattice.log_likelihood(other, two_lines=two_lines) for other in far}
    return found


def _is_one_apart(a: str, b: str) -> bool:
    """Whether one character differs. Such a text is in the table of the other, or a character of it is not listed."""
    return len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) == 1


def columns_of(source: Source) -> Columns:
    """The columns of a frame, or those that stand for its characters. Raises ColumnsError for bytes that are none."""
    return decode(source) if isinstance(source, bytes) else of_positions(source)


@lru_cache(maxsize=512)
def _around(source: Source, number: str, two_lines: bool) -> dict[str, float]:
    """Kept, because a lane asks again with each new frame, and the older frames have not changed."""
    return _lattice(source).around(number, two_lines=two_lines)


@lru_cache(maxsize=8)
def _lattice(source: Source) -> PlateLattice:
    """Kept, because the texts that are asked of one frame have most characters in common."""
    return PlateLattice(columns_of(source))


def _log_sum(values: Sequence[float]) -> float:
    top = max(values)
    return top + math.log(sum(math.exp(value - top) for value in values))
