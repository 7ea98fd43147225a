"""A VIN in print: the evidence of several frames for the declared VIN, by the same likelihood as for plates.

A line of print is grouped over frames, damped and scored like a plate (agent.core.plates.vote, .lattice,
.frame_evidence). Only the characters that each position allows are different.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from agent.core.model import Reading
from agent.core.permit import vin as vins
from agent.core.plates.frame_evidence import columns_of, together
from agent.core.plates.text_likelihood import LEAST, Lattice
from agent.core.plates.vote import votes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.core.model import VinReading
    from agent.core.plates import PlateVote
    from agent.core.plates.frame_evidence import FrameEvidence, Source

_NOT_A_PLATE: Final = ""


@dataclass(frozen=True, slots=True)
class PrintedGroup:
    """One printed line. `odds`: log odds, in nats, of the declared VIN against all others together, -99 to 99.

    `margin`: by how many nats the declared VIN is likelier than the likeliest other single one. `readings`: those that
    show the line best, as in PlateVote.
    """

    vote: PlateVote
    odds: float
    margin: float
    readings: tuple[VinReading, ...]


def groups_of(readings: Sequence[VinReading], declared: str) -> tuple[PrintedGroup, ...]:
    """The printed lines among the readings, each held against the declared VIN, the likeliest to be it first.

    Lines are told apart as plates are: alike in text, near one another from frame to frame, never two of one frame. A
    reading without positions says nothing of any other text, and is left out.
    """
    lines = {_as_line(reading): reading for reading in readings}
    found = [_group(vote, declared, lines) for vote in votes(tuple(lines))]
    return tuple(sorted(found, key=lambda group: -group.odds))


def _as_line(reading: VinReading) -> Reading:
    """What the vote of plates takes: a line of text in a frame."""
    return Reading(
        text=reading.text,
        positions=reading.positions,
        kind=_NOT_A_PLATE,
        confidence=reading.confidence,
        camera=reading.camera,
        frame=reading.frame,
        at=reading.at,
        box=reading.box,
        picture=reading.picture,
        columns=reading.columns,
        behind_s=reading.behind_s,
        legible=reading.legible,
    )


def _group(vote: PlateVote, declared: str, lines: Mapping[Reading, VinReading]) -> PrintedGroup:
    seen = _evidence(vote, declared)
    rest = [value for text, value in seen.likelihoods.items() if text != declared]
    margin = seen.likelihoods[declared] - max(rest, default=seen.unexplained)
    return PrintedGroup(vote, seen.odds(declared), margin, tuple(lines[line] for line in vote.readings))


def _evidence(vote: PlateVote, declared: str) -> FrameEvidence:
    read = (vote.text, *(reading.text for reading in vote.readings))
    anchors = tuple(dict.fromkeys((declared, *read)))
    return together([_frame(reading, anchors) for reading in vote.readings])


def _frame(reading: Reading, anchors: Sequence[str]) -> Mapping[str, float]:
    """The log likelihood of each VIN in one frame: of the anchors, and of all that are one character from one."""
    found: dict[str, float] = {}
    for anchor in anchors:
        found |= _around(reading.columns or reading.positions, anchor)
    return found


@lru_cache(maxsize=256)
def _around(source: Source, vin: str) -> dict[str, float]:
    """Kept, because a lane asks again with each new frame, and the older frames have not changed."""
    lattice = _lattice(source)
    found = {vin: lattice.likelihood(vin)}
    for place in range(len(vin)):
        for other, likelihood in lattice.replaced(vin, place, vins.CHARACTERS):
            found[vin[:place] + other + vin[place + 1 :]] = likelihood
    return {text: math.log(max(LEAST, likelihood)) for text, likelihood in found.items()}


@lru_cache(maxsize=8)
def _lattice(source: Source) -> Lattice:
    """Kept, because the texts that are asked of one frame have most characters in common."""
    return Lattice(columns_of(source))
