"""The engines that decode QR codes, each behind one function of a grey picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import zxingcpp

from agent.vision.worker.qr.code import Code, Corners, module_px, outline
from agent.vision.worker.qr.weak_codes import proof_bits

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

BOTH_MODELS: Final = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCodeModel1, zxingcpp.BarcodeFormat.QRCodeModel2])
"""Model 1, the symbols of before 1997, corrects as many errors. Micro QR and rMQR correct hardly any: a guess would
pass."""

ENGINE_ERRORS: Final = (ValueError, RuntimeError, IndexError, OverflowError)
"""What the engines' bindings raise for a hostile symbol. Anything else is a bug of ours and goes up."""

LOCAL: Final = zxingcpp.Binarizer.LocalAverage
GLOBAL: Final = zxingcpp.Binarizer.GlobalHistogram


@dataclass(frozen=True, slots=True)
class Seen:
    """What an engine found: codes, and the outlines of symbols that it saw and could not decode."""

    codes: tuple[Code, ...] = ()
    undecoded: tuple[Corners, ...] = ()


def zxing(grey: Pixels, engine: str, binarizer: zxingcpp.Binarizer, *, inverted: bool = True) -> Seen:
    """What zxing-cpp finds with a threshold of one kind: LOCAL, by the neighbourhood, or GLOBAL, one for all.

    `engine`: the name for the codes. `inverted`: look for light symbols on dark ground too, a quarter of the time.
    Raises what ENGINE_ERRORS names.
    """
    found = zxingcpp.read_barcodes(
        grey,
        formats=BOTH_MODELS,
        try_invert=inverted,
        binarizer=binarizer,
        text_mode=zxingcpp.TextMode.Plain,
        return_errors=True,
    )
    codes, undecoded = [], []
    for one in found:
        place = one.position
        corners = outline(
            [(p.x, p.y) for p in (place.top_left, place.top_right, place.bottom_right, place.bottom_left)]
        )
        if one.valid:
            codes.append(_decoded(one, engine, corners))
        else:
            undecoded.append(corners)
    return Seen(tuple(codes), tuple(undecoded))


def _decoded(one: zxingcpp.Barcode, engine: str, corners: Corners) -> Code:
    payload, extra = bytes(one.bytes), cast("dict[str, Any]", one.extra)
    version = int(extra["Version"])
    proof = proof_bits(version, str(extra["ECLevel"]), float(extra["UEC"]))
    return Code(payload, engine, corners, _shown(payload, one.text), module_px(corners, version), proof)


def _shown(payload: bytes, guess: str) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return guess


def zbar_engine() -> Callable[[Pixels], Seen]:
    """The engine zbar. Raises ImportError when its shared library is not installed."""
    from pyzbar import pyzbar  # noqa: PLC0415 - importing it loads a system library that may be missing

    # Its errors do not derive from any that the others raise.
    failure: type[Exception] = pyzbar.PyZbarError

    def decode(grey: Pixels) -> Seen:
        try:
            found: list[Any] = pyzbar.decode(grey, symbols=[pyzbar.ZBarSymbol.QRCODE])
        except failure as error:
            raise RuntimeError(str(error)) from error
        # It guesses a character set and so damages every byte beyond ASCII: such texts are not what the symbol held.
        return Seen(
            tuple(
                Code(bytes(code.data), "zbar", outline([(p.x, p.y) for p in code.polygon]), code.data.decode("ascii"))
                for code in found
                if code.data.isascii()
            )
        )

    return decode
