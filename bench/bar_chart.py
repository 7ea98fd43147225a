"""Draws bars beside one another as SVG: one a row, with its value and a remark."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH: Final = 800
_LEFT: Final = 180
_RIGHT: Final = 560
_ROW_PX: Final = 24
_HEAD_PX: Final = 44
_OURS: Final = "#0b6e99"
_OTHER: Final = "#94a3b8"


@dataclass(frozen=True, slots=True)
class Bar:
    """One row. `share`: 0..1. `ours`: shown in the product's colour."""

    name: str
    share: float
    remark: str
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """A diagram: bars under a title."""

    title: str
    bars: Sequence[Bar]


def svg(diagrams: Sequence[Bars]) -> str:
    """The diagrams one under another, as an SVG document; every bar begins at 0 and its full length is 100 %."""
    parts: list[str] = []
    top = 0
    for diagram in diagrams:
        parts += _diagram(diagram, top)
        top += _HEAD_PX + _ROW_PX * len(diagram.bars) + 16
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, f'<rect width="{_WIDTH}" height="{top}" fill="#ffffff"/>', *parts, "</svg>", ""])


def _diagram(diagram: Bars, top: int) -> list[str]:
    parts = [f'<text x="16" y="{top + 26}" font-size="14" fill="#0f172a">{escape(diagram.title)}</text>']
    for row, bar in enumerate(diagram.bars):
        y = top + _HEAD_PX + row * _ROW_PX
        length = (_RIGHT - _LEFT) * bar.share
        text = f'y="{y + 12}" fill="#0f172a"'
        parts += [
            f'<rect x="{_LEFT}" y="{y}" width="{_RIGHT - _LEFT}" height="16" fill="#f1f5f9"/>',
            f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="16" fill="{_OURS if bar.ours else _OTHER}"/>',
            f'<text x="{_LEFT - 8}" text-anchor="end" {text}>{escape(bar.name)}</text>',
            f'<text x="{_RIGHT + 10}" {text}>{100 * bar.share:.1f} %, {escape(bar.remark)}</text>',
        ]
    return parts
