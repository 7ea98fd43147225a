"""Limits how much may be done: a burst at once, and a rate after it (a token bucket)."""

from __future__ import annotations


class TokenBucket:
    """Give out `per_s` a second on average and up to `burst` at once. Times are monotonic seconds."""

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = float(burst)
        self._left = self._burst
        self._at: float | None = None

    def try_acquire(self, at: float) -> bool:
        """Take one; False when there is none left."""
        self._refill(at)
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def wait_s(self, at: float) -> float:
        """How long until there is one to take."""
        self._refill(at)
        return max(0.0, (1.0 - self._left) / self._per_s)

    def _refill(self, at: float) -> None:
        if self._at is not None:
            self._left = min(self._burst, self._left + max(0.0, at - self._at) * self._per_s)
        self._at = at
