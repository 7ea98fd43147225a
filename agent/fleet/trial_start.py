"""The trial of a fleet document at the start of the agent: where one begins, was cut off, or failed to start.

Nothing of the agent runs yet then, so nobody else would note it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agent.core.fleet import DocumentFault, begun, recovered, undone
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.model import Instant
    from agent.fleet.store import FleetStore

log = logging.getLogger(__name__)


class TrialStart:
    """Notes what happens to trials around the starts of the agent. `now` reads the clocks."""

    def __init__(self, store: FleetStore, now: Callable[[], Instant]) -> None:
        self._store = store
        self._now = now

    def recover(self) -> None:
        """At the start of a process: undo the document with which an earlier process ended before it proved itself.

        One whose trial had not begun is tried again.
        """
        utc = self._now().utc
        try:
            self._store.change(lambda held: recovered(held, self._store.process, utc))
        except OSError as error:
            log.error("the fleet documents cannot be stored: %s", error)  # noqa: TRY400 - told, not a bug

    def begin(self, texts: tuple[str, ...]) -> bool:
        """The agent is about to start with these documents: where one of them is on trial its trial begins.

        False: that cannot be noted, so the agent must start without it. A trial that nobody knows of is never undone.
        """
        try:
            if self._is_on_trial(texts, begun=False):
                moment = self._now()
                self._store.change(lambda held: begun(held, self._store.process, moment.at, moment.utc))
        except OSError as error:
            log.error("the trial of a fleet document cannot be recorded: %s", error)  # noqa: TRY400 - told, not a bug
            return False
        return True

    def counts(self, texts: tuple[str, ...]) -> bool:
        """Whether all these documents count still: none of them was undone or replaced."""
        return set(texts) <= set(self._store.held().running)

    def in_force(self) -> tuple[str, ...]:
        """The documents without the one on trial."""
        return self._store.held().in_force

    def fail(self, texts: tuple[str, ...], why: str) -> bool:
        """The agent could not start with these documents: the one on trial is undone; whether there was one.

        Raises OSError where that cannot be kept.
        """
        if not self._is_on_trial(texts, begun=True):
            return False
        utc = self._now().utc
        detail = Text("the agent cannot start with it: {why}", why=why)
        self._store.change(lambda held: undone(held, DocumentFault.NOT_STARTED, detail, utc))
        return True

    def _is_on_trial(self, texts: tuple[str, ...], *, begun: bool) -> bool:
        trial = self._store.held().trial
        return trial is not None and trial.begun is begun and trial.texts == texts
