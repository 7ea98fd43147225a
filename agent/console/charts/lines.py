"""Lines over time, each with its name at its end; where a value is missing a line is interrupted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from markupsafe import Markup

from agent.console.charts.frame import PHONE, WIDE, Size, axis, drawn, grid, labels, up_px

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.console.charts.frame import Scale

_NAME_PX = 9.0
"""The width of a character of a line's name."""
_APART_PX = 15.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line. `number`: of its colour class. `values`: one for each place; None: there is none."""

    name: str
    number: int
    values: Sequence[float | None]
    dashed: bool = False


def lines(words: str, names: Sequence[str], rows: Sequence[Line], scale: Scale) -> Markup:
    """A chart of lines. `names`: of the places from left to right."""
    longest = max((_width(row.name) for row in rows), default=0)

    def draw(bare: Size) -> Markup:
        size = replace(bare, right=min(round(longest * _NAME_PX) + 14, bare.width // 3))
        step = (size.width - size.left - size.right - 16) / max(1, len(names) - 1)
        xs = [size.left + 8 + step * number for number in range(len(names))]
        drawings = [part for row in rows for part in _line(size, scale, xs, row)]
        named = _names(size, scale, rows)
        return Markup("").join((grid(size, scale), *drawings, *named, labels(size, names, xs.__getitem__), axis(size)))

    return drawn((WIDE, PHONE), words, draw)


def _line(size: Size, scale: Scale, xs: Sequence[float], row: Line) -> Iterator[Markup]:
    """The parts of a line; a single value between missing ones is a dot."""
    part: list[tuple[float, float]] = []
    for x, value in [*zip(xs, row.values, strict=True), (0.0, None)]:
        if value is not None:
            part.append((round(x, 1), up_px(size, scale, value)))
        elif len(part) == 1:
            yield Markup('<circle class="f{}" cx="{}" cy="{}" r="3"/>').format(row.number, *part[0])
            part = []
        elif part:
            css = f"l{row.number}{' dash' if row.dashed else ''}"
            yield Markup('<path class="{}" d="M{}"/>').format(css, " ".join(f"{left} {up}" for left, up in part))
            part = []


def _names(size: Size, scale: Scale, rows: Sequence[Line]) -> Iterator[Markup]:
    """The names at the ends, moved apart where lines end side by side."""
    ends = []
    for row in rows:
        found = [value for value in row.values if value is not None]
        if found:
            ends.append((up_px(size, scale, found[-1]) + 4, row.name))
    last = -_APART_PX
    for wanted, name in sorted(ends):
        last = max(wanted, last + _APART_PX)
        yield Markup('<text class="lbl" x="{}" y="{}">{}</text>').format(
            size.width - size.right + 4, round(last, 1), name
        )


def _width(name: str) -> float:
    """How wide a name is, in characters of an alphabet; those of Chinese are about twice as wide."""
    return sum(1.7 if ord(letter) > 0x2E80 else 0.85 for letter in name)  # noqa: PLR2004 - where CJK begins
