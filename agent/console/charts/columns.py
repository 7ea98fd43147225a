"""Columns side by side, each of parts on top of one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from agent.console.charts.frame import PHONE, WIDE, Size, axis, base_px, drawn, grid, labels, scale_to, up_px

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.console.charts.frame import Scale

HATCH: Final = "url(#hatch)"
_GAP: Final = 0.22
"""The part of a column's place that stays empty."""


def fill(kind: str) -> Markup:
    """How a part is filled: by a class of the console's CSS, or by the pattern that the page defines."""
    return Markup('fill="{}"').format(kind) if kind == HATCH else Markup('class="{}"').format(kind)


def columns(words: str, names: Sequence[str], parts: Sequence[tuple[str, Sequence[int]]]) -> Markup:
    """A chart of whole numbers. `names`: of the columns. `parts`: how each is filled, and its number in every column.

    The first part is the lowest.
    """
    most = max((sum(each) for each in zip(*(values for _, values in parts), strict=True)), default=0)
    scale = scale_to(most, whole=True)

    def draw(size: Size) -> Markup:
        place = (size.width - size.left - size.right) / max(1, len(names))
        below = labels(size, names, lambda number: size.left + place * (number + 0.5))
        drawings = (_column(size, scale, place, number, parts) for number in range(len(names)))
        return Markup("").join((grid(size, scale), *drawings, below, axis(size)))

    return drawn((WIDE, PHONE), words, draw)


def _column(size: Size, scale: Scale, place: float, number: int, parts: Sequence[tuple[str, Sequence[int]]]) -> Markup:
    left, width = size.left + place * (number + _GAP / 2), place * (1 - _GAP)
    drawing, below, foot = [], 0, float(base_px(size))
    bar = Markup('<rect {} x="{}" y="{}" width="{}" height="{}"/>')
    for kind, values in parts:
        if not values[number]:
            continue
        below += values[number]
        top = min(up_px(size, scale, below), foot - 1.5)  # one vehicle among thousands is seen, too
        drawing.append(bar.format(fill(kind), round(left, 1), top, round(width, 1), round(max(1.0, foot - top - 1), 1)))
        foot = top
    return Markup("").join(drawing)
