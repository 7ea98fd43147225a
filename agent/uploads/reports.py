"""What is told of uploads: events, a count of how they end, and the trouble of now."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Final

from agent.core.events import UploadFailed
from agent.core.model import FloodFolder, ReportOnce, TokenBucket
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from agent.core.events import Event
    from agent.core.model import Folded, UploadFault
    from agent.uploads.object_put import PutError
    from agent.uploads.presigned_url import SignedPlace
    from agent.uploads.waiting_objects import What

log = logging.getLogger(__name__)

EVENTS_A_MINUTE: Final = 10
DONE: Final = "done"


class UploadReports:
    """For the thread of the uploads; `trouble`, `outcomes` and `count` are for all."""

    def __init__(self, note: Callable[[Event], None]) -> None:
        self._note = note
        self._outcomes: Counter[str] = Counter()
        self._trouble = ""
        self._reported = ReportOnce()
        budget = TokenBucket(EVENTS_A_MINUTE / 60, EVENTS_A_MINUTE)
        self._folder: FloodFolder[tuple[What, UploadFault, str], UploadFailed] = FloodFolder(
            lambda _key, at: budget.try_acquire(at)
        )

    @property
    def trouble(self) -> str:
        """Why the last upload failed, in words; empty when it did not."""
        return self._trouble

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How often a try ended so, since the start: DONE, or a code of UploadFault."""
        return dict(self._outcomes)

    def count(self, code: UploadFault) -> None:
        """Note a failure that is told elsewhere."""
        self._outcomes[code.value] += 1

    def went_well(self) -> None:
        """Note that something arrived."""
        self._outcomes[DONE] += 1
        self._trouble = ""
        self._reported.clear()

    def failed(self, what: What, name: str, place: SignedPlace, error: PutError) -> None:
        """Note that a try failed."""
        self.count(error.code)
        self._trouble = _words(what, name, place, error)
        if self._reported.is_new((place.host.text, error.code)):
            log.warning("%s", self._trouble)

    def lost(self, what: What, name: str, place: SignedPlace, error: PutError) -> None:
        """Note that a place came to nothing, for an event."""
        host = place.host.text
        event = UploadFailed(what=what, sha256=name, code=error.code, host=host, detail=error.detail)
        self._folder.add((what, error.code, host), event)

    def disk_failed(self, error: Exception) -> None:
        """Note that a disk or the journal is in trouble."""
        self._trouble = str(error)
        if self._reported.is_new(self._trouble):
            log.error("an upload failed", exc_info=error)

    def tell_due(self, at: float) -> None:
        """Record the events whose time has come."""
        self._tell(self._folder.due(at))

    def tell_rest(self) -> None:
        """Record all that are left; for the end."""
        self._tell(self._folder.rest())

    def _tell(self, folded: Iterable[Folded[tuple[What, UploadFault, str], UploadFailed]]) -> None:
        for one in folded:
            self._note(one.newest.model_copy(update={"count": one.count}))


def _words(what: What, name: str, place: SignedPlace, error: PutError) -> str:
    return Text(
        "{what} {name} did not get to {host}: {why}",
        what=Text("the bundle") if what == "bundle" else Text("the picture"),
        name=name[:12],
        host=place.host.text,
        why=error.detail,
    )
