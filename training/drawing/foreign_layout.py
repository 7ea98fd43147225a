"""Where characters and ornaments stand on the plates of Kazakhstan, its neighbours, Mongolia and Belarus.

Long plates are 520 x 112 mm everywhere (GOST R 50577; O'z DSt 640; the pages named in
agent/core/plates/foreign_formats.py). Russian digits are 76 mm high and letters 58 (GOST R 50577-93, table 1), plates
of two lines 290 x 170 (type 1A); Kazakhstan's 290 x 202, Mongolia's 300 x 150. Other proportions are measured on
photographs, and where no photograph was at hand, guessed within wide bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final

from training.drawing.chance import between, happens
from training.drawing.kinds import DrawnKind, Print
from training.drawing.layout_parts import LONG_MM, SQUARE_MM, Bands, Box, Layout, row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np

_DIGIT_MM: Final = 76.0
_LETTER_MM: Final = 58.0
_WIDER: Final = {"W": 1.25, "M": 1.12, "Ш": 1.25, "Ж": 1.2, "Ю": 1.25, "J": 0.85, "L": 0.92, "E": 0.92, "F": 0.92}
"""How wide letters are against the others, in faces that do not make all of one width."""
_RUSSIAN_MM: Final = (290.0, 170.0)
_MONGOLIAN_MM: Final = (300.0, 150.0)

_WHITE, _BLUE, _RED, _GREEN = (245.0, 245.0, 245.0), (170.0, 80.0, 30.0), (40.0, 40.0, 205.0), (80.0, 150.0, 40.0)
_TEAL, _YELLOW = (190.0, 175.0, 30.0), (40.0, 205.0, 245.0)
_FLAGS: Final[dict[str, Bands]] = {
    "KZ": (_TEAL,),
    "UZ": ((200.0, 150.0, 40.0), _WHITE, _GREEN),
    "RUS": (_WHITE, _BLUE, _RED),
    "KG": (_RED,),
    "TJ": (_RED, _WHITE, _WHITE, _GREEN),
    "TM": (_GREEN, _RED, _GREEN),
    "BY": (_RED, _RED, _GREEN),
}
_SUNS: Final = {"KZ", "KG"}
"""The flags with a sun in the middle."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Characters of one size, side by side. `height`: mm; `gap`: mm before it."""

    text: str
    height: float
    gap: float = 0.0


def laid_abroad(rng: np.random.Generator, kind: DrawnKind, what: Print) -> Layout:
    """The layout of one plate of this kind. Raises KeyError for a kind that is laid out elsewhere."""
    return _LAYOUTS[kind](rng, what)


def square(rng: np.random.Generator, what: Print, size: tuple[float, float] | None = None) -> Layout:
    """Two lines of any characters, both of one height, in the middle of a nearly square plate."""
    wide, high = size or (between(rng, 240, 340), between(rng, 165, 202))
    height = high * between(rng, 0.33, 0.38)
    slots: list[Box] = []
    for text, top in ((what.text[: what.upper], 0.08 * high), (what.text[what.upper :], 0.9 * high - height)):
        cell = min((wide - 24) / len(text), height * between(rng, 0.62, 0.8))
        width = cell * between(rng, 0.76, 0.86)
        start = (wide - cell * len(text)) / 2 + (cell - width) / 2
        slots += row(start, [width] * len(text), [cell - width] * len(text), top + between(rng, -2, 2), height)
    return Layout((wide, high), slots)


