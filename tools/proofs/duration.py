"""Times in words: how long something took, or takes."""

from __future__ import annotations

from typing import Final

MINUTE_S: Final = 60
HOUR_S: Final = 3600
FEW_MINUTES_S: Final = 100


def duration(seconds: float) -> str:
    """As "45 s", "12 min" or "3 h 20 min"."""
    if seconds < FEW_MINUTES_S:
        return f"{seconds:.0f} s"
    minutes = round(seconds / MINUTE_S)
    if minutes < HOUR_S // MINUTE_S:
        return f"{minutes} min"
    hours, rest = divmod(minutes, HOUR_S // MINUTE_S)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
