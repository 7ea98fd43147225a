"""What the running agent is asked for: to stop, to start again after damage, or to read its configuration again."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
from typing import TYPE_CHECKING

from agent.core.events import OwnCause

if TYPE_CHECKING:
    from types import FrameType

log = logging.getLogger(__name__)

_MANY = 4096


class ProcessSignals:
    """Waits for a signal, or for damage that only a restart repairs. `cause`: why to stop; "" while nobody wants that.

    The kernel may hand a signal to any thread, and Python acts on it only when the main thread wakes: so whatever
    thread takes it writes to a pipe on which the main thread waits. A lock would not do either: the handler runs in the
    middle of whatever the main thread does, also while that holds the lock.
    """

    def __init__(self) -> None:
        self.cause = ""
        self.failed = False
        self._reload_requested = False
        self._awake, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._hang_up)

    def wait(self, timeout_s: float | None) -> None:
        """Wait until something is asked for; None: without end."""
        select.select([self._awake], [], [], timeout_s)
        with contextlib.suppress(BlockingIOError):
            os.read(self._awake, _MANY)

    def pop_reload_request(self) -> bool:
        """Whether the configuration is to be read again; asked for once, true once."""
        wanted, self._reload_requested = self._reload_requested, False
        return wanted

    def request_reload(self) -> None:
        """Ask to have the configuration read again. From any thread."""
        self._reload_requested = True
        self._wake()

    def damaged(self, what: str) -> None:
        """Ask to stop because of damage; the service manager starts the agent again."""
        log.critical("the agent must start again: %s", what)
        self.cause, self.failed = OwnCause.JOURNAL_DAMAGED.value, True
        self._wake()

    def thread_failed(self, name: str) -> None:
        """Ask to stop because a thread has failed; the service manager starts the agent again. From that thread."""
        self.cause, self.failed = OwnCause.THREAD_FAILED.value.filled(name=name), True
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full: it wakes in any case
            os.write(self._waker, b"\0")

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self.cause = signal.Signals(number).name

    def _hang_up(self, _number: int, _frame: FrameType | None) -> None:
        self._reload_requested = True
