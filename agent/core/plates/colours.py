"""The colours of plates, and the kind that colour and format together indicate."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from agent.core.plates.plate_kinds import PlateKind

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
    PlateKind.KAZAKHSTAN_1993: _LIGHT,
    PlateKind.KAZAKHSTAN_FOREIGN: _LIGHT | {_RED},
    PlateKind.KAZAKHSTAN_DIPLOMATIC: _LIGHT | {_RED},
    PlateKind.UZBEKISTAN_FOREIGN: _LIGHT | {PlateColour.GREEN, _BLUE},  # the green of M is nearly that of the sea
    PlateKind.UZBEKISTAN_DIPLOMATIC: _LIGHT | {PlateColour.GREEN, _BLUE},
    **dict.fromkeys(
        (
            PlateKind.KAZAKHSTAN,
            PlateKind.UZBEKISTAN,
            PlateKind.UZBEKISTAN_TRAILER,
            PlateKind.UZBEKISTAN_TEMPORARY,
            PlateKind.RUSSIA,
            PlateKind.RUSSIA_TRAILER,
            PlateKind.RUSSIA_TRANSIT,
            PlateKind.KYRGYZSTAN,
            PlateKind.TAJIKISTAN,
            PlateKind.TURKMENISTAN,
            PlateKind.MONGOLIA,
            PlateKind.BELARUS,
        ),
        _LIGHT | {_BLUE},
    ),
    # No blue, as in the shade, for these: what is left of a Chinese plate without its province has their forms.
    **dict.fromkeys(
        (
            PlateKind.RUSSIA_TAXI,
            PlateKind.KYRGYZSTAN_1994,
            PlateKind.KYRGYZSTAN_FOREIGN,
            PlateKind.TURKMENISTAN_FOREIGN,
            PlateKind.BELARUS_TRUCK,
            PlateKind.BELARUS_TRAILER,
        ),
        _LIGHT,
    ),
}
"""The colours of a kind as a camera may show them: light makes white yellow, glare yellow white, and a cold sky black
or white blue. A kind that is not here may have any."""


_PAINTED: Final[Mapping[PlateKind, frozenset[PlateColour]]] = {
    PlateKind.CIVIL: frozenset({_BLUE, _YELLOW}),
    PlateKind.NEW_ENERGY_SMALL: frozenset({PlateColour.GREEN}),
    PlateKind.NEW_ENERGY_LARGE: frozenset({PlateColour.YELLOW_GREEN}),
    **dict.fromkeys((PlateKind.POLICE, PlateKind.ARMED_POLICE), frozenset({_WHITE})),
    **dict.fromkeys((PlateKind.TRAILER, PlateKind.LEARNER), frozenset({_YELLOW})),
    **dict.fromkeys(
        (PlateKind.HONG_KONG, PlateKind.MACAO, PlateKind.EMBASSY, PlateKind.CONSULATE), frozenset({_BLACK})
    ),
    PlateKind.KAZAKHSTAN_DIPLOMATIC: frozenset({_RED}),
    PlateKind.UZBEKISTAN_FOREIGN: frozenset({_YELLOW, PlateColour.GREEN}),
    PlateKind.UZBEKISTAN_DIPLOMATIC: frozenset({PlateColour.GREEN}),
    **dict.fromkeys(
        (
            PlateKind.KAZAKHSTAN_FOREIGN,
            PlateKind.RUSSIA_TAXI,
            PlateKind.KYRGYZSTAN_FOREIGN,
            PlateKind.TURKMENISTAN_FOREIGN,
        ),
        frozenset({_YELLOW}),
    ),
    **dict.fromkeys(
        (
            PlateKind.KAZAKHSTAN,
            PlateKind.KAZAKHSTAN_1993,
            PlateKind.UZBEKISTAN,
            PlateKind.UZBEKISTAN_TRAILER,
            PlateKind.UZBEKISTAN_TEMPORARY,
            PlateKind.RUSSIA,
            PlateKind.RUSSIA_TRAILER,
            PlateKind.RUSSIA_TRANSIT,
            PlateKind.KYRGYZSTAN,
            PlateKind.KYRGYZSTAN_1994,
            PlateKind.TAJIKISTAN,
            PlateKind.TURKMENISTAN,
            PlateKind.MONGOLIA,
            PlateKind.BELARUS,
            PlateKind.BELARUS_TRUCK,
            PlateKind.BELARUS_TRAILER,
        ),
        frozenset({_WHITE}),
    ),
}
"""The colours that a kind is painted in. One that is not here may have any."""


def expected(kind: PlateKind) -> frozenset[PlateColour]:
    """The colours that plates of this kind are painted in; all where any may be."""
    return _PAINTED.get(kind, frozenset(PlateColour))


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
