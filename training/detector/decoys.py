"""Drawn things that look like plates and are none: signs, writing, grilles, lamps, codes, blank panels."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import segno
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

_LATIN: Final = "BarlowCondensed-SemiBold-plates.ttf"
_CHINESE: Final = "NotoSansCJKsc-Bold-plates.otf"
_CHARACTERS: Final = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_HAN: Final = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新警学领挂"
_CODES: Final = 48
_PLATE_GROUNDS: Final = ((150, 70, 10), (20, 170, 245), (140, 215, 130), (240, 240, 240), (25, 25, 25))


def decoy(rng: np.random.Generator) -> Pixels:
    """A flat BGR picture of a thing that is no plate; of any shape, mostly at most 300 px wide."""
    kinds: tuple[Callable[[np.random.Generator], Pixels], ...]
    kinds = (_sign, _sign, _sign, _stamp, grille, _lamp, _code, _panel, _panel, _page)
    return kinds[rng.integers(len(kinds))](rng)


def stencil(rng: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Writing painted on what stands there, as telephone numbers on trucks and codes on containers.

    The paint, and its opacity of shape (height, width).
    """
    text, han = _text(rng)
    mask = writing(text, int(rng.integers(24, 48)), han=han)
    paint = np.full((*mask.shape, 3), colour(rng), np.uint8)
    return paint, (mask * rng.uniform(0.6, 1)).astype(np.uint8)


def put_caption(rng: np.random.Generator, ground: Pixels) -> None:
    """Write what cameras write into a corner of their pictures: date and time, a name. Changes `ground`."""
    height, width = ground.shape[:2]
    text = _moment(rng) if rng.random() < 0.6 else "".join(rng.choice(list(_CHARACTERS + " -"), rng.integers(6, 18)))
    scale, thick = float(rng.uniform(0.3, 0.9)), int(rng.integers(1, 3))
    face = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX)[rng.integers(3)]
    (wide, high), _ = cv2.getTextSize(text, face, scale, thick)
    x = int(rng.integers(2, 12)) if rng.random() < 0.5 else max(2, width - wide - int(rng.integers(2, 12)))
    y = high + int(rng.integers(2, 12)) if rng.random() < 0.5 else height - int(rng.integers(4, 14))
    light = int(rng.integers(170, 256))
    if rng.random() < 0.6:
        cv2.putText(ground, text, (x, y), face, scale, (0, 0, 0), thick + 2, cv2.LINE_AA)
    cv2.putText(ground, text, (x, y), face, scale, (light, light, light), thick, cv2.LINE_AA)


def colour(rng: np.random.Generator) -> tuple[int, int, int]:
    """A random BGR colour, half of them near grey."""
    if rng.random() < 0.5:
        grey = rng.integers(10, 245)
        return _bgr(np.clip(grey + rng.integers(-12, 13, 3), 0, 255))
    return _bgr(rng.integers(0, 256, 3))


def _bgr(values: NDArray[np.int64]) -> tuple[int, int, int]:
    blue, green, red = values.tolist()
    return blue, green, red


@lru_cache(maxsize=8)
def _font(name: str, height_px: int) -> ImageFont.FreeTypeFont:
    data = files("drivers.camera.simulated_yard").joinpath("fonts", name).read_bytes()
    return ImageFont.truetype(BytesIO(data), height_px)


def writing(text: str, height_px: int, *, han: bool = False) -> Pixels:
    """The ink of a text, 0 to 255, shape (height, width), cropped to it."""
    font = _font(_CHINESE if han else _LATIN, height_px)
    left, top, right, bottom = (int(edge) for edge in font.getbbox(text))
    picture = Image.new("L", (max(1, right - left), max(1, bottom - top)), 0)
    ImageDraw.Draw(picture).text((-left, -top), text, 255, font=font)
    return np.asarray(picture, dtype=np.uint8)


def _text(rng: np.random.Generator) -> tuple[str, bool]:
    """A text no plate has: too short, or too long, or a time; and whether it is Chinese."""
    pick = rng.random()
    if pick < 0.3:
        return "".join(rng.choice(list(_HAN), rng.integers(2, 9))), True
    if pick < 0.55:
        return "".join(rng.choice(list(_CHARACTERS), rng.integers(1, 5))), False
    if pick < 0.8:
        return "".join(rng.choice(list("0123456789"), rng.integers(10, 14))), False
    return "".join(rng.choice(list(_CHARACTERS), rng.integers(11, 18))), False


def _inked(ground: Pixels, mask: Pixels, ink: tuple[int, int, int], left: int, top: int) -> None:
    """Blend the part of the writing that fits."""
    place = ground[top : top + mask.shape[0], left : left + mask.shape[1]]
    alpha = mask[: place.shape[0], : place.shape[1], None].astype(np.float32) / 255
    place[:] = (place * (1 - alpha) + np.array(ink, np.float32) * alpha).astype(np.uint8)


