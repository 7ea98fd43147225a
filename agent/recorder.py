"""The one way into the journal: binding records that may fail, and news that must not be lost while it fails."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING

from agent.core.events import Alarm, AlarmRaised, Draft
from agent.store.journal import Journal, JournalError, LedgerConflictError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.core.lane_io import LedgerChange

log = logging.getLogger(__name__)

PENDING_LIMIT = 20_000


class Recorder:
    """Write to the journal for all threads of the gate, keeping the order of what each of them said.

    While the journal cannot be written, news waits in memory (at most `PENDING_LIMIT` drafts; beyond that the
    newest is refused loudly, counted, and told in an alarm once writing works again). `shape` goes over every draft
    first, to mask what must not leave the gate.
    """

    def __init__(
        self, journal: Journal, utc: Callable[[], float], shape: Callable[[Draft], Draft] | None = None
    ) -> None:
        self._journal = journal
        self._utc = utc
        self._shape = shape or (lambda draft: draft)
        self._lock = threading.Lock()
        self._pending: deque[tuple[tuple[Draft, ...], tuple[LedgerChange, ...]]] = deque()
        self._refused = 0

    @property
    def failing(self) -> bool:
        """Whether something waits that could not be written."""
        return bool(self._pending)

    def bind(self, events: Sequence[Draft], ledger: Sequence[LedgerChange]) -> None:
        """Record before something moves: written when this returns, nothing of it otherwise.

        Raises LedgerConflictError when the permit use is taken, another JournalError when the journal cannot be written.
        """
        with self._lock:
            self._write_pending()
            self._journal.record([self._shape(draft) for draft in events], ledger)

    def note(self, events: Sequence[Draft], ledger: Sequence[LedgerChange] = ()) -> None:
        """Record what has happened already; waits in memory while the journal cannot be written."""
        with self._lock:
            if len(self._pending) < PENDING_LIMIT:
                self._pending.append((tuple(self._shape(draft) for draft in events), tuple(ledger)))
            else:
                self._refused += len(events)
                log.critical("the journal cannot be written and memory for news is used up: %d lost", self._refused)
            self._try_pending()

    def retry(self) -> None:
        """Try again to write what waits."""
        with self._lock:
            self._try_pending()

    def _try_pending(self) -> None:
        try:
            self._write_pending()
        except JournalError as error:
            log.error("%d records wait for the journal: %s", len(self._pending), error)  # noqa: TRY400 - told, not a bug

    def _write_pending(self) -> None:
        while self._pending:
            events, ledger = self._pending[0]
            try:
                self._journal.record(events, ledger)
            except LedgerConflictError:
                log.exception("a ledger change of the past does not fit; its events are recorded without it")
                self._journal.record(events, ())
            self._pending.popleft()
        if self._refused:
            detail = f"{self._refused} events could not be recorded"
            self._journal.record(
                [Draft(AlarmRaised(alarm=Alarm.JOURNAL_FAILED, detail=detail), None, None, self._utc())], ()
            )
            self._refused = 0
