"""Ways to make a symbol in a small picture easier to read, each with the threshold that goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.qr.engines import GLOBAL, LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable

    import zxingcpp
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

_SMALL_PX: Final = 450


@dataclass(frozen=True, slots=True)
class Treatment:
    """One way. `treated` takes and gives a grey picture, 8 bit, maybe larger: its width tells how much."""

    name: str
    treated: Callable[[Pixels], Pixels]
    binarizer: zxingcpp.Binarizer


def enlarged(grey: Pixels) -> Pixels:
    """Twice as large where it is small: an engine wants three pixels a module."""
    if max(grey.shape) > _SMALL_PX:
        return grey
    return _bytes(cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))


def _sharpened(grey: Pixels) -> Pixels:
    """Against defocus: full contrast and twice the fine detail."""
    large = _stretched(enlarged(grey))
    return _bytes(cv2.addWeighted(large, 2.2, cv2.GaussianBlur(large, (0, 0), 3), -1.2, 0))


def _equalised(grey: Pixels) -> Pixels:
    """Against glare and low contrast: each part of the picture gets full contrast (CLAHE)."""
    even = cv2.createCLAHE(clipLimit=4.0, tileGridSize=(8, 8))
    return _bytes(even.apply(cv2.GaussianBlur(_stretched(enlarged(grey)), (0, 0), 1)))


def _smoothed(grey: Pixels) -> Pixels:
    """Against noise, and prints that break a module up."""
    return _bytes(cv2.GaussianBlur(grey, (0, 0), 1))


def _levelled(grey: Pixels) -> Pixels:
    """Against shadows and light that falls off: what changes slowly is taken out."""
    slow = cv2.blur(grey, (49, 49))
    return _bytes(cv2.addWeighted(cv2.GaussianBlur(grey, (0, 0), 1), 2, slow, -2, 128))


def _cut(grey: Pixels, window_px: int) -> Pixels:
    """Black and white already, by a threshold that follows the light more or less closely."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 0.8)
    return _bytes(cv2.adaptiveThreshold(smooth, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, window_px, 3))


def _halved(grey: Pixels) -> Pixels:
    """Against patterns inside the modules: half as large, and levelled."""
    return _levelled(_bytes(cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)))


def _stretched(grey: Pixels) -> Pixels:
    """Full contrast: the darkest and the lightest fiftieth become black and white."""
    low, high = np.percentile(grey[::3, ::3], [2, 98])
    table = np.clip((np.arange(256) - low) * 255 / max(high - low, 1), 0, 255).astype(np.uint8)
    return _bytes(cv2.LUT(grey, table))


def _bytes(picture: cv2.typing.MatLike) -> Pixels:
    return picture.astype(np.uint8, copy=False)


TREATMENTS: Final = (
    Treatment("sharp", _sharpened, LOCAL),
    Treatment("smooth", _smoothed, GLOBAL),
    Treatment("equal", _equalised, LOCAL),
    Treatment("large", enlarged, LOCAL),
    Treatment("cut", lambda grey: _cut(grey, 31), LOCAL),
    Treatment("plain", lambda grey: grey, GLOBAL),
    Treatment("level", _levelled, LOCAL),
    Treatment("cut-wide", lambda grey: _cut(grey, 61), LOCAL),
    Treatment("half", _halved, GLOBAL),
)
