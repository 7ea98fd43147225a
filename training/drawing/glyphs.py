"""The shapes of characters: from glyph bitmaps of real plates and from fonts.

Chinese plates have a face of their own that no packaged font has. Bitmaps of it, one picture a character, are read from
a folder; without them plates are drawn with fonts alone, and a network trained on those reads photographs far worse.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from agent.core.plates import CYRILLIC, PROVINCES
from training.drawing.chance import happens, pick

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Mask = NDArray[np.uint8]
    Face = dict[str, Mask]

LATIN: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CHINESE: Final = PROVINCES + "警学领挂港澳使临试超"
CELL_PX: Final = (48, 96)
FONT_FILES: Final = (
    "BarlowCondensed-SemiBold-plates.ttf",
    "NotoSansCJKsc-Bold-plates.otf",
    "Oswald-SemiBold-plates.ttf",
    "OSP-DIN.ttf",
    *(f"RG2014{width}.ttf" for width in "BCDE"),
    *(f"barlow-latin-{weight}-normal.woff" for weight in (500, 600, 700)),
    *(f"overpass-latin-{weight}-normal.woff" for weight in (600, 700)),
    "share-tech-latin-400-normal.woff",
    *(f"barlow-condensed-latin-{weight}-normal.woff" for weight in (500, 600, 700)),
    "bebas-neue-latin-400-normal.woff",
    *(f"oswald-latin-{weight}-normal.woff" for weight in (500, 600)),
    *(f"roboto-condensed-latin-{weight}-normal.woff" for weight in (600, 700)),
    *(f"archivo-narrow-latin-{weight}-normal.woff" for weight in (600, 700)),
    "saira-condensed-latin-600-normal.woff",
    "fjalla-one-latin-400-normal.woff",
    "DejaVuSansCondensed-Bold.ttf",
    "LiberationSans-Bold.ttf",
    "LiberationSansNarrow-Bold.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJK-Bold.ttc",
)
"""The fonts that plates are drawn with. Roadgeek (RG2014): MIT; DejaVu: the Bitstream Vera licence; all others: the SIL
Open Font Licence."""
OWN_FONTS: Final = Path(__file__).parents[1] / "fonts"
"""Always searched through: the letters that the fonts of the simulated yard lack."""

_FONT_PX: Final = 110
_SIMPLIFIED_CHINESE: Final = 2
"""The face of a Noto collection for simplified Chinese."""
_THIN: Final = "1I"


class Cut(StrEnum):
    """The cuts of the Chinese plate face: by plate, and on plates of two lines by line."""

    ONE_LINE = "one_line"
    UPPER = "upper"
    LOWER = "lower"
    NEW_ENERGY = "new_energy"


class GlyphsError(Exception):
    """There are no fonts, or a folder of glyphs holds none."""


@dataclass(slots=True)
class Glyphs:
    """All shapes: masks of 48 x 96 pixels, 255 where there is ink. `bitmaps`: by cut, empty without a folder."""

    latin: list[Face]
    chinese: list[Face]
    cyrillic: list[Face] = field(default_factory=list)
    bitmaps: dict[Cut, Face] = field(default_factory=dict)
    _weighed: dict[tuple[int, int], Mask] = field(default_factory=dict)
    _notched: dict[int, Face] = field(default_factory=dict)

    @classmethod
    def load(cls, fonts: Iterable[Path], bitmaps: Path | None = None) -> Glyphs:
        """Read the fonts of FONT_FILES that lie somewhere in the folders `fonts`, and the bitmaps in a folder.

        Bitmaps are named after the cut and the character: `140_A.jpg`, `220_7.jpg`, `220_up_A.jpg`, `220_down_A.jpg`,
        `green_A.jpg`. Raises GlyphsError when no font with Latin or Chinese characters is there, or no bitmap.
        """
        folders = [*fonts, OWN_FONTS]
        found = {path.name: path for folder in folders for path in sorted(folder.rglob("*")) if path.name in FONT_FILES}
        faces = [_font_face(found[name]) for name in FONT_FILES if name in found]
        latin = [face for face in faces if "A" in face]
        chinese = [face for face in faces if CHINESE[0] in face]
        cyrillic = [face for face in faces if CYRILLIC[-1] in face]
        if not latin or not chinese:
            given = ", ".join(map(str, folders[:-1]))
            raise GlyphsError(f"{given}: no font for Latin and Chinese characters there")
        return cls(latin, chinese, cyrillic, _bitmaps(bitmaps) if bitmaps else {})

    def chosen(self, rng: np.random.Generator, cut: Cut) -> Lettering:
        """The lettering of one plate: the plate face where there are bitmaps, with a share of fonts."""
        fonts = (pick(rng, self.chinese), pick(rng, self.latin))
        if not self.bitmaps or happens(rng, 0.12):
            return Lettering(self, fonts)
        if happens(rng, 0.08):
            cut = pick(rng, list(self.bitmaps))
        return Lettering(self, (self.bitmaps.get(cut, {}), self.bitmaps[Cut.ONE_LINE], *fonts))

    def foreign(self, rng: np.random.Generator) -> Lettering:
        """The lettering of a plate that is not Chinese: mostly a font."""
        fonts = (pick(rng, self.latin), pick(rng, self.latin), pick(rng, self.cyrillic or self.chinese))
        if self.bitmaps and happens(rng, 0.15):
            return Lettering(self, (self.bitmaps[Cut.ONE_LINE], *fonts))
        return Lettering(self, fonts)

    def with_serifs(self, lettering: Lettering) -> Lettering:
        """The same with an I that has bars at its head and foot, as on the plates of Kazakhstan."""
        return Lettering(self, (_SERIF_I, *lettering.faces))

    def with_notched_nought(self, lettering: Lettering) -> Lettering:
        """The same with a nought that is cut open at its top right, as on the plates of Uzbekistan and Kyrgyzstan."""
        nought = lettering.mask("0")
        key = id(nought)
        if key not in self._notched:
            self._notched[key] = {"0": _notched(nought)}
        return Lettering(self, (self._notched[key], *lettering.faces))

    def weighed(self, mask: Mask, weight: int) -> Mask:
        """The mask with thicker (weight over 0) or thinner strokes, in pixels; kept for the next time."""
        if not weight:
            return mask
        key = (id(mask), weight)
        if key not in self._weighed:
            size = 2 * abs(weight) + 1
            kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
            changed = cv2.dilate(mask, kernel) if weight > 0 else cv2.erode(mask, kernel)
            self._weighed[key] = changed.astype(np.uint8, copy=False)
        return self._weighed[key]


@dataclass(frozen=True, slots=True)
class Lettering:
    """The faces that one plate is lettered in; the first that has a character gives it."""

    glyphs: Glyphs
    faces: Sequence[Face]

    def mask(self, character: str, weight: int = 0) -> Mask:
        """The shape of a character. Raises KeyError when no face has it."""
        for face in self.faces:
            mask = face.get(character)
            if mask is not None:
                return self.glyphs.weighed(mask, weight)
        raise KeyError(character)


def _font_face(path: Path) -> Face:
    font = ImageFont.truetype(str(path), _FONT_PX, index=_SIMPLIFIED_CHINESE if path.suffix == ".ttc" else 0)
    # A font draws one and the same box for every character that it lacks.
    lacking = bytes(font.getmask("\ue123"))
    wanted = CHINESE if "CJK" in path.name else LATIN + CYRILLIC
    return {c: _drawn(font, c) for c in wanted if bytes(font.getmask(c)) != lacking}


def _drawn(font: ImageFont.FreeTypeFont, character: str) -> Mask:
    left, top, right, bottom = (int(edge) for edge in font.getbbox(character))
    picture = Image.new("L", (right - left, bottom - top), 0)
    ImageDraw.Draw(picture).text((-left, -top), character, 255, font=font)
    ink = np.asarray(picture, dtype=np.uint8)
    width, height = CELL_PX
    cell = np.zeros((height, width), np.uint8)
    slim = min(40, max(8, round(0.8 * ink.shape[1] * height / ink.shape[0]))) if character in _THIN else width
    start = (width - slim) // 2
    cell[:, start : start + slim] = cv2.resize(ink, (slim, height), interpolation=cv2.INTER_AREA)
    return cell


def _serif_i() -> Mask:
    """An I as wide as other letters at head and foot."""
    cell = np.zeros((CELL_PX[1], CELL_PX[0]), np.uint8)
    middle, stroke = CELL_PX[0] // 2, 7
    cell[:, middle - stroke : middle + stroke] = 255
    for rows in (slice(0, 11), slice(CELL_PX[1] - 11, None)):
        cell[rows, 5:-5] = 255
    return cell


_SERIF_I: Final[Face] = {"I": _serif_i()}


def _notched(nought: Mask) -> Mask:
    """A slit from the middle to the right edge, a little below the top bar."""
    height, width = nought.shape
    cut = nought.copy()
    start, end = (round(0.55 * width), round(0.22 * height)), (width, round(0.17 * height))
    return np.asarray(cv2.line(cut, start, end, 0, max(2, height // 14)), np.uint8)


_CUTS: Final = {
    "140": (Cut.ONE_LINE,),
    "220": (Cut.UPPER, Cut.LOWER),
    "220_up": (Cut.UPPER,),
    "220_down": (Cut.LOWER,),
    "green": (Cut.NEW_ENERGY,),
}


def _bitmaps(folder: Path) -> dict[Cut, Face]:
    cuts: dict[Cut, Face] = {cut: {} for cut in Cut}
    for path in sorted(folder.rglob("*.jpg")):
        name, _, character = path.stem.rpartition("_")
        picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
        if name not in _CUTS or picture is None:
            raise GlyphsError(f"{path}: not a glyph; wanted a picture named like 140_A.jpg")
        ink = cv2.resize(255 - picture, CELL_PX, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        for cut in _CUTS[name]:
            cuts[cut][character] = ink
    if not cuts[Cut.ONE_LINE]:
        raise GlyphsError(f"{folder}: no glyph bitmaps there; wanted pictures named like 140_A.jpg")
    return cuts
