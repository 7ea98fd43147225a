"""Deletes what tells of people once its time is over, and tells of that."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from agent.core.events import Draft, OwnCause, RecordsDeleted
from agent.core.model import FloodFolder, OnceEvery
from agent.store.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.core.events import ClockReading
    from agent.store.journal import Journal
    from agent.store.registry import Registry

log = logging.getLogger(__name__)

TELL_EVERY_S: Final = 3600.0
WIPE_EVERY_S: Final = 86_400.0
HOUR_S: Final = 3600.0
DAY_S: Final = 86_400.0
LIST_ROWS_AT_ONCE: Final = 2_000
Kind: TypeAlias = Literal["uses", "declarations", "revocations", "watch", "pictures"]


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
        after_end = OwnCause.ENTRY_OVER.value.filled(hours=f"{ages.lists_s / HOUR_S:.0f}")
        self._registry = registry
        self._ages = ages
        self._clock = clock
        self._note = note
        self._causes: dict[Kind, str] = {
            "uses": OwnCause.USE_OVER.value.filled(days=f"{ages.uses_s / DAY_S:.0f}"),
            "declarations": after_end,
            "revocations": after_end,
            "watch": after_end,
            "pictures": OwnCause.PICTURES_OVER.value,
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
            log.error("old entries of the lists cannot be deleted: %s", error)  # noqa: TRY400 - told, not a bug
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
