"""Looks after the disk while the gate runs: gives up what is old, and notices a journal that is damaged."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from agent.core.events import Draft, RecordsDeleted
from agent.core.model import FloodFolder, OnceEvery
from agent.service.worker import Worker
from agent.store.errors import EvidenceError, JournalCorruptError, JournalError, RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.core.events import ClockReading
    from agent.store.journal import Journal
    from agent.store.registry import Registry

log = logging.getLogger(__name__)

ROUND_S: Final = 2.0
PRUNE_EVERY_S: Final = 60.0
TELL_EVERY_S: Final = 3600.0
WIPE_EVERY_S: Final = 86_400.0
STOP_TIMEOUT_S: Final = 10.0
HOUR_S: Final = 3600.0
DAY_S: Final = 86_400.0
COMMANDS_KEPT_S: Final = 7 * DAY_S
LIST_ROWS_AT_ONCE: Final = 2_000
LIMIT_S: Final = 600.0
"""A slow disk may take minutes to wipe a large database."""

Kind: TypeAlias = Literal["uses", "declarations", "revocations", "watch", "pictures"]


@dataclass(frozen=True, slots=True)
class RetentionAges:
    """How long acknowledged events are kept, and how many bytes of events in all."""

    events_s: float
    events_bytes: int


@dataclass(frozen=True, slots=True)
class PersonalAges:
    """How long is kept what tells of people: a use of a permit after it, an entry of a list after its permit's end."""

    uses_s: float
    lists_s: float


class PersonalDataRetention:
    """Deletes what tells of people once its time is over, and tells of that, of each kind at most every `TELL_EVERY_S`.

    `clock` tells the time and what it is worth: nothing is old by a clock that no time server keeps. `note` records
    events.
    """

    def __init__(
        self,
        registry: Registry,
        ages: PersonalAges,
        clock: Callable[[], ClockReading],
        note: Callable[[Sequence[Draft]], None],
    ) -> None:
        after_end = f"{ages.lists_s / HOUR_S:.0f} hours after its end"
        self._registry = registry
        self._ages = ages
        self._clock = clock
        self._note = note
        self._causes: dict[Kind, str] = {
            "uses": f"{ages.uses_s / DAY_S:.0f} days after the use",
            "declarations": after_end,
            "revocations": after_end,
            "watch": after_end,
            "pictures": "older than pictures of their outcome are kept",
        }
        self._deleted: FloodFolder[Kind, None] = FloodFolder(OnceEvery(TELL_EVERY_S))
        self._wiped_at = -inf
        self._uses_left = self._rows_left = False

    def erase(self, journal: Journal) -> None:
        """Delete from the ledger and the lists. Raises JournalError; trouble with the lists goes into the log."""
        reading = self._clock()
        if not reading.synced:
            return
        try:
            gone = self._registry.forget(reading.utc - self._ages.lists_s, LIST_ROWS_AT_ONCE)
        except RegistryError as error:
            log.error("the lists cannot be looked after: %s", error)  # noqa: TRY400 - told, not a bug
        else:
            for kind, count in gone.items():
                self.count(kind.value, count)
            self._rows_left = self._rows_left or any(gone.values())
        forgotten = journal.forget_uses(self._ages.uses_s)
        self.count("uses", forgotten)
        self._uses_left = self._uses_left or forgotten > 0

    def wipe(self, journal: Journal, at: float, stopping: Callable[[], bool]) -> None:
        """Once a day see to it that no byte is left of what was deleted. Raises JournalError, as `erase` does."""
        if not (self._uses_left or self._rows_left) or at - self._wiped_at < WIPE_EVERY_S:
            return
        self._wiped_at = at
        if self._rows_left:
            try:
                self._registry.wipe()
                self._rows_left = False
            except RegistryError as error:
                log.error("the lists cannot be wiped: %s", error)  # noqa: TRY400 - told, not a bug
        if self._uses_left:
            self._uses_left = not journal.wipe_uses(stopping)

    def count(self, kind: Kind, count: int) -> None:
        """Note that so many went."""
        if count:
            self._deleted.add(kind, None, count)

    def record_deletions(self, at: float, *, last: bool = False) -> None:
        """Record what went and was not told yet, where that is due (monotonic seconds).

        `last`: nothing can wait longer.
        """
        due = self._deleted.rest() if last else self._deleted.due(at)
        if due:
            utc = self._clock().utc
            events = [RecordsDeleted(kind=one.key, count=one.count, cause=self._causes[one.key]) for one in due]
            self._note([Draft(event, None, None, utc) for event in events])


class RetentionJob:
    """A thread that looks every `ROUND_S`, and prunes every `PRUNE_EVERY_S`.

    `prune_evidence` gives up old pictures, and says how many. `on_damage` is called once, from the thread, when the
    journal is damaged.
    """

    def __init__(
        self,
        journal: Journal,
        ages: RetentionAges,
        prune_evidence: Callable[[], int],
        on_damage: Callable[[str], None],
        personal_data: PersonalDataRetention,
    ) -> None:
        self._journal = journal
        self._ages = ages
        self._prune_evidence = prune_evidence
        self._on_damage = on_damage
        self._personal_data = personal_data
        self._pruned_at = -PRUNE_EVERY_S
        self.worker = Worker("housekeeper", self._run, limit_s=LIMIT_S)

    def start(self) -> None:
        """Start to look."""
        self.worker.start()

    def stop(self) -> bool:
        """Stop, within a bounded time, and tell what was deleted and not told yet; whether it has stopped."""
        stopped = self.worker.stop(STOP_TIMEOUT_S)
        self._personal_data.record_deletions(time.monotonic(), last=True)
        return stopped

    def _run(self) -> None:
        while not self.worker.wait(ROUND_S):
            try:
                self._journal.checkpoint()
                if time.monotonic() - self._pruned_at >= PRUNE_EVERY_S:
                    self._pruned_at = time.monotonic()
                    self.prune()
            except JournalCorruptError as error:
                self._on_damage(str(error))
                return
            except JournalError as error:
                log.error("the journal cannot be looked after: %s", error)  # noqa: TRY400 - told, not a bug

    def prune(self) -> None:
        """Give up everything whose time is over. Raises JournalError; trouble with the rest goes into the log."""
        # The last named is done first, and all are done also where one fails: that must not let the disk fill up.
        with ExitStack() as duties:
            duties.callback(self._wipe)
            duties.callback(lambda: self._personal_data.record_deletions(time.monotonic()))
            duties.callback(self._personal_data.erase, self._journal)
            duties.callback(self._journal.forget_commands, COMMANDS_KEPT_S)
            duties.callback(self._journal.prune, self._ages.events_s, self._ages.events_bytes)
            duties.callback(self._prune_pictures)

    def _wipe(self) -> None:
        self._personal_data.wipe(self._journal, time.monotonic(), lambda: self.worker.stopping)

    def _prune_pictures(self) -> None:
        try:
            self._personal_data.count("pictures", self._prune_evidence())
        except EvidenceError as error:
            log.error("the evidence cannot be looked after: %s", error)  # noqa: TRY400 - told, not a bug
