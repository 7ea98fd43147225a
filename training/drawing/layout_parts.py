"""What a layout is made of: places in millimetres from the plate's top left corner, and rows of characters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

Box = tuple[float, float, float, float]
"""x, y, width, height."""
Colour = tuple[float, float, float]
"""BGR."""
Bands = tuple[Colour, ...]
"""The bands of a flag from the top."""

LONG_MM: Final = (520.0, 112.0)
"""Kazakhstan, Uzbekistan, Russia (GOST R 50577) and those after them: the long European plate."""
SQUARE_MM: Final = (290.0, 202.0)


@dataclass(slots=True)
class Layout:
    """`slots`: the place of each printed character. `dots`: x, y, radius. `lines`: from x, y to x, y.

    `panels`: filled boxes of the ink's colour, thinned out to a strength of 0..1. `small`: letters beside the number.
    `flags`: boxes of coloured bands. `suns`: x, y, radius and colour of discs on them. `rings`: ovals, drawn as lines.
    """

    size: tuple[float, float]
    slots: list[Box]
    dots: list[tuple[float, float, float]] = field(default_factory=list)
    lines: list[Box] = field(default_factory=list)
    panels: list[tuple[Box, float]] = field(default_factory=list)
    small: list[tuple[str, Box]] = field(default_factory=list)
    flags: list[tuple[Box, Bands]] = field(default_factory=list)
    suns: list[tuple[float, float, float, Colour]] = field(default_factory=list)
    rings: list[Box] = field(default_factory=list)


def row(start: float, widths: Sequence[float], gaps: Sequence[float], y: float, height: float) -> list[Box]:
    """Characters one after another; `gaps[i]`: behind character i."""
    boxes, x = [], start
    for width, gap in zip(widths, gaps, strict=True):
        boxes.append((x, y, width, height))
        x += width + gap
    return boxes


def fitted(
    left: float, right: float, widths: Sequence[float], gaps: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Widths and gaps, narrowed where they need more room than there is."""
    factor = min(1.0, (right - left) / (sum(widths) + sum(gaps[:-1])))
    return [width * factor for width in widths], [gap * factor for gap in gaps]
