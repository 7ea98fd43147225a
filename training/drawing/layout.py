"""Where the characters and the ornaments of a plate stand, in millimetres from its top left corner.

Chinese sizes after GA 36-2018 as published in summaries; Kazakhstan: 520 x 112 and 290 x 202 mm, proportions measured
on photographs. Temporary plates are cards of 220 x 140 mm.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from training.drawing.chance import between, happens, pick
from training.drawing.kinds import DrawnKind, Print

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

Box = tuple[float, float, float, float]
"""x, y, width, height."""

_TWO_LINES_MM: Final = (440.0, 220.0)
_CARD_MM: Final = (220.0, 140.0)
_LONG_MM: Final = (520.0, 112.0)
_SQUARE_MM: Final = (290.0, 202.0)


@dataclass(slots=True)
class Layout:
    """`slots`: the place of each printed character. `dots`: x, y, radius. `lines`: from x, y to x, y.

    `panels`: filled boxes of the ink's colour, thinned out to a strength of 0..1. `small`: letters beside the number.
    """

    size: tuple[float, float]
    slots: list[Box]
    dots: list[tuple[float, float, float]] = field(default_factory=list)
    lines: list[Box] = field(default_factory=list)
    panels: list[tuple[Box, float]] = field(default_factory=list)
    small: list[tuple[str, Box]] = field(default_factory=list)


def layout(rng: np.random.Generator, kind: DrawnKind, what: Print) -> Layout:  # noqa: C901, PLR0911 - a table of kinds
    """The layout of one plate of this kind."""
    match kind:
        case DrawnKind.KAZAKHSTAN | DrawnKind.KAZAKHSTAN_FOREIGN:
            return _kazakh(rng, what.text)
        case DrawnKind.KAZAKHSTAN_TWO_LINES:
            return _kazakh_square(rng, what.text)
        case DrawnKind.KAZAKHSTAN_1993 | DrawnKind.KAZAKHSTAN_DIPLOMATIC:
            return _long(rng, what.text)
        case DrawnKind.KAZAKHSTAN_1993_TWO_LINES:
            return _square(rng, what)
        case DrawnKind.LATIN:
            return _latin(rng, what.text)
        case DrawnKind.LATIN_TWO_LINES:
            return _square(rng, what)
        case DrawnKind.NEW_ENERGY_SMALL | DrawnKind.NEW_ENERGY_LARGE:
            return _new_energy(rng, what.text)
        case DrawnKind.ARMED_POLICE:
            return _armed_police(rng, what.text)
        case DrawnKind.TEMPORARY | DrawnKind.TEMPORARY_TWO_LINES | DrawnKind.TRIAL | DrawnKind.OVERSIZED:
            return _two_lines(rng, what, _CARD_MM) if what.upper else _card(rng, what.text)
        case _:
            if what.upper:
                # The rear plates of motorcycles are laid out alike on a smaller plate.
                return _two_lines(rng, what, _CARD_MM if happens(rng, 0.2) else _TWO_LINES_MM)
            return _one_line(rng, what.text, _dot_after(rng, kind))


def _dot_after(rng: np.random.Generator, kind: DrawnKind) -> int:
    match kind:
        case DrawnKind.POLICE:
            return 1 if happens(rng, 0.6) else 2
        case DrawnKind.EMBASSY:
            return 3 if happens(rng, 0.3) else 4
        case _:
            return 2


def _row(start: float, widths: Sequence[float], gaps: Sequence[float], y: float, height: float) -> list[Box]:
    """Characters one after another; `gaps[i]`: behind character i."""
    boxes, x = [], start
    for width, gap in zip(widths, gaps, strict=True):
        boxes.append((x, y, width, height))
        x += width + gap
    return boxes


def _fitted(
    left: float, right: float, widths: Sequence[float], gaps: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Widths and gaps, narrowed where they need more room than there is."""
    factor = min(1.0, (right - left) / (sum(widths) + sum(gaps[:-1])))
    return [width * factor for width in widths], [gap * factor for gap in gaps]


def _one_line(rng: np.random.Generator, text: str, dot_after: int) -> Layout:
    """440 x 140: characters of 45 x 90, 12 apart, 34 where the dot is."""
    scale = between(rng, 0.97, 1.03)
    gaps = [12.0 * scale] * len(text)
    gaps[dot_after - 1] = 34 + between(rng, -2, 2)
    widths, gaps = _fitted(12, 428, [45.0] * len(text), gaps)
    start, top = 15.5 + between(rng, -2, 2), 25 + between(rng, -3, 3)
    made = Layout((440, 140), _row(start, widths, gaps, top, 90))
    if happens(rng, 0.95):
        x, _, width, _ = made.slots[dot_after - 1]
        made.dots.append((x + width + gaps[dot_after - 1] / 2, top + 45 + between(rng, -3, 3), between(rng, 4, 6.5)))
    return made