def _groups(
    rng: np.random.Generator,
    groups: Sequence[_Group],
    left: float,
    right: float,
    bottom: float,
    place: tuple[float, float] = (0.3, 0.7),
) -> list[list[Box]]:
    """The groups in a row on one base line, narrowed to fit.

    `place`: where in the room that is to spare, from 0 for the left to 1 for the right.
    """
    ratio, apart = between(rng, 0.54, 0.7), between(rng, 0.1, 0.2)
    factors = _WIDER if happens(rng, 0.6) else {}
    cells = [[group.height * ratio * factors.get(character, 1.0) for character in group.text] for group in groups]
    wanted = sum(sum(row_) + group.gap for row_, group in zip(cells, groups, strict=True)) - groups[0].gap
    factor = min(1.0, (right - left) / wanted)
    x = left + (right - left - wanted * factor) * between(rng, *place)
    laid = []
    for number, (group, widths) in enumerate(zip(groups, cells, strict=True)):
        x += group.gap * factor if number else 0.0
        boxes = []
        for width in widths:
            room = width * factor
            boxes.append((x + room * apart / 2, bottom - group.height, room * (1 - apart), group.height))
            x += room
        laid.append(boxes)
    return laid


def _joined(groups: Iterable[list[Box]]) -> list[Box]:
    return list(chain.from_iterable(groups))


def _by_class(text: str, digits_mm: float, letters_mm: float, gap: float) -> list[_Group]:
    """Runs of digits and of letters, each of their height."""
    runs: list[str] = [text[:1]]
    for before, here in pairwise(text):
        if before.isdigit() == here.isdigit():
            runs[-1] += here
        else:
            runs.append(here)
    return [_Group(run, digits_mm if run[0].isdigit() else letters_mm, gap) for run in runs]


def _signed(rng: np.random.Generator, made: Layout, sign: str, left: float, top: float, wide: float = 36) -> None:
    """A flag and the letters of the country under it, or one of the two."""
    high = wide * between(rng, 0.5, 0.72)
    if happens(rng, 0.92):
        _flag(rng, made, sign, (left, top, wide, high))
    size = wide / (0.55 * len(sign) + 0.6) * between(rng, 0.85, 1.15)
    step = wide / len(sign)
    if happens(rng, 0.95):
        top = min(top + high + between(rng, 3, 9), made.size[1] - size - 6)
        made.small += [
            (character, (left + step * place + step * 0.08, top, step * 0.84, size))
            for place, character in enumerate(sign)
        ]


def _flag(rng: np.random.Generator, made: Layout, sign: str, box: Box) -> None:
    made.flags.append((box, _FLAGS[sign]))
    if sign in _SUNS:
        x, y, wide, high = box
        made.suns.append((x + wide / 2, y + high / 2, high * between(rng, 0.15, 0.32), _YELLOW))


def _sizes(rng: np.random.Generator) -> tuple[float, float, float]:
    """Height of digits and of letters, and the base line of a long plate."""
    digits_mm = _DIGIT_MM * between(rng, 0.95, 1.05)
    return digits_mm, digits_mm * between(rng, 0.72, 0.82), LONG_MM[1] - 18 + between(rng, -3, 3)


# ---------------------------------------------------------------------------------------------------- long plates


def _kazakh(rng: np.random.Generator, what: Print) -> Layout:
    """Flag and KZ on the left, the letters smaller than the digits, the region in a field on the right.

    The flag is as wide as half of the plate is high, and KZ under it stands on the line of the number, close to it.
    """
    made = Layout(LONG_MM, [])
    digits_mm, letters_mm, bottom = _sizes(rng)
    digits_mm *= between(rng, 1.0, 1.12)
    letters_mm = digits_mm if happens(rng, 0.15) else letters_mm * between(rng, 1.0, 1.12)
    serial, region = what.text[:-2], what.text[-2:]
    edge = 520 - between(rng, 88, 124)
    sign_left, sign_mm = between(rng, 9, 18), between(rng, 46, 62) if happens(rng, 0.8) else between(rng, 34, 46)
    left = sign_left + sign_mm + between(rng, 1, 14)
    of_serial = _by_class(serial, digits_mm, letters_mm, between(rng, 2, 18))
    groups = _groups(rng, of_serial, left, edge - 3, bottom, place=(0.0, 0.6))
    field = _groups(rng, [_Group(region, digits_mm * between(rng, 0.95, 1.0))], edge + between(rng, 3, 8), 510, bottom)
    made.slots = _joined(groups + field)
    if happens(rng, 0.96):
        _signed(rng, made, "KZ", sign_left, between(rng, 12, 24), wide=sign_mm)
    if happens(rng, 0.1):
        made.lines.append((left - 2, 0, left - 2, 112))
    if happens(rng, 0.92):
        made.lines.append((edge, 0, edge, 112))
    return made


