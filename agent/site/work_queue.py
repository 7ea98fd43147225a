"""One thread for what is to be done in order."""

from __future__ import annotations

import logging
import queue
import time
from typing import TYPE_CHECKING

from agent.service.worker import Backoff, Worker
from agent.store.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

INBOX = 1000
LONGEST_WAIT_S = 0.5
LIMIT_S = 60.0
FAULT_PAUSE_S = 0.1
FAULT_CAP_S = 1.0


class WorkQueue:
    """One thread that does what is put in, in order, and `tick` after each; None from `tick`: nothing is due soon.

    What does not fit is dropped and counted: other gates ask again.
    """

    def __init__(self, name: str, tick: Callable[[], float | None], dropped: Callable[[], None]) -> None:
        self._tick = tick
        self._dropped = dropped
        self._todo: queue.Queue[Callable[[], None]] = queue.Queue(INBOX)
        # Whatever was wrong with one message, the next is handled soon.
        self.worker = Worker(name, self._run, limit_s=LIMIT_S, backoff=Backoff(FAULT_PAUSE_S, FAULT_CAP_S))

    def submit(self, work: Callable[[], None]) -> None:
        """Have something done soon."""
        try:
            self._todo.put_nowait(work)
        except queue.Full:
            self._dropped()

    def start(self) -> None:
        """Begin."""
        self.worker.start()

    def stop(self, timeout_s: float) -> bool:
        """End; whether the thread has."""
        self.worker.ask_to_stop()
        self.submit(lambda: None)
        return self.worker.join(timeout_s)

    def _run(self) -> None:
        due_at: float | None = None
        while not self.worker.stopping:
            due_at = self._guarded(self._next(due_at))

    def _next(self, due_at: float | None) -> Callable[[], None] | None:
        wait_s = LONGEST_WAIT_S if due_at is None else min(LONGEST_WAIT_S, due_at - time.monotonic())
        try:
            with self.worker.resting():
                return self._todo.get(timeout=max(0.0, wait_s)) if wait_s > 0 else self._todo.get_nowait()
        except queue.Empty:
            return None

    def _guarded(self, work: Callable[[], None] | None) -> float | None:
        try:
            if work is not None:
                work()
            return self._tick()
        except JournalError as error:
            log.error("another gate cannot be answered: the permit ledger fails: %s", error)  # noqa: TRY400 - no bug
        return None
