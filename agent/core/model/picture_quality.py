"""How good a camera's picture is for reading, as a traffic light with the cause of a problem."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class Grade(StrEnum):
    """GOOD: nothing to improve. POOR: reads on a good day. BAD: many codes or plates stay unread."""

    GOOD = "good"
    POOR = "poor"
    BAD = "bad"


class Flaw(StrEnum):
    """What stands against reading. The words for it, and what to do, stand in agent.i18n.cameras."""

    SMALL_CODE = "small_code"
    SMALL_PLATE = "small_plate"
    UNSHARP = "unsharp"
    GLARE = "glare"
    NOISE = "noise"
    DARK = "dark"
    BRIGHT = "bright"


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of a picture and what was seen in it; None where it is not known.

    `module_px`: side of a module of the code. `character_px`: height of the characters of the plate. The others are
    those of agent.vision.worker.picture_measures: `sharpness`, `glare` (share), `noise` and `brightness` (grey levels).
    """

    module_px: float | None = None
    character_px: float | None = None
    sharpness: float | None = None
    glare: float | None = None
    noise: float | None = None
    brightness: float | None = None


@dataclass(frozen=True, slots=True)
class PictureFinding:
    """The grade of one figure, by its name in Figures; the flaw where it is not good."""

    figure: str
    value: float
    grade: Grade
    flaw: Flaw | None


@dataclass(frozen=True, slots=True)
class _Limit:
    """From `good` on a figure is good, beyond `bad` bad; which is the larger one says which way is better."""

    flaw: Flaw
    good: float
    bad: float

    def grade(self, value: float) -> Grade:
        sign = 1.0 if self.good > self.bad else -1.0
        if sign * value >= sign * self.good:
            return Grade.GOOD
        return Grade.BAD if sign * value < sign * self.bad else Grade.POOR


# Measured with drawn scenes. Codes of 150 characters (of 12 read): 2 px a module sharp 12, blurred by 0.7 px 8, by 1 px
# 0; 2.5 px 12 and 9; noise of 30 grey levels at 2 px 11, of 45 9. Plates (of 14): characters of 16 and 14 px all, also
# blurred, noisy and compressed; 12 px 10 then, with 3 wrong; 10 px 3. Sharpness 0.73 all, 0.40 one. Glare and
# brightness: short of what agent.vision.worker.view_quality takes for blinded and dark.
_LIMITS: Final[Mapping[str, tuple[_Limit, ...]]] = {
    "module_px": (_Limit(Flaw.SMALL_CODE, 3.0, 2.0),),
    "character_px": (_Limit(Flaw.SMALL_PLATE, 16.0, 12.0),),
    "sharpness": (_Limit(Flaw.UNSHARP, 0.8, 0.5),),
    "glare": (_Limit(Flaw.GLARE, 0.1, 0.35),),
    "noise": (_Limit(Flaw.NOISE, 12.0, 30.0),),
    "brightness": (_Limit(Flaw.DARK, 45.0, 20.0), _Limit(Flaw.BRIGHT, 200.0, 230.0)),
}
_WORST_FIRST: Final = (Grade.BAD, Grade.POOR, Grade.GOOD)


def findings(figures: Figures) -> tuple[PictureFinding, ...]:
    """A finding for each figure that is known, in the order of Figures."""
    known = ((name, getattr(figures, name)) for name in _LIMITS)
    return tuple(_finding(name, value) for name, value in known if value is not None)


def overall(found: tuple[PictureFinding, ...]) -> Grade:
    """The worst grade of all; GOOD where nothing is known."""
    return min((one.grade for one in found), key=_WORST_FIRST.index, default=Grade.GOOD)


def _finding(name: str, value: float) -> PictureFinding:
    graded = [(limit.grade(value), limit.flaw) for limit in _LIMITS[name]]
    grade, flaw = min(graded, key=lambda one: _WORST_FIRST.index(one[0]))
    return PictureFinding(name, value, grade, None if grade is Grade.GOOD else flaw)
