"""Draw a licence plate, flat, as a picture to be put on a vehicle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Mapping

Pixels = npt.NDArray[np.uint8]

HEIGHT_PX = 140
GLYPH_HEIGHT_PX = 90
_GAP_PX, _WIDE_GAP_PX = 12, 34
_PAPER_PX = (440, 280)


@dataclass(frozen=True, slots=True)
class Style:
    """Look of a kind of plate: size, colours (BGR), glyph width, and after which character the dot stands.

    `left_px`: how much of the left end is taken by something else, such as a flag. `right_ground`: the colour beyond
    the first quarter, where it is another.
    """

    width_px: int
    ground: tuple[int, int, int]
    ink: tuple[int, int, int]
    glyph_px: int = 45
    gap_after: tuple[int, ...] = ()
    height_px: int = HEIGHT_PX
    left_px: int = 0
    right_ground: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on a plate: where it begins and how high it is, pixels."""

    text: str
    top_px: int
    height_px: int


StyleName = Literal[
    "cn_blue",
    "cn_yellow",
    "cn_green",
    "cn_large_green",
    "cn_white",
    "cn_black",
    "cn_temporary",
    "cn_yellow_rear",
    "kz",
    "kz_yellow",
    "kz_red",
    "kz_1993",
    "kz_square",
]

WHITE, BLACK = (250, 250, 250), (20, 20, 20)
STYLES: Mapping[str, Style] = {
    "cn_blue": Style(440, (150, 70, 10), WHITE, gap_after=(1,)),
    "cn_yellow": Style(440, (20, 170, 245), BLACK, gap_after=(1,)),
    "cn_green": Style(480, (140, 215, 130), BLACK, gap_after=(1,)),
    "cn_large_green": Style(480, (20, 190, 245), BLACK, gap_after=(1,), right_ground=(140, 205, 120)),
    "cn_white": Style(440, (240, 240, 240), BLACK, gap_after=(1,)),
    "cn_black": Style(440, (28, 26, 25), WHITE, gap_after=(1,)),
    "cn_temporary": Style(440, (235, 205, 150), BLACK, gap_after=(1,)),
    "kz": Style(520, (245, 245, 245), BLACK, gap_after=(2, 5), left_px=30),
    "kz_yellow": Style(520, (30, 185, 240), BLACK, gap_after=(2, 5), left_px=30),
    "kz_red": Style(520, (35, 30, 185), WHITE, gap_after=(2, 5), left_px=30),
    "kz_1993": Style(520, (245, 245, 245), BLACK, gap_after=(0, 3)),
}
"""Plates of one line. Colours and order are those of real plates, the faces of the letters are not."""
TWO_LINE_STYLES: Mapping[str, Style] = {
    "cn_yellow_rear": Style(440, (20, 170, 245), BLACK, glyph_px=65, height_px=220),
    "kz_square": Style(290, (245, 245, 245), BLACK, glyph_px=38, height_px=202),
}
"""Plates of two lines."""


@lru_cache(maxsize=2)
def _font(name: str) -> ImageFont.FreeTypeFont:
    data = files("drivers.camera.simulated_yard").joinpath("fonts", name).read_bytes()
    # Each glyph stands alone. The other engine works only where the machine has libfribidi, and draws a little
    # otherwise.
    return ImageFont.truetype(BytesIO(data), 110, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=128)
def _glyph(character: str, width_px: int) -> Pixels:
    """Ink mask of one character, stretched to the cell of a plate; 1 and I keep their slim shape."""
    name = "BarlowCondensed-SemiBold-plates.ttf" if character.isascii() else "NotoSansCJKsc-Bold-plates.otf"
    font = _font(name)
    left, top, right, bottom = (int(edge) for edge in font.getbbox(character))
    picture = Image.new("L", (right - left, bottom - top), 0)
    ImageDraw.Draw(picture).text((-left, -top), character, 255, font=font)
    ink = np.asarray(picture, dtype=np.uint8)
    cell = np.zeros((GLYPH_HEIGHT_PX, width_px), np.uint8)
    slim = width_px // 3 if character in "1I" else width_px
    start = (width_px - slim) // 2
    cell[:, start : start + slim] = cv2.resize(ink, (slim, GLYPH_HEIGHT_PX), interpolation=cv2.INTER_AREA)
    return cell


