"""Being asked to stop, by SIGTERM or SIGINT."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_MANY = 4_096


class StopSignal:
    """Set once by a signal. It has no lock: the handler runs in the middle of whatever the main thread does."""

    def __init__(self) -> None:
        self._asked = False
        self._awake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    def is_set(self) -> bool:
        """Whether a signal came."""
        return self._asked

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for it, at most so long; None: without end. Whether it came."""
        if not self._asked:
            select.select([self._awake], [], [], timeout_s)
            with contextlib.suppress(BlockingIOError):
                os.read(self._awake, _MANY)
        return self._asked

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
