"""Whose turn it is: which broker to try next, and after what pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.model import outage_pause_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.broker import BrokerAddress


class BrokerSelector:
    """Goes round the brokers until it is asked no more. Pure: random numbers and times come in with the call.

    The pause grows only when all brokers have failed once more, so that a gate with another broker left is back soon.
    It is never longer than the outage so far, so that a gate is back soon after a broker that was away briefly. Both
    begin again only after a connection that lasted: one that is accepted and kicked at once is a failure.
    """

    def __init__(self, brokers: Sequence[BrokerAddress], first_s: float, cap_s: float) -> None:
        if not brokers:
            raise ValueError("there must be at least one broker")
        self._brokers = tuple(brokers)
        self._first_s = first_s
        self._cap_s = cap_s
        self._failures = 0
        self._away_since: float | None = None
        self._index = 0

    @property
    def index(self) -> int:
        """Which broker's turn it is, from 0, in the order of this gate."""
        return self._index

    @property
    def address(self) -> BrokerAddress:
        """The broker whose turn it is."""
        return self._brokers[self._index]

    def ended(self, *, lasted: bool, draw: float, at: float) -> float:
        """Note that the connection failed or ended, pass the turn on, and return the pause in seconds before the next.

        `lasted`: it stood long enough to count as good. `draw`: uniform in 0..1. `at`: now, monotonic seconds.
        """
        if lasted or self._away_since is None:
            self._failures, self._away_since = 0, at
        rounds = self._failures // len(self._brokers)
        self._failures += 1
        self._index = (self._index + 1) % len(self._brokers)
        return outage_pause_s(rounds, at - self._away_since, self._first_s, self._cap_s, draw)
