"""One format of plates: which characters it allows in each position."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from operator import contains
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.core.plates.plate_kinds import PlateKind


class RegionField(StrEnum):
    """Where a plate of one line has a field of its own for the region, parted by a line from edge to edge."""

    NONE = "none"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class PlateFormat:
    """One format: `places[i]` holds the characters allowed at place i. `prior`: weight against the other formats.

    A `mark` is a character printed after the number; it tells the kind and is no part of the number. `order`: where
    the plate prints its groups in another order than the number has, the printed place of each character of the number.
    `region`: the places of the number that name the region and do not count up. `field`: the side of the
    plate on which they have a field of their own.
    """

    kind: PlateKind
    places: tuple[str, ...]
    prior: float = 1.0
    mark: str = ""
    order: tuple[int, ...] = ()
    region: tuple[int, ...] = ()
    field: RegionField = RegionField.NONE

    @property
    def printed_order(self) -> tuple[int, ...]:
        """The printed place of each character of the number."""
        return self.order or tuple(range(len(self.places)))

    def number(self, printed: str) -> str:
        """The number on a plate of this format that bears the text `printed`."""
        if not self.order:
            return printed[: len(self.places)]
        return "".join(printed[place] for place in self.order)

    def fits(self, text: str) -> bool:
        """Whether the number has this format."""
        return len(text) == len(self.places) and all(map(contains, self.places, text))
