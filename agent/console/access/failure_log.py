"""Failed log-ins, summarised: somebody who guesses passwords must not fill the journal."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

TOLD_EVERY_S: Final = 300.0
MOST_ADDRESSES: Final = 1000
NAMES_TOLD: Final = 8


class FailureLog:
    """Tells of the first failure at once and of those after it together, at most once in five minutes.

    Names that nobody has are counted, never told: people type passwords where names belong.
    """

    def __init__(self, tell: Callable[[str, str], None], at: Callable[[], float]) -> None:
        """`tell`: records the address, "" for several, and a sentence; it may wait for the disk.

        `at`: monotonic seconds.
        """
        self._tell = tell
        self._at = at
        self._lock = threading.Lock()
        self._names: Counter[str] = Counter()
        self._addresses: set[str] = set()
        self._told_at: float | None = None

    def failed(self, user: str | None, address: str) -> None:
        """Note one. `user`: None for a name that nobody has."""
        with self._lock:
            self._names[user or ""] += 1
            if len(self._addresses) < MOST_ADDRESSES:
                self._addresses.add(address)
        self.tell_due()

    def tell_due(self) -> None:
        """Tell of what was not told yet, where the last time is long enough ago."""
        with self._lock:
            due = self._told_at is None or self._at() - self._told_at >= TOLD_EVERY_S
        if due:
            self.flush()

    def flush(self) -> None:
        """Tell of what was not told yet."""
        with self._lock:
            if not self._names:
                return
            names, addresses = self._names, self._addresses
            self._names, self._addresses = Counter(), set()
            self._told_at = self._at()
        self._tell(next(iter(addresses)) if len(addresses) == 1 else "", _sentence(names, len(addresses)))


def _sentence(names: Counter[str], addresses: int) -> str:
    unknown = names.pop("", 0)
    told = [f"{name} ({count})" for name, count in names.most_common(NAMES_TOLD)]
    told += [f"{len(names) - NAMES_TOLD} other users"] if len(names) > NAMES_TOLD else []
    told += [f"unknown names ({unknown})"] if unknown else []
    return f"{names.total() + unknown} failed from {addresses} addresses: {', '.join(told)}"
