"""Second factors that are being set up: a secret or a challenge was shown, and nothing has come back yet."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MOST: Final = 64
LIFE_S: Final = 900.0


class Enrolments:
    """The secrets that were shown, by the keys of the sessions to which they were. In memory alone. For all threads."""

    def __init__(self, at: Callable[[], float]) -> None:
        """`at`: monotonic seconds."""
        self._at = at
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    def begin(self, session: str, secret: bytes) -> None:
        """Keep a secret, in the place of one before; the oldest goes where there are too many."""
        with self._lock:
            self._waiting.pop(session, None)
            self._waiting[session] = (secret, self._at() + LIFE_S)
            while len(self._waiting) > MOST:
                self._waiting.popitem(last=False)

    def find(self, session: str) -> bytes | None:
        """The secret that this session was shown; None: none, or too long ago."""
        with self._lock:
            secret, until_at = self._waiting.get(session, (None, 0.0))
            return secret if self._at() <= until_at else None

    def end(self, session: str) -> None:
        """Forget it."""
        with self._lock:
            self._waiting.pop(session, None)
