"""Steps of the wall clock: its gain on the monotonic clock between two readings, and the gain that counts as a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from agent.core.model import Instant

STEP_S: Final = 2.0
"""From this on the clock counts as set. A leap second is less; what is less counts in the bound."""


def gain_s(before: Instant, now: Instant) -> float:
    """What the wall clock gained on the monotonic one."""
    return (now.utc - before.utc) - (now.at - before.at)


def step_between_s(before: Instant, now: Instant) -> float | None:
    """By how much the clock was set in between, None where that is too little to be told from a leap second."""
    gained_s = gain_s(before, now)
    return gained_s if abs(gained_s) >= STEP_S else None