def _plain(rng: np.random.Generator, what: Print) -> Layout:
    """One row, a wider gap where digits and letters meet; a flag or none."""
    made = Layout(LONG_MM, [])
    digits_mm, letters_mm, bottom = _sizes(rng)
    if happens(rng, 0.6):
        letters_mm = digits_mm
    left = between(rng, 14, 34)
    if happens(rng, 0.3):
        _signed(rng, made, "KZ", 10, between(rng, 14, 26))
        left = 54
    groups = _by_class(what.text, digits_mm, letters_mm, between(rng, 2, 26))
    made.slots = _joined(_groups(rng, groups, left, 508, bottom))
    return made


def _uzbek(rng: np.random.Generator, what: Print) -> Layout:
    """The region smaller in a field on the left, flag and UZ small on the right."""
    made = Layout(LONG_MM, [])
    digits_mm, _, bottom = _sizes(rng)
    edge = between(rng, 88, 108)
    region = _groups(
        rng, [_Group(what.text[:2], digits_mm * between(rng, 0.68, 0.85))], between(rng, 14, 22), edge - 5, bottom - 2
    )
    named = len(what.text) < 9
    serial = _by_class(what.text[2:], digits_mm, digits_mm, between(rng, 2, 20))
    made.slots = _joined(region + _groups(rng, serial, edge + 5, 464 if named else 490, bottom))
    if named and happens(rng, 0.95):
        _signed(rng, made, "UZ", between(rng, 468, 476), between(rng, 16, 24), wide=between(rng, 26, 34))
    if happens(rng, 0.6):
        # A screw holds each end. The left one may touch the region's first digit.
        made.dots += [
            (between(rng, *across), between(rng, 48, 64), between(rng, 2, 8)) for across in ((8, 17), (498, 510))
        ]
    if happens(rng, 0.95):
        made.lines.append((edge, 0, edge, 112))
    return made


def _russian(rng: np.random.Generator, what: Print, serial_length: int = 6) -> Layout:
    """Letters smaller than digits; the region in a field on the right, RUS and the flag under it."""
    made = Layout(LONG_MM, [])
    scale, bottom = between(rng, 0.95, 1.05), LONG_MM[1] - 17 + between(rng, -3, 3)
    serial, region = what.text[:serial_length], what.text[serial_length:]
    edge = 520 - between(rng, 108, 128)
    groups = _by_class(serial, _DIGIT_MM * scale, _LETTER_MM * scale, between(rng, 3, 9))
    size = _LETTER_MM * scale * between(rng, 0.95, 1.05)
    field = _groups(rng, [_Group(region, size)], edge + 7, 510, between(rng, 12, 17) + size)
    made.slots = _joined([*_groups(rng, groups, between(rng, 14, 30), edge - 6, bottom), *field])
    _signed_below(rng, made, (edge + 12, 84), 90)
    if happens(rng, 0.95):
        made.lines.append((edge, 0, edge, 112))
    return made


def _signed_below(rng: np.random.Generator, made: Layout, at: tuple[float, float], wide: float) -> None:
    """RUS, and the flag beside it or none, as on the first plates of this form."""
    left, top = at
    made.small += [(c, (left + 15 * place, top, 13, 18)) for place, c in enumerate("RUS")]
    if happens(rng, 0.85):
        made.flags.append(((left + 50, top, min(36, wide - 54), 18), _FLAGS["RUS"]))


