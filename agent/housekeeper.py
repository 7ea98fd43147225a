"""Looks after the disk while the gate runs: gives up what is old, and notices a journal that is damaged."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.store.errors import EvidenceError, JournalCorruptError, JournalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.store.journal import Journal

log = logging.getLogger(__name__)

ROUND_S = 2.0
PRUNE_EVERY_S = 60.0
STOP_TIMEOUT_S = 10.0
DAY_S = 86_400.0
USES_KEPT_S = 400 * DAY_S
COMMANDS_KEPT_S = 7 * DAY_S


@dataclass(frozen=True, slots=True)
class Ages:
    """How long acknowledged events are kept, and how many bytes of events in all."""

    events_s: float
    events_bytes: int


class Housekeeper:
    """A thread that looks every `ROUND_S`, and prunes every `PRUNE_EVERY_S`.

    `prune_evidence` gives up old pictures. `on_damage` is called once, from the thread, when the journal is damaged.
    """

    def __init__(
        self, journal: Journal, ages: Ages, prune_evidence: Callable[[], None], on_damage: Callable[[str], None]
    ) -> None:
        self._journal = journal
        self._ages = ages
        self._prune_evidence = prune_evidence
        self._on_damage = on_damage
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)

    def start(self) -> None:
        """Start to look."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, within a bounded time."""
        self._stopping.set()
        self._thread.join(STOP_TIMEOUT_S)

    def _run(self) -> None:
        pruned_at = -PRUNE_EVERY_S
        while not self._stopping.wait(ROUND_S):
            try:
                self._journal.checkpoint()
                if time.monotonic() - pruned_at >= PRUNE_EVERY_S:
                    pruned_at = time.monotonic()
                    self._prune()
            except JournalCorruptError as error:
                self._on_damage(str(error))
                return
            except JournalError as error:
                log.error("the journal cannot be looked after: %s", error)  # noqa: TRY400 - told, not a bug

    def _prune(self) -> None:
        self._journal.prune(self._ages.events_s, self._ages.events_bytes)
        self._journal.forget_uses(USES_KEPT_S)
        self._journal.forget_commands(COMMANDS_KEPT_S)
        try:
            self._prune_evidence()
        except EvidenceError as error:
            log.error("the evidence cannot be looked after: %s", error)  # noqa: TRY400 - told, not a bug
