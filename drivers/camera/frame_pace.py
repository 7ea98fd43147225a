"""Keeps to a rhythm: pictures of a clip or a folder come no faster than they should."""

from __future__ import annotations

import threading
import time


class FramePace:
    """Waits so that `wait` returns once every `interval_s`.

    After a slow consumer it goes on from now, without a burst.
    """

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._due_at = time.monotonic()
        self._never = threading.Event()

    def wait(self) -> None:
        """Block until the next picture is due. The first is due at once."""
        now = time.monotonic()
        if self._due_at > now:
            self._never.wait(self._due_at - now)
        self._due_at = max(self._due_at, now) + self._interval_s
