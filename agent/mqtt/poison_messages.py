"""An event over which the broker ends the connection must not end it for ever. Pure.

Some brokers answer a topic that they do not allow by closing the connection without a reason. When one event is the
oldest without an answer at three quick ends in a row, events go one by one; when the connection then ends quickly with
that event alone under way, it goes into quarantine and the others go on. It stays in the journal and is tried again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

QUICK_S = 5.0
ENDS = 3


class PoisonMessageDetector:
    """Finds the event. Times are monotonic seconds and come in with the calls."""

    def __init__(self) -> None:
        self._suspect = 0
        self._ends = 0
        self._quarantine: set[int] = set()

    @property
    def cautious(self) -> bool:
        """Whether events should go one by one."""
        return self._ends >= ENDS

    @property
    def quarantine(self) -> frozenset[int]:
        """The events that are left out."""
        return frozenset(self._quarantine)

    def __contains__(self, seq: int) -> bool:
        return seq in self._quarantine

    def ended(self, under_way: Mapping[int, float], now: float) -> int | None:
        """The connection ended with these events under way, oldest first, each with the time of its sending.

        Returns the event that goes into quarantine by this.
        """
        oldest = next(iter(under_way.items()), None)
        if oldest is None or now - oldest[1] > QUICK_S:
            self._clear()
            return None
        seq = oldest[0]
        if self.cautious and seq == self._suspect and len(under_way) == 1:
            self._quarantine.add(seq)
            self._clear()
            return seq
        self._ends = self._ends + 1 if seq == self._suspect else 1
        self._suspect = seq
        return None

    def answered(self, seq: int) -> None:
        """The broker answered for an event: it was not the cause."""
        if seq == self._suspect:
            self._clear()

    def release(self, up_to: int | None = None) -> None:
        """Give the events of the quarantine (those up to a number, or all) another chance.

        A suspect among them is cleared.
        """
        if up_to is not None and self._suspect <= up_to:
            self._clear()
        self._quarantine = set() if up_to is None else {seq for seq in self._quarantine if seq > up_to}

    def _clear(self) -> None:
        self._suspect = self._ends = 0
