"""Draws labels with a VIN in a code as cameras at gates see them: in perspective, behind glass, with glare and noise.

The same from the same seed. The codes are made by zxing-cpp's own writer, with the bars as high as on labels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import zxingcpp

from agent.core.model import VinSource, vins_in
from agent.core.permit.vin import check_digit
from bench.sights import Flat, Sight, seen
from drivers.camera.simulated_yard.scene import Scene, Vehicle, draw_scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.sights import Pixels, Seen

SEED: Final = 20261129
CENTRE: Final = (640.0, 330.0)
"""Where a label is shown in the yard: about where a vehicle's windscreen is."""

_ALPHABET: Final = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
_FORMATS: Final = {
    VinSource.CODE_39: zxingcpp.BarcodeFormat.Code39,
    VinSource.CODE_128: zxingcpp.BarcodeFormat.Code128,
    VinSource.DATA_MATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    VinSource.QR: zxingcpp.BarcodeFormat.QRCode,
}
SOURCES: Final = tuple(_FORMATS)
_BARS: Final = (VinSource.CODE_39, VinSource.CODE_128)
_FINE: Final = 8
"""Pixels a module as drawn, before it is seen."""
_BAR_MODULES: Final = 40
_QUIET: Final = 10
_INK: Final = 30


@dataclass(frozen=True, slots=True)
class Glass:
    """A windscreen before the label. `veil`: grey levels that it adds everywhere, `band`: and at most in a reflection.

    `clear`: share of the contrast that is left.
    """

    clear: float = 0.75
    veil: float = 20.0
    band: float = 70.0


def vin_of(number: int) -> str:
    """A VIN of China, well-formed to its check digit; another one for every number."""
    chance = np.random.default_rng((SEED, 1, number))
    body = "".join(chance.choice(list(_ALPHABET), 12))
    vin = f"L{body[1:]}{number % 100_000:05d}"
    return vin[:8] + check_digit(vin) + vin[9:]


def neighbours(vin: str) -> list[str]:
    """All VINs that differ from this one in one character: 544."""
    return [
        vin[:place] + other + vin[place + 1 :]
        for place in range(len(vin))
        for other in _ALPHABET
        if other != vin[place]
    ]


def symbol(source: VinSource, text: str) -> Pixels:
    """A code with its quiet zone, grey, a pixel a module; bars of one row."""
    options = {"force_square": True} if source is VinSource.DATA_MATRIX else {}
    rows: NDArray[np.uint8] = np.array(zxingcpp.create_barcode(text, _FORMATS[source], **options).to_image(scale=1))
    if source in _BARS:
        middle = rows[rows.shape[0] // 2]
        inked = np.nonzero(middle < 128)[0]
        rows = middle[None, inked[0] : inked[-1] + 1]
        return np.pad(rows, ((0, 0), (_QUIET, _QUIET)), constant_values=255)
    return rows


def label(source: VinSource, text: str, *, title: str = "VIN", inverted: bool = False) -> Flat:
    """A card with the code, a title above and the VIN in letters below, as makers print them."""
    rows = symbol(source, text)
    if source in _BARS:
        rows = np.repeat(rows, _BAR_MODULES, axis=0)
    code = np.kron(rows, np.ones((_FINE, _FINE), np.uint8))
    margin, line = 6 * _FINE, 9 * _FINE
    width = max(code.shape[1], 60 * _FINE)
    card = np.full((code.shape[0] + 2 * line + 2 * margin, width + 2 * margin), 255, np.uint8)
    left = (card.shape[1] - code.shape[1]) // 2
    card[margin + line : margin + line + code.shape[0], left : left + code.shape[1]] = code
    size = width / (17 * 20)
    (spelt, *_) = (*vins_in(text), text[:17])
    for words, base in ((title, margin + line - 2 * _FINE), (spelt, card.shape[0] - margin)):
        cv2.putText(card, words, (margin, base), cv2.FONT_HERSHEY_SIMPLEX, min(2.0, size), _INK, 3, cv2.LINE_AA)
    cv2.rectangle(card, (_FINE, _FINE), (card.shape[1] - _FINE, card.shape[0] - _FINE), _INK, 4)
    card = np.maximum(card, _INK)
    shown = 255 - card if inverted else card
    return Flat(cv2.cvtColor(shown, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False), _FINE)


def behind(flat: Flat, glass: Glass, chance: np.random.Generator) -> Flat:
    """The card behind a windscreen, with a soft slanting reflection across it."""
    height, width = flat.pixels.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    slant, middle = chance.uniform(-0.6, 0.6), chance.uniform(0.2, 0.8) * width
    away = np.abs(columns + slant * rows - middle) / (chance.uniform(0.08, 0.25) * width)
    light = glass.veil + glass.band * np.exp(-(away**2))
    pixels = np.clip(flat.pixels * glass.clear + light[..., None], 0, 255)
    return replace(flat, pixels=pixels.astype(np.uint8))


@cache
def yard(number: int) -> Pixels:
    """A yard with a vehicle in it, and nothing else to read; not to be written to."""
    pixels = draw_scene(Scene(vehicle=Vehicle(plate=f"新B{number:05d}")))
    pixels.setflags(write=False)
    return pixels


def shown(flat: Flat, sight: Sight, chance: np.random.Generator) -> Seen:
    """A card in the yard, a little aside, tilted and turned besides what the sight says."""
    sight = replace(
        sight,
        tilt_deg=sight.tilt_deg + chance.uniform(-15, 15),
        turn_deg=sight.turn_deg + chance.uniform(-8, 8),
    )
    centre = (CENTRE[0] + chance.uniform(-60, 60), CENTRE[1] + chance.uniform(-40, 40))
    return seen(flat, sight, yard(int(chance.integers(4))), centre, chance)
