"""The colours of plates, BGR 0..255, as paint and light make them differ from plate to plate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from training.drawing.chance import between, happens, pick
from training.drawing.kinds import DrawnKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Colour = NDArray[np.float32]
    Paint = tuple[float, float, float]

_BLUE: Final = (165.0, 75.0, 15.0)
_YELLOW: Final = (20.0, 170.0, 240.0)
_GREEN: Final = (110.0, 195.0, 85.0)
_WHITE: Final = (238.0, 240.0, 240.0)
_BLACK: Final = (28.0, 26.0, 26.0)
_RED: Final = (40.0, 35.0, 195.0)
_SKY: Final = (235.0, 195.0, 130.0)
_BROWN: Final = (110.0, 170.0, 215.0)
_TEAL: Final = (135.0, 180.0, 30.0)
_DEEP_GREEN: Final = (60.0, 120.0, 20.0)


_GROUND_AND_INK: Final[Mapping[DrawnKind, Sequence[tuple[Paint, Paint]]]] = {
    DrawnKind.BLUE: ((_BLUE, _WHITE),),
    **dict.fromkeys(
        (
            DrawnKind.YELLOW,
            DrawnKind.YELLOW_TWO_LINES,
            DrawnKind.LEARNER,
            DrawnKind.TRAILER,
            DrawnKind.TRAILER_TWO_LINES,
            DrawnKind.KAZAKHSTAN_FOREIGN,
            DrawnKind.UZBEKISTAN_FOREIGN,
            DrawnKind.RUSSIA_TAXI,
            DrawnKind.KYRGYZSTAN_FOREIGN,
            DrawnKind.TURKMENISTAN_FOREIGN,
        ),
        ((_YELLOW, _BLACK),),
    ),
    **dict.fromkeys((DrawnKind.NEW_ENERGY_SMALL, DrawnKind.NEW_ENERGY_LARGE), ((_GREEN, _BLACK),)),
    **dict.fromkeys(
        (DrawnKind.BLACK, DrawnKind.HONG_KONG, DrawnKind.MACAO, DrawnKind.EMBASSY, DrawnKind.CONSULATE),
        ((_BLACK, _WHITE),),
    ),
    **dict.fromkeys(
        (DrawnKind.TEMPORARY, DrawnKind.TEMPORARY_TWO_LINES, DrawnKind.TRIAL, DrawnKind.OVERSIZED),
        ((_SKY, _BLACK), (_BROWN, _BLACK), (_WHITE, _BLACK)),
    ),
    DrawnKind.KAZAKHSTAN_DIPLOMATIC: ((_RED, _WHITE),),
    DrawnKind.UZBEKISTAN_JOINT_VENTURE: ((_TEAL, _WHITE),),
    **dict.fromkeys(
        (DrawnKind.BELARUS, DrawnKind.BELARUS_TRUCK),
        ((_WHITE, _BLACK), (_WHITE, _BLACK), (_WHITE, _BLACK), (_WHITE, _DEEP_GREEN)),
    ),
    **dict.fromkeys(
        (DrawnKind.LATIN, DrawnKind.LATIN_TWO_LINES),
        (
            (_WHITE, _BLACK),
            (_WHITE, _BLACK),
            (_YELLOW, _BLACK),
            (_BLACK, _WHITE),
            (_WHITE, _BLUE),
            (_TEAL, _WHITE),
        ),
    ),
}
"""Of each kind the colours of ground and ink, one of which is picked; a kind that is not here is black on white."""


@dataclass(frozen=True, slots=True)
class Colours:
    """`top`, `bottom`: of the ground, which changes evenly between them; `left`: of its left part, None for the same.

    `accent`: of the characters that are printed in another colour than the rest.
    """

    top: Colour
    bottom: Colour
    ink: Colour
    accent: Colour
    left: Colour | None = None


def colours(rng: np.random.Generator, kind: DrawnKind) -> Colours:
    """The colours of one plate of this kind."""
    ground, ink = _basic(rng, kind)
    top = _shade(rng, ground)
    bottom, left = top, None
    if kind is DrawnKind.NEW_ENERGY_SMALL:
        top = _shade(rng, _WHITE)
        bottom = _shade(rng, _GREEN)
    elif kind is DrawnKind.NEW_ENERGY_LARGE:
        left = _shade(rng, _YELLOW)
    middle = (top + bottom) * np.float32(0.5)
    painted = _worn(rng, _shade(rng, ink), middle)
    special = _worn(rng, _shade(rng, _accent(kind, ink)), middle)
    return Colours(top, bottom, painted, special, left)


def _basic(rng: np.random.Generator, kind: DrawnKind) -> tuple[Paint, Paint]:
    """Ground and ink."""
    choices = _GROUND_AND_INK.get(kind, ((_WHITE, _BLACK),))
    return pick(rng, choices) if len(choices) > 1 else choices[0]


def _accent(kind: DrawnKind, ink: Paint) -> Paint:
    red = (DrawnKind.POLICE, DrawnKind.ARMED_POLICE, DrawnKind.EMBASSY, DrawnKind.CONSULATE)
    return _RED if kind in red else ink


def accented(kind: DrawnKind, text: str) -> frozenset[int]:
    """The places of the characters in the accent's colour."""
    marks = "警使领" if kind is not DrawnKind.ARMED_POLICE else "WJ"
    return frozenset(place for place, character in enumerate(text) if character in marks)


def _shade(rng: np.random.Generator, colour: tuple[float, ...]) -> Colour:
    """The colour, lighter or darker, and a little off."""
    gain = between(rng, 0.75, 1.1)
    off = rng.random(3, dtype=np.float32) * 30 - 15
    shade: Colour = np.clip(np.asarray(colour, np.float32) * np.float32(gain) + off, 3, 252)
    return shade


def _worn(rng: np.random.Generator, ink: Colour, ground: Colour) -> Colour:
    """Ink that has faded towards the ground: a little on most plates, strongly on some."""
    faded = between(rng, 0.2, 0.7) if happens(rng, 0.22) else between(rng, 0.0, 0.2)
    mixed: Colour = ink + (ground - ink) * np.float32(faded)
    return mixed
