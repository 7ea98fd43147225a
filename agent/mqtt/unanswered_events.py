"""The events that the broker owes an answer for, be they new or sent again on request. Pure."""

from __future__ import annotations

from agent.mqtt.poison_messages import PoisonMessageDetector


class UnansweredEvents:
    """Base of what sends events. Times are monotonic seconds.

    Each event under way with the time of its sending, the oldest first, and the search for one over which the broker
    ends the connection.
    """

    def __init__(self) -> None:
        self._under_way: dict[int, float] = {}
        self._poison_detector = PoisonMessageDetector()

    @property
    def under_way(self) -> int:
        """How many the broker owes an answer for."""
        return len(self._under_way)

    @property
    def cautious(self) -> bool:
        """Whether events should go one by one, to find the one over which the broker ends the connection."""
        return self._poison_detector.cautious

    def owed_s(self, now: float) -> float:
        """For how long the broker has owed its oldest answer; 0 when it owes none."""
        return now - next(iter(self._under_way.values())) if self._under_way else 0.0
