"""A budget: so much at once, and so much a second after that (a token bucket)."""

from __future__ import annotations


class TokenBucket:
    """Give out `per_s` a second on average and up to `burst` at once. Times are monotonic seconds."""

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left = float(burst)
        self._at: float | None = None

    def take(self, at: float) -> bool:
        """Take one; False when there is none left."""
        if self._at is not None:
            self._left = min(float(self._burst), self._left + max(0.0, at - self._at) * self._per_s)
        self._at = at
        if self._left < 1:
            return False
        self._left -= 1
        return True
