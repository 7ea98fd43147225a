"""Times as counts in buckets, so that the data of hours add up to medians of years.

A bucket is 5 % wide. So the error of a median or a 95th percentile from buckets is at most 2.5 %.
"""

from __future__ import annotations

from math import floor, log
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FINEST_S: Final = 0.05
"""All shorter times are in the first bucket."""
LONGEST_S: Final = 86_400.0
_RATIO: Final = 1.05
LAST_BUCKET: Final = floor(log(LONGEST_S / FINEST_S) / log(_RATIO)) + 1


def bucket_of(seconds: float) -> int:
    """The bucket of a time; what is longer than a day is in the last one."""
    if seconds < FINEST_S:
        return 0
    return min(floor(log(seconds / FINEST_S) / log(_RATIO)) + 1, LAST_BUCKET)


def quantile_s(buckets: Mapping[int, int], share: float) -> float | None:
    """The time that the given share (0 to 1) of all stay below, by the middle of its bucket; None: there are none."""
    total = sum(buckets.values())
    if total <= 0:
        return None
    wanted, seen = share * total, 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= wanted:
            return _middle_s(bucket)
    return _middle_s(max(buckets))


def _middle_s(bucket: int) -> float:
    return FINEST_S / 2 if bucket <= 0 else FINEST_S * _RATIO ** (bucket - 0.5)
