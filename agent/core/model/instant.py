"""One instant on both clocks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """An instant. `at`: monotonic seconds, for durations and deadlines. `utc`: Unix seconds, for records only.

    The two are never compared with each other. `at` is the same in every process of the machine.
    """

    at: float
    utc: float
