"""Draw a licence plate, flat, as a picture to be put on a vehicle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from io import BytesIO

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Pixels = npt.NDArray[np.uint8]

HEIGHT_PX = 140
GLYPH_HEIGHT_PX = 90


@dataclass(frozen=True, slots=True)
class Style:
    """Look of a kind of plate: size, colours (BGR), glyph width, and after which character the dot stands."""

    width_px: int
    ground: tuple[int, int, int]
    ink: tuple[int, int, int]
    glyph_px: int = 45
    gap_after: tuple[int, ...] = ()


WHITE, BLACK = (250, 250, 250), (20, 20, 20)
STYLES = {
    "cn_blue": Style(440, (150, 70, 10), WHITE, gap_after=(1,)),
    "cn_yellow": Style(440, (20, 170, 245), BLACK, gap_after=(1,)),
    "cn_green": Style(480, (140, 215, 130), BLACK, gap_after=(1,)),
    "cn_white": Style(440, (240, 240, 240), BLACK, gap_after=(1,)),
    "kz": Style(520, (245, 245, 245), BLACK, gap_after=(2, 5)),
}


@lru_cache(maxsize=2)
def _font(name: str) -> ImageFont.FreeTypeFont:
    data = files("drivers.camera.yard").joinpath("fonts", name).read_bytes()
    return ImageFont.truetype(BytesIO(data), 110)


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
    """Draw the plate `text` in a style of STYLES; the picture has shape (140, width, 3), BGR.

    Raises KeyError for an unknown style.
    """
    look = STYLES[style]
    plate = np.full((HEIGHT_PX, look.width_px, 3), look.ground, np.uint8)
    cv2.rectangle(plate, (5, 5), (look.width_px - 6, HEIGHT_PX - 6), look.ink, 2, cv2.LINE_AA)
    gap_px, wide_gap_px = 12, 34
    gaps = [wide_gap_px if index in look.gap_after else gap_px for index in range(len(text) - 1)]
    left_px = 30 if style == "kz" else 0
    total_px = look.glyph_px * len(text) + sum(gaps)
    scale = min(1.0, (look.width_px - left_px - 24) / total_px)
    x = left_px + (look.width_px - left_px - total_px * scale) / 2
    top = (HEIGHT_PX - GLYPH_HEIGHT_PX) // 2
    for index, character in enumerate(text):
        width_px = max(8, round(look.glyph_px * scale))
        mask = _glyph(character, width_px)[..., None].astype(np.float32) / 255
        cell = plate[top : top + GLYPH_HEIGHT_PX, round(x) : round(x) + width_px]
        cell[:] = (cell * (1 - mask) + np.array(look.ink, np.float32) * mask).astype(np.uint8)
        x += width_px + (gaps[index] * scale if index < len(gaps) else 0)
    return plate
