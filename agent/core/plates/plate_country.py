"""The country of a plate: a probability for each, from grammar, colour, shape and the field of the region.

The text alone may not decide: 01 123 ABC belongs to a company in Tashkent or a person in Bishkek. So the look of a
plate weighs the formats before reading, and the text weighs them again. The weights of the looks below are careful
estimates, not measurements: for most countries there are no photographs to count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from agent.core.plates.colours import PlateColour, expected, possible
from agent.core.plates.plate_format import RegionField
from agent.core.plates.plate_kinds import Country, PlateKind, country_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.core.plates.plate_format import PlateFormat

_UNUSUAL_COLOUR: Final = 0.5
_IMPOSSIBLE_COLOUR: Final = 0.03
_LONG: Final = 520 / 112
_CHINESE: Final = 440 / 140
_NEW_ENERGY: Final = 480 / 140
_SQUARE: Final = 290 / 180
"""Of two lines: 2 in China, 1.4 to 2 elsewhere."""
_WIDEST: Final = 0.15
"""How much wider than it is a plate may look, as a logarithm: loose corners."""
_NARROWEST: Final = 0.4
"""How much narrower: seen from the side besides. Both are standard deviations."""
_SQUARE_SPREAD: Final = 0.3
_LEAST: Final = 0.05
_UNKNOWN_SHAPE: Final = 0.5
_FIELD_MISSED: Final = 0.8
_FIELD_STRANGE: Final = 0.25
"""Where a format has a field that was not seen; and where one was seen that it has not, or not on that side."""
_ASPECT_STEPS: Final = 8
"""How many steps of the aspect there are to e times as much."""


@dataclass(frozen=True, slots=True)
class Sight:
    """How a plate looks besides its text. `aspect`: width to height of its outline, 0 where it is not known.

    `field`: on which side a line parts a field of its own; None where nobody looked.
    """

    colour: PlateColour = PlateColour.NOT_KNOWN
    aspect: float = 0.0
    two_lines: bool = False
    field: RegionField | None = None

    @property
    def rounded(self) -> Sight:
        """The same, with the aspect in steps: so few that what is worked out for each can be kept."""
        if self.aspect <= 0:
            return self
        step = round(math.log(min(max(self.aspect, 0.5), 10.0)) * _ASPECT_STEPS)
        return replace(self, aspect=math.exp(step / _ASPECT_STEPS))


def as_seen(formats: Iterable[PlateFormat], sight: Sight) -> tuple[PlateFormat, ...]:
    """The formats, each with its prior weighed by how well plates of it go with what is seen: at most as it was."""
    return tuple(replace(plate, prior=plate.prior * _likelihood(plate, sight)) for plate in formats)


def weighed(formats: Iterable[PlateFormat], probability: float = 1.0) -> dict[PlateKind, float]:
    """The weight of each kind that a text may be of, which is that of its formats, times that of the text."""
    weights: dict[PlateKind, float] = {}
    for plate in formats:
        weights[plate.kind] = weights.get(plate.kind, 0.0) + plate.prior * probability
    return weights


def shares(weights: Mapping[PlateKind, float]) -> tuple[tuple[Country, float], ...]:
    """The probability of each country, the likeliest first; they sum to 1. Empty without weights."""
    total = sum(weights.values())
    if total <= 0:
        return ()
    found: dict[Country, float] = {}
    for kind, weight in weights.items():
        country = country_of(kind)
        found[country] = found.get(country, 0.0) + weight / total
    rounded = ((country, min(share, 1.0)) for country, share in found.items())  # a sum of floats may be a hair above 1
    return tuple(sorted(rounded, key=lambda one: (-one[1], one[0])))


def _likelihood(plate: PlateFormat, sight: Sight) -> float:
    """How well the sight goes with plates of this format, 1 at most."""
    found = _of_colour(plate.kind, sight.colour)
    if sight.aspect > 0:
        found *= _of_shape(plate.kind, sight)
    if sight.field is not None and not sight.two_lines:
        found *= _of_field(plate.field, sight.field)
    return found


def _of_colour(kind: PlateKind, colour: PlateColour) -> float:
    if colour is PlateColour.NOT_KNOWN or colour in expected(kind):
        return 1.0
    return _UNUSUAL_COLOUR if possible(kind, colour) else _IMPOSSIBLE_COLOUR


def _of_shape(kind: PlateKind, sight: Sight) -> float:
    usual = _SQUARE if sight.two_lines else _usual_aspect(kind)
    if usual == 0:
        return _UNKNOWN_SHAPE
    off = math.log(sight.aspect / usual)
    spread = _SQUARE_SPREAD if sight.two_lines else _WIDEST if off > 0 else _NARROWEST
    return max(_LEAST, math.exp(-((off / spread) ** 2) / 2))


def _usual_aspect(kind: PlateKind) -> float:
    """Of plates of one line; 0 where there is none."""
    if kind is PlateKind.LATIN:
        return 0.0
    if country_of(kind) is not Country.CHINA:
        return _LONG
    return _NEW_ENERGY if kind in {PlateKind.NEW_ENERGY_SMALL, PlateKind.NEW_ENERGY_LARGE} else _CHINESE


def _of_field(has: RegionField, seen: RegionField) -> float:
    if has is seen:
        return 1.0
    return _FIELD_MISSED if seen is RegionField.NONE else _FIELD_STRANGE
