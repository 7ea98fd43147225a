"""What a code that is no permit says of the vehicle that bears it: readers of permits see makers' labels too."""

from __future__ import annotations

from agent.core.model import vins_in
from agent.core.permit.parse import begins_as_permit


def label_vins(payload: bytes) -> tuple[str, ...]:
    """The VINs in the bytes of a code, 4 at most; none in what begins as a permit, whatever it holds.

    A permit's Base45 is full of borders, and 17 characters between two of them would be a VIN that nobody wrote.
    """
    return () if begins_as_permit(payload) else vins_in(payload.decode("utf-8", errors="replace"))
