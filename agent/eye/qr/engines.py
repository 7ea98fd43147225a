"""The engines that decode QR codes, each behind one function of a grey picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import zxingcpp

from agent.eye.qr.code import Code, module_px, outline

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Engine = Callable[[NDArray[np.uint8]], list[Code]]

MODEL_2: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)
"""Micro QR and rMQR detect errors but hardly correct any, so a guess would pass."""

ENGINE_ERRORS: Final = (ValueError, RuntimeError, IndexError, OverflowError)
"""What the engines' bindings raise for a hostile symbol. Anything else is a bug of ours and goes up."""


def zxing_local(grey: NDArray[np.uint8]) -> list[Code]:
    """The codes that zxing-cpp finds with a threshold for each neighbourhood."""
    return _zxing(grey, "zxing", zxingcpp.Binarizer.LocalAverage)


def zxing_global(grey: NDArray[np.uint8]) -> list[Code]:
    """The codes that zxing-cpp finds with one threshold for the whole picture."""
    return _zxing(grey, "zxing-global", zxingcpp.Binarizer.GlobalHistogram)


def _zxing(grey: NDArray[np.uint8], name: str, binarizer: zxingcpp.Binarizer) -> list[Code]:
    found = zxingcpp.read_barcodes(grey, formats=MODEL_2, binarizer=binarizer, text_mode=zxingcpp.TextMode.Plain)
    return [_of_zxing(code, name) for code in found]


def _of_zxing(code: zxingcpp.Barcode, engine: str) -> Code:
    place = code.position
    corners = outline(
        [(float(p.x), float(p.y)) for p in (place.top_left, place.top_right, place.bottom_right, place.bottom_left)]
    )
    payload, extra = bytes(code.bytes), cast("dict[str, Any]", code.extra)
    return Code(payload, engine, corners, shown(payload, code.text), module_px(corners, int(extra["Version"])))


def shown(payload: bytes, guess: str) -> str:
    """The payload for people to read."""
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return guess


def zbar_engine() -> Engine:
    """The engine zbar. Raises ImportError when its shared library is not installed."""
    from pyzbar import pyzbar  # noqa: PLC0415 - importing it loads a system library that may be missing

    # Its errors do not derive from any that the others raise.
    failure: type[Exception] = pyzbar.PyZbarError

    def decode(grey: NDArray[np.uint8]) -> list[Code]:
        try:
            found: list[Any] = pyzbar.decode(grey, symbols=[pyzbar.ZBarSymbol.QRCODE])
        except failure as error:
            raise RuntimeError(str(error)) from error
        # It guesses a character set and so damages every byte beyond ASCII: such texts are not what the symbol held.
        return [
            Code(
                bytes(code.data),
                "zbar",
                outline([(float(p.x), float(p.y)) for p in code.polygon]),
                shown(code.data, ""),
            )
            for code in found
            if code.data.isascii()
        ]

    return decode
