"""All workers of the agent: watches each for progress, and records every worker that fails or hangs."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.core.events import Alarm, AlarmRaised
from agent.core.model import OnceEvery
from agent.service.worker import Worker
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agent.core.events import Event
    from agent.service.watchdog import Watchdog

TELL_EVERY_S: Final = 3600.0
"""A part that fails again and again is reported once in this time; the log has every failure."""
LIMIT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class WorkerState:
    """How a worker is. `trouble`: why it failed last, "" once it has recovered.

    `still_s`: time without progress beyond its limit.
    """

    name: str
    failures: int
    trouble: str
    still_s: float | None


class WorkerSupervisor:
    """Watches all workers of the agent.

    `note` records an event; it is called from a thread of its own, so that no other waits for the disk.
    """

    def __init__(self, watchdog: Watchdog, note: Callable[[Event], None]) -> None:
        self._watchdog = watchdog
        self._note = note
        self._lock = threading.Lock()
        self._may_tell = OnceEvery(TELL_EVERY_S)
        self._news: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._recording = Worker("workers", self._record, limit_s=LIMIT_S)
        self._workers: list[Worker] = []
        watchdog.on_stall(self._stalled)
        self.watch([self._recording])

    def watch(self, workers: Iterable[Worker]) -> None:
        """Watch these too; for before they start."""
        for worker in workers:
            self._workers.append(worker)
            worker.observe(self._failed)
            if worker.limit_s is not None:
                self._watchdog.watch(worker.name, worker.limit_s, worker.progress_at)

    @property
    def states(self) -> tuple[WorkerState, ...]:
        """How all are."""
        return tuple(map(_state, self._workers))

    def start(self) -> None:
        """Begin to record."""
        self._recording.start()

    def stop(self) -> bool:
        """Record what waits and stop, within a bounded time; whether that is done."""
        self._news.put(None)
        return self._recording.join(STOP_TIMEOUT_S)

    def _failed(self, worker: Worker) -> None:
        self._report_failure(
            worker.name, Text("the part {name} has failed: {trouble}", name=worker.name, trouble=worker.trouble)
        )

    def _stalled(self, name: str) -> None:
        self._report_failure(name, Text("the part {name} makes no progress", name=name))

    def _report_failure(self, name: str, detail: str) -> None:
        with self._lock:
            if self._may_tell(name, time.monotonic()):
                self._news.put(detail)

    def _record(self) -> None:
        while (detail := self._next()) is not None:
            self._note(AlarmRaised(alarm=Alarm.PART_FAILED, detail=detail))

    def _next(self) -> str | None:
        with self._recording.resting():
            return self._news.get()


def _state(worker: Worker) -> WorkerState:
    still_s = time.monotonic() - worker.progress_at()
    beyond = worker.limit_s is not None and still_s > worker.limit_s
    return WorkerState(worker.name, worker.failures, worker.trouble, still_s if beyond else None)