def _new_energy(rng: np.random.Generator, text: str) -> Layout:
    """480 x 140: characters of 43 x 90, 9 apart, the emblem between the second and the third."""
    gaps = [9.0 * between(rng, 0.97, 1.03)] * len(text)
    gaps[1] = 49 + between(rng, -2, 2)
    start, top = 15.5 + between(rng, -2, 2), 25 + between(rng, -3, 3)
    made = Layout((480, 140), _row(start, [45.0] + [43.0] * (len(text) - 1), gaps, top, 90))
    if happens(rng, 0.8):
        x, _, width, _ = made.slots[1]
        side = between(rng, 18, 34)
        centre = x + width + gaps[1] / 2
        made.panels.append(((centre - side / 2, between(rng, 52, 72), side, side), between(rng, 0.15, 0.8)))
    return made


def _armed_police(rng: np.random.Generator, text: str) -> Layout:
    """WJ, the province smaller or not, a dot or none, and the digits."""
    small = between(rng, 0.5, 1.0) if happens(rng, 0.6) else 1.0
    widths = [45.0, 45.0, 45.0 * small, *[45.0] * (len(text) - 3)]
    gaps = [10.0] * len(text)
    gaps[1], gaps[2] = between(rng, 4, 14), between(rng, 8, 34)
    widths, gaps = _fitted(between(rng, 10, 18), 430, widths, gaps)
    top = 25 + between(rng, -3, 3)
    slots = _row(14 + between(rng, -3, 3), widths, gaps, top, 90)
    x, _, width, _ = slots[2]
    height = max(45.0, 90 * small)
    slots[2] = (x, top + (90 - height) * pick(rng, (0.0, 0.5, 1.0)), width, height)
    made = Layout((440, 140), slots)
    if happens(rng, 0.6):
        made.dots.append((x + width + gaps[2] / 2, top + 45 + between(rng, -3, 3), between(rng, 3, 5)))
    return made


def _card(rng: np.random.Generator, text: str) -> Layout:
    """A card with one line of characters, and small print under it; or the size of any other plate."""
    if happens(rng, 0.4):
        return _one_line(rng, text, 2)
    high, wide = _CARD_MM[1], _CARD_MM[0]
    height = between(rng, 40, 75)
    widths = [22.0] * len(text)
    widths[-1] *= between(rng, 0.7, 1.1)
    gaps = [between(rng, 2, 5)] * len(text)
    gaps[1] = between(rng, 3, 12)
    left = between(rng, 6, 14)
    widths, gaps = _fitted(left, wide - between(rng, 6, 12), widths, gaps)
    top = between(rng, 0.22, 0.42) * high
    slots = _row(left, widths, gaps, top, height)
    x, y, width, _ = slots[-1]
    low = height * between(rng, 0.6, 1.0)
    slots[-1] = (x, y + (height - low) * between(rng, 0.3, 1.0), width, low)
    made = Layout((wide, high), slots)
    made.small += _small_print(rng, top + height + 4, high - 6, wide)
    return made


def _small_print(rng: np.random.Generator, top: float, bottom: float, wide: float) -> list[tuple[str, Box]]:
    """A line of small characters, as a term of validity is printed."""
    height = min(bottom - top, between(rng, 8, 14))
    if height < 6 or happens(rng, 0.3):
        return []
    count = 8 + int(rng.random() * 6)
    left, step = between(rng, 14, 50), height * 0.75
    return [
        (pick(rng, "0123456789"), (left + step * place, top, step * 0.8, height))
        for place in range(count)
        if left + step * (place + 1) < wide - 8
    ]


def _two_lines(rng: np.random.Generator, what: Print, size: tuple[float, float]) -> Layout:
    """The upper line small, the lower one large: 80 x 60 and 65 x 110 on a plate of 440 x 220."""
    wide, high = size
    sx, sy = wide / _TWO_LINES_MM[0], high / _TWO_LINES_MM[1]
    top = (15 + between(rng, -3, 3)) * sy
    slots = [((place + between(rng, -6, 6)) * sx, top, 80 * sx, 60 * sy) for place in (110, 250)]
    count = len(what.text) - what.upper
    widths, gaps = _fitted(20, 420, [65.0] * count, [15.0] * count)
    lower = _row(27 + between(rng, -3, 3), widths, gaps, 90 + between(rng, -4, 4), 110)
    slots += [(x * sx, y * sy, width * sx, height * sy) for x, y, width, height in lower]
    made = Layout(size, slots)
    if happens(rng, 0.8):
        made.dots.append((220 * sx, 45 * sy, between(rng, 4, 6) * sy))
    return made


