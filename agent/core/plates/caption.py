"""Texts that the camera writes into the picture: date, time, its name. They are never plates.

A camera writes upright, in white, directly on the scene, which continues behind the letters. A plate has a background
of its own or a rim, and is hardly ever exactly upright. If a text looks like neither, time identifies it, because it
does not move: `agent.core.plates.bystanders`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_MOST_TILT_DEG: Final = 1.5
_LEAST_INK: Final = 190.0
_LEAST_CONTRAST: Final = 60.0
_MOST_COLOUR: Final = 40.0
_GOES_ON: Final = 0.75


@dataclass(frozen=True, slots=True)
class TextLook:
    """How a text that was found in a picture looks there.

    `tilt_deg`: of its upper and lower side from the picture's own lines, the greater. `ink`: grey value of its letters,
    0..255; `colour`: by how much their blue, green and red differ at most. `contrast`: grey of letters less that of
    their ground. `goes_on`: share of its width at which the ground between its letters is as what is above or below
    it, 0..1. `rim`: a line is seen all along its upper or lower side.
    """

    tilt_deg: float
    ink: float
    colour: float
    contrast: float
    goes_on: float
    rim: bool


def is_caption(look: TextLook) -> bool:
    """Whether the camera wrote it. All must agree: a plate that is taken for a caption is not read."""
    upright = look.tilt_deg <= _MOST_TILT_DEG
    white = look.ink >= _LEAST_INK and look.contrast >= _LEAST_CONTRAST and look.colour <= _MOST_COLOUR
    return upright and white and look.goes_on >= _GOES_ON and not look.rim
