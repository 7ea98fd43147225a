"""Reads the QR codes of a picture, cheapest engine first. What it returns was in a symbol; it never guesses a text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np
import zxingcpp

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Corners = tuple[tuple[float, float], ...]

_MODEL_2: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)
_ENGINE_ERRORS: Final = (ValueError, RuntimeError, IndexError, OverflowError)
"""What the engines' bindings raise for a hostile symbol. Anything else is a bug of ours and goes up."""


@dataclass(frozen=True, slots=True)
class Code:
    """One QR code. `payload`: its bytes, exact. `engine`: who read it.

    `corners`: its outline in pixels, clockwise as seen, beginning with the one nearest the picture's top left.
    `text`: the payload for people to read, never to decide by: UTF-8 where the bytes are that, else by the character
    set that the symbol names or the engine guesses.
    """

    payload: bytes
    engine: str
    corners: Corners
    text: str


class QrReader:
    """Reads QR codes (model 2: Micro QR and rMQR detect errors but hardly correct any, so a guess would pass).

    `failures` counts, by engine, the pictures on which it raised an error. `missing` says why an engine is not there.
    """

    def __init__(self) -> None:
        """Make the reader; the second engine is looked for at the first thorough read."""
        self.failures: Counter[str] = Counter()
        self.missing: dict[str, str] = {}
        self._zbar: Callable[[NDArray[np.uint8]], list[Code]] | None = None

    def read(self, pixels: NDArray[np.uint8], *, thorough: bool = False) -> list[Code]:
        """The codes in a picture, grey (height, width) or BGR (height, width, 3), 8 bit; each once.

        One pass, and a second with another threshold when that found none. `thorough` makes all passes and asks a
        second engine too: ten times the cost, worth it only where something hints at a code or nobody waits.
        """
        grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)  # noqa: PLR2004 - two axes are grey
        codes = self._tried("zxing", _zxing_local, grey)
        if thorough or not codes:
            codes = _merged(codes, self._tried("zxing-global", _zxing_global, grey))
        zbar = self._second_engine() if thorough else None
        if zbar is not None:
            codes = _merged(codes, self._tried("zbar", zbar, grey))
        return codes

    def _tried(
        self, name: str, engine: Callable[[NDArray[np.uint8]], list[Code]], grey: NDArray[np.uint8]
    ) -> list[Code]:
        try:
            return _merged([], engine(grey))
        except _ENGINE_ERRORS:
            self.failures[name] += 1
            return []

    def _second_engine(self) -> Callable[[NDArray[np.uint8]], list[Code]] | None:
        if self._zbar is None and "zbar" not in self.missing:
            try:
                self._zbar = _zbar_engine()
            except ImportError as error:  # the shared library is a system package
                self.missing["zbar"] = str(error)
        return self._zbar


def _zxing_local(grey: NDArray[np.uint8]) -> list[Code]:
    return _zxing(grey, "zxing", zxingcpp.Binarizer.LocalAverage)


def _zxing_global(grey: NDArray[np.uint8]) -> list[Code]:
    return _zxing(grey, "zxing-global", zxingcpp.Binarizer.GlobalHistogram)


def _zxing(grey: NDArray[np.uint8], name: str, binarizer: zxingcpp.Binarizer) -> list[Code]:
    found = zxingcpp.read_barcodes(
        grey,
        formats=_MODEL_2,
        try_rotate=True,
        try_downscale=True,
        try_invert=True,
        binarizer=binarizer,
        text_mode=zxingcpp.TextMode.Plain,
    )
    return [_code(bytes(code.bytes), name, _points(code.position), code.text) for code in found]


def _code(payload: bytes, engine: str, points: list[tuple[float, float]], guess: str) -> Code:
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError:
        text = guess
    return Code(payload, engine, _outline(points), text)


def _points(position: zxingcpp.Position) -> list[tuple[float, float]]:
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    return [(float(point.x), float(point.y)) for point in corners]


def _zbar_engine() -> Callable[[NDArray[np.uint8]], list[Code]]:
    """The second engine. Raises ImportError when its shared library is not installed."""
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
            _code(bytes(code.data), "zbar", [(float(point.x), float(point.y)) for point in code.polygon], "")
            for code in found
            if code.data.isascii()
        ]

    return decode


def _outline(points: list[tuple[float, float]]) -> Corners:
    """Four points, clockwise from the top left; an outline of another shape becomes its upright box."""
    spots = np.array(points, dtype=np.float64)
    if len(points) != 4:  # noqa: PLR2004 - a symbol has four corners
        (left, top), (right, bottom) = spots.min(axis=0), spots.max(axis=0)
        spots = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    centre = spots.mean(axis=0)
    around = spots[np.argsort(np.arctan2(spots[:, 1] - centre[1], spots[:, 0] - centre[0]))]
    first = np.roll(around, -int(np.argmin(around.sum(axis=1))), axis=0)
    return tuple((float(x), float(y)) for x, y in first)


def _merged(codes: list[Code], more: list[Code]) -> list[Code]:
    """All codes, without those that stand where one was read already: the earlier engine is the more exact one."""
    out = list(codes)
    for code in more:
        if code.payload and not any(_same_place(code, known) for known in out):
            out.append(code)
    return out


def _same_place(a: Code, b: Code) -> bool:
    """Whether the middle of one lies inside the other."""
    return _inside(_middle(a.corners), b.corners) or _inside(_middle(b.corners), a.corners)


def _middle(corners: Corners) -> tuple[float, float]:
    return sum(x for x, _ in corners) / len(corners), sum(y for _, y in corners) / len(corners)


def _inside(point: tuple[float, float], corners: Corners) -> bool:
    outline = np.array(corners, dtype=np.float32)
    return cv2.pointPolygonTest(outline, point, measureDist=False) >= 0
