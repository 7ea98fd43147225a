"""What a code that is not a permit says about its vehicle: readers of permits also see makers' labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from agent.core.model import VinReading, vins_in
from agent.core.permit.parse import JWS_START

if TYPE_CHECKING:
    from agent.core.model import Presentation, VinSource


_PERMIT_START: Final = re.compile(rb"GP.:|" + re.escape(JWS_START), re.DOTALL)


def label_vins(payload: bytes) -> tuple[str, ...]:
    """The VINs in the bytes of a code, 4 at most; none in what holds the beginning of a permit.

    A permit's Base45 is full of borders, and 17 characters between two of them would be a VIN that nobody wrote. It
    would not be told as the attempt to pass that it was.
    """
    return () if _PERMIT_START.search(payload) else vins_in(payload.decode("utf-8", errors="replace"))


def label_readings(shown: Presentation, source: VinSource) -> tuple[VinReading, ...]:
    """A text that was shown to a reader, as the readings of the VINs that it holds; none where it is no label.

    Where there are any it was no attempt to pass, and is to be presented to nobody. `source`: what it was read from.
    """
    return tuple(
        VinReading(
            text=vin,
            source=source,
            camera=shown.camera,
            frame=shown.frame,
            at=shown.at,
            box=_box(shown.corners),
            picture=shown.picture,
            behind_s=shown.behind_s,
            legible=shown.legible,
        )
        for vin in label_vins(shown.payload)
    )


def _box(corners: tuple[tuple[float, float], ...]) -> tuple[int, int, int, int]:
    """The upright box of an outline; a part of it may lie outside the picture."""
    if not corners:
        return 0, 0, 0, 0
    left, top = (max(0, int(min(values))) for values in zip(*corners, strict=True))
    right, bottom = (max(0, int(max(values)) + 1) for values in zip(*corners, strict=True))
    return left, top, right - left, bottom - top
