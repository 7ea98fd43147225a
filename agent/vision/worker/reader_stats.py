"""The figures of one reader: how long it takes, how busy it is, how often it fails."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

_MOST_FAILURES = 25
_WAITS_TIMES = 6


@dataclass(frozen=True, slots=True)
class ReaderFigures:
    """What one reader has done. `mean_ms` and `load` are over the time since the figures were last taken.

    `load`: share of that time in which it was at work, 0..1. `busy_since`: since when it would have been at work on one
    frame, had it not waited for a core.
    """

    frames: int
    failures: int
    mean_ms: float
    load: float
    busy_since: float | None
    read_at: float | None


class ReaderStats:
    """Time a reader, count its failures, and let it fail now and then, but not for ever.

    On a machine with too much to do its thread waits for others long and often: for a core, and for the interpreter's
    lock, which one that waits for a core may hold. So what it has computed counts as time at work on a frame, or a
    sixth of the time that passed where that is more: an endless loop is told from waiting, and so is a standstill.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._frames = 0
        self._failures = 0
        self._failures_in_a_row = 0
        self._ended = (0, 0.0)
        self._busy_s = 0.0
        self._busy_since: float | None = None
        self._processor: tuple[int, float] = (0, 0.0)
        self._read_at: float | None = None
        self._taken_at = time.monotonic()

    @contextlib.contextmanager
    def timing(self) -> Iterator[None]:
        """Time one reading and bear its failure. Many failures in a row are raised: the worker must start again."""
        begun_at = time.monotonic()
        self._begin_part(begun_at)
        failed = False
        try:
            yield
        except Exception:
            # A foreign picture may break an engine in any way; one frame is lost, and counted.
            failed = True
            if not self._failures_in_a_row:
                log.exception("the %s reader failed on a frame", self._name)
            if self._failures_in_a_row >= _MOST_FAILURES:
                raise
        self._done(begun_at, failed=failed)

    def begin_keeping(self) -> None:
        """Begin the second part of a reading: its picture is made and read again. It may take as long once more."""
        self._begin_part(time.monotonic())

    def _begin_part(self, now: float) -> None:
        clock = time.pthread_getcpuclockid(threading.get_ident())
        with self._lock:
            self._busy_s += self._under_way_s(now)
            self._busy_since, self._processor = now, (clock, time.clock_gettime(clock))

    def taken(self) -> ReaderFigures:
        """The figures so far; starts a new mean and a new load."""
        with self._lock:
            now = time.monotonic()
            count, total_s = self._ended
            busy_s = self._busy_s + self._under_way_s(now)
            load = min(1.0, busy_s / max(1e-6, now - self._taken_at))
            self._ended, self._busy_s, self._taken_at = (0, 0.0), 0.0, now
            mean_ms = 1000 * total_s / count if count else 0.0
            return ReaderFigures(self._frames, self._failures, mean_ms, load, self._at_work_since(now), self._read_at)

    def _at_work_since(self, now: float) -> float | None:
        if self._busy_since is None:
            return None
        clock, begun = self._processor
        return now - max(time.clock_gettime(clock) - begun, (now - self._busy_since) / _WAITS_TIMES)

    def _under_way_s(self, now: float) -> float:
        """How much of the reading in hand belongs to the time since the figures were last taken."""
        return 0.0 if self._busy_since is None else now - max(self._busy_since, self._taken_at)

    def _done(self, begun_at: float, *, failed: bool) -> None:
        with self._lock:
            now = time.monotonic()
            self._busy_s += self._under_way_s(now)
            self._busy_since = None
            self._read_at = now
            self._frames += 1
            self._failures += failed
            self._failures_in_a_row = self._failures_in_a_row + 1 if failed else 0
            count, total_s = self._ended
            self._ended = (count + 1, total_s + now - begun_at)
