"""Keeps pictures as evidence without holding up the lane: a thread of its own writes them."""

from __future__ import annotations

import logging
import queue
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.events import TransactionClosed
from agent.service.worker import Worker
from agent.store.errors import EvidenceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.core.events import Draft
    from agent.core.model import Outcome
    from agent.store.evidence import EvidenceStore

log = logging.getLogger(__name__)

WAITING_LIMIT = 256
STOP_TIMEOUT_S = 5.0
LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class _Settled:
    pictures: tuple[str, ...]
    outcome: Outcome
    violated: bool


class EvidenceWriter:
    """Write pictures (SHA-256 to JPEG) and what became of their transactions, in the background, in calling order.

    A picture is a help, not the record: when the disk does not follow, pictures are given up with a line in the log,
    and the lane goes on.
    """

    def __init__(self, store: EvidenceStore) -> None:
        self._store = store
        self._waiting: queue.Queue[Mapping[str, bytes] | _Settled | None] = queue.Queue(WAITING_LIMIT)
        self.worker = Worker("evidence", self._run, limit_s=LIMIT_S)

    def start(self) -> None:
        """Start to write."""
        self.worker.start()

    def stop(self) -> bool:
        """Write what waits and stop, within a bounded time; whether that is done."""
        try:
            self._waiting.put(None, timeout=STOP_TIMEOUT_S)
        except queue.Full:
            log.error("the evidence store cannot keep up; the waiting pictures are dropped")  # noqa: TRY400
            return False
        return self.worker.join(STOP_TIMEOUT_S)

    def keep(self, pictures: Mapping[str, bytes]) -> None:
        """Take pictures over; returns at once."""
        if not pictures:
            return
        try:
            self._waiting.put_nowait(pictures)
        except queue.Full:
            log.error("the evidence store cannot keep up; pictures dropped: %d", len(pictures))  # noqa: TRY400

    def record_outcome(self, pictures: Sequence[str], outcome: Outcome, *, violated: bool = False) -> None:
        """Take over how the transaction of these pictures ended (EvidenceStore.settle); returns at once."""
        if not pictures:
            return
        try:
            self._waiting.put_nowait(_Settled(tuple(pictures), outcome, violated))
        except queue.Full:
            # They stay with those of open transactions, which are kept as long as any.
            log.error("the evidence store cannot keep up; pictures not sorted: %d", len(pictures))  # noqa: TRY400

    def on_recorded(self, drafts: Sequence[Draft]) -> None:
        """Take over from what was recorded how transactions ended; returns at once."""
        for draft in drafts:
            if isinstance(draft.event, TransactionClosed):
                closed = draft.event
                self.record_outcome(closed.pictures, closed.outcome, violated=bool(closed.violations))

    def _run(self) -> None:
        while (item := self._next()) is not None:
            if isinstance(item, _Settled):
                self._sort(item)
            else:
                self._write(item)

    def _next(self) -> Mapping[str, bytes] | _Settled | None:
        with self.worker.resting():
            return self._waiting.get()

    def _write(self, pictures: Mapping[str, bytes]) -> None:
        for digest, picture in pictures.items():
            try:
                self._store.keep(digest, picture)
            except EvidenceError as error:
                log.error("picture %s could not be kept: %s", digest[:12], error)  # noqa: TRY400 - told, not a bug

    def _sort(self, settled: _Settled) -> None:
        try:
            self._store.set_outcome(settled.pictures, settled.outcome, violated=settled.violated)
        except EvidenceError as error:
            # Expected, no bug: a line tells all.
            log.error("pictures that could not be sorted: %d: %s", len(settled.pictures), error)  # noqa: TRY400
