"""Watches the lists while the gate runs: the trust list file, the age of the lists, and damage to the registry."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.core.events import Alarm, AlarmRaised, ListsState
from agent.core.lists import standing_of
from agent.service.worker import Worker
from agent.store.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.events import Event
    from agent.core.lists import DataStanding, DataState, FreshnessRules
    from agent.core.model import Instant
    from agent.core.permit import TrustList
    from agent.lists.intake import ListIntake
    from agent.lists.trust_file import TrustFile
    from agent.store.registry import Registry

log = logging.getLogger(__name__)

ROUND_S: Final = 0.5
LOOK_EVERY: Final = 4  # rounds
STOP_TIMEOUT_S: Final = 10.0
LIMIT_S: Final = 300.0
"""Taking in a long list takes a while on a slow disk."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of reading the file again.

    `trust`: the list in force now; `problem`: why it is not the file's, in words.
    """

    trust: TrustList | None
    problem: str


class ListMonitor:
    """A thread that looks at the trust list's file every `round_s`, and at all else every few rounds.

    `feed`: None where the trust list comes over MQTT only. `note` records events; it is called from the thread, and
    from `start` and `reload`.
    """

    def __init__(  # noqa: PLR0913 - the seams of the composition root
        self,
        registry: Registry,
        intake: ListIntake,
        rules: FreshnessRules,
        now: Callable[[], Instant],
        note: Callable[[Event], None],
        *,
        feed: TrustFile | None = None,
        round_s: float = ROUND_S,
    ) -> None:
        self._registry = registry
        self._intake = intake
        self._rules = rules
        self._now = now
        self._note = note
        self._feed = feed
        self._round_s = round_s
        self._lock = threading.Lock()
        self._file_problem = ""
        self._state: DataState | None = None
        self._seen: DataStanding | None = None
        self._rounds = 0
        self._copy_taken = False
        self.worker = Worker("list-monitor", self._run, limit_s=LIMIT_S)

    @property
    def state(self) -> DataState | None:
        """What the age of the lists allows, at the last look; None before `start`, or while it cannot be known."""
        return self._state

    @property
    def standing(self) -> DataStanding | None:
        """How fresh the lists were at the last look, and their versions; None as `state`."""
        return self._seen

    def start(self) -> None:
        """Take the file's trust list in, tell how fresh the lists are, and begin to look."""
        if self._registry.replaced:
            self._note(AlarmRaised(alarm=Alarm.LISTS_FAILED, detail=self._registry.replaced))
        self._look_at_file()
        self._intake.keep_copy()
        self._look_at_age()
        self.worker.start()

    def stop(self) -> bool:
        """Stop, within a bounded time; whether it has."""
        return self.worker.stop(STOP_TIMEOUT_S)

    def reload(self) -> Reloaded:
        """Read the trust list's file whether it looks changed or not, and tell what is in force now."""
        self._look_at_file(anyway=True)
        self._look_at_age()
        return Reloaded(self._intake.trust(), self._file_problem)

    # ------------------------------------------------------------------------------------------------------ the thread

    def _run(self) -> None:
        while not self.worker.wait(self._round_s):
            self._rounds += 1
            self._look_at_file()
            if self._rounds % LOOK_EVERY == 0:
                self._intake.maintain_registry()
                self._look_at_age()

    def _look_at_file(self, *, anyway: bool = False) -> None:
        with self._lock:
            self._look_at_copy()
            if self._feed is None:
                return
            # A new registry has no list any more, and a disk that was full may take one now.
            text = self._feed.read_if_changed(anyway=anyway or self._intake.trust() is None)
            if text is not None:
                self._file_problem = self._intake.take_trust(text, "file")
            elif self._feed.problem:
                self._file_problem = self._feed.problem

    def _look_at_copy(self) -> None:
        """Once, where the registry has no trust list: it is new, and an older file must not be the first that it hears.

        What lies beside it cannot be better the next time.
        """
        if self._intake.trust() is not None:
            self._copy_taken = False
        elif not self._copy_taken:
            self._copy_taken = True
            self._intake.take_copy()

    def _look_at_age(self) -> None:
        with self._lock:
            self._seen = standing = self._standing()
            state = None if standing is None else standing.state
            if standing is None or state is self._state:
                return
            before, self._state = self._state, state
            age_s = None if standing.age_s is None else round(standing.age_s)
            self._note(ListsState(state=standing.state, before=before, age_s=age_s))

    def _standing(self) -> DataStanding | None:
        trust = self._intake.trust()
        try:
            return standing_of(self._registry.standings(), trust, self._rules, self._now().utc)
        except RegistryError as error:
            log.error("how fresh the lists are cannot be known: %s", error)  # noqa: TRY400 - told, not a bug
            return None