def draw_plate(text: str, style: str = "cn_blue") -> Pixels:
    """Draw the plate `text` in a style of STYLES or TWO_LINE_STYLES.

    The picture has the size of the style, in pixels, which are millimetres of the plate, BGR. `text` is the number with
    the mark of its kind, such as 临, behind it. Raises KeyError for an unknown style.
    """
    look = TWO_LINE_STYLES[style] if style in TWO_LINE_STYLES else STYLES[style]
    plate = np.full((look.height_px, look.width_px, 3), look.ground, np.uint8)
    if look.right_ground is not None:
        plate[:, look.width_px // 4 :] = look.right_ground
    cv2.rectangle(plate, (5, 5), (look.width_px - 6, look.height_px - 6), look.ink, 2, cv2.LINE_AA)
    for line in _lines(text, style):
        _draw_line(plate, line, look)
    return plate


def draw_paper_plate(text: str) -> Pixels:
    """Draw a temporary plate on paper, BGR, two pixels a millimetre of its 220 x 140.

    `text`: the number with the mark of its kind, such as 临. The number stands in a frame on a blue ground; what
    else such a paper bears is drawn as lines.
    """
    plate = draw_plate(text, "cn_temporary")
    paper = np.full((_PAPER_PX[1], _PAPER_PX[0], 3), STYLES["cn_temporary"].ground, np.uint8)
    top = (paper.shape[0] - plate.shape[0]) // 2
    paper[top : top + plate.shape[0]] = plate
    for row, length in ((24, 0.5), (44, 0.35), (234, 0.7), (254, 0.55)):
        cv2.line(paper, (30, row), (30 + round(length * 380), row), (110, 95, 80), 6, cv2.LINE_AA)
    return paper


def draw_text(text: str, height_px: int, glyph_px: int, gap_px: int) -> Pixels:
    """Draw a line of letters and digits as an ink mask: so high, each so wide, with so much between them."""
    mask = np.zeros((height_px, len(text) * (glyph_px + gap_px) - gap_px), np.uint8)
    for index, character in enumerate(text):
        left = index * (glyph_px + gap_px)
        glyph = cv2.resize(_glyph(character, glyph_px), (glyph_px, height_px), interpolation=cv2.INTER_AREA)
        mask[:, left : left + glyph_px] = glyph
    return mask


def _lines(text: str, style: str) -> tuple[Line, ...]:
    match style:
        case "cn_yellow_rear":
            return Line(text[:2], 15, 60), Line(text[2:], 90, 110)
        case "kz_square":  # three digits above, the region below on the left, the letters below on the right
            return Line(text[:3], 16, 76), Line(text[-2:] + text[3:-2], 110, 76)
        case _:
            return (Line(text, (HEIGHT_PX - GLYPH_HEIGHT_PX) // 2, GLYPH_HEIGHT_PX),)


def _draw_line(plate: Pixels, line: Line, look: Style) -> None:
    gaps = [_WIDE_GAP_PX if index in look.gap_after else _GAP_PX for index in range(len(line.text) - 1)]
    total_px = look.glyph_px * len(line.text) + sum(gaps)
    scale = min(1.0, (look.width_px - look.left_px - 24) / total_px)
    x = look.left_px + (look.width_px - look.left_px - total_px * scale) / 2
    for index, character in enumerate(line.text):
        width_px = max(8, round(look.glyph_px * scale))
        glyph = cv2.resize(_glyph(character, width_px), (width_px, line.height_px), interpolation=cv2.INTER_AREA)
        mask = glyph[..., None].astype(np.float32) / 255
        cell = plate[line.top_px : line.top_px + line.height_px, round(x) : round(x) + width_px]
        cell[:] = (cell * (1 - mask) + np.array(look.ink, np.float32) * mask).astype(np.uint8)
        x += width_px + (gaps[index] * scale if index < len(gaps) else 0)
