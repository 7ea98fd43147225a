"""Reports what happens to the lists.

It reports each applied version once, combines repeated refusals, and reports a problem once until it is over.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from agent.core.events import Alarm, AlarmRaised, ListsApplied, ListsRefused
from agent.core.model import FloodFolder, OnceEvery
from agent.store.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.events import Event
    from agent.core.model import ListName, Source
    from agent.store.registry import Applied, Registry

log = logging.getLogger(__name__)

FOLD_S: Final = 60.0
"""Of the refusals of one list, code and source one event in this time."""
REGISTRY: Final = "registry"
"""In place of a list's name: trouble that all of them have."""


class ListReporting:
    """Safe to use from several threads; raises nothing.

    `note` records an event. `records`: what it takes is in the journal, so that no other process need tell it.
    """

    def __init__(self, registry: Registry, note: Callable[[Event], None], *, records: bool) -> None:
        self._registry = registry
        self._note = note
        self._records = records
        self._lock = threading.Lock()
        self._telling = threading.Lock()
        self._refusals: FloodFolder[tuple[ListName, str, Source], str] = FloodFolder(OnceEvery(FOLD_S))
        self._failing: set[str] = set()
        self._told: dict[ListName, Applied] = {}

    def report_applied(self, applied: Applied) -> None:
        """Tell of a change once, whichever thread sees it first."""
        with self._telling:
            if self._records and not self._is_unreported(applied):
                return
            if self._told.get(applied.name) == applied:  # on a full disk that cannot be noted
                self._mark_told(applied)
                return
            self._told[applied.name] = applied
            how = "whole" if applied.whole else f"changed from {applied.before}"
            log.info("%s version %d is in force: %d rows, %s", applied.name, applied.version, applied.rows, how)
            self._note(
                ListsApplied(
                    list=applied.name,
                    version=applied.version,
                    before=applied.before,
                    issued_at=applied.signed_at,
                    rows=applied.rows,
                    key=applied.key,
                    source=applied.source,
                    whole=applied.whole,
                )
            )
            if self._records:
                self._mark_told(applied)

    def _is_unreported(self, applied: Applied) -> bool:
        try:
            return applied in self._registry.last_applied(untold=True)
        except RegistryError as error:
            self.report_trouble(str(error))
            return True

    def _mark_told(self, applied: Applied) -> None:
        try:
            self._registry.mark_told(applied)
        except RegistryError as error:
            self.report_trouble(str(error))

    def report_unreported(self) -> None:
        """Tell what another process has applied, or this one before it ended without telling it."""
        try:
            untold = self._registry.last_applied(untold=True)
        except RegistryError as error:
            self.report_trouble(str(error))
            return
        for applied in untold:
            self.report_applied(applied)

    def report_refused(self, name: ListName, code: str, detail: str, source: Source, at: float) -> None:
        """Tell that something was not accepted. `at`: monotonic seconds."""
        with self._lock:
            self._refusals.add((name, code, source), detail)
        self.flush(at)

    def flush(self, at: float) -> None:
        """Tell what of a flood has waited for long enough."""
        with self._lock:
            due = self._refusals.due(at)
        for folded in due:
            name, code, source = folded.key
            times = f", {folded.count} times" if folded.count > 1 else ""
            log.warning("the %s list from %s is refused (%s%s): %s", name, source, code, times, folded.newest)
            self._note(ListsRefused(list=name, code=code, detail=folded.newest, source=source, count=folded.count))

    def clear_trouble(self, name: ListName) -> None:
        """Note that a list can be kept: the next trouble with it is told again."""
        with self._lock:
            self._failing -= {name, REGISTRY}

    def report_trouble(self, detail: str, name: str = REGISTRY) -> None:
        """An officer should hear of it: once of each list, until something succeeds again."""
        with self._lock:
            told = name in self._failing
            self._failing.add(name)
        if not told:
            log.error("the lists cannot be stored: %s", detail)
            self._note(AlarmRaised(alarm=Alarm.LISTS_FAILED, detail=detail))