def _kyrgyz(rng: np.random.Generator, what: Print) -> Layout:
    """The region over the flag and KG in a field on the left."""
    made = Layout(LONG_MM, [])
    digits_mm, letters_mm, bottom = _sizes(rng)
    if happens(rng, 0.5):
        letters_mm = digits_mm
    edge = between(rng, 76, 98)
    size = between(rng, 46, 58)
    region = _groups(rng, [_Group(what.text[:2], size)], 14, edge - 5, between(rng, 11, 16) + size)
    serial = _by_class(what.text[2:], digits_mm, letters_mm, between(rng, 3, 22))
    made.slots = _joined(region + _groups(rng, serial, edge + 6, 506, bottom))
    if happens(rng, 0.9):
        _flag(rng, made, "KG", (16, 76, 24, 16))
    made.small += [("K", (46, 74, 13, 20)), ("G", (61, 74, 13, 20))]
    if happens(rng, 0.95):
        made.lines.append((edge, 0, edge, 112))
    return made


def _banded(rng: np.random.Generator, what: Print) -> Layout:
    """Kyrgyzstan before 2016: a red band with the sun on the left."""
    made = Layout(LONG_MM, [])
    digits_mm, letters_mm, bottom = _sizes(rng)
    if happens(rng, 0.7):
        letters_mm = digits_mm
    if happens(rng, 0.85):
        _flag(rng, made, "KG", (4, 4, 40, 104))
    groups = _by_class(what.text, digits_mm, letters_mm, between(rng, 4, 24))
    made.slots = _joined(_groups(rng, groups, 54, 508, bottom))
    return made


def _with_sign(sign: str) -> Callable[[np.random.Generator, Print], Layout]:
    """Flag and letters on the left, all characters of one height, or letters smaller."""

    def laid(rng: np.random.Generator, what: Print) -> Layout:
        made = Layout(LONG_MM, [])
        digits_mm, letters_mm, bottom = _sizes(rng)
        if happens(rng, 0.8):
            letters_mm = digits_mm
        sign_left, sign_mm = between(rng, 9, 16), between(rng, 32, 54)
        _signed(rng, made, sign, sign_left, between(rng, 14, 26), wide=sign_mm)
        groups = _by_class(what.text, digits_mm, letters_mm, between(rng, 4, 22))
        left = sign_left + sign_mm + between(rng, 3, 12)
        laid_groups = _groups(rng, groups, left, 508, bottom)
        made.slots = _joined(laid_groups)
        if sign == "BY":
            _hyphen(made, 56)
        return made

    return laid


def _hyphen(made: Layout, bottom: float) -> None:
    """Before the last character, for which the others are drawn together a little."""
    *others, last = made.slots
    start = others[0][0]
    factor = (last[0] - 22 - start) / (last[0] - start)
    made.slots = [(start + (x - start) * factor, y, width * factor, height) for x, y, width, height in others]
    made.slots.append(last)
    made.lines.append((last[0] - 18, bottom, last[0] - 7, bottom))


def _mongolian(rng: np.random.Generator, what: Print) -> Layout:
    """The emblem on the left, MNG in an oval between digits and letters; on older plates neither."""
    made = Layout(LONG_MM, [])
    digits_mm, letters_mm, bottom = _sizes(rng)
    if happens(rng, 0.7):
        letters_mm = digits_mm
    newer = happens(rng, 0.8)
    gap = between(rng, 50, 62) if newer else between(rng, 10, 26)
    groups = [_Group(what.text[:4], digits_mm), _Group(what.text[4:], letters_mm, gap)]
    digits, letters = _groups(rng, groups, 50 if newer else between(rng, 14, 40), 506, bottom)
    made.slots = digits + letters
    if newer:
        made.flags.append(((18, 34, 16, 46), (_RED, _WHITE, _RED, _WHITE, _RED)))
        centre = (digits[-1][0] + digits[-1][2] + letters[0][0]) / 2
        _oval(made, centre, 56, 20)
    return made


