"""The watchdog: it tells the service manager that the gate is alive only while every part makes progress.

A timer that always reports "alive" would hide the hang that it is there to find. A part that waits for a lost device is
healthy as long as its own loop runs.
"""

from __future__ import annotations

import faulthandler
import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from agent.service.worker import OnFailure, Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.service.systemd_notify import Notifier

log = logging.getLogger(__name__)

UNWATCHED_PERIOD_S = 5.0
STOP_TIMEOUT_S = 5.0
_SHARE_OF_WINDOW = 3  # signs of life within the manager's window, so that one late thread costs nothing


@dataclass(frozen=True, slots=True)
class Stage:
    """A part whose progress is watched.

    `progress_at`: when it last went round, monotonic s; `window_s`: how often it must.
    """

    name: str
    window_s: float
    progress_at: Callable[[], float]


class Watchdog:
    """Look at every stage and feed the manager's watchdog while all of them make progress.

    `now`: monotonic seconds. Stages may be added and removed at any time, from any thread.
    """

    def __init__(self, notifier: Notifier, now: Callable[[], float] = time.monotonic) -> None:
        self._notifier = notifier
        self._now = now
        self._lock = threading.Lock()
        self._stages: dict[str, Stage] = {}
        self._stalled: frozenset[str] = frozenset()
        self._on_stall: Callable[[str], None] = lambda _name: None
        self._worker = Worker("watchdog", self._run, limit_s=None, on_failure=OnFailure.END)

    @property
    def period_s(self) -> float:
        """How often the stages are looked at."""
        return _period_s(self._notifier)

    def on_stall(self, told: Callable[[str], None]) -> None:
        """Have it told the name of each stage that begins to make no progress; it must not block.

        For before `start`.
        """
        self._on_stall = told

    def watch(self, name: str, window_s: float, progress_at: Callable[[], float]) -> None:
        """Watch a stage from now on; a stage of the same name is replaced."""
        with self._lock:
            self._stages[name] = Stage(name, window_s, progress_at)

    def forget(self, name: str) -> None:
        """Watch a stage no more."""
        with self._lock:
            self._stages.pop(name, None)

    def margin_s(self) -> float | None:
        """How long the stage that is closest to its window may still stand still; None where none is watched."""
        with self._lock:
            stages = list(self._stages.values())
        now = self._now()
        return min((stage.window_s - (now - stage.progress_at()) for stage in stages), default=None)

    @property
    def window_s(self) -> float | None:
        """How long the service manager waits for a sign of life; None: it does not."""
        return self._notifier.watchdog_s

    def start(self) -> None:
        """Start to watch.

        From now on SIGABRT, which the manager sends for a missed sign, writes all stacks to stderr.
        """
        faulthandler.enable()
        self._worker.start()

    def stop(self) -> bool:
        """Stop watching; whether it has."""
        return self._worker.stop(STOP_TIMEOUT_S)

    def check_once(self) -> frozenset[str]:
        """Look once: feed the watchdog when all is well. Returns the names of the stages that make no progress."""
        with self._lock:
            stages = list(self._stages.values())
        now = self._now()
        stalled = frozenset(stage.name for stage in stages if now - stage.progress_at() > stage.window_s)
        for name in sorted(stalled - self._stalled):
            log.error("%s makes no progress; the service manager will restart the agent", name)
            self._on_stall(name)
        for name in sorted(self._stalled - stalled):
            log.warning("%s makes progress again", name)
        self._stalled = stalled
        if not stalled:
            self._notifier.alive()
        return stalled

    def _run(self) -> None:
        while not self._worker.stopping:
            self.check_once()
            self._worker.wait(self.period_s)


class PlannedPause:
    """Feeds the manager's watchdog for at most `limit_s`, while nothing is watched because the agent starts over.

    A start or a stop that hangs is noticed: after that time the watchdog gets nothing more. To be used as a context
    manager.
    """

    def __init__(self, notifier: Notifier, limit_s: float) -> None:
        self._notifier = notifier
        self._limit_s = limit_s
        self._worker = Worker("planned-pause", self._run, limit_s=None, on_failure=OnFailure.END)

    def __enter__(self) -> Self:
        """Begin to feed. Where the system has no thread left for it, the manager gets one sign of life."""
        try:
            self._worker.start()
        except RuntimeError as error:
            # The agent must be stopped in order all the same, and that frees its threads.
            log.warning("the service manager cannot be notified that the agent restarts: %s", error)
            self._notifier.alive()
        return self

    def __exit__(self, *_: object) -> None:
        """End; others feed it from here on."""
        self._worker.stop(STOP_TIMEOUT_S)

    def _run(self) -> None:
        deadline = time.monotonic() + self._limit_s
        while time.monotonic() < deadline:
            self._notifier.alive()
            if self._worker.wait(_period_s(self._notifier)):
                return
        log.error("the agent has not started over within %g s; the service manager will restart it", self._limit_s)


def _period_s(notifier: Notifier) -> float:
    window_s = notifier.watchdog_s
    return UNWATCHED_PERIOD_S if window_s is None else window_s / _SHARE_OF_WINDOW
