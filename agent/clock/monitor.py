"""Watches the clock: says what it is worth, tells of each change, and keeps the times that have surely passed."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from agent.core.clock import (
    ClockFloor,
    ClockObservation,
    ClockState,
    HoldoverRules,
    LastObservation,
    observe,
    resumed,
    word_error_s,
)
from agent.core.events import ClockChanged, ClockReading, Draft, time_text
from agent.core.model import ReportOnce
from agent.service.worker import Worker
from agent.store.errors import RegistryError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.clock.clock import Clock
    from agent.clock.files import ClockFiles, FloorReset
    from agent.core.clock import Anchor, ClockTrust
    from agent.settings import ClockRules
    from agent.store.registry import Registry

log = logging.getLogger(__name__)

ROUND_S: Final = 1.0
KEEP_EVERY_S: Final = 60.0
KEEP_SLACK_S: Final = 0.5
"""By so much more the clock is kept as off, so that it need not be written each second while the bound grows."""
STOP_TIMEOUT_S: Final = 5.0
LIMIT_S: Final = 60.0
MS_PER_S: Final = 1000.0
S_PER_HOUR: Final = 3600.0


def holdover_rules(settings: ClockRules) -> HoldoverRules:
    """The rules as the core takes them."""
    return HoldoverRules(settings.max_error_s, settings.drift_ppm, settings.rtc_holdover_hours * S_PER_HOUR)


def first_trust(files: ClockFiles, clock: Clock) -> ClockTrust | None:
    """What a process begins with; None where the computer has restarted, so that its battery-backed clock may count."""
    last = files.last_look() if files.run_known else LastObservation(clock.together(), None)
    return None if last is None else resumed(last)


class ClockMonitor:
    """What the clock is worth, at every moment, for all threads; a thread of its own watches it and does what is slow.

    `note` records events; it is called from that thread only, after `start`. Nobody waits for the disk to be told the
    time: the floor is read by the thread, about once a second, and written about once a minute.
    """

    def __init__(
        self,
        clock: Clock,
        store: Registry,
        files: ClockFiles,
        rules: HoldoverRules,
        note: Callable[[Sequence[Draft]], None],
    ) -> None:
        self._clock = clock
        self._store = store
        self._files = files
        self._rules = rules
        self._note = note
        self._lock = threading.Lock()
        self._floor = ClockFloor(0.0)
        self._reported = ReportOnce()
        self._read_floor()
        self._trust = first_trust(files, clock)
        self._told: ClockState | None = None
        self._news: deque[Draft] = deque()
        self._kept_at: float | None = None
        self._kept_error_s = 0.0
        self._holding = True
        self._word_due_s: float | None = None
        self.worker = Worker("clock", self._run, limit_s=LIMIT_S)

    # ------------------------------------------------------------------------------------------------- for all threads

    def trust(self) -> ClockTrust:
        """What the clock is worth now."""
        with self._lock:
            # The time first: of a clock that is set in between, the kernel does not say any more that it is right.
            now, kernel = self._clock.together(), self._clock.synchronisation()
            error_s = 0.0 if kernel.error_ms is None else kernel.error_ms / MS_PER_S
            look = ClockObservation(now, kernel.synchronised, error_s, self._floor, kernel.detail)
            trust = self._trust = observe(self._trust, look, self._rules)
            word_s = word_error_s(trust, self._floor, self._rules)
            if word_s > self._floor.synced_error_s:
                self._word_due_s = max(word_s, self._word_due_s or 0.0)
            if trust.state is not self._told or trust.step_s is not None:
                event = ClockChanged(
                    state=trust.state, before=self._told, step_s=_rounded(trust.step_s), detail=trust.detail
                )
                self._news.append(Draft(event, None, None, max(0.0, trust.seen.utc)))
                self._told = trust.state
            return trust

    def trusted(self) -> bool:
        """Whether permits may be judged by the clock now."""
        return self.trust().trusted

    def reading(self) -> ClockReading:
        """The time now and what it is worth, as events say it. `lists` is not this one's to say."""
        trust = self.trust()
        error_ms = None if trust.error_s is None else trust.error_s * MS_PER_S
        return ClockReading(trust.seen.utc, trust.state is ClockState.SYNCED, error_ms, trust.state)

    def start(self) -> None:
        """Start to watch."""
        self.worker.start()

    def stop(self) -> bool:
        """Keep what is known for the next start, and stop, within a bounded time; whether that is done."""
        return self.worker.stop(STOP_TIMEOUT_S)

    # ------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        self._observe_once(last=False)
        while not self.worker.wait(ROUND_S):
            self._observe_once(last=False)
        self._observe_once(last=True)

    def _observe_once(self, *, last: bool) -> None:
        self._read_floor()
        self._take_reset()
        trust = self.trust()
        self._doubt_word()
        if trust.anchor is None:
            self._keep_loss(trust, last=last)
        elif last or self._must_keep(trust.seen.at, trust.anchor):
            self._keep(trust, trust.anchor)
        self._record_changes()

    def _record_changes(self) -> None:
        """Record what is new, oldest first. What could not be recorded stays the first, for the next round."""
        while self._news:
            draft = self._news[0]
            event = draft.event
            if isinstance(event, ClockChanged):
                step = "" if event.step_s is None else f", set by {event.step_s:+.1f} s"
                level = logging.WARNING if event.state is ClockState.UNTRUSTED else logging.INFO
                log.log(level, "the clock is %s%s%s", event.state, step, event.detail and f": {event.detail}")
            self._note([draft])
            self._news.popleft()

    def _read_floor(self) -> None:
        """Read the floor; while it cannot be read, the one known stays."""
        try:
            floor = self._store.clock_floor()
        except RegistryError as error:
            self._report_trouble("the clock's floor cannot be read", error)
            return
        self._report_recovery("the clock's floor cannot be read")
        with self._lock:
            self._floor = floor

    def _must_keep(self, at: float, anchor: Anchor) -> bool:
        """Whether what another start would read is too old, or says that the clock is better than it is."""
        return self._kept_at is None or at - self._kept_at >= KEEP_EVERY_S or anchor.error_s > self._kept_error_s

    def _keep(self, trust: ClockTrust, anchor: Anchor) -> None:
        """Write what another start needs: the last sure look, and the floor, from a clock that surely is right."""
        if trust.state is ClockState.SYNCED:  # one that is held over does not become worse
            anchor = replace(anchor, error_s=anchor.error_s + KEEP_SLACK_S)
        self._kept_at, self._kept_error_s = trust.seen.at, anchor.error_s
        self._holding = True
        try:
            self._files.keep(LastObservation(trust.seen, anchor))
            if trust.settled:
                word = trust.outlives_computer
                self._store.raise_clock_floor(trust.seen.utc, synced=word, error_s=trust.steady_error_s)
        except (RegistryError, OSError) as error:
            self._report_trouble("what is known of the clock cannot be kept", error)
        else:
            self._report_recovery("what is known of the clock cannot be kept")

    def _doubt_word(self) -> None:
        """Write that a time server's last word says less of the battery-backed clock than it did.

        At once: a restart of the computer must not believe it.
        """
        with self._lock:
            due_s = self._word_due_s
        if due_s is None:
            return
        try:
            self._store.doubt_clock_word(due_s)
        except RegistryError as error:
            self._report_trouble("how far off the clock was cannot be kept", error)
            return
        self._report_recovery("how far off the clock was cannot be kept")
        self._read_floor()
        with self._lock:
            self._word_due_s = None

    def _keep_loss(self, trust: ClockTrust, *, last: bool) -> None:
        """Nothing holds any more, so the next start of the agent must not believe that something does."""
        if self._holding or last:
            try:
                self._files.keep(LastObservation(trust.seen, None))
            except OSError as error:
                self._report_trouble("what is known of the clock cannot be kept", error)
                return
            self._report_recovery("what is known of the clock cannot be kept")
            self._holding = False

    def _take_reset(self) -> None:
        """Reset the floor as a technician asked, and record it before the request is dropped."""
        try:
            reset = self._files.reset()
            if reset is None:
                return
            before_utc = self._floor.utc
            self._store.reset_clock_floor(reset.utc)
            self._read_floor()
            trust = self.trust()
            self._record_changes()
            why = _reset_words(reset, before_utc)
            log.warning("the clock: %s", why)
            event = ClockChanged(state=trust.state, before=trust.state, detail=why)
            self._note([Draft(event, None, None, max(0.0, trust.seen.utc))])
            self._files.drop_reset()
        except (RegistryError, OSError, ValueError) as error:
            self._report_trouble("the clock's floor cannot be reset as asked", error)
        else:
            self._report_recovery("the clock's floor cannot be reset as asked")

    def _report_trouble(self, trouble: str, error: Exception) -> None:
        """Log a trouble once, until it is another or over."""
        if self._reported.is_new(str(error), trouble):
            log.error("%s: %s", trouble, error)

    def _report_recovery(self, trouble: str) -> None:
        if self._reported.clear(trouble):
            log.warning("no longer the case: %s", trouble)


def _reset_words(reset: FloorReset, before_utc: float) -> Text:
    """What a technician did to the floor. `before_utc`: what it was, 0: there was none yet."""
    if not before_utc:
        time = time_text(round(reset.utc * MS_PER_S))
        return Text(
            "{operator} set the earliest accepted time to {time}; there was none before: {cause}",
            operator=reset.operator,
            time=time,
            cause=reset.cause,
        )
    return Text(
        "{operator} moved the earliest accepted time by {utc} s: {cause}",
        operator=reset.operator,
        utc=f"{reset.utc - before_utc:+.0f}",
        cause=reset.cause,
    )


def _rounded(step_s: float | None) -> float | None:
    return None if step_s is None else round(step_s, 3)
