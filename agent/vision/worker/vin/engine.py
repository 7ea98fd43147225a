"""The engine that decodes bars and Data Matrix, behind two functions of a grey picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import zxingcpp

from agent.core.model import VinSource

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

Corners = tuple[tuple[float, float], ...]

ENGINE_ERRORS: Final = (ValueError, RuntimeError, IndexError, OverflowError)
"""What the binding raises for a hostile symbol. Anything else is a bug of ours and goes up."""

_BARS: Final = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.Code39Std, zxingcpp.BarcodeFormat.Code128])
_MATRIX: Final = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.DataMatrix])


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol that was decoded. `text`: its bytes as text. `corners`: its outline, four x, y in pixels."""

    text: str
    source: VinSource
    corners: Corners

    def placed(self, corners: Corners) -> Symbol:
        """The same symbol, as it stands in the picture that this one was a part of."""
        return replace(self, corners=corners)


def read_bars(grey: Pixels) -> list[Symbol]:
    """Code 39 and Code 128 of a strip in which the bars stand upright, dark ones or light ones.

    Raises what ENGINE_ERRORS names.
    """
    # The engine itself does not look for light bars: many makers' labels are black foil with the bars burnt in.
    return _read(grey, _BARS, rotated=False, inverted=False) or _read(255 - grey, _BARS, rotated=False, inverted=False)


def read_matrices(grey: Pixels, *, inverted: bool) -> list[Symbol]:
    """Data Matrix of a picture, turned any way. `inverted`: light ones on dark ground too, at twice the time.

    Raises what ENGINE_ERRORS names.
    """
    return _read(grey, _MATRIX, rotated=True, inverted=inverted)


def _read(grey: Pixels, formats: zxingcpp.BarcodeFormats, *, rotated: bool, inverted: bool) -> list[Symbol]:
    found = zxingcpp.read_barcodes(
        grey,
        formats=formats,
        try_rotate=rotated,
        try_downscale=False,
        try_invert=inverted,
        text_mode=zxingcpp.TextMode.Plain,
    )
    return [Symbol(bytes(one.bytes).decode("utf-8", errors="replace"), _source(one), _outline(one)) for one in found]


def _source(one: zxingcpp.Barcode) -> VinSource:
    if one.symbology == zxingcpp.BarcodeFormat.DataMatrix:
        return VinSource.DATA_MATRIX
    return VinSource.CODE_128 if one.symbology == zxingcpp.BarcodeFormat.Code128 else VinSource.CODE_39


def _outline(one: zxingcpp.Barcode) -> Corners:
    place = one.position
    spots = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    return tuple((float(spot.x), float(spot.y)) for spot in spots)
