"""The vote over the readings of several frames: the text of the plate, and how certain each character is."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from agent.core.plates.certainty import Doubt, bounded, doubt_of, has_known_form
from agent.core.plates.colours import PlateColour
from agent.core.plates.main_plate import PLAUSIBLE, prominence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agent.core.model import Position, Reading

_FLOOR: Final = 1e-4
"""Least probability of a character that a reading does not list."""
CORRELATION: Final = 0.8
"""How alike the errors of two frames of one standing vehicle are: dirt on a plate is in every frame."""
_SAME_PLATE_DIFFERENCES: Final = 2
_MOST_CHARACTERS: Final = 6
_REACH: Final = 2.0
"""How far, in its own widths, a plate may lie from where it was last seen, and how many more it may go in a second."""
_SIZE_CHANGE: Final = 2.0
_MOST_READINGS: Final = 5
_CONTESTED: Final = 0.7
"""From this share of its prominence on, a second plate in the same frames may as well be that of the vehicle."""
_NEARER: Final = 1.5
"""From this ratio of areas on, another plate of the same frames is nearer to the barrier, however sure its text is."""
_LONGER_SHARE: Final = 0.2
"""From this share of the evidence on, a longer text at the same place may be what the plate says."""


@dataclass(frozen=True, slots=True)
class PlateVote:
    """The plate with the most evidence.

    `positions`: one for each character of `text`, as in a Reading. `confidence`: probability of the whole text, 0..1,
    bounded where there is `doubt` that the text is whole.
    `frames`: how many readings the vote holds; `agreeing`: how many of them read exactly `text`. `kind`: a PlateKind
    value, the commonest; `colour`: a PlateColour value, the commonest of those that are known. `readings`: those that
    show the plate best, five at most. `contested`: another plate in the same frames has nearly as much evidence, or is
    nearer, so nobody knows which is the vehicle's. `country`: the likeliest, in two letters of ISO 3166-1, with its
    probability `country_share`; "" where no country whose formats are known is the likeliest, or none was told.
    """

    text: str
    positions: tuple[Position, ...]
    confidence: float
    frames: int
    agreeing: int
    kind: str
    readings: tuple[Reading, ...] = ()
    contested: bool = False
    colour: str = PlateColour.NOT_KNOWN
    doubt: Doubt = Doubt.NONE
    country: str = ""
    country_share: float = 0.0


@dataclass(slots=True)
class _Track:
    """Readings taken for the same plate, in the order of time. They are all of one length."""

    readings: list[Reading] = field(default_factory=list)
    seen: set[tuple[str, int]] = field(default_factory=set)

    def add(self, reading: Reading) -> None:
        self.readings.append(reading)
        self.seen.add((reading.camera, reading.frame))


def vote(readings: Sequence[Reading]) -> PlateVote | None:
    """Combine the readings of one transaction; None when there are none.

    Readings are grouped by plate: of one length, alike in text, near one another from frame to frame, never two of one
    frame, and never two that the reader followed as two plates and read as two. So neither another vehicle's plate nor
    a reading of another length mixes in. The group that is the most prominent over its frames, by size and place, is
    the vehicle at the barrier, whether or not it is read as surely as another one. Its log probabilities are added
    place by place, damped because the frames of one standing vehicle err alike.
    """
    usable = _usable(readings)
    if not usable:
        return None
    tracks, largest = _tracks(usable), _largest(usable)
    weights = [sum(_prominence(reading, largest) for reading in track.readings) for track in tracks]
    main = tracks[weights.index(max(weights))]
    contested = any(
        (weight >= _CONTESTED * max(weights) or _is_nearer(track, main))
        and track is not main
        and _are_two_plates(track, main)
        for track, weight in zip(tracks, weights, strict=True)
    )
    return _doubted(_combined(main.readings, largest, contested=contested), main.readings, usable)


def votes(readings: Sequence[Reading]) -> tuple[PlateVote, ...]:
    """Combine the readings of each group apart, in the order in which each began. None is called contested or in doubt.

    So for any text that is read by its characters, which need have no format of a plate.
    """
    usable = _usable(readings)
    if not usable:
        return ()
    largest = _largest(usable)
    return tuple(_combined(track.readings, largest, contested=False) for track in _tracks(usable))


def probability(position: Position, character: str) -> float:
    """The probability of a character at a place; characters that are not listed share what the listed ones leave."""
    for listed, share in position:
        if listed == character:
            return max(share, _FLOOR)
    return max(_FLOOR, (1 - sum(share for _, share in position)) / 36)


def _usable(readings: Sequence[Reading]) -> list[Reading]:
    return [reading for reading in readings if reading.text and len(reading.text) == len(reading.positions)]


def _largest(readings: Sequence[Reading]) -> int:
    return max(_area(reading) for reading in readings)


def _tracks(readings: Sequence[Reading]) -> list[_Track]:
    tracks: list[_Track] = []
    for reading in sorted(readings, key=lambda reading: (reading.at, reading.frame)):
        fitting = [track for track in tracks if _belongs(reading, track)]
        nearest = min(fitting, key=lambda track: _differences(reading, track.readings[-1]), default=None)
        if nearest is None:
            nearest = _Track()
            tracks.append(nearest)
        nearest.add(reading)
    return tracks


def _belongs(reading: Reading, track: _Track) -> bool:
    if (reading.camera, reading.frame) in track.seen:
        return False
    alike = min(_differences(reading, other) for other in track.readings)
    if alike > _SAME_PLATE_DIFFERENCES or any(_followed_apart(reading, other) for other in track.readings):
        return False
    last = next((other for other in reversed(track.readings) if other.camera == reading.camera), None)
    return last is None or _near(reading, last)


def _followed_apart(a: Reading, b: Reading) -> bool:
    """Whether the reader took them for two plates and read two texts.

    One text may be of a plate that it lost and found.
    """
    return a.camera == b.camera and bool(a.track and b.track) and a.track != b.track and a.text != b.text


def _is_nearer(track: _Track, main: _Track) -> bool:
    """Whether it is a plate and plainly larger than the main one.

    The vehicle at the barrier is in front.
    """
    plausible = any(reading.confidence >= PLAUSIBLE for reading in track.readings)
    return plausible and max(map(_area, track.readings)) >= _NEARER * max(map(_area, main.readings)) > 0


def _differences(a: Reading, b: Reading) -> int:
    """Characters that differ; as many as there are for texts of different length."""
    if len(a.text) != len(b.text):
        return max(len(a.text), len(b.text))
    return sum(x != y for x, y in zip(a.text, b.text, strict=True))


def _near(a: Reading, b: Reading) -> bool:
    """Whether one plate could be at both places, given the time between; true where a place is not known."""
    if not (_area(a) and _area(b)):
        return True
    (ax, ay, aw, ah), (bx, by, bw, bh) = a.box, b.box
    ratio = max(aw, bw) / min(aw, bw)
    away = math.hypot(ax + aw / 2 - bx - bw / 2, ay + ah / 2 - by - bh / 2)
    return ratio <= _SIZE_CHANGE * (1 + abs(a.at - b.at)) and away <= _REACH * max(aw, bw) * (1 + abs(a.at - b.at))


def _are_two_plates(a: _Track, b: _Track) -> bool:
    """Whether two tracks were seen side by side; a track that was not may be the same plate, read in another way."""
    texts = {(reading.camera, reading.frame): reading.text for reading in a.readings}
    return any(texts.get((other.camera, other.frame), other.text) != other.text for other in b.readings)


def _area(reading: Reading) -> int:
    return reading.box[2] * reading.box[3]


def _prominence(reading: Reading, largest: int) -> float:
    formless = not has_known_form(reading.text)
    return prominence(reading.confidence, _share(reading, largest), reading.off_centre, formless=formless)


def _clearness(reading: Reading, largest: int) -> float:
    """How well a reading shows its plate."""
    return reading.confidence * _share(reading, largest)


def _share(reading: Reading, largest: int) -> float:
    """Its area to that of the largest; 1 where that is not known."""
    area = _area(reading)
    return area / largest if area and largest else 1.0


def _combined(readings: list[Reading], largest: int, *, contested: bool) -> PlateVote:
    count = len(readings)
    # The design effect of correlated samples: many frames are worth at most 1 / correlation independent ones.
    damping = 1 / (1 + (count - 1) * CORRELATION)
    positions = tuple(
        _place([reading.positions[place] for reading in readings], damping) for place in range(len(readings[0].text))
    )
    text = "".join(position[0][0] for position in positions)
    country, country_share = _country(readings)
    return PlateVote(
        text=text,
        positions=positions,
        confidence=math.prod(position[0][1] for position in positions),
        frames=count,
        agreeing=sum(reading.text == text for reading in readings),
        kind=Counter(reading.kind for reading in readings).most_common(1)[0][0],
        readings=tuple(sorted(readings, key=lambda reading: -_clearness(reading, largest))[:_MOST_READINGS]),
        contested=contested,
        colour=_commonest(reading.colour for reading in readings if reading.colour != PlateColour.NOT_KNOWN),
        country=country,
        country_share=country_share,
    )


def _country(readings: Sequence[Reading]) -> tuple[str, float]:
    """The likeliest country and its mean probability, over the readings that tell one; frames err alike."""
    told = [reading.countries for reading in readings if reading.countries]
    shares: dict[str, float] = {}
    for countries in told:
        for country, share in countries:
            shares[country] = shares.get(country, 0.0) + share / len(told)
    country, share = min(shares.items(), key=lambda one: (-one[1], one[0]), default=("", 0.0))
    return country, min(share, 1.0)  # a sum of floats may be a hair above 1


def _doubted(combined: PlateVote, own: Sequence[Reading], readings: Sequence[Reading]) -> PlateVote:
    """The vote with what keeps its text from being sure.

    `own`: the readings of its group; one that reads the text, and knows no more against it than its form, is enough.
    `readings`: all of them; a longer text that was read at the place of its own, now and then, may be the whole of it.
    """
    agreeing = [reading for reading in own if reading.text == combined.text]
    doubt = doubt_of(combined.text, others=_beside(combined.text, own, readings))
    more = [reading.doubt for reading in agreeing if reading.doubt not in {Doubt.NONE, doubt}]
    if more and len(more) == len(agreeing):
        doubt = Doubt(more[-1])
    return replace(combined, doubt=doubt, confidence=bounded(combined.confidence, doubt))


def _beside(text: str, own: Sequence[Reading], readings: Sequence[Reading]) -> list[str]:
    """The longer texts at the place of a group that have a share of its evidence; where no form speaks for it, any."""
    least = _LONGER_SHARE * sum(reading.confidence for reading in own) if has_known_form(text) else 0.0
    found: dict[str, float] = {}
    for one in readings:
        if len(one.text) > len(text) and any(one.camera == mine.camera and _near(one, mine) for mine in own):
            found[one.text] = found.get(one.text, 0.0) + one.confidence
    return [longer for longer, evidence in found.items() if evidence >= least]


def _commonest(colours: Iterable[str]) -> str:
    return max(Counter(colours).items(), key=lambda one: one[1], default=(PlateColour.NOT_KNOWN, 0))[0]


def _place(positions: Sequence[Position], damping: float) -> Position:
    listed = {character for position in positions for character, _ in position}
    logs = {
        character: damping * sum(math.log(probability(position, character)) for position in positions)
        for character in listed
    }
    # What no reading lists keeps a share too, so that the result never claims to be sure of what it cannot know.
    rest = damping * sum(math.log(max(_FLOOR, 1 - sum(share for _, share in position))) for position in positions)
    top = max(*logs.values(), rest)
    shares = {character: math.exp(value - top) for character, value in logs.items()}
    total = sum(shares.values()) + math.exp(rest - top)
    ordered = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return tuple((character, share / total) for character, share in ordered[:_MOST_CHARACTERS])
