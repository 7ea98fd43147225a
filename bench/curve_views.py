"""The conditions of the curves, and permits and plates as they are seen under each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bench.reading_drawn import (
    CODE_AT,
    PLATE_AT,
    SEED,
    code_flat,
    cut_out,
    little_turned,
    permit,
    plate_flat,
    plate_of,
    written,
    yard,
)
from bench.sights import Sight, seen

if TYPE_CHECKING:
    from bench.sights import Pixels
    from training.drawing import DrawnKind, Glyphs

_WINDOW: Final = (slice(100, 580), slice(0, 640))
"""The part of the yard where codes are shown: 640 x 480."""
_CODE_IN_WINDOW: Final = (CODE_AT[0], CODE_AT[1] - 100)


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that gets worse.

    `name`: the field of Sight; `levels`: from easy to hard, in `unit`; `per`: how many of that unit are one of the
    field; `axis`: the ticks of its diagram.
    """

    title: str
    unit: str
    name: str
    levels: tuple[float, ...]
    axis: tuple[float, ...]
    per: float = 1.0

    def sight(self, base: Sight, level: float) -> Sight:
        """The base with this condition at a level."""
        return replace(base, **{self.name: level / self.per})


CODE_BASE: Final = Sight(unit_px=4, defocus=0.2)
CODE_CONDITIONS: Final = (
    Condition("Size", "pixels a module", "unit_px", (3, 2.5, 2, 1.75, 1.5, 1.25, 1), (3, 2.5, 2, 1.5, 1)),
    Condition("Movement", "modules", "motion", (0, 0.5, 1, 1.25, 1.5, 1.75, 2, 2.5), (0, 0.5, 1, 1.5, 2, 2.5)),
    Condition(
        "Out of focus", "radius of a point, modules", "defocus", (0, 0.5, 0.75, 1, 1.25, 1.5, 2), (0, 0.5, 1, 1.5, 2)
    ),
    Condition("Angle", "degrees turned away", "tilt_deg", (0, 30, 45, 55, 60, 65, 70), (0, 10, 20, 30, 40, 50, 60, 70)),
    Condition(
        "Contrast", "grey levels, black to white", "contrast", (80, 60, 40, 30, 20, 15, 10, 5), (80, 60, 40, 20, 0)
    ),
    Condition("Glare", "% of the area", "glare", (0, 2, 4, 6, 8, 10, 15), (0, 5, 10, 15), 100),
    Condition("Noise", "standard deviation, grey levels", "noise", (0, 15, 30, 45, 60, 75, 90), (0, 30, 60, 90)),
)
PLATE_BASE: Final = Sight(unit_px=28)
PLATE_CONDITIONS: Final = (
    Condition("Size", "pixels, height of a character", "unit_px", (24, 20, 16, 14, 12, 10, 8, 6), (24, 18, 12, 6)),
    Condition("Movement", "% of a character's height", "motion", (0, 10, 20, 30, 40, 50), (0, 10, 20, 30, 40, 50), 100),
    Condition(
        "Out of focus",
        "radius of a point, % of that height",
        "defocus",
        (0, 5, 10, 15, 20, 25),
        (0, 5, 10, 15, 20, 25),
        100,
    ),
    *CODE_CONDITIONS[3:6],
    Condition("Noise", "standard deviation, grey levels", "noise", (0, 20, 40, 60, 80, 100), (0, 20, 40, 60, 80, 100)),
)


@dataclass(frozen=True, slots=True)
class View:
    """One picture for each engine's kind of input, and what it shows: the first label counts, see Picture."""

    scene: Pixels
    crop: Pixels | None
    labels: tuple[str, ...]


def code_view(condition: Condition, level: float, number: int) -> View:
    """One permit."""
    chance = np.random.default_rng((SEED, 3, number))
    sight = condition.sight(little_turned(CODE_BASE, chance), level)
    text = permit(number)
    return View(seen(code_flat(text), sight, yard()[_WINDOW], _CODE_IN_WINDOW, chance).pixels, None, (text,))


def plate_view(glyphs: Glyphs, kind: DrawnKind, condition: Condition, level: float, number: int) -> View:
    """One plate of a kind, clean."""
    chance = np.random.default_rng((SEED, 4, number))
    sight = condition.sight(little_turned(PLATE_BASE, chance), level)
    plate = plate_of(glyphs, kind, (SEED, 5, number), clean=True)
    view = seen(plate_flat(plate), sight, yard(), PLATE_AT, chance)
    return View(view.pixels, cut_out(view, plate, chance), written(plate))