def _kazakh(rng: np.random.Generator, text: str) -> Layout:
    """520 x 112: flag and KZ on the left, the region of two digits in a field on the right."""
    wide, high = _LONG_MM
    top = between(rng, 14, 22)
    left, right = 58 + between(rng, -8, 8), wide - 12
    field_gap = between(rng, 14, 26)
    cell = (right - left - field_gap) / len(text)
    width = cell * between(rng, 0.76, 0.84)
    regional = len(text) - 2
    places = [left + cell * index + (field_gap if index >= regional else 0) for index in range(len(text))]
    made = Layout((wide, high), [(x + (cell - width) / 2, top, width, high - 2 * top) for x in places])
    if happens(rng, 0.9):
        _add_flag(rng, made, 10, 20, 62)
    if happens(rng, 0.85):
        x = places[regional] - field_gap / 2
        made.lines.append((x, 0, x, high))
    return made


def _add_flag(rng: np.random.Generator, made: Layout, left: float, flag_top: float, letters_top: float) -> None:
    made.panels.append(((left, flag_top, 36, 26), between(rng, 0.25, 0.85)))
    made.small += [("K", (left, letters_top, 17, 26)), ("Z", (left + 19, letters_top, 17, 26))]


def _long(rng: np.random.Generator, text: str) -> Layout:
    """520 x 112, one row, a wider gap where digits and letters meet."""
    wide, high = _LONG_MM
    top = between(rng, 14, 22)
    left = 20 + between(rng, -5, 15)
    if with_flag := happens(rng, 0.3):
        left += 38
    gap = between(rng, 0, 24)
    breaks = [a.isdigit() != b.isdigit() for a, b in pairwise(text)]
    cell = (wide - 12 - left - gap * sum(breaks)) / len(text)
    width = cell * between(rng, 0.76, 0.84)
    gaps = [cell - width + gap * broken for broken in (*breaks, False)]
    made = Layout((wide, high), _row(left, [width] * len(text), gaps, top, high - 2 * top))
    if with_flag:
        _add_flag(rng, made, 10, 20, 62)
    return made


def _kazakh_square(rng: np.random.Generator, text: str) -> Layout:
    """290 x 202: flag, KZ and the digits above; below the region in a field on the left, and the letters."""
    size = _SQUARE_MM
    width = between(rng, 48, 56)
    upper = _row(between(rng, 60, 95), [width * 0.85] * 3, [width * 0.15 + 8] * 3, 16 + between(rng, -3, 3), 76)
    region_width = between(rng, 88, 104)
    left, cell = between(rng, 14, 22), (region_width - 6) / 2
    region = _row(left, [cell * 0.86] * 2, [cell * 0.14] * 2, 108 + between(rng, -3, 3), 76)
    edge = left + 2 * cell + 2
    start = edge + between(rng, 8, 16)
    count = len(text) - 5
    cell = (278 - start) / 3
    letters = _row(start, [cell * 0.84] * count, [cell * 0.16] * count, 108 + between(rng, -3, 3), 76)
    made = Layout(size, upper + region + letters)
    if happens(rng, 0.9):
        _add_flag(rng, made, 14, 20, 58)
    if happens(rng, 0.9):
        made.lines += [(edge, 99, edge, size[1]), (0, 99, edge, 99)]
    return made


def _square(rng: np.random.Generator, what: Print) -> Layout:
    """Two lines of any characters, both of one height, in the middle of a nearly square plate."""
    wide, high = between(rng, 240, 340), between(rng, 165, 202)
    height = high * between(rng, 0.34, 0.4)
    slots: list[Box] = []
    for text, top in ((what.text[: what.upper], 0.08 * high), (what.text[what.upper :], 0.9 * high - height)):
        cell = min((wide - 24) / len(text), height * between(rng, 0.62, 0.8))
        width = cell * between(rng, 0.76, 0.86)
        start = (wide - cell * len(text)) / 2 + (cell - width) / 2
        slots += _row(start, [width] * len(text), [cell - width] * len(text), top + between(rng, -2, 2), height)
    return Layout((wide, high), slots)


def _latin(rng: np.random.Generator, text: str) -> Layout:
    """Any row of Latin characters: 520 x 112, with a coloured band on the left or without, or a squatter plate."""
    wide, high = _LONG_MM if happens(rng, 0.7) else (between(rng, 300, 460), between(rng, 110, 152))
    made = Layout((wide, high), [])
    left = between(rng, 14, 30)
    if happens(rng, 0.5):
        made.panels.append(((4, 4, 40, high - 8), between(rng, 0.4, 1.0)))
        left += 38
    gaps = [between(rng, 3, 9)] * len(text)
    for _ in range(int(rng.random() * 3)):
        gaps[int(rng.random() * len(text))] += between(rng, 8, 28)
    height = high * between(rng, 0.55, 0.74)
    widths, gaps = _fitted(left, wide - 12, [height * between(rng, 0.5, 0.62)] * len(text), gaps)
    made.slots = _row(left, widths, gaps, (high - height) / 2 + between(rng, -3, 3), height)
    return made
