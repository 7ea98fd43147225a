"""Draws one plate, flat and in its own colours, and says where each of its characters stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from training.drawing.chance import between, happens, weighted
from training.drawing.colours import Colours, accented, colours
from training.drawing.foreign_prints import ABROAD
from training.drawing.frame import framed
from training.drawing.glyphs import Cut, Glyphs, Lettering
from training.drawing.kinds import DrawnKind, Print, drawn_kind
from training.drawing.layout import layout
from training.drawing.prints import printed
from training.drawing.wear import worn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.drawing.layout_parts import Box, Layout

_FRAMED: Final = ABROAD | {DrawnKind.LATIN}
"""Kinds that dealers put into frames with their name."""
_SERIF_I: Final = {"kazakhstan": 0.8, "latin": 0.3, "kyrgyzstan": 0.4}
_NOTCHED: Final = {"uzbekistan": 0.85, "kyrgyzstan": 0.6, "latin": 0.2, "turkmenistan": 0.2}
"""How often the I has serifs, and the nought is cut open, by the first word of the kind."""
_NEW_ENERGY: Final = (DrawnKind.NEW_ENERGY_SMALL, DrawnKind.NEW_ENERGY_LARGE)
_STROKES: Final = ((-2, 0.04), (-1, 0.16), (0, 0.40), (1, 0.22), (2, 0.12), (3, 0.06))
"""Weights of strokes against the face, and how often each is drawn."""


@dataclass(frozen=True, slots=True)
class DrawnPlate:
    """`text`: as printed, the upper line first; `upper`: how many of its characters stand there, 0 for one line.

    `size_mm`: width and height of the real plate. `pixels`: shape (height, width, 3), BGR, 8 bit. `boxes`: shape
    (characters, 4), x, y, width, height of each character's cell in pixels.
    """

    text: str
    kind: DrawnKind
    upper: int
    size_mm: tuple[float, float]
    pixels: NDArray[np.uint8]
    boxes: NDArray[np.float32]

    @property
    def two_lines(self) -> bool:
        """Whether the plate has two lines."""
        return self.upper > 0


def draw(
    rng: np.random.Generator,
    glyphs: Glyphs,
    kind: DrawnKind | None = None,
    *,
    width_px: int = 220,
    clean: bool = False,
) -> DrawnPlate:
    """One plate, of any kind as often as `kinds.SHARES` says, or of the kind asked for.

    `width_px`: of the picture; `clean`: without dirt, bolts and shadows.
    """
    kind = kind or drawn_kind(rng)
    what = printed(rng, kind)
    placed = layout(rng, kind, what)
    pixels, boxes = _painted(rng, glyphs, kind, what, placed, width_px / placed.size[0])
    if not clean:
        if what.upper == 0 and kind in _FRAMED and happens(rng, 0.3):
            framed(rng, pixels, glyphs)
        pixels = worn(rng, pixels)
    finished = np.asarray(cv2.merge(list(np.clip(pixels, 0, 255).astype(np.uint8))), np.uint8)
    return DrawnPlate(what.text, kind, what.upper, placed.size, finished, np.array(boxes, np.float32))


def _painted(
    rng: np.random.Generator, glyphs: Glyphs, kind: DrawnKind, what: Print, placed: Layout, scale: float
) -> tuple[NDArray[np.float32], list[Box]]:
    paint = colours(rng, kind)
    width, height = (round(side * scale) for side in placed.size)
    inks = {tone: np.zeros((height, width), np.uint8) for tone in (False, True)}
    boxes = _lettered(rng, _letterings(rng, glyphs, kind, what), what, placed, (kind, scale), inks)
    _ornamented(rng, glyphs, placed, scale, inks[False])
    pixels = _ground(paint, width, height)
    strengths = {tone: mask.astype(np.float32) * np.float32(1 / 255) for tone, mask in inks.items() if mask.any()}
    for tone, strength in strengths.items():
        colour = (paint.accent if tone else paint.ink)[:, None, None]
        pixels += (colour - pixels) * strength
    _flagged(rng, pixels, placed, scale)
    if happens(rng, 0.35) and False in strengths:
        _emboss(rng, pixels, strengths[False])
    return pixels, boxes


def _letterings(rng: np.random.Generator, glyphs: Glyphs, kind: DrawnKind, what: Print) -> tuple[Lettering, Lettering]:
    """Those of the upper and of the lower line; one line counts as lower."""
    if kind in _FRAMED or kind is DrawnKind.LATIN_TWO_LINES:
        one = _foreign(rng, glyphs, kind.value.partition("_")[0])
        return one, one
    if what.upper:
        state = rng.bit_generator.state
        upper = glyphs.chosen(rng, Cut.UPPER)
        rng.bit_generator.state = state  # both lines from the same draw: one plate, one face
        return upper, glyphs.chosen(rng, Cut.LOWER)
    one = glyphs.chosen(rng, Cut.NEW_ENERGY if kind in _NEW_ENERGY else Cut.ONE_LINE)
    return one, one


def _foreign(rng: np.random.Generator, glyphs: Glyphs, country: str) -> Lettering:
    one = glyphs.foreign(rng)
    if happens(rng, _SERIF_I.get(country, 0.0)):
        one = glyphs.with_serifs(one)
    return glyphs.with_notched_nought(one) if happens(rng, _NOTCHED.get(country, 0.0)) else one


def _lettered(
    rng: np.random.Generator,
    letterings: tuple[Lettering, Lettering],
    what: Print,
    placed: Layout,
    kind_and_scale: tuple[DrawnKind, float],
    inks: dict[bool, NDArray[np.uint8]],
) -> list[Box]:
    kind, scale = kind_and_scale
    jitter = 1.0 if happens(rng, 0.7) else 2.0
    weight = _STROKES[weighted(rng, [share for _, share in _STROKES])][0]
    special = accented(kind, what.text)
    boxes = []
    for place, (character, (x, y, width, height)) in enumerate(zip(what.text, placed.slots, strict=True)):
        mask = letterings[place >= what.upper].mask(character, weight)
        moved = (
            x + jitter * between(rng, -1.2, 1.2),
            y + jitter * between(rng, -1.5, 1.5),
            width * between(rng, 1 - 0.03 * jitter, 1 + 0.03 * jitter),
            height * between(rng, 1 - 0.02 * jitter, 1 + 0.02 * jitter),
        )
        boxes.append(_stamped(inks[place in special], mask, moved, scale))
    return boxes


def _stamped(ink: NDArray[np.uint8], mask: NDArray[np.uint8], box: Box, scale: float) -> Box:
    """Put the mask into the ink; the box in pixels where it stands, wholly on the plate."""
    high, wide = ink.shape
    width, height = min(wide, max(3, round(box[2] * scale))), min(high, max(5, round(box[3] * scale)))
    left = min(max(0, round(box[0] * scale)), wide - width)
    top = min(max(0, round(box[1] * scale)), high - height)
    shape = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    cell = ink[top : top + height, left : left + width]
    np.maximum(cell, shape, out=cell)
    return float(left), float(top), float(width), float(height)


def _ornamented(rng: np.random.Generator, glyphs: Glyphs, placed: Layout, scale: float, ink: NDArray[np.uint8]) -> None:
    def px(value: float) -> int:
        return round(value * scale)

    for x, y, radius in placed.dots:
        cv2.circle(ink, (px(x), px(y)), max(1, px(radius)), 255, -1, cv2.LINE_AA)
    for x, y, to_x, to_y in placed.lines:
        cv2.line(ink, (px(x), px(y)), (px(to_x), px(to_y)), 255, max(1, px(2)))
    for (x, y, width, height), strength in placed.panels:
        cv2.rectangle(ink, (px(x), px(y)), (px(x + width), px(y + height)), round(255 * strength), -1)
    for x, y, width, height in placed.rings:
        centre, axes = (px(x + width / 2), px(y + height / 2)), (max(1, px(width / 2)), max(1, px(height / 2)))
        cv2.ellipse(ink, centre, axes, 0, 0, 360, 255, max(1, px(2)), cv2.LINE_AA)
    lettering = Lettering(glyphs, (*glyphs.latin[:1], *glyphs.chinese[:1]))
    for character, box in placed.small:
        _stamped(ink, lettering.mask(character), box, scale)
    if happens(rng, 0.75):
        high, wide = ink.shape
        edge = round(between(rng, 2, 8) * scale)
        thick = max(1, px(2 if happens(rng, 0.6) else 4))
        cv2.rectangle(ink, (edge, edge), (wide - 1 - edge, high - 1 - edge), 255, thick)


def _flagged(rng: np.random.Generator, pixels: NDArray[np.float32], placed: Layout, scale: float) -> None:
    """The flags in their colours, some faded."""
    strength = np.float32(between(rng, 0.5, 1.0))
    for (x, y, width, height), bands in placed.flags:
        left, right = round(x * scale), max(round(x * scale) + 1, round((x + width) * scale))
        edges = [round((y + height * place / len(bands)) * scale) for place in range(len(bands) + 1)]
        for top, bottom, colour in zip(edges, edges[1:], bands, strict=False):
            part = pixels[:, top : max(top + 1, bottom), left:right]
            part += (np.asarray(colour, np.float32)[:, None, None] - part) * strength
    for x, y, radius, colour in placed.suns:
        disc = np.zeros(pixels.shape[1:], np.uint8)
        cv2.circle(disc, (round(x * scale), round(y * scale)), max(1, round(radius * scale)), 255, -1, cv2.LINE_AA)
        within = disc.astype(np.float32) * (strength / 255)
        pixels += (np.asarray(colour, np.float32)[:, None, None] - pixels) * within


def _ground(paint: Colours, width: int, height: int) -> NDArray[np.float32]:
    """The bare plate as planes, shape (3, height, width): arithmetic on whole planes is several times as fast."""
    along = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    top, bottom = paint.top[:, None, None], paint.bottom[:, None, None]
    ground = np.broadcast_to(top + (bottom - top) * along, (3, height, width)).copy()
    if paint.left is not None:
        ground[:, :, : round(0.26 * width)] = paint.left[:, None, None]
    return ground


def _emboss(rng: np.random.Generator, pixels: NDArray[np.float32], ink: NDArray[np.float32]) -> None:
    """Light on one edge of the pressed characters, shade on the other."""
    shift = (-1, 0, 1)[weighted(rng, (1, 1, 1))], (-1, 1)[weighted(rng, (1, 1))]
    pixels += (np.roll(ink, shift, (1, 0)) - ink) * np.float32(between(rng, -50, 50))
