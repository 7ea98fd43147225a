"""A limit on the wrong passwords for one name from all addresses together.

It slows everybody down and locks nobody out.
"""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

FREE_FAILURES: Final = 20
EVERY_S: Final = 10.0
LONGEST_WAIT_S: Final = 2560.0
TURN_KEPT_S: Final = 120.0
MOST_NAMES: Final = 4096
MOST_TURNS: Final = 4096


class NameLimit:
    """So many wrong passwords for a name at once, and then one every `EVERY_S`, by turns. For all threads.

    While a name is at its limit, each source that tries it is given the next turn and keeps it: one that tries often
    gets no more turns than one that tries once. Names are kept as hashes: people type passwords where names belong.
    """

    def __init__(self, at: Callable[[], float]) -> None:
        """`at`: monotonic seconds."""
        self._at = at
        self._lock = threading.Lock()
        self._next_at: dict[str, float] = {}
        self._turns: dict[tuple[str, str], float] = {}
        self._taken: set[tuple[str, str]] = set()

    def wait_s(self, name: str, source: str) -> float:
        """How long the source has to wait before it may try; 0: it may now."""
        who, now = (_key(name), source), self._at()
        with self._lock:
            turn_at = self._turns.get(who)
            if turn_at is not None and now < turn_at:
                return turn_at - now
            if turn_at is not None:
                del self._turns[who]
                if now <= turn_at + TURN_KEPT_S:
                    self._taken.add(who)
                    return 0.0
            next_at = self._next_at.get(who[0], now)
            if next_at <= now:
                return 0.0
            if next_at - now > LONGEST_WAIT_S:
                return LONGEST_WAIT_S
            self._turns[who] = next_at
            self._next_at[who[0]] = next_at + EVERY_S
            self._forget_most()
            return next_at - now

    def failed(self, name: str, source: str) -> None:
        """Note a wrong password. One that had its turn has been counted when the turn was given."""
        who, now = (_key(name), source), self._at()
        with self._lock:
            if who in self._taken:
                self._taken.discard(who)
                return
            earliest = now - (FREE_FAILURES - 1) * EVERY_S
            self._next_at[who[0]] = max(self._next_at.get(who[0], earliest), earliest) + EVERY_S
            self._forget_most()

    def entered(self, name: str, source: str) -> None:
        """Note that the password was right."""
        with self._lock:
            self._taken.discard((_key(name), source))

    def forget(self, name: str) -> None:
        """Count from zero again for this name."""
        key = _key(name)
        with self._lock:
            self._next_at.pop(key, None)
            self._turns = {who: turn_at for who, turn_at in self._turns.items() if who[0] != key}

    def _forget_most(self) -> None:
        """Let the names go that are furthest from their limit, and the turns that were given first."""
        while len(self._next_at) > MOST_NAMES:
            del self._next_at[min(self._next_at, key=self._next_at.__getitem__)]
        while len(self._turns) > MOST_TURNS:
            del self._turns[min(self._turns, key=self._turns.__getitem__)]
        if len(self._taken) > MOST_TURNS:
            self._taken.clear()


def _key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
