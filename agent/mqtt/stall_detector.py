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
