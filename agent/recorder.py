"""The one way into the journal: binding records that may fail, and news that must not be lost while it fails."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.events import Alarm, AlarmRaised, Draft
from agent.store.journal import CommandConflictError, Journal, JournalError, LedgerConflictError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from agent.core.command_record import CommandChange
    from agent.core.lane_io import LedgerChange

    Reserving = Callable[[Sequence[Draft], Sequence[LedgerChange]], AbstractContextManager[None]]

log = logging.getLogger(__name__)

PENDING_LIMIT = 20_000
RETRY_S = 0.5


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One record that could not be written yet."""

    events: tuple[Draft, ...]
    ledger: tuple[LedgerChange, ...]
    commands: tuple[CommandChange, ...]


class Recorder:
    """Write to the journal for all threads of the gate, keeping the order of what each of them said.

    While the journal cannot be written, news waits in memory (at most `PENDING_LIMIT` records; beyond that the
    newest is refused loudly, and counted). Once writing works again, an alarm tells of it. `shape` goes over every draft
    first, to mask what must not leave the gate. `heard` is told what was recorded, in order; it must not block.
    `reserving` holds what a binding record reserves among the gates of the site while it is written; it raises
    LedgerConflictError where that was not granted.
    """

    def __init__(
        self,
        journal: Journal,
        utc: Callable[[], float],
        shape: Callable[[Draft], Draft] | None = None,
        heard: Callable[[Sequence[Draft]], None] = lambda _drafts: None,
        reserving: Reserving = lambda _drafts, _ledger: nullcontext(),
    ) -> None:
        self._journal = journal
        self._utc = utc
        self._shape = shape or (lambda draft: draft)
        self._heard = heard
        self._reserving = reserving
        self._lock = threading.Lock()
        self._pending: deque[_Waiting] = deque()
        self._refused = 0
        self._trouble = ""
        self._told = False
        self._retry_at = 0.0

    @property
    def failing(self) -> bool:
        """Whether something waits that could not be written."""
        return bool(self._pending or self._refused or self._trouble)

    def bind(
        self,
        events: Sequence[Draft],
        ledger: Sequence[LedgerChange] = (),
        commands: Sequence[CommandChange] = (),
    ) -> None:
        """Record before something moves: written when this returns, nothing of it otherwise.

        Raises LedgerConflictError when the permit use is taken or not granted, CommandConflictError when the command's id or counter is,
        another JournalError when the journal cannot be written.
        """
        with self._lock:
            self._write_pending()
            drafts = [self._shape(draft) for draft in events]
            with self._reserving(drafts, ledger):
                self._journal.record(drafts, ledger, commands)
            self._tell(drafts)

    def note(
        self,
        events: Sequence[Draft],
        ledger: Sequence[LedgerChange] = (),
        commands: Sequence[CommandChange] = (),
    ) -> None:
        """Record what has happened already; waits in memory while the journal cannot be written."""
        with self._lock:
            if len(self._pending) < PENDING_LIMIT:
                self._pending.append(_Waiting(tuple(map(self._shape, events)), tuple(ledger), tuple(commands)))
            else:
                self._refused += len(events)
                log.critical("the journal cannot be written and memory for news is used up: %d lost", self._refused)
            self._try_pending()

    def retry(self) -> None:
        """Try again to write what waits, at most every `RETRY_S`: a disk in trouble is not helped by haste."""
        with self._lock:
            if time.monotonic() >= self._retry_at:
                self._try_pending()

    def end(self) -> int:
        """Try a last time to write what waits; returns how many events are lost with this process, told in the log."""
        with self._lock:
            self._try_pending()
            lost = self._refused + sum(len(waiting.events) for waiting in self._pending)
            if lost:
                names = [draft.event.TYPE for waiting in self._pending for draft in waiting.events]
                log.critical("%d events could not be written and are lost: %s", lost, ", ".join(names[:20]))
            return lost

    def _try_pending(self) -> None:
        try:
            self._write_pending()
        except JournalError as error:
            self._retry_at = time.monotonic() + RETRY_S
            if str(error) != self._trouble:
                self._trouble = str(error)
                log.error("the journal cannot be written, its news waits in memory: %s", error)  # noqa: TRY400 - no bug

    def _write_pending(self) -> None:
        waited = len(self._pending)
        while self._pending:
            first = self._pending[0]
            try:
                self._journal.record(first.events, first.ledger, first.commands)
            except (LedgerConflictError, CommandConflictError):
                log.exception("a change of the past does not fit; its events are recorded without it")
                self._journal.record(first.events)
            self._pending.popleft()
            self._told = self._told or any(map(_tells_of_a_failure, first.events))
            self._tell(first.events)
        if self._refused:
            self._alarm(f"{self._refused} events could not be recorded")
            self._refused = 0
        if self._trouble:
            if not self._told:
                self._alarm(f"{self._trouble}; {waited} records had waited")
            self._trouble = ""
            log.warning("the journal is written again; %d records had waited", waited)
        self._told = False

    def _alarm(self, detail: str) -> None:
        """Record that the journal could not be written for a while, also where no vehicle met that."""
        self._journal.record([Draft(AlarmRaised(alarm=Alarm.JOURNAL_FAILED, detail=detail), None, None, self._utc())])
        self._told = True

    def _tell(self, drafts: Sequence[Draft]) -> None:
        try:
            self._heard(drafts)
        except Exception:
            # It is recorded: whoever only listens must not make it look as if it were not.
            log.exception("a listener of the recorder failed")


def _tells_of_a_failure(draft: Draft) -> bool:
    return isinstance(draft.event, AlarmRaised) and draft.event.alarm is Alarm.JOURNAL_FAILED
