"""Notices that events have not got through for long, or that nothing is heard, although the link stands. Pure.

A broker can lose a subscription unnoticed: RabbitMQ deletes the queue of one when the cluster comes back after all
its nodes were down, and the connection stands on. The gate then hears neither acknowledgements nor commands.
"""

from __future__ import annotations


class StallDetector:
    """Tells of a trouble once, after it has lasted `after_s` seconds; of the next when all was well in between."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._since: float | None = None
        self._told = False

    def watch(self, trouble: str, now: float) -> str:
        """What is to be told now, "" for nothing.

        `trouble`: in words, "" while all is well; `now`: monotonic seconds.
        """
        if not trouble:
            self._since, self._told = None, False
            return ""
        self._since = now if self._since is None else self._since
        if self._told or now - self._since < self._after_s:
            return ""
        self._told = True
        return trouble


class SilenceDetector:
    """Says when to reconnect because nothing is heard.

    After `after_s` seconds, then ever more rarely, up to `cap_s`.
    """

    def __init__(self, after_s: float, cap_s: float = 3600.0) -> None:
        self._after_s = self._wait_s = after_s
        self._cap_s = cap_s

    def note_message(self) -> None:
        """Something came in: the subscription lives."""
        self._wait_s = self._after_s

    def watch(self, silent_s: float) -> bool:
        """Whether to reconnect. `silent_s`: for how long central has owed an answer on this connection."""
        if silent_s < self._wait_s:
            return False
        self._wait_s = min(2 * self._wait_s, self._cap_s)
        return True
