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


_BLUE, _YELLOW, _WHITE, _BLACK, _RED = (
    PlateColour.BLUE,
    PlateColour.YELLOW,
    PlateColour.WHITE,
    PlateColour.BLACK,
    PlateColour.RED,
)
_GREEN: Final = frozenset({PlateColour.GREEN, PlateColour.YELLOW_GREEN, _WHITE})
_LIGHT: Final = frozenset({_WHITE, _YELLOW})
_DARK: Final = frozenset({_BLACK, _BLUE})
_POSSIBLE: Final[Mapping[PlateKind, frozenset[PlateColour]]] = {
    PlateKind.CIVIL: _LIGHT | _DARK,
    PlateKind.NEW_ENERGY_SMALL: _GREEN,
    PlateKind.NEW_ENERGY_LARGE: _GREEN | {_YELLOW},
    PlateKind.POLICE: _LIGHT,
    PlateKind.ARMED_POLICE: _LIGHT,
    PlateKind.TRAILER: _LIGHT,
    PlateKind.LEARNER: _LIGHT,
    PlateKind.HONG_KONG: _DARK,
    PlateKind.MACAO: _DARK,
    PlateKind.EMBASSY: _DARK | {_WHITE},
    PlateKind.CONSULATE: _DARK | {_WHITE},
    PlateKind.TEMPORARY: _LIGHT | {_BLUE},
    PlateKind.TRIAL: _LIGHT | {_BLUE},
    PlateKind.OVERSIZED: _LIGHT | {_BLUE},
    PlateKind.KAZAKHSTAN: _LIGHT,
    PlateKind.KAZAKHSTAN_1993: _LIGHT,
    PlateKind.KAZAKHSTAN_FOREIGN: _LIGHT | {_RED},
    PlateKind.KAZAKHSTAN_DIPLOMATIC: _LIGHT | {_RED},
}
"""The colours of a kind as a camera may show them: light makes white yellow, glare yellow white, and a cold sky black
blue. A kind that is not here may have any."""


def possible(kind: PlateKind, colour: PlateColour) -> bool:
    """Whether a plate of this format, before its colour refines it, may be of this colour.

    Where not, the text was misread: a new-energy plate without its last character has the format of a civil one, and
    the mark of one kind may be taken for that of another.
    """
    return colour is PlateColour.NOT_KNOWN or colour in _POSSIBLE.get(kind, {colour})


def refined(kind: PlateKind, colour: PlateColour) -> PlateKind:
    """The kind of a plate whose format leaves several open and whose colour decides; else `kind` as it is.

    A colour never overrules a format: light changes a colour, and does not change how many characters there are.
    """
    return _BY_COLOUR.get((kind, colour), kind)
