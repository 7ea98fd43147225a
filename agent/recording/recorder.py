"""The only way into the journal: binding records that may fail, and other events that must survive a failing disk."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from agent.core.events import Alarm, AlarmRaised, Draft
from agent.core.model import ReportOnce
from agent.service.listeners import notify_listeners
from agent.store.errors import (
    CommandConflictError,
    JournalError,
    JournalFullError,
    JournalUnavailableError,
    LedgerConflictError,
)
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from agent.core.commands import CommandChange
    from agent.core.model import LedgerChange
    from agent.store.journal import Journal

Reserving: TypeAlias = "Callable[[Sequence[Draft], Sequence[LedgerChange]], AbstractContextManager[None]]"

log = logging.getLogger(__name__)

PENDING_LIMIT = 20_000
RETRY_S = 0.5
BATCH = 128
"""The most records that one transaction takes out of memory."""

ASIDE_S = 60.0
ASIDE_LIMIT = 1_000

BUDGET_S = 0.1
BIND_BUDGET_S = 1.0
"""How long a call writes what waits, and one that binds: well below the window of the watchdog, which watches the
callers."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One record that could not be written yet."""

    events: tuple[Draft, ...]
    ledger: tuple[LedgerChange, ...]
    commands: tuple[CommandChange, ...]


