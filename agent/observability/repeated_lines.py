"""The same line again and again in the log: a few are let through, then counted."""

from __future__ import annotations

import logging
import threading
import time

from typing_extensions import override

REPEATS_WITHIN_S = 10.0
REPEATS_SHOWN = 3
_REPEATS_REMEMBERED = 512


class Repeats(logging.Filter):
    """Let the same line through three times in ten seconds, then count; the next one says how many were left out.

    A device that fails a thousand times a second must not fill the disk, nor hide what else happens.
    """

    def __init__(self, shown: int = REPEATS_SHOWN, within_s: float = REPEATS_WITHIN_S) -> None:
        super().__init__()
        self._shown = shown
        self._within_s = within_s
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, int, str], tuple[float, int]] = {}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record is to be written."""
        key = (record.name, record.levelno, record.getMessage())
        now = time.monotonic()
        with self._lock:
            begun_at, count = self._seen.get(key, (now, 0))
            if now - begun_at > self._within_s:
                left_out = count - self._shown
                begun_at, count = now, 0
                if left_out > 0:
                    record.msg, record.args = f"{record.getMessage()} (and {left_out} times more before)", ()
            self._forget_old(now)
            self._seen[key] = (begun_at, count + 1)
        return count < self._shown

    def _forget_old(self, now: float) -> None:
        if len(self._seen) < _REPEATS_REMEMBERED:
            return
        self._seen = {key: seen for key, seen in self._seen.items() if now - seen[0] <= self._within_s}
        while len(self._seen) >= _REPEATS_REMEMBERED:
            del self._seen[next(iter(self._seen))]
