"""Draws the two pictures of docs/plates.md: what a threshold lets pass, and whether probabilities mean what they say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_COLOURS: Final = ("#0b6e99", "#c2410c", "#4d7c0f", "#7e22ce", "#64748b", "#be123c")
_WIDTH: Final = 800
_LEFT: Final = 70
_RIGHT: Final = 560


@dataclass(frozen=True, slots=True)
class Line:
    """A named row of points, x and y in the panel's own units."""

    name: str
    points: Sequence[tuple[float, float]]
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One diagram. `x`, `y`: the ticks, first and last at the borders. `logarithmic`: y; what is under it lies on it.

    `marked`: an x that a dashed line marks, or None. `diagonal`: draw y = x.
    """

    title: str
    x_name: str
    x: Sequence[float]
    y: Sequence[float]
    lines: Sequence[Line]
    logarithmic: bool = False
    marked: float | None = None
    diagonal: bool = False
    percent: bool = True


def svg(panels: Sequence[Panel], height_px: int = 300) -> str:
    """The panels one under another, as an SVG document."""
    total = height_px * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {total}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{total}" fill="#ffffff"/>',
    ]
    for number, panel in enumerate(panels):
        parts += _panel(panel, number * height_px + 40, (number + 1) * height_px - 50)
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, top: float, bottom: float) -> list[str]:
    def across(value: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (value - panel.x[0]) / (panel.x[-1] - panel.x[0])

    def up(value: float) -> float:
        low, high, here = panel.y[0], panel.y[-1], max(value, panel.y[0])
        if panel.logarithmic:
            low, high, here = math.log10(low), math.log10(high), math.log10(here)
        return bottom - (bottom - top) * (here - low) / (high - low)

    parts = _frame(panel, top, bottom, across, up)
    if panel.marked is not None:
        x = across(panel.marked)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.0f}" y2="{bottom:.0f}" stroke="#0f172a" stroke-dasharray="4 4"/>'
        )
    if panel.diagonal:
        parts.append(_polyline([panel.x[0], panel.x[-1]], [panel.x[0], panel.x[-1]], across, up, "#94a3b8"))
    for number, line in enumerate(panel.lines):
        parts += _line(line, number, top, across, up)
    return parts


def _frame(
    panel: Panel, top: float, bottom: float, across: Callable[[float], float], up: Callable[[float], float]
) -> list[str]:
    unit = " %" if panel.percent else ""
    parts = [f'<text x="{_LEFT}" y="{top - 14:.0f}" font-size="14" fill="#0f172a">{panel.title}</text>']
    for tick in panel.y:
        y = up(tick)
        parts.append(f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e2e8f0"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#475569">{tick:g}{unit}</text>')
    for tick in panel.x:
        x = across(tick)
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18:.0f}" text-anchor="middle" fill="#475569">{tick:g}</text>')
    parts.append(
        f'<text x="{(_LEFT + _RIGHT) / 2:.0f}" y="{bottom + 36:.0f}" text-anchor="middle" fill="#475569">{panel.x_name}</text>'
    )
    return parts


def _line(
    line: Line, number: int, top: float, across: Callable[[float], float], up: Callable[[float], float]
) -> list[str]:
    colour, y = _COLOURS[number % len(_COLOURS)], top + 6 + 20 * number
    parts = [
        _polyline([x for x, _ in line.points], [y for _, y in line.points], across, up, colour),
        f'<line x1="{_RIGHT + 14}" x2="{_RIGHT + 34}" y1="{y:.0f}" y2="{y:.0f}" stroke="{colour}" stroke-width="3"/>',
        f'<text x="{_RIGHT + 40}" y="{y + 4:.0f}" fill="#0f172a">{line.name}</text>',
    ]
    if line.dots:
        parts += [f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="3" fill="{colour}"/>' for x, y in line.points]
    return parts


def _polyline(
    xs: Sequence[float],
    ys: Sequence[float],
    across: Callable[[float], float],
    up: Callable[[float], float],
    colour: str,
) -> str:
    points = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in zip(xs, ys, strict=True))
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
