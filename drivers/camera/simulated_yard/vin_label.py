"""Draw a maker's label with a VIN, flat: as a code with the VIN in letters below it, or in large print alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import cv2
import numpy as np
import zxingcpp

from drivers.camera.simulated_yard.plate import draw_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drivers.camera.simulated_yard.perspective import Pixels

LabelCode = Literal["code_39", "code_128", "data_matrix", "qr", "print"]

BARS: Final[frozenset[LabelCode]] = frozenset({"code_39", "code_128"})
SQUARES: Final[frozenset[LabelCode]] = frozenset({"data_matrix", "qr"})
MODULE_PX: Final = 6
"""Pixels of the flat label for the smallest bar or square of its code."""
BAR_MODULES: Final = 18
QUIET_MODULES: Final[Mapping[LabelCode, int]] = {"code_39": 10, "code_128": 10, "data_matrix": 1, "qr": 2}
PAPER, INK = 232, 26

_FORMATS: Final[Mapping[LabelCode, zxingcpp.BarcodeFormat]] = {
    "code_39": zxingcpp.BarcodeFormat.Code39,
    "code_128": zxingcpp.BarcodeFormat.Code128,
    "data_matrix": zxingcpp.BarcodeFormat.DataMatrix,
    "qr": zxingcpp.BarcodeFormat.QRCode,
}
_PRINT_HEIGHT_PX: Final = 60
_MARGIN_PX: Final = 16
_MIDDLE: Final = 128


def draw_label(vin: str, code: LabelCode) -> Pixels:
    """Draw the label of a VIN, BGR. "print": no code, the letters alone, 60 pixels high.

    The bars or squares of a code take MODULE_PX pixels each. Raises ValueError for a text that the code cannot hold.
    """
    if code == "print":
        return _card(_letters(vin, _PRINT_HEIGHT_PX))
    modules = _modules(vin, code)
    if code in BARS:
        modules = np.repeat(modules, BAR_MODULES, axis=0)
    symbol = np.kron(modules, np.ones((MODULE_PX, MODULE_PX), np.uint8))
    if code in SQUARES:
        return _card(symbol)
    text = _letters(vin, 9 * MODULE_PX)
    across = (symbol.shape[1] - text.shape[1]) // 2
    text = np.pad(text, ((_MARGIN_PX, 0), (across, symbol.shape[1] - text.shape[1] - across)), constant_values=PAPER)
    return _card(np.vstack([symbol, text]), beside_px=0)


def _modules(vin: str, code: LabelCode) -> Pixels:
    """The code with its quiet zone, a pixel a module, grey; bars of one row."""
    options = {"force_square": True} if code == "data_matrix" else {}
    drawn = np.array(zxingcpp.create_barcode(vin, _FORMATS[code], **options).to_image(scale=1), np.uint8)
    if code in BARS:
        drawn = drawn[drawn.shape[0] // 2][None]
    inked = np.argwhere(drawn < _MIDDLE)
    (top, left), (bottom, right) = inked.min(axis=0), inked.max(axis=0)
    quiet = QUIET_MODULES[code]
    around = (0 if code in BARS else quiet, quiet)
    bare = np.where(drawn[top : bottom + 1, left : right + 1] < _MIDDLE, INK, PAPER).astype(np.uint8)
    return np.pad(bare, ((around[0],) * 2, (around[1],) * 2), constant_values=PAPER)


def _letters(vin: str, height_px: int) -> Pixels:
    """The VIN in letters, grey."""
    mask = draw_text(vin, height_px, round(height_px * 0.55), round(height_px * 0.14)).astype(np.float32) / 255
    return (PAPER + (INK - PAPER) * mask).astype(np.uint8)


def _card(grey: Pixels, beside_px: int = _MARGIN_PX) -> Pixels:
    framed = np.pad(grey, ((_MARGIN_PX,) * 2, (beside_px,) * 2), constant_values=PAPER)
    return cv2.cvtColor(framed, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
