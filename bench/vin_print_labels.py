"""Draws labels with a VIN in print, as makers stick them behind windscreens; the same from the same number.

They are seen through glass as those with codes are (bench.vin_labels). The faces are those that the product and its
libraries bring with them: two weights of a sans serif, a narrow bold one, and strokes as an ink jet prints them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Final, Literal

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bench.sights import Flat, Sight
from bench.vin_labels import SEED, Glass, behind, shown, vin_of

if TYPE_CHECKING:
    from bench.sights import Pixels, Seen

Face = Literal["sans", "sans bold", "narrow bold", "strokes"]
FACES: Final[tuple[Face, ...]] = ("sans", "sans bold", "narrow bold", "strokes")
Form = Literal["alone", "titled", "in a table"]
FORMS: Final[tuple[Form, ...]] = ("alone", "titled", "in a table")

WINDSCREEN: Final = Glass()

_HEIGHT_PX: Final = 48
"""Of the VIN's characters as drawn, before they are seen."""
_MARGIN: Final = 36
_FILES: Final = {
    "sans": ("reportlab", "fonts", "Vera.ttf"),
    "sans bold": ("reportlab", "fonts", "VeraBd.ttf"),
    "narrow bold": ("drivers.camera.simulated_yard", "fonts", "BarlowCondensed-SemiBold-plates.ttf"),
}
_ABOVE: Final = 4
_BELOW: Final = _HEIGHT_PX // 3
"""Room that a drawn line has: a J may reach below the others."""
_TRACKING: Final = {"sans": 0.08, "sans bold": 0.08, "narrow bold": 0.2, "strokes": 0.1}
"""Between characters, in their height."""
_CAPITALS: Final = {"sans": 0.73, "sans bold": 0.73, "narrow bold": 0.7}
"""Height of a capital letter in that of its type."""
_INK, _PAPER = 30, 235


@dataclass(frozen=True, slots=True)
class PrintedLabel:
    """A label: `form`: the VIN alone, behind the word VIN, or a line of a table; `light`: light print on dark."""

    vin: str
    face: Face = "sans"
    form: Form = "alone"
    light: bool = False

    def drawn(self) -> Flat:
        """The label as it is; its unit is the height of the VIN's characters."""
        lines: list[tuple[str, Face, int]] = [(self.vin, self.face, _HEIGHT_PX)]
        if self.form == "titled":
            lines = [(f"VIN {self.vin}", self.face, _HEIGHT_PX)]
        elif self.form == "in a table":
            lines = [
                ("M1 2026 4X4", "sans", 40),
                (self.vin, self.face, _HEIGHT_PX),
                ("1 855 KG  2 755 KG", "sans", 40),
                ("SN 4081 7720 1", "sans", 32),
            ]
        strips = [_line(*line) for line in lines]
        width = max(strip.shape[1] for strip in strips) + 2 * _MARGIN
        height = sum(strip.shape[0] for strip in strips) + _MARGIN * (len(strips) - 1) * 2 // 3 + 2 * _MARGIN
        card = np.zeros((height, width), np.float32)
        top = _MARGIN
        for strip in strips:
            card[top : top + strip.shape[0], _MARGIN : _MARGIN + strip.shape[1]] = strip
            top += strip.shape[0] + _MARGIN * 2 // 3
        ink, paper = (_PAPER, _INK) if self.light else (_INK, _PAPER)
        grey = (paper + (ink - paper) * card / 255).astype(np.uint8)
        return Flat(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False), float(_HEIGHT_PX))


def label_of(number: int) -> PrintedLabel:
    """The label of this number: its VIN, and each face, form and ground in turn."""
    return PrintedLabel(
        vin_of(number),
        FACES[number % len(FACES)],
        FORMS[number // len(FACES) % len(FORMS)],
        light=number // 12 % 2 == 1,
    )


def seen_label(label: PrintedLabel, sight: Sight, number: int, glass: Glass | None = WINDSCREEN) -> Seen:
    """The label in the yard behind a windscreen, 1280 x 720; another place, tilt and turn for every number."""
    chance = np.random.default_rng((SEED, 5, number))
    flat = label.drawn()
    return shown(flat if glass is None else behind(flat, glass, chance), sight, chance)


def _line(text: str, face: Face, height_px: int) -> Pixels:
    """A line of print as a mask, 0 to 255, from edge to edge."""
    glyphs = [_glyph(character, face, height_px) for character in text]
    gap = round(_TRACKING[face] * height_px)
    width = sum(glyph.shape[1] for glyph in glyphs) + gap * (len(glyphs) - 1)
    row = np.zeros((glyphs[0].shape[0], width), np.uint8)
    left = 0
    for glyph in glyphs:
        row[:, left : left + glyph.shape[1]] = glyph
        left += glyph.shape[1] + gap
    return row


@cache
def _glyph(character: str, face: Face, height_px: int) -> Pixels:
    if face == "strokes":
        scale = height_px / 21
        (width, _), _ = cv2.getTextSize(character, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
        glyph = np.zeros((_ABOVE + height_px + _BELOW, width + 4), np.uint8)
        thickness = max(2, height_px // 9)
        where = (2, _ABOVE + height_px)
        cv2.putText(glyph, character, where, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thickness, cv2.LINE_AA)
        return glyph
    font = _font(face, round(height_px / _CAPITALS[face]))
    width = max(1, round(font.getlength(character)))
    picture = Image.new("L", (width, _ABOVE + height_px + _BELOW))
    ImageDraw.Draw(picture).text((0, _ABOVE + height_px), character, 255, font=font, anchor="ls")
    return np.array(picture)


@cache
def _font(face: Face, size: int) -> ImageFont.FreeTypeFont:
    package, *names = _FILES[face]
    data = files(package).joinpath(*names).read_bytes()
    return ImageFont.truetype(BytesIO(data), size, layout_engine=ImageFont.Layout.BASIC)
