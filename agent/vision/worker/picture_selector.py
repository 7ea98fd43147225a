"""The pictures that leave the worker: small, JPEG, and not the same thing again and again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import cv2
import numpy as np

from agent.core.model import with_small_pictures

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

_FRAME_QUALITY = 75
_CROP_QUALITY = 90
_SMALL_QUALITY = 55
_SMALL_PX, _MEDIUM_PX = 160, 400
"""For a row of a list, and for a card."""
_REMEMBERED = 64


def frame_jpeg(pixels: npt.NDArray[np.uint8], width_px: int, quality: int = _FRAME_QUALITY) -> bytes:
    """The whole frame, at most `width_px` wide, as JPEG of this quality, 1 to 100."""
    height, width = pixels.shape[:2]
    if width > width_px:
        size = (width_px, max(1, round(height * width_px / width)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR).astype("uint8", copy=False)
    return _jpeg(pixels, quality)


def crop_jpeg(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A part of a frame as JPEG."""
    return _jpeg(pixels, _CROP_QUALITY)


def kept_jpeg(jpeg: bytes, pixels: npt.NDArray[np.uint8]) -> bytes:
    """A picture of these pixels as it is kept: with small ones inside, for lists, unless it is small itself."""
    if max(pixels.shape[:2]) <= _MEDIUM_PX:
        return jpeg
    medium = _shrunk(pixels, _MEDIUM_PX)
    small = _shrunk(medium, _SMALL_PX)
    return with_small_pictures(jpeg, *(_jpeg(one, _SMALL_QUALITY) for one in (small, medium)))


def decoded(jpeg: bytes) -> npt.NDArray[np.uint8] | None:
    """A picture as BGR, shape (height, width, 3), 8 bit; None where it cannot be decoded."""
    try:
        pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # larger than the library takes, or than there is memory for
        return None
    return None if pixels is None else pixels.astype(np.uint8, copy=False)


def _shrunk(pixels: npt.NDArray[np.uint8], longest_px: int) -> npt.NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    share = longest_px / max(height, width)
    size = (max(1, round(width * share)), max(1, round(height * share)))
    # OpenCV halves many times faster than it shrinks to any other size, and who waits for a picture waits at a barrier.
    while max(pixels.shape[:2]) >= 2 * longest_px:
        pixels = _halved(pixels)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _halved(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = (max(1, side // 2) for side in pixels.shape[:2])
    even = pixels[: 2 * height, : 2 * width]
    return cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _jpeg(pixels: npt.NDArray[np.uint8], quality: int) -> bytes:
    done, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        message = f"a picture of shape {pixels.shape} could not be encoded"
        raise RuntimeError(message)
    return encoded.tobytes()


class PictureSelector:
    """Say which findings deserve a picture of the frame: those that have had none for `every_s` seconds.

    May be asked from several threads.
    """

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._pictured_at: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def wants(self, findings: Iterable[bytes], at: float) -> bool:
        """Whether to take a picture of a frame that shows these; notes that it is taken."""
        with self._lock:
            return self._taken(list(findings), at)

    def want_soon(self, findings: Iterable[bytes], at: float, after_s: float) -> None:
        """Have these pictured again so long after `at`: the picture that was taken does not show them well enough."""
        with self._lock:
            for finding in findings:
                if finding in self._pictured_at:
                    self._pictured_at[finding] = at + min(0.0, after_s - self._every_s)

    def _taken(self, named: list[bytes], at: float) -> bool:
        if all(at - self._pictured_at.get(finding, -self._every_s - 1) <= self._every_s for finding in named):
            return False
        for finding in named:
            self._pictured_at.pop(finding, None)
            self._pictured_at[finding] = at
        while len(self._pictured_at) > _REMEMBERED:
            self._pictured_at.pop(next(iter(self._pictured_at)))
        return True
