"""A clock that stands still until a test moves it."""

from __future__ import annotations


class VirtualClock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at

    def go(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.at += seconds
