"""Watches the disk while the gate runs: deletes old data, and detects a damaged journal."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.recording.personal_data import DAY_S
from agent.service.worker import Worker
from agent.store.errors import EvidenceError, JournalCorruptError, JournalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.recording.personal_data import PersonalDataRetention
    from agent.recording.value_erasure import ValueErasure
    from agent.store.journal import Journal

log = logging.getLogger(__name__)

ROUND_S: Final = 2.0
PRUNE_EVERY_S: Final = 60.0
STOP_TIMEOUT_S: Final = 10.0
COMMANDS_KEPT_S: Final = 7 * DAY_S
LIMIT_S: Final = 600.0
"""A slow disk may take minutes to wipe a large database."""


@dataclass(frozen=True, slots=True)
class RetentionAges:
    """How long acknowledged events are kept, and how many bytes of events in all."""

    events_s: float
    events_bytes: int


class RetentionJob:
    """A thread that looks every `ROUND_S`, and prunes every `PRUNE_EVERY_S`.

    `prune_evidence` gives up old pictures, and says how many. `on_damage` is called once, from the thread, when the
    journal is damaged. `values`: erases personal values beside events; None: nothing does.
    """

    def __init__(
        self,
        journal: Journal,
        ages: RetentionAges,
        prune_evidence: Callable[[], int],
        on_damage: Callable[[str], None],
        personal_data: PersonalDataRetention,
        values: ValueErasure | None = None,
    ) -> None:
        self._journal = journal
        self._ages = ages
        self._prune_evidence = prune_evidence
        self._on_damage = on_damage
        self._personal_data = personal_data
        self._values = values
        self._pruned_at = -PRUNE_EVERY_S
        self.worker = Worker("retention", self._run, limit_s=LIMIT_S)

    def start(self) -> None:
        """Start to look."""
        self.worker.start()

    def stop(self) -> bool:
        """Stop, within a bounded time, and tell what was deleted and not told yet; whether it has stopped."""
        stopped = self.worker.stop(STOP_TIMEOUT_S)
        self._personal_data.record_deletions(time.monotonic(), last=True)
        if self._values is not None:
            self._values.record(time.monotonic(), last=True)
        return stopped

    def _run(self) -> None:
        while not self.worker.wait(ROUND_S):
            try:
                self._journal.checkpoint()
                if self._values is not None:
                    self._values.take_requests()
                if time.monotonic() - self._pruned_at >= PRUNE_EVERY_S:
                    self._pruned_at = time.monotonic()
                    self.prune()
            except JournalCorruptError as error:
                self._on_damage(str(error))
                return
            except JournalError as error:
                log.error("old events cannot be deleted: %s", error)  # noqa: TRY400 - told, not a bug

    def prune(self) -> None:
        """Give up everything whose time is over. Raises JournalError; trouble with the rest goes into the log."""
        # The last named is done first, and all are done also where one fails: that must not let the disk fill up.
        with ExitStack() as duties:
            duties.callback(self._wipe)
            duties.callback(lambda: self._personal_data.record_deletions(time.monotonic()))
            duties.callback(self._personal_data.erase, self._journal)
            if (values := self._values) is not None:
                duties.callback(lambda: values.wipe(time.monotonic(), lambda: self.worker.stopping))
                duties.callback(lambda: values.record(time.monotonic()))
                duties.callback(values.erase_old)
            duties.callback(self._journal.forget_commands, COMMANDS_KEPT_S)
            duties.callback(self._journal.prune, self._ages.events_s, self._ages.events_bytes)
            duties.callback(self._prune_pictures)

    def _wipe(self) -> None:
        self._personal_data.wipe(self._journal, time.monotonic(), lambda: self.worker.stopping)

    def _prune_pictures(self) -> None:
        try:
            self._personal_data.count("pictures", self._prune_evidence())
        except EvidenceError as error:
            log.error("old pictures cannot be deleted: %s", error)  # noqa: TRY400 - told, not a bug
