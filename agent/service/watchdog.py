"""The watchdog: it tells the service manager that the gate lives only while every part of it makes progress.

A timer that says "alive" whatever happens would hide the very hang it is there for. A part that waits for a lost
device is well as long as its own loop goes round.
"""

from __future__ import annotations

import faulthandler
import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.service.notify import Notifier

log = logging.getLogger(__name__)

UNWATCHED_PERIOD_S = 5.0
STOP_TIMEOUT_S = 5.0
_SHARE_OF_WINDOW = 3  # signs of life within the manager's window, so that one late thread costs nothing


@dataclass(frozen=True, slots=True)
class Stage:
    """A part whose progress is watched. `progress_at`: when it last went round, monotonic s; `window_s`: how often it must."""

    name: str
    window_s: float
    progress_at: Callable[[], float]


class Stamp:
    """Progress of a part that has no stamp of its own: call `touch` each time round."""

    def __init__(self) -> None:
        self._at = time.monotonic()

    def touch(self) -> None:
        """Note progress."""
        self._at = time.monotonic()

    def progress_at(self) -> float:
        """When `touch` was last called, monotonic seconds."""
        return self._at


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
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    @property
    def period_s(self) -> float:
        """How often the stages are looked at."""
        window_s = self._notifier.watchdog_s
        return UNWATCHED_PERIOD_S if window_s is None else window_s / _SHARE_OF_WINDOW

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
        """Start to watch. From now on SIGABRT, which the manager sends for a missed sign, writes all stacks to stderr."""
        faulthandler.enable()
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT_S)

    def look(self) -> frozenset[str]:
        """Look once: feed the watchdog when all is well. Returns the names of the stages that make no progress."""
        with self._lock:
            stages = list(self._stages.values())
        now = self._now()
        stalled = frozenset(stage.name for stage in stages if now - stage.progress_at() > stage.window_s)
        for name in sorted(stalled - self._stalled):
            log.error("%s makes no progress; the service manager will restart the agent", name)
        for name in sorted(self._stalled - stalled):
            log.warning("%s makes progress again", name)
        self._stalled = stalled
        if not stalled:
            self._notifier.alive()
        return stalled

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.look()
            self._stopping.wait(self.period_s)
