"""What all charts share: two sizes, scales with round numbers, grid, axis, and labels that do not run together."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TICKS: Final = 4
_LABEL_PX: Final = 8.0
"""The width of a character of a label."""


@dataclass(frozen=True, slots=True)
class Size:
    """One drawing. `css`: the class that shows it on its screens alone. `right`: kept free for the names of lines."""

    css: str
    width: int
    height: int
    left: int = 40
    right: int = 4


WIDE: Final = Size("only-wide", 560, 230)
PHONE: Final = Size("only-phone", 326, 220)
TOP: Final = 10
FOOT: Final = 26


@dataclass(frozen=True, slots=True)
class Scale:
    """The values at the side of a chart: `ticks` are round, the first and the last are its borders."""

    ticks: Sequence[float]

    def share(self, value: float) -> float:
        """How far up a value is, 0 to 1."""
        low, high = self.ticks[0], self.ticks[-1]
        return min(1.0, max(0.0, (value - low) / (high - low)))


def scale_to(most: float, *, whole: bool = False) -> Scale:
    """A scale from 0 to at least `most`. `whole`: with whole numbers alone."""
    step = _round_step(max(most, 1e-9) / _TICKS)
    step = max(1.0, step) if whole else step
    return Scale([step * number for number in range(max(1, ceil(most / step - 1e-9)) + 1)])


def scale_of_shares(least: float) -> Scale:
    """A scale of percentages to 100 that begins below the least of them, at a multiple of ten or at 90."""
    low = min(90, floor(least / 10) * 10)
    step = next(one for one in (5, 10, 20, 25, 50) if (100 - low) / one <= _TICKS)
    low = 100 - step * ceil((100 - low) / step)
    return Scale([low + step * number for number in range(round((100 - low) / step) + 1)])


def drawn(sizes: Sequence[Size], words: str, draw: Callable[[Size], Markup]) -> Markup:
    """A chart in every size. `words`: what it shows, in one sentence, for who cannot see it."""
    head = Markup('<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
    return Markup("").join(head.format(size.css, size.width, size.height, words, draw(size)) for size in sizes)


def base_px(size: Size) -> int:
    """Where the axis lies."""
    return size.height - FOOT


def up_px(size: Size, scale: Scale, value: float) -> float:
    """Where a value lies."""
    return round(base_px(size) - scale.share(value) * (base_px(size) - TOP), 1)


def grid(size: Size, scale: Scale) -> Markup:
    """The lines behind a chart, each with its value."""
    line = Markup('<path class="grid" d="M{} {}H{}"/><text x="{}" y="{}" text-anchor="end">{}</text>')
    rows = ((tick, up_px(size, scale, tick)) for tick in scale.ticks)
    return Markup("").join(
        line.format(size.left, y, size.width - size.right, size.left - 8, round(y + 4, 1), figure(tick))
        for tick, y in rows
    )


def axis(size: Size) -> Markup:
    """The line under a chart."""
    return Markup('<path class="axis" d="M{} {}H{}"/>').format(size.left, base_px(size), size.width - size.right)


def labels(size: Size, words: Sequence[str], middle_px: Callable[[int], float]) -> Markup:
    """The words under a chart: as many as have room, evenly."""
    widest = max((len(one) for one in words), default=1) * _LABEL_PX + _LABEL_PX
    room = max(1, floor((size.width - size.left - size.right) / widest))
    step = max(1, ceil(len(words) / room))
    text = Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>')
    return Markup("").join(
        text.format(round(middle_px(number), 1), size.height - 6, word)
        for number, word in enumerate(words)
        if number % step == 0
    )


def figure(value: float) -> str:
    """A number as people read it, without needless zeros."""
    return f"{value:.10g}"


def _round_step(least: float) -> float:
    """The next of 1, 2, 5, 10, 20 ... that is not less."""
    power: float = 10.0 ** floor(log10(least))
    return next(power * one for one in (1, 2, 5, 10) if power * one >= least * (1 - 1e-9))
