"""The likelihood of a picture for a given plate number: a lattice that knows the formats of plates."""

from __future__ import annotations

import math
from functools import cached_property, lru_cache
from string import digits
from typing import TYPE_CHECKING, Final

from agent.core.plates.formats import FORMATS, TWO_LINES, Grammar, PlateFormat
from agent.core.plates.lookalike_characters import with_twins, without_provinces
from agent.core.plates.text_likelihood import LEAST, Lattice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.plates.recogniser_columns import Columns

_ONE_LINE: Final = Grammar(FORMATS)
_TWO_LINES: Final = Grammar(TWO_LINES)
_DIGITS: Final = frozenset(digits)


class PlateLattice(Lattice):
    """All ways to lay the numbers of plates over the columns of one frame; twins count in part for each other.

    A province before a number that begins with a digit is the flag of its country, and no part of it.
    """

    def __init__(self, columns: Columns) -> None:
        """Take the columns as the recogniser gave them."""
        super().__init__(with_twins(columns))
        self._columns = columns

    @cached_property
    def _behind_flag(self) -> Lattice:
        return Lattice(with_twins(without_provinces(self._columns)))

    def _lattice_of(self, printed: str) -> Lattice:
        return self._behind_flag if printed[:1] in _DIGITS else self

    def log_likelihood(self, number: str, *, two_lines: bool = False) -> float:
        """Natural logarithm of the likelihood of a plate with this number, printed in the likeliest way it can be."""
        forms = printed_forms(number, two_lines=two_lines)
        return math.log(max(LEAST, *(self._lattice_of(printed).likelihood(printed) for printed, _ in forms)))

    def around(self, number: str, *, two_lines: bool = False) -> dict[str, float]:
        """The log likelihood of `number`, and of the numbers that differ from it in one character and have a format.

        Only characters that the columns list; any other is as good as impossible. A number whose format is less usual
        than that of `number`, as one that only the generic form allows, weighs that much less.
        """
        found: dict[str, float] = {}
        for printed, plate in printed_forms(number, two_lines=two_lines):
            lattice = self._lattice_of(printed)
            found[number] = max(found.get(number, 0.0), lattice.likelihood(printed))
            possible = _allowed(printed, two_lines)[: len(number)]  # the mark behind it stays
            for place, weights in enumerate(possible):
                at = plate.printed_order.index(place) if plate else place
                head, tail = number[:at], number[at + 1 :]
                for other, unweighed in lattice.replaced(printed, place, frozenset(weights)):
                    name, likelihood = head + other + tail, unweighed * weights[other]
                    if likelihood >= found.get(name, 0.0):
                        found[name] = likelihood
        return {name: math.log(max(likelihood, LEAST)) for name, likelihood in found.items()}


@lru_cache(maxsize=1024)
def printed_forms(number: str, *, two_lines: bool) -> tuple[tuple[str, PlateFormat | None], ...]:
    """The texts that a plate with this number may bear, its mark included; the number itself when it has no format."""
    forms: dict[str, PlateFormat | None] = {}
    for plate in TWO_LINES if two_lines else FORMATS:
        if len(plate.places) != len(number):
            continue
        order = sorted(range(len(number)), key=plate.printed_order.__getitem__)
        printed = "".join(number[place] for place in order)
        if plate.fits(printed):
            forms.setdefault(printed + plate.mark, plate)
    return tuple(forms.items()) or ((number, None),)


@lru_cache(maxsize=1024)
def _allowed(printed: str, two_lines: bool) -> tuple[Mapping[str, float], ...]:
    """The possible characters of each place, with their weight relative to the text itself, at most 1."""
    grammar = _TWO_LINES if two_lines else _ONE_LINE
    own = grammar.prior(printed)
    return tuple(
        {other: min(1.0, prior / own) if own else 1.0 for other, prior in grammar.priors_at(printed, place).items()}
        for place in range(len(printed))
    )