class Recorder:
    """Write to the journal for all threads of the gate, keeping the order of what each of them said.

    While the journal cannot be written, news waits in memory (at most `PENDING_LIMIT` records; beyond that the
    newest is refused loudly, and counted). Once writing works again, what waits is written oldest first, many records
    in one transaction and for a bounded time a call; then an alarm reports it. A record that fails in an unforeseen way
    while it is written alone is set aside and tried again every `ASIDE_S`: those behind it must not wait for it.
    `shape` goes over every draft first, to mask what must not leave the gate. `heard` is told what was recorded, in
    order; it must not block. `reserving` holds what a binding record reserves among the gates of the site while it is
    written; it raises LedgerConflictError where that was not granted. `bound` is called behind each binding record,
    before it returns: what is done there is done before anything moves; it must not raise. `at`: monotonic seconds.
    """

    def __init__(  # noqa: PLR0913 - the seams of one part
        self,
        journal: Journal,
        utc: Callable[[], float],
        shape: Callable[[Draft], Draft] | None = None,
        heard: Callable[[Sequence[Draft]], None] = lambda _drafts: None,
        reserving: Reserving = lambda _drafts, _ledger: nullcontext(),
        at: Callable[[], float] = time.monotonic,
        *,
        bound: Callable[[], None] = lambda: None,
    ) -> None:
        self._journal = journal
        self._utc = utc
        self._at = at
        self._shape = shape or (lambda draft: draft)
        self._heard = heard
        self._reserving = reserving
        self._bound = bound
        self._lock = threading.Lock()
        self._pending: deque[_Waiting] = deque()
        self._batch = BATCH
        self._caught_up = 0
        self._refused = 0
        self._aside: list[_Waiting] = []
        self._aside_due_at = 0.0
        self._fault = ""
        self._trouble = ""
        self._reported = ReportOnce()
        self._told = False
        self._retry_at = 0.0

    @property
    def failing(self) -> bool:
        """Whether something waits that could not be written."""
        return bool(self._pending or self._refused or self._trouble or self._aside)

    def bind(
        self,
        events: Sequence[Draft],
        ledger: Sequence[LedgerChange] = (),
        commands: Sequence[CommandChange] = (),
    ) -> None:
        """Record before something moves: written when this returns, nothing of it otherwise.

        Raises LedgerConflictError when the permit use is taken or not granted, CommandConflictError when the command's
        id or counter is, another JournalError when the journal cannot be written, or more waits before it than can be
        written in `BIND_BUDGET_S`.
        """
        until_at = self._at() + BIND_BUDGET_S
        with self._lock:
            if not self._write_pending(until_at):
                raise JournalUnavailableError(
                    Text("{count} records wait to be written first", count=len(self._pending))
                )
            drafts = [self._shape(draft) for draft in events]
            with self._reserving(drafts, ledger):
                self._journal.record(drafts, ledger, commands)
            self._bound()
            self._notify_listener(drafts)

    def note(
        self,
        events: Sequence[Draft],
        ledger: Sequence[LedgerChange] = (),
        commands: Sequence[CommandChange] = (),
    ) -> None:
        """Record what has happened already.

        Waits in memory while the journal cannot be written, or others wait before it.
        """
        until_at = self._at() + BUDGET_S
        with self._lock:
            if len(self._pending) < PENDING_LIMIT:
                self._pending.append(_Waiting(tuple(map(self._shape, events)), tuple(ledger), tuple(commands)))
            else:
                self._refused += len(events)
                log.critical(
                    "the journal cannot be written, and the memory for records is full; records lost: %d", self._refused
                )
            self._try_pending(until_at)

    def retry(self) -> None:
        """Go on to write what waits, after a failure at most every `RETRY_S`.

        A disk in trouble is not helped by haste.
        """
        until_at = self._at() + BUDGET_S
        with self._lock:
            if self._at() >= self._retry_at:
                self._try_pending(until_at)

    def end(self) -> int:
        """Try a last time to write all that waits.

        Returns how many events are lost with this process, told in the log.
        """
        with self._lock:
            self._aside_due_at = 0.0
            self._try_pending(math.inf)
            left = [draft for waiting in (*self._pending, *self._aside) for draft in waiting.events]
            lost = self._refused + len(left)
            if lost:
                names = [draft.event.TYPE for draft in left]
                log.critical("events that could not be written and are lost: %d: %s", lost, ", ".join(names[:20]))
            return lost

    def _try_pending(self, until_at: float) -> None:
        try:
            self._write_pending(until_at)
        except JournalError as error:
            self._retry_at = self._at() + RETRY_S
            self._trouble = str(error)
            if self._reported.is_new(self._trouble):
                log.error("the journal cannot be written; records wait in memory: %s", error)  # noqa: TRY400 - no bug

    def _write_pending(self, until_at: float) -> bool:
        """Write what waits, oldest first, until `until_at` (monotonic) but at least one batch.

        Returns whether nothing waits any more.
        """
        if self._aside and self._at() >= self._aside_due_at:
            self._aside_due_at = self._at() + ASIDE_S
            self._pending.extend(self._aside)
            self._aside.clear()
        while self._pending:
            self._write_batch()
            if self._pending and self._at() >= until_at:
                return False
        if self._refused:
            self._alarm(Text("{refused} events could not be recorded", refused=self._refused))
            self._refused = 0
        if self._fault:
            self._alarm(Text("a record cannot be written: {fault}", fault=self._fault))
            self._fault = ""
        if self._trouble:
            if not self._told:
                self._alarm(
                    Text(
                        "{trouble}; {said}",
                        trouble=self._trouble,
                        said=Text("{caught_up} records had waited", caught_up=self._caught_up),
                    )
                )
            self._trouble = ""
            self._reported.clear()
            log.warning("the journal can be written again; records that waited: %d", self._caught_up)
        self._told, self._caught_up = False, 0
        return True

    def _write_batch(self) -> None:
        """Write the oldest records that wait, all of them or none, as one transaction.

        A batch that finds no room, or holds a change that does not fit, is halved until the record at fault is alone.
        After another failure one record is tried first; each batch that is written doubles the next.
        """
        batch = list(islice(self._pending, self._batch))
        try:
            self._record(batch)
        except (JournalFullError, LedgerConflictError, CommandConflictError):
            self._batch = max(1, len(batch) // 2)
            if len(batch) == 1:
                raise
            return
        except JournalError:
            self._batch = 1
            raise
        except Exception as error:
            # What is wrong with one record must not keep all others, in the order of their lane, from the disk for
            # ever.
            self._batch = max(1, len(batch) // 2)
            if len(batch) == 1:
                types = ", ".join(draft.event.TYPE for draft in batch[0].events)
                log.exception("a record failed with an unexpected error and is set aside: %s", types)
                self._set_aside(f"{type(error).__name__}: {error}")
            return
        for _ in batch:
            self._pending.popleft()
        self._batch = min(2 * self._batch, BATCH)
        self._caught_up += len(batch)
        drafts = [draft for waiting in batch for draft in waiting.events]
        self._told = self._told or any(map(_tells_of_a_failure, drafts))
        self._notify_listener(drafts)

    def _set_aside(self, fault: str) -> None:
        waiting = self._pending.popleft()
        if not self._aside:
            self._aside_due_at = self._at() + ASIDE_S
        if len(self._aside) < ASIDE_LIMIT:
            self._aside.append(waiting)
        else:
            self._refused += len(waiting.events)
        if self._reported.is_new(fault, "set aside"):
            self._fault = fault

    def _record(self, batch: Sequence[_Waiting]) -> None:
        drafts = [draft for waiting in batch for draft in waiting.events]
        ledger = [change for waiting in batch for change in waiting.ledger]
        commands = [change for waiting in batch for change in waiting.commands]
        try:
            self._journal.record(drafts, ledger, commands)
        except (LedgerConflictError, CommandConflictError):
            if len(batch) > 1:
                raise
            log.exception("a change of the past does not fit; its events are recorded without it")
            self._journal.record(drafts)

    def _alarm(self, detail: str) -> None:
        """Record that the journal could not be written for a while, also where no vehicle met that."""
        self._journal.record([Draft(AlarmRaised(alarm=Alarm.JOURNAL_FAILED, detail=detail), None, None, self._utc())])
        self._told = True

    def _notify_listener(self, drafts: Sequence[Draft]) -> None:
        # It is recorded: a mere listener must not make it look as if it were not.
        notify_listeners([self._heard], drafts, "a listener of the recorder failed")


def _tells_of_a_failure(draft: Draft) -> bool:
    return isinstance(draft.event, AlarmRaised) and draft.event.alarm is Alarm.JOURNAL_FAILED
