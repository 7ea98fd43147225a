"""Hours and days in the gate's local time, also when daylight saving time begins or ends.

The caller passes the zone as a function from Unix seconds to the offset from UTC in seconds, east positive.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR_S: Final = 3600
DAY_S: Final = 86_400
EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_STEP_S: Final = 900
"""Offsets from UTC are whole quarters of an hour since 1972."""
_WIDEST_S: Final = 16 * HOUR_S
"""No zone is further from UTC."""


@dataclass(frozen=True, slots=True, order=True)
class LocalHour:
    """One hour of a local day.

    `start_s`: when it begins, Unix seconds. `day`: the local date as a proleptic ordinal. `hour`: 0 to 23, on the local
    clock. In autumn two hours of a day have the same `hour`, in spring one is missing.
    """

    start_s: int
    day: int
    hour: int


def local_hour(utc_s: float, offset_s: int) -> LocalHour:
    """The local hour of a moment, Unix seconds."""
    local_s = int(utc_s // 1) + offset_s
    start_s = local_s // HOUR_S * HOUR_S
    return LocalHour(start_s - offset_s, EPOCH_DAY + start_s // DAY_S, start_s % DAY_S // HOUR_S)


def hours_of_day(day: int, offset_at: Callable[[float], int]) -> tuple[LocalHour, ...]:
    """Every hour of a local day in order: 24, but 23 or 25 where the clock is changed."""
    midnight_s = (day - EPOCH_DAY) * DAY_S
    moments = range(midnight_s - _WIDEST_S, midnight_s + DAY_S + _WIDEST_S, _STEP_S)
    found = (local_hour(moment, offset_at(moment)) for moment in moments)
    return tuple(sorted({one for one in found if one.day == day}))
