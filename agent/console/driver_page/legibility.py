"""How large letters must be to be read from a distance, and how large those on a screen are. Pure arithmetic.

The rule: a letter is read without effort where its height is 1/200 of the distance, and still read where it is 1/300
(the range that sign makers use, from the visual angle of 17 and 11 minutes of arc). The page's first sentence keeps the
first, the other languages keep the second. The height is that of a capital letter; a Han character fills more.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import Final

MM_PER_INCH: Final = 25.4
EASY_RATIO: Final = 200
"""Distance over letter height, at which a driver reads at a glance."""

READABLE_RATIO: Final = 300
"""Distance over letter height, at which a letter can still be read."""

DISTANCE_M: Final = 5.0
"""From a driver's eyes to the screen, at most."""

CAPITAL: Final = 0.7
"""Height of a capital letter as a share of the font size, in Latin and Cyrillic sans-serif fonts (0.69 to 0.73)."""

HAN: Final = 0.88
"""Height of a Han character as a share of the font size, in sans-serif fonts (0.88 to 0.92)."""


@dataclass(frozen=True, slots=True)
class ScreenSize:
    """A screen: its diagonal, and how many pixels of the page it is wide and high (CSS pixels, as the browser counts).

    Raises ValueError for a screen of no size.
    """

    diagonal_inch: float
    width_px: int
    height_px: int

    def __post_init__(self) -> None:
        if self.diagonal_inch <= 0 or self.width_px <= 0 or self.height_px <= 0:
            raise ValueError(f"expected a screen with a size, not {self}")

    @property
    def pitch_mm(self) -> float:
        """From one pixel to the next, in mm; pixels are square."""
        return self.diagonal_inch * MM_PER_INCH / hypot(self.width_px, self.height_px)


def letter_height_mm(font_px: float, screen: ScreenSize, share: float = CAPITAL) -> float:
    """The height of a letter in mm. `font_px`: the font size. `share`: of it, that the letter is high."""
    return font_px * share * screen.pitch_mm


def needed_height_mm(distance_m: float, ratio: float = EASY_RATIO) -> float:
    """The least height of a letter, in mm, for who reads it from this distance."""
    return distance_m * 1000 / ratio


def needed_font_px(
    screen: ScreenSize, distance_m: float = DISTANCE_M, ratio: float = EASY_RATIO, share: float = CAPITAL
) -> float:
    """The least font size, in pixels of the screen, for who reads it from this distance."""
    return needed_height_mm(distance_m, ratio) / (share * screen.pitch_mm)


def reading_distance_m(font_px: float, screen: ScreenSize, ratio: float = EASY_RATIO, share: float = CAPITAL) -> float:
    """From how far a text of this font size is read, in m."""
    return letter_height_mm(font_px, screen, share) * ratio / 1000
