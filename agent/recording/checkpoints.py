"""Signs the chain at intervals, and its head on request."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agent.core.crypto import kid_of
from agent.core.events import checkpoint_draft, checkpoint_of
from agent.core.model import ReportOnce
from agent.service.worker import Worker
from agent.store.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.core.crypto import SigningKey
    from agent.store.journal import Journal

log = logging.getLogger(__name__)

STOP_TIMEOUT_S = 10.0
LIMIT_S = 120.0


class Checkpointer:
    """A thread that records a `chain.checkpoint` every `every_s` seconds, if anything else was recorded since the last.

    One more at `start` and at `stop`. `utc` gives the time, Unix seconds.
    """

    def __init__(self, journal: Journal, key: SigningKey, gate: str, utc: Callable[[], float], every_s: float) -> None:
        self._journal = journal
        self._key = key
        self._gate = gate
        self._utc = utc
        self._every_s = every_s
        self._last = 0
        self._reported = ReportOnce()
        self._head: tuple[int, str] | None = None
        self.worker = Worker("checkpointer", self._run, limit_s=LIMIT_S)

    @property
    def public_key(self) -> Mapping[str, str]:
        """The gate's key for `birth`: its id and its public half in hex."""
        return {"kid": kid_of(self._key.public), "public": self._key.public.raw.hex()}

    def start(self) -> None:
        """Checkpoint what the start has recorded, and go on from time to time."""
        self._checkpoint()
        self.worker.start()

    def stop(self) -> bool:
        """Checkpoint the last events and end; whether it has. To be called when nothing more will be recorded."""
        stopped = self.worker.stop(STOP_TIMEOUT_S)
        self._checkpoint()
        return stopped

    def head_checkpoint(self) -> str | None:
        """The head of now, signed; signed again only when it has moved. None while the journal cannot be read."""
        known = self._head
        if known is not None and known[0] == self._journal.head:
            return known[1]
        try:
            point = self._journal.checkpoint()
        except JournalError:
            return None
        text = checkpoint_of(point, self._gate, self._key, self._utc())
        self._head = (point.seq, text)
        return text

    def _run(self) -> None:
        while not self.worker.wait(self._every_s):
            self._checkpoint()

    def _checkpoint(self) -> None:
        if self._journal.head <= self._last:
            return
        try:
            recorded = self._journal.record_following(
                lambda before: checkpoint_draft(before, self._gate, self._key, self._utc())
            )
        except JournalError as error:
            if self._reported.is_new(str(error)):
                log.error("a checkpoint cannot be signed; trying again: %s", error)  # noqa: TRY400 - told
        else:
            self._last = recorded.seq
            self._reported.clear()
