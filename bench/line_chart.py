"""Draws lines over an axis as SVG: diagrams one under another, or small ones side by side with one legend."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_COLOURS: Final = ("#0b6e99", "#c2410c", "#4d7c0f", "#7e22ce", "#64748b", "#be123c")
_WIDTH: Final = 800
_LINE_PX: Final = 2


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a diagram stands: its borders in pixels."""

    left: float
    right: float
    top: float
    bottom: float


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
    """The panels one under another, each with its legend, as an SVG document."""
    parts = []
    for number, panel in enumerate(panels):
        frame = _Frame(70, 560, number * height_px + 40, (number + 1) * height_px - 50)
        parts += [*_panel(panel, frame), *_legend(panel.lines, 574, frame.top)]
    return _document(parts, height_px * len(panels))


def grid(panels: Sequence[Panel], columns: int = 2, height_px: int = 250) -> str:
    """The panels side by side, all with the same lines, whose legend stands in the next free place.

    The first line is the widest, so that lines on the same way are all seen.
    """
    width = _WIDTH / columns
    parts = []
    for number, panel in enumerate(panels):
        left, top = width * (number % columns), height_px * (number // columns)
        frame = _Frame(left + 60, left + width - 20, top + 40, top + height_px - 50)
        parts += _panel(panel, frame, [2 + 2 * rank for rank in range(len(panel.lines))][::-1])
    free = len(panels)
    parts += _legend(panels[0].lines, width * (free % columns) + 60, height_px * (free // columns) + 40)
    return _document(parts, height_px * (free // columns + 1))


def _document(parts: Sequence[str], height_px: float) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height_px}" font-family="sans-serif" '
        'font-size="12">'
    )
    return "\n".join([head, f'<rect width="{_WIDTH}" height="{height_px}" fill="#ffffff"/>', *parts, "</svg>", ""])


def _panel(panel: Panel, frame: _Frame, widths: Sequence[int] = ()) -> list[str]:
    def across(value: float) -> float:
        return frame.left + (frame.right - frame.left) * (value - panel.x[0]) / (panel.x[-1] - panel.x[0])

    def up(value: float) -> float:
        low, high, here = panel.y[0], panel.y[-1], max(value, panel.y[0])
        if panel.logarithmic:
            low, high, here = math.log10(low), math.log10(high), math.log10(here)
        return frame.bottom - (frame.bottom - frame.top) * (here - low) / (high - low)

    parts = _axes(panel, frame, across, up)
    if panel.marked is not None:
        x, top, bottom = across(panel.marked), frame.top, frame.bottom
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.0f}" y2="{bottom:.0f}" stroke="#0f172a" stroke-dasharray="4 '
            '4"/>'
        )
    if panel.diagonal:
        parts.append(_polyline([panel.x[0], panel.x[-1]], [panel.x[0], panel.x[-1]], across, up, ("#94a3b8", _LINE_PX)))
    for number, line in enumerate(panel.lines):
        width = widths[number] if widths else _LINE_PX
        parts += _line(line, (_COLOURS[number % len(_COLOURS)], width), across, up)
    return parts


def _axes(panel: Panel, frame: _Frame, across: Callable[[float], float], up: Callable[[float], float]) -> list[str]:
    unit = " %" if panel.percent else ""
    left, right, top, bottom = frame.left, frame.right, frame.top, frame.bottom
    parts = [f'<text x="{left:.0f}" y="{top - 14:.0f}" font-size="14" fill="#0f172a">{panel.title}</text>']
    for tick in panel.y:
        y = up(tick)
        parts.append(f'<line x1="{left:.0f}" x2="{right:.0f}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e2e8f0"/>')
        parts.append(f'<text x="{left - 8:.0f}" y="{y + 4:.1f}" text-anchor="end" fill="#475569">{tick:g}{unit}</text>')
    for tick in panel.x:
        x = across(tick)
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18:.0f}" text-anchor="middle" fill="#475569">{tick:g}</text>')
    parts.append(
        f'<text x="{(left + right) / 2:.0f}" y="{bottom + 36:.0f}" text-anchor="middle" '
        f'fill="#475569">{panel.x_name}</text>'
    )
    return parts


def _legend(lines: Sequence[Line], left: float, top: float) -> list[str]:
    parts = []
    for number, line in enumerate(lines):
        y = top + 6 + 20 * number
        parts += [
            (
                f'<line x1="{left:.0f}" x2="{left + 20:.0f}" y1="{y:.0f}" y2="{y:.0f}" '
                f'stroke="{_COLOURS[number % len(_COLOURS)]}" stroke-width="3"/>'
            ),
            f'<text x="{left + 26:.0f}" y="{y + 4:.0f}" fill="#0f172a">{line.name}</text>',
        ]
    return parts


def _line(
    line: Line, pen: tuple[str, int], across: Callable[[float], float], up: Callable[[float], float]
) -> list[str]:
    colour, _ = pen
    parts = [_polyline([x for x, _ in line.points], [y for _, y in line.points], across, up, pen)]
    if line.dots:
        parts += [f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="3" fill="{colour}"/>' for x, y in line.points]
    return parts


def _polyline(
    xs: Sequence[float],
    ys: Sequence[float],
    across: Callable[[float], float],
    up: Callable[[float], float],
    pen: tuple[str, int],
) -> str:
    colour, width = pen
    points = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in zip(xs, ys, strict=True))
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
