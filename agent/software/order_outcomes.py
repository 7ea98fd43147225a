"""What becomes of software documents, written into what the gate holds of fleet documents, which tells it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agent.core.fleet import DocumentFault, installed, not_installed, progressed
from agent.i18n.recorded import recorded_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.fleet import DocumentState, SignedDocument
    from agent.core.model import Instant
    from agent.core.software import UpdateOutcome
    from agent.fleet import FleetStore

log = logging.getLogger(__name__)


class OrderOutcomes:
    """Writes each step of a document. All methods may raise OSError. `now` reads the clocks."""

    def __init__(self, store: FleetStore, now: Callable[[], Instant]) -> None:
        self._store, self._now = store, now

    def progress(self, found: SignedDocument, state: DocumentState, detail: str = "") -> None:
        """It is on its way."""
        utc = self._now().utc
        self._store.change(lambda held: progressed(held, found, state, utc, detail))

    def done(self, found: SignedDocument) -> None:
        """What it orders runs."""
        utc = self._now().utc
        self._store.change(lambda held: installed(held, found, utc))

    def end(self, found: SignedDocument, outcome: UpdateOutcome) -> None:
        """Root's helper has come to an end with it."""
        if outcome.applied:
            self.done(found)
            return
        utc, code = self._now().utc, outcome.code or DocumentFault.NOT_STARTED
        log.error("the update to %s is undone (%s): %s", outcome.version, code, outcome.detail)
        detail = recorded_text(outcome.detail, outcome.message)
        self._store.change(lambda held: not_installed(held, found, code, detail, utc, began=True))

    def refuse(self, found: SignedDocument, code: DocumentFault, detail: str) -> None:
        """It cannot be installed here."""
        utc = self._now().utc
        log.warning("the software document %s is refused (%s): %s", found.document.place, code, detail)
        self._store.change(lambda held: not_installed(held, found, code, detail, utc))
