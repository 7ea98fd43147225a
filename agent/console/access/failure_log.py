"""Failed log-ins, summarised: somebody who guesses passwords must not fill the journal."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Final

from agent.core.model import OnceEvery
from drivers.text import Text, joined

if TYPE_CHECKING:
    from collections.abc import Callable

TOLD_EVERY_S: Final = 300.0
MOST_ADDRESSES: Final = 1000
NAMES_TOLD: Final = 8


class FailureLog:
    """Tells of the first failure at once and of those after it together, at most once in five minutes.

    Names that nobody has are counted, never told: people type passwords where names belong.
    """

    def __init__(self, tell: Callable[[str, Text], None], at: Callable[[], float]) -> None:
        """`tell`: records the address, "" for several, and a sentence; it may wait for the disk.

        `at`: monotonic seconds.
        """
        self._tell = tell
        self._at = at
        self._lock = threading.Lock()
        self._names: Counter[str] = Counter()
        self._addresses: set[str] = set()
        self._may_tell = OnceEvery(TOLD_EVERY_S)

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
            due = bool(self._names) and self._may_tell(None, self._at())
        if due:
            self.flush()

    def flush(self) -> None:
        """Report all failures that are not reported yet, without waiting for the interval. For a stop."""
        with self._lock:
            if not self._names:
                return
            names, addresses = self._names, self._addresses
            self._names, self._addresses = Counter(), set()
        self._tell(next(iter(addresses)) if len(addresses) == 1 else "", _sentence(names, len(addresses)))


def _sentence(names: Counter[str], addresses: int) -> Text:
    failed = names.total()
    unknown = names.pop("", 0)
    told = [f"{name} ({count})" for name, count in names.most_common(NAMES_TOLD)]
    if len(names) > NAMES_TOLD:
        told.append(Text("{count} other users", count=len(names) - NAMES_TOLD))
    if unknown:
        told.append(Text("unknown names ({count})", count=unknown))
    return Text(
        "{failed} failed log-ins from {addresses} addresses: {names}",
        failed=failed,
        addresses=addresses,
        names=joined(told),
    )
