"""Where the characters and the ornaments of a plate stand, in millimetres from its top left corner.

Chinese sizes after GA 36-2018 as published in summaries; those of others are in `foreign_layout`. Temporary plates are
cards of 220 x 140 mm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from training.drawing.chance import between, happens, pick
from training.drawing.foreign_layout import laid_abroad, square
from training.drawing.foreign_prints import ABROAD
from training.drawing.kinds import DrawnKind, Print
from training.drawing.layout_parts import LONG_MM, Box, Layout, fitted, row

if TYPE_CHECKING:
    import numpy as np

_TWO_LINES_MM: Final = (440.0, 220.0)
_CARD_MM: Final = (220.0, 140.0)


def layout(rng: np.random.Generator, kind: DrawnKind, what: Print) -> Layout:  # noqa: PLR0911 - a table of kinds
    """The layout of one plate of this kind."""
    match kind:
        case _ if kind in ABROAD:
            return laid_abroad(rng, kind, what)
        case DrawnKind.LATIN:
            return _latin(rng, what.text)
        case DrawnKind.LATIN_TWO_LINES:
            return square(rng, what)
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


def _one_line(rng: np.random.Generator, text: str, dot_after: int) -> Layout:
    """440 x 140: characters of 45 x 90, 12 apart, 34 where the dot is."""
    scale = between(rng, 0.97, 1.03)
    gaps = [12.0 * scale] * len(text)
    gaps[dot_after - 1] = 34 + between(rng, -2, 2)
    widths, gaps = fitted(12, 428, [45.0] * len(text), gaps)
    start, top = 15.5 + between(rng, -2, 2), 25 + between(rng, -3, 3)
    made = Layout((440, 140), row(start, widths, gaps, top, 90))
    if happens(rng, 0.95):
        x, _, width, _ = made.slots[dot_after - 1]
        made.dots.append((x + width + gaps[dot_after - 1] / 2, top + 45 + between(rng, -3, 3), between(rng, 4, 6.5)))
    return made


def _new_energy(rng: np.random.Generator, text: str) -> Layout:
    """480 x 140: characters of 43 x 90, 9 apart, the emblem between the second and the third."""
    gaps = [9.0 * between(rng, 0.97, 1.03)] * len(text)
    gaps[1] = 49 + between(rng, -2, 2)
    start, top = 15.5 + between(rng, -2, 2), 25 + between(rng, -3, 3)
    made = Layout((480, 140), row(start, [45.0] + [43.0] * (len(text) - 1), gaps, top, 90))
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
    widths, gaps = fitted(between(rng, 10, 18), 430, widths, gaps)
    top = 25 + between(rng, -3, 3)
    slots = row(14 + between(rng, -3, 3), widths, gaps, top, 90)
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
    widths, gaps = fitted(left, wide - between(rng, 6, 12), widths, gaps)
    top = between(rng, 0.22, 0.42) * high
    slots = row(left, widths, gaps, top, height)
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
    widths, gaps = fitted(20, 420, [65.0] * count, [15.0] * count)
    lower = row(27 + between(rng, -3, 3), widths, gaps, 90 + between(rng, -4, 4), 110)
    slots += [(x * sx, y * sy, width * sx, height * sy) for x, y, width, height in lower]
    made = Layout(size, slots)
    if happens(rng, 0.8):
        made.dots.append((220 * sx, 45 * sy, between(rng, 4, 6) * sy))
    return made


def _latin(rng: np.random.Generator, text: str) -> Layout:
    """Any row of Latin characters: 520 x 112, with a coloured band on the left or without, or a squatter plate."""
    wide, high = LONG_MM if happens(rng, 0.7) else (between(rng, 300, 460), between(rng, 110, 152))
    made = Layout((wide, high), [])
    left = between(rng, 14, 30)
    if happens(rng, 0.5):
        made.panels.append(((4, 4, 40, high - 8), between(rng, 0.4, 1.0)))
        left += 38
    gaps = [between(rng, 3, 9)] * len(text)
    for _ in range(int(rng.random() * 3)):
        gaps[int(rng.random() * len(text))] += between(rng, 8, 28)
    height = high * between(rng, 0.55, 0.74)
    widths, gaps = fitted(left, wide - 12, [height * between(rng, 0.5, 0.62)] * len(text), gaps)
    made.slots = row(left, widths, gaps, (high - height) / 2 + between(rng, -3, 3), height)
    return made