def _oval(made: Layout, x: float, y: float, half: float) -> None:
    made.rings.append((x - half, y - half * 0.6, 2 * half, 1.2 * half))
    step = half * 0.5
    made.small += [
        (character, (x + step * (place - 1.5), y - half * 0.3, step * 0.85, half * 0.6))
        for place, character in enumerate("MNG")
    ]


# ------------------------------------------------------------------------------------------------------ two lines


def _kazakh_square(rng: np.random.Generator, what: Print) -> Layout:
    """290 x 202: flag, KZ and the digits above; below the region in a field on the left, and the letters."""
    text = what.text
    made = Layout(SQUARE_MM, [])
    height, low = 76 * between(rng, 0.93, 1.03), 76 * between(rng, 0.85, 1.0)
    sign_mm = between(rng, 36, 58)
    start = 14 + sign_mm + between(rng, 3, 20)
    upper = _groups(rng, [_Group(text[:3], height)], start, 280, 92 + between(rng, -3, 3))
    edge = between(rng, 100, 122)
    bottom = 186 + between(rng, -3, 3)
    region = _groups(rng, [_Group(text[3:5], height)], 12, edge - 4, bottom)
    letters = _groups(rng, [_Group(text[5:], low)], edge + 6, 280, bottom)
    made.slots = _joined(upper + region + letters)
    if happens(rng, 0.9):
        _signed(rng, made, "KZ", 14, between(rng, 10, 18), wide=sign_mm)
    if happens(rng, 0.9):
        made.lines += [(edge, 99, edge, 202), (0, 99, edge, 99)]
    return made


def _field_above(sign: str) -> Callable[[np.random.Generator, Print], Layout]:
    """The region in a field above on the left; flag and letters below."""

    def laid(rng: np.random.Generator, what: Print) -> Layout:
        wide, high = between(rng, 275, 300), between(rng, 170, 205)
        made = Layout((wide, high), [])
        height = high * between(rng, 0.34, 0.4)
        middle, edge = high * 0.5, between(rng, 78, 100)
        small = height * between(rng, 0.65, 1.0)
        region = _groups(rng, [_Group(what.text[:2], small)], 12, edge - 4, middle - between(rng, 6, 10))
        serial = _by_class(what.text[2 : what.upper], height, height, between(rng, 2, 10))
        upper = _groups(rng, serial, edge + 5, wide - 12, middle - between(rng, 6, 10))
        signed_left = happens(rng, 0.3)
        below = _by_class(what.text[what.upper :], height, height, 6)
        span = (64.0, wide - 14) if signed_left else (14.0, wide - 64)
        lower = _groups(rng, below, *span, high - between(rng, 10, 16))
        made.slots = _joined(region + upper + lower)
        if happens(rng, 0.9):
            _signed(rng, made, sign, 14 if signed_left else wide - 52, middle + high * 0.1, wide=36)
        if happens(rng, 0.85):
            made.lines += [(edge, 0, edge, middle), (0, middle, edge, middle)]
        return made

    return laid


def _russian_square(rng: np.random.Generator, what: Print) -> Layout:
    """Type 1A: a letter and the digits above; two letters, and the region in its field, below."""
    serial, region = what.text[:6], what.text[6:]
    made = Layout(_RUSSIAN_MM, [])
    digits_mm = between(rng, 56, 66)
    letters_mm = digits_mm * between(rng, 0.74, 0.9)
    upper = _by_class(serial[: what.upper], digits_mm, letters_mm, between(rng, 3, 8))
    edge = between(rng, 146, 170)
    above = _groups(rng, upper, between(rng, 12, 24), 278, 78 + between(rng, -3, 3))
    letters = _groups(rng, [_Group(serial[what.upper :], letters_mm)], 14, edge - 6, 154 + between(rng, -3, 3))
    field = _groups(rng, [_Group(region, between(rng, 42, 50))], edge + 6, 282, 138 + between(rng, -2, 2))
    made.slots = _joined(above + letters + field)
    _signed_below(rng, made, (edge + 12, 144), 280 - edge)
    if happens(rng, 0.9):
        made.lines += [(edge, 86, edge, 170), (edge, 86, 290, 86)]
    return made


