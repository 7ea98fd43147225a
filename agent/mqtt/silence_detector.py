"""Notices that nothing is heard although the link stands. Pure."""

from __future__ import annotations


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

    def watch(self, silent_s: float, patience_s: float = 0.0) -> bool:
        """Whether to reconnect.

        `silent_s`: for how long central has owed an answer on this connection. `patience_s`: how long central may take
        in any case, because it is known to be slow.
        """
        if silent_s < max(self._wait_s, patience_s):
            return False
        self._wait_s = min(2 * self._wait_s, self._cap_s)
        return True
