"""The colours of plates, and what colour and format together say of the kind."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from agent.core.plates.formats import PlateKind

if TYPE_CHECKING:
    from collections.abc import Mapping


class PlateColour(StrEnum):
    """The ground of a plate. GREEN: the gradient of small new-energy vehicles; YELLOW_GREEN: that of large ones."""

    NOT_KNOWN = "not_known"
    BLUE = "blue"
    YELLOW = "yellow"
    GREEN = "green"
    YELLOW_GREEN = "yellow_green"
    WHITE = "white"
    BLACK = "black"
    RED = "red"


_BY_COLOUR: Final[Mapping[tuple[PlateKind, PlateColour], PlateKind]] = {
    (PlateKind.CIVIL, PlateColour.BLUE): PlateKind.CIVIL_BLUE,
    (PlateKind.CIVIL, PlateColour.YELLOW): PlateKind.CIVIL_YELLOW,
    (PlateKind.KAZAKHSTAN_FOREIGN, PlateColour.RED): PlateKind.KAZAKHSTAN_DIPLOMATIC,
    (PlateKind.KAZAKHSTAN_DIPLOMATIC, PlateColour.YELLOW): PlateKind.KAZAKHSTAN_FOREIGN,
}


_GREEN: Final = frozenset({PlateColour.GREEN, PlateColour.YELLOW_GREEN})
_NEW_ENERGY: Final = frozenset({PlateKind.NEW_ENERGY_SMALL, PlateKind.NEW_ENERGY_LARGE})


def plausible(kind: PlateKind, colour: PlateColour) -> bool:
    """Whether a plate that was read as of this kind may have been read whole.

    LATIN is what is left of a plate whose province was missed, and a new-energy plate without its last character has the
    format of a civil one: then it is green, and no other plate is.
    """
    if kind is PlateKind.LATIN:
        return False
    return colour is PlateColour.NOT_KNOWN or (kind in _NEW_ENERGY) == (colour in _GREEN)


def refined(kind: PlateKind, colour: PlateColour) -> PlateKind:
    """The kind of a plate whose format leaves several open and whose colour decides; else `kind` as it is.

    A colour never overrules a format: light changes a colour, and does not change how many characters there are.
    """
    return _BY_COLOUR.get((kind, colour), kind)
