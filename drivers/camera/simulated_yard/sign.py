"""Draw the LED sign at the post: the dots of its letters, lit, as a driver sees them.

The letters are of 16 dots, as on the font cards of such signs, in a file of the form that GNU Unifont has: a code point
and its rows in hexadecimal, 8 or 16 dots wide. tools/sign_letters.py writes it. A character without a letter there is a
crossed box.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drivers.camera.simulated_yard.perspective import Pixels

Dots = npt.NDArray[np.bool_]
SignColourName = Literal["red", "green", "yellow"]

LETTERS_FILE: Final = "NotoSansCJKsc-Regular-sign.hex"
LINE_DOTS: Final = 16
COLUMN_DOTS: Final = 8
_PITCH_PX, _DOT_PX = 6, 5
_UNLIT: Final = (30, 28, 26)
_LIT: Final[Mapping[SignColourName, tuple[int, int, int]]] = {
    "red": (40, 50, 255),
    "green": (80, 240, 60),
    "yellow": (40, 200, 255),
}
_CASE_PX: Final = 10


def draw_sign(lines: Sequence[tuple[str, SignColourName]], columns: int, count: int) -> Pixels:
    """Draw a sign of `count` lines of `columns` columns, BGR, six pixels a dot; what is too long is cut off.

    `lines`: texts from the top, each in its colour.
    """
    dots = np.full((count * LINE_DOTS, columns * COLUMN_DOTS, 3), _UNLIT, np.uint8)
    for number, (text, colour) in enumerate(lines[:count]):
        lit = _row(text)[:, : dots.shape[1]]
        band = dots[number * LINE_DOTS : (number + 1) * LINE_DOTS, : lit.shape[1]]
        band[lit] = _LIT[colour]
    large = np.repeat(np.repeat(dots, _PITCH_PX, axis=0), _PITCH_PX, axis=1)
    between = np.arange(max(large.shape[:2])) % _PITCH_PX >= _DOT_PX
    large[between[: large.shape[0]]] = 0
    large[:, between[: large.shape[1]]] = 0
    return cv2.copyMakeBorder(large, *(_CASE_PX,) * 4, cv2.BORDER_CONSTANT, value=(48, 44, 42)).astype(np.uint8)


@cache
def letters() -> Mapping[str, Dots]:
    """The dots of each character that the sign has, boolean, 16 high and 8 or 16 wide."""
    text = files("drivers.camera.simulated_yard").joinpath("fonts", LETTERS_FILE).read_text(encoding="ascii")
    return {chr(int(code, 16)): _dots(rows) for code, _, rows in (line.partition(":") for line in text.split())}


def _row(text: str) -> Dots:
    known = letters()
    shapes = [known[one] if one in known else _unknown(COLUMN_DOTS if one.isascii() else LINE_DOTS) for one in text]
    return np.hstack(shapes) if shapes else np.zeros((LINE_DOTS, 0), np.bool_)


def _dots(rows: str) -> Dots:
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(rows), np.uint8))
    return bits.reshape(LINE_DOTS, -1).astype(np.bool_)


@cache
def _unknown(width: int) -> Dots:
    box = np.zeros((LINE_DOTS, width), np.uint8)
    cv2.rectangle(box, (0, 1), (width - 2, LINE_DOTS - 2), 1)
    cv2.line(box, (0, 1), (width - 2, LINE_DOTS - 2), 1)
    return box.astype(np.bool_)
