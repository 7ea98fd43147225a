"""Fleet documents as they come over MQTT: judged, kept, or refused with an event; a flood of refusals is folded."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from agent.core.events import FleetDocumentChanged
from agent.core.fleet import (
    DocumentFault,
    DocumentRefusedError,
    DocumentState,
    judged_document,
    read_signed,
    taken_in,
)
from agent.core.model import FloodFolder, OnceEvery
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.events import Event
    from agent.core.fleet import DocumentPlace, FleetRules
    from agent.core.model import Instant
    from agent.fleet.store import FleetStore
    from agent.fleet.topics import FleetTopics

log = logging.getLogger(__name__)

FOLD_S: Final = 60.0
"""Of the refusals of one place and code, one event in this time."""


class DocumentIntake:
    """Belongs to one thread. `note` records an event; `trusted_utc`: Unix seconds, None while the clock is not sure."""

    def __init__(
        self,
        store: FleetStore,
        topics: FleetTopics,
        rules: FleetRules,
        now: Callable[[], Instant],
        trusted_utc: Callable[[], float | None],
        note: Callable[[Event], None],
    ) -> None:
        self._store, self._topics, self._rules = store, topics, rules
        self._now, self._trusted_utc, self._note = now, trusted_utc, note
        self._refusals: FloodFolder[tuple[DocumentPlace, DocumentFault], tuple[str, int]] = FloodFolder(
            OnceEvery(FOLD_S)
        )

    def take(self, topic: str, payload: bytes) -> None:
        """Take in what lies at a topic. An empty payload, which clears the topic, takes nothing back."""
        place = self._topics.parse(topic)
        if place is None or not payload:
            return
        text, moment = payload.decode("ascii", "replace"), self._now()
        try:
            held = self._store.held()
            found = judged_document(text, place, self._rules, held.floors, self._trusted_utc())
            if found is not None:
                log.info("fleet document %s version %d came", found.document.place, found.document.version)
                self._store.change(lambda before: taken_in(before, found, moment.utc))
        except DocumentRefusedError as error:
            self._refuse(place, error.fault, str(error), text)
        except OSError as error:
            self._refuse(place, DocumentFault.NOT_KEPT, Text("it cannot be kept: {why}", why=reason(error)), text)

    def flush(self) -> None:
        """Tell what of a flood has waited for long enough."""
        for folded in self._refusals.due(self._now().at):
            (place, code), (detail, version) = folded.key, folded.newest
            log.warning("a fleet document at %s is refused (%s): %s", place.slot, code, detail)
            self._note(
                FleetDocumentChanged(
                    kind=place.kind.value,
                    audience=place.audience.text,
                    version=version,
                    state=DocumentState.REFUSED,
                    code=code,
                    detail=detail,
                    count=folded.count,
                )
            )

    def _refuse(self, place: DocumentPlace, fault: DocumentFault, detail: str, text: str) -> None:
        self._refusals.add((place, fault), (detail, _claimed_version(text)))
        self.flush()


def _claimed_version(text: str) -> int:
    """The version that a refused document names, 0 where it names none: nothing of it is proven."""
    try:
        return read_signed(text)[0].document.version
    except DocumentRefusedError:
        return 0