def _sign(rng: np.random.Generator) -> Pixels:
    """Writing on a board, often in the colours of plates."""
    text, han = _text(rng)
    mask = writing(text, 40, han=han)
    pad = int(rng.integers(4, 24))
    shape = (mask.shape[0] + 2 * pad, mask.shape[1] + 2 * pad, 3)
    ground = _PLATE_GROUNDS[rng.integers(len(_PLATE_GROUNDS))] if rng.random() < 0.5 else colour(rng)
    board = np.full(shape, ground, np.uint8)
    ink = (245, 245, 245) if sum(ground) < 330 else (20, 20, 20)
    if rng.random() < 0.3:
        ink = colour(rng)
    _inked(board, mask, ink, pad, pad)
    if rng.random() < 0.4:
        cv2.rectangle(board, (2, 2), (shape[1] - 3, shape[0] - 3), ink, int(rng.integers(1, 4)))
    return board


def _stamp(rng: np.random.Generator) -> Pixels:
    """Date and time on a strip."""
    mask = writing(_moment(rng), 32)
    stamp = np.full((mask.shape[0] + 6, mask.shape[1] + 6, 3), colour(rng), np.uint8)
    _inked(stamp, mask, (250, 250, 250), 3, 3)
    return stamp


def _moment(rng: np.random.Generator) -> str:
    year, month, day, hour, minute, second = rng.integers((2010, 1, 1, 0, 0, 0), (2030, 13, 29, 24, 60, 60))
    gap, colon = ("", "-")[rng.integers(2)], ("", ":")[rng.integers(2)]
    return f"{year}{gap}{month:02}{gap}{day:02} {hour:02}{colon}{minute:02}{colon}{second:02}"


def _page(rng: np.random.Generator) -> Pixels:
    """Lines of writing: a page, a notice, a price list, the text on the side of a truck."""
    high, lines = int(rng.integers(12, 26)), int(rng.integers(2, 9))
    han = rng.random() < 0.4
    alphabet = list(_HAN if han else _CHARACTERS + "      ")
    rows = ["".join(rng.choice(alphabet, rng.integers(6, 16 if han else 26))) for _ in range(lines)]
    masks = [writing(row.strip() or "A", high, han=han) for row in rows]
    pad, step = int(rng.integers(4, 24)), int(high * rng.uniform(1.2, 2))
    ground = colour(rng) if rng.random() < 0.6 else (235, 240, 240)
    page = np.full((2 * pad + step * lines, 2 * pad + max(mask.shape[1] for mask in masks), 3), ground, np.uint8)
    ink = (245, 245, 245) if sum(ground) < 330 else (25, 20, 20)
    for row, mask in enumerate(masks):
        _inked(page, mask, ink, pad, pad + row * step)
    return page


def grille(rng: np.random.Generator) -> Pixels:
    """Slats, bars or mesh."""
    height, width = int(rng.integers(40, 110)), int(rng.integers(100, 260))
    ground, bar = colour(rng), colour(rng)
    card = np.full((height, width, 3), ground, np.uint8)
    step = int(rng.integers(5, 22))
    thick = max(1, int(step * rng.uniform(0.2, 0.7)))
    upright, lying = ((True, False), (False, True), (True, True))[rng.integers(3)]
    if upright:
        for x in range(0, width, step):
            cv2.rectangle(card, (x, 0), (x + thick, height), bar, -1)
    if lying:
        for y in range(0, height, step):
            cv2.rectangle(card, (0, y), (width, y + thick), bar, -1)
    return card


def _lamp(rng: np.random.Generator) -> Pixels:
    height, width = int(rng.integers(40, 90)), int(rng.integers(60, 180))
    card = np.full((height, width, 3), colour(rng), np.uint8)
    shine = int(rng.integers(150, 256))
    axes = (width // 2 - 3, height // 2 - 3)
    cv2.ellipse(card, (width // 2, height // 2), axes, 0, 0, 360, (shine, shine, shine), -1, cv2.LINE_AA)
    cv2.ellipse(card, (width // 2, height // 2), (axes[0] // 2, axes[1] // 2), 0, 0, 360, colour(rng), 3, cv2.LINE_AA)
    return card


def _code(rng: np.random.Generator) -> Pixels:
    """A QR code on a light ground."""
    symbol = _symbol(int(rng.integers(_CODES)))
    return cv2.cvtColor(symbol, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)


@lru_cache(maxsize=_CODES)
def _symbol(number: int) -> Pixels:
    rows = segno.make_qr(f"GP1:{number}" * (1 + number % 12)).matrix_iter(scale=4, border=3)
    return np.array([[20 if dark else 235 for dark in row] for row in rows], np.uint8)


def _panel(rng: np.random.Generator) -> Pixels:
    """A blank panel of a plate's shape and colour: reflectors, badges, empty holders."""
    height = int(rng.integers(30, 70))
    width = int(height * rng.uniform(1.5, 5))
    ground = _PLATE_GROUNDS[rng.integers(len(_PLATE_GROUNDS))] if rng.random() < 0.6 else colour(rng)
    card = np.full((height, width, 3), ground, np.uint8)
    if rng.random() < 0.6:
        cv2.rectangle(card, (3, 3), (width - 4, height - 4), colour(rng), int(rng.integers(1, 4)))
    if rng.random() < 0.3:
        cv2.line(card, (0, height // 2), (width, height // 2), colour(rng), int(rng.integers(1, 6)))
    return card
