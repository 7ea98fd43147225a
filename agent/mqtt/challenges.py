"""The challenge: a random text that a command must repeat, so that one that was held back somewhere is of no use later.

It is the only proof of freshness while the gate's clock is not synchronised. It changes with every connection and, on
one that stands for long, every `ROTATE_EVERY_S`. The one before is taken for `GRACE_S` more, for a command that was
signed just before the change. That is safe: an attacker who held a command back could have delivered it until the
change anyway, it is taken once at most because its counter is used then, and `exp` holds besides wherever the clock is
synchronised.
"""

from __future__ import annotations

import secrets
import threading
from typing import Final

BYTES: Final = 16
GRACE_S: Final = 30.0
ROTATE_EVERY_S: Final = 600.0


class Challenges:
    """The challenge of now and the one before. Safe to use from any thread; times are monotonic seconds."""

    def __init__(self, at: float) -> None:
        self._lock = threading.Lock()
        self._current = _fresh()
        self._before = ""
        self._since = at

    @property
    def current(self) -> str:
        """The challenge of now."""
        return self._current

    def rotate(self, at: float) -> None:
        """Put a new one in place of the one of now."""
        with self._lock:
            self._before, self._current, self._since = self._current, _fresh(), at

    def due(self, at: float) -> bool:
        """Whether the one of now has stood for long."""
        return at - self._since >= ROTATE_EVERY_S

    def accepted(self, at: float) -> frozenset[str]:
        """Those that a command may carry."""
        with self._lock:
            if self._before and at - self._since < GRACE_S:
                return frozenset({self._current, self._before})
            return frozenset({self._current})


def _fresh() -> str:
    return secrets.token_hex(BYTES)
