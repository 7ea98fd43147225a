"""A lock that is handed over in the order of asking, and that its holder may take again."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

_HANDED_OVER: Final = 0
"""In place of a thread's number, which is never 0: it is taken, by one who is about to wake up."""


class FairLock:
    """First come, first served.

    Who asks once, like a lane that records or orders a pulse, must not wait behind a thread that asks again and again,
    like one that polls a board or reads the journal piece by piece: with threading.RLock that one has the lock again
    before a waiting thread is awake, the more surely the busier the machine is.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._holder: int | None = None
        self._depth = 0

    def __enter__(self) -> Self:
        """Wait for the turn, unless this thread has it."""
        me = threading.get_ident()
        if self._holder == me:
            self._depth += 1
            return self
        with self._mutex:
            turn = None if self._holder is None else threading.Lock()
            if turn is None:
                self._holder = me
            else:
                turn.acquire()
                self._waiting.append(turn)
        if turn is not None:
            turn.acquire()
            self._holder = me
        self._depth = 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hand over to the thread that has waited longest, once it was left as often as it was taken."""
        self._depth -= 1
        if self._depth:
            return
        with self._mutex:
            if self._waiting:
                self._holder = _HANDED_OVER
                self._waiting.popleft().release()
            else:
                self._holder = None