def _mongolian_square(rng: np.random.Generator, what: Print) -> Layout:
    made = square(rng, what, _MONGOLIAN_MM)
    if happens(rng, 0.75):
        made.flags.append(((12, 24, 14, 40), (_RED, _WHITE, _RED)))
        _oval(made, 282, 30, 14)
    return made


def _belarusian_square(rng: np.random.Generator, what: Print) -> Layout:
    made = square(rng, what, (between(rng, 270, 290), between(rng, 170, 202)))
    if happens(rng, 0.8):
        _signed(rng, made, "BY", 10, 12, wide=22)
    line = made.slots[what.upper :] if what.upper == 4 else made.slots[: what.upper]
    last, before = line[-1], line[-2]
    middle = last[1] + last[3] / 2
    made.lines.append((before[0] + before[2] + 1, middle, last[0] - 1, middle))
    return made


_LAYOUTS: Final[dict[DrawnKind, Callable[[np.random.Generator, Print], Layout]]] = {
    DrawnKind.KAZAKHSTAN: _kazakh,
    DrawnKind.KAZAKHSTAN_FOREIGN: _kazakh,
    DrawnKind.KAZAKHSTAN_TWO_LINES: _kazakh_square,
    DrawnKind.KAZAKHSTAN_1993: _plain,
    DrawnKind.KAZAKHSTAN_DIPLOMATIC: _plain,
    DrawnKind.KAZAKHSTAN_1993_TWO_LINES: square,
    DrawnKind.UZBEKISTAN: _uzbek,
    DrawnKind.UZBEKISTAN_COMPANY: _uzbek,
    DrawnKind.UZBEKISTAN_TRAILER: _uzbek,
    DrawnKind.UZBEKISTAN_FOREIGN: _uzbek,
    DrawnKind.UZBEKISTAN_JOINT_VENTURE: _uzbek,
    DrawnKind.UZBEKISTAN_TWO_LINES: _field_above("UZ"),
    DrawnKind.RUSSIA: _russian,
    DrawnKind.RUSSIA_TAXI: lambda rng, what: _russian(rng, what, serial_length=5),
    DrawnKind.RUSSIA_TRAILER: _russian,
    DrawnKind.RUSSIA_TRANSIT: _russian,
    DrawnKind.RUSSIA_TWO_LINES: _russian_square,
    DrawnKind.KYRGYZSTAN: _kyrgyz,
    DrawnKind.KYRGYZSTAN_FOREIGN: _kyrgyz,
    DrawnKind.KYRGYZSTAN_TWO_LINES: _field_above("KG"),
    DrawnKind.KYRGYZSTAN_1994: _banded,
    DrawnKind.TAJIKISTAN: _with_sign("TJ"),
    DrawnKind.TURKMENISTAN: _with_sign("TM"),
    DrawnKind.TURKMENISTAN_FOREIGN: _with_sign("TM"),
    DrawnKind.MONGOLIA: _mongolian,
    DrawnKind.MONGOLIA_TWO_LINES: _mongolian_square,
    DrawnKind.BELARUS: _with_sign("BY"),
    DrawnKind.BELARUS_TRUCK: _with_sign("BY"),
    DrawnKind.BELARUS_TRAILER: _with_sign("BY"),
    DrawnKind.BELARUS_TWO_LINES: _belarusian_square,
    DrawnKind.BELARUS_TRUCK_TWO_LINES: _belarusian_square,
}
