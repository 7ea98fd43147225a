"""Kept pictures, which are evidence: made so that the code in them can be read once more, and read once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.vision.worker.picture_selector import decoded, frame_jpeg
from agent.vision.worker.qr.picture_reader import QrReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from agent.vision.worker.readers import Code

_MODULE_PX: Final = 2.5
"""A symbol whose modules are so large in a JPEG picture is read again as a rule: the limit is at 1.5 (docs/reading.md).
"""
_LARGEST_PX: Final = 2560
_LARGEST_BYTES: Final = 900_000
"""Brokers take messages of a megabyte (docs/delivery.md), and this is sent as one."""
_LARGEST_QUALITY: Final = 90
_QUALITY: Final = 75


class KeptPictureReader:
    """Reads kept pictures, from their bytes alone. One thread owns it."""

    def __init__(self) -> None:
        self._qr = QrReader()

    def codes(self, jpeg: bytes, *, thorough: bool) -> tuple[bytes, ...]:
        """The bytes in each symbol of a picture, JPEG; none where it cannot be decoded.

        `thorough`: where the cheap steps read nothing, all others follow, up to a third of a second of one core.
        """
        pixels = decoded(jpeg)
        if pixels is None:
            return ()
        found = self._qr.read(pixels)
        if not found and thorough:
            found = self._qr.read(pixels, thorough=True)
        return tuple(dict.fromkeys(code.payload for code in found))


def legible_jpeg(
    pixels: NDArray[np.uint8], codes: Sequence[Code], width_px: int, reader: KeptPictureReader, *, thorough: bool
) -> tuple[bytes, frozenset[bytes]]:
    """The smallest picture of a frame in which its codes can be read once more, and the codes that can.

    `pixels`: BGR, shape (height, width, 3), 8 bit. `width_px`: how wide it is at least, where the frame is. Where no
    picture shows all of them, it is the one that shows the most.
    """
    wanted = frozenset(code.payload for code in codes)
    best: tuple[bytes, frozenset[bytes]] | None = None
    for width, quality in _sizes(pixels.shape[1], codes, width_px):
        jpeg = frame_jpeg(pixels, width, quality)
        if best is not None and len(jpeg) > _LARGEST_BYTES:
            break
        legible = wanted.intersection(reader.codes(jpeg, thorough=thorough))
        if best is None or len(legible) > len(best[1]):
            best = jpeg, legible
        if legible == wanted:
            break
    return best or (frame_jpeg(pixels, width_px), frozenset())


def _sizes(frame_px: int, codes: Sequence[Code], width_px: int) -> list[tuple[int, int]]:
    """Widths and qualities to try, the smallest first."""
    least_px = min((code.module_px for code in codes if code.module_px > 0), default=0.0)
    enough_px = round(frame_px * _MODULE_PX / least_px) if least_px else 0
    widths = sorted({min(frame_px, width_px), min(frame_px, _LARGEST_PX, max(width_px, enough_px))})
    return [*((width, _QUALITY) for width in widths), (min(frame_px, _LARGEST_PX), _LARGEST_QUALITY)]
