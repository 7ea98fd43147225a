"""Erases the personal values beside events, by age and on request, and tells of that without a word of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Final

from agent.core.events import Draft, OwnCause, PersonalDataErased
from agent.recording.erasure_requests import ErasureAnswer, ErasureRequest, ErasureRequests
from agent.recording.personal_data import DAY_S, TELL_EVERY_S, WIPE_EVERY_S
from agent.store.errors import EvidenceError, JournalError
from agent.store.journal import ErasureScope, copies_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from agent.core.events import ClockReading
    from agent.store.evidence import EvidenceStore
    from agent.store.journal import ErasureDone, Journal

log = logging.getLogger(__name__)

AGE: Final = "age"
REQUEST: Final = "request"


@dataclass(slots=True)
class _Untold:
    """What went by age and was not told yet."""

    values: int = 0
    events: set[int] = field(default_factory=set)
    copies: int = 0


class ValueErasure:
    """Belongs to the thread of retention, but for `erase`, which any thread may call.

    `state`: the folder of the journal. `keep_s`: how long values are kept, None: as long as their events. `note`
    records events. A request goes by whatever clock there is; age counts only by one that a time server keeps.
    """

    def __init__(
        self,
        journal: Journal,
        evidence: EvidenceStore,
        state: Path,
        keep_s: float | None,
        clock: Callable[[], ClockReading],
        note: Callable[[Sequence[Draft]], None],
    ) -> None:
        self._journal = journal
        self._evidence = evidence
        self._path = state / "journal.db"
        self._requests = ErasureRequests(state)
        self._keep_s = keep_s
        self._clock = clock
        self._note = note
        self._untold = _Untold()
        self._told_at = self._wiped_at = -inf
        self._left = False

    def erase(self, request: ErasureRequest) -> ErasureAnswer:
        """Erase what a request names, at once and to the last byte, with the pictures of these events.

        Copies of the journal that were set aside as damaged go too: nobody can look into them for single values.
        Raises JournalError, EvidenceError; what went by then is told all the same.
        """
        done = self._journal.erase(ErasureScope(request.first, request.last, request.digest), REQUEST)
        answer = ErasureAnswer(done.values, len(done.events), copies=self._drop_copies(inf))
        try:
            self._journal.wipe_values()
            answer = answer.with_pictures(self._evidence.erase(done.pictures))
        finally:
            self._tell(request, answer)
        return answer

    def take_requests(self) -> None:
        """Do what was asked for by files in the state folder, and answer there. Raises JournalError."""
        for request in self._requests.waiting():
            try:
                answer = self.erase(request)
            except EvidenceError as error:
                answer = ErasureAnswer(0, 0, trouble=str(error))
            except JournalError as error:
                self._requests.answer(request, ErasureAnswer(0, 0, trouble=str(error)))
                raise
            self._requests.answer(request, answer)

    def erase_old(self) -> None:
        """Erase what is older than values are kept, of acknowledged events alone. Raises JournalError."""
        if self._keep_s is None:
            return
        scope = self._journal.old_values(self._keep_s)
        if scope is not None:
            self._count(self._journal.erase(scope, AGE))
        reading = self._clock()
        if reading.synced:
            self._untold.copies += self._drop_copies(reading.utc - self._keep_s)

    def wipe(self, at: float, stopping: Callable[[], bool]) -> None:
        """Once a day see to it that no byte is left of what went by age (monotonic seconds). Raises JournalError."""
        if self._left and at - self._wiped_at >= WIPE_EVERY_S:
            self._wiped_at = at
            self._left = not self._journal.wipe_values(stopping)

    def record(self, at: float, *, last: bool = False) -> None:
        """Record what went by age and was not told yet, at most every `TELL_EVERY_S`; `last`: now."""
        untold = self._untold
        if not (untold.values or untold.copies) or (not last and at - self._told_at < TELL_EVERY_S):
            return
        self._told_at, self._untold = at, _Untold()
        cause = OwnCause.VALUES_OVER.value.filled(days=f"{(self._keep_s or 0) / DAY_S:.0f}")
        event = PersonalDataErased(
            rule="age", values=untold.values, events=len(untold.events), copies=untold.copies, cause=cause
        )
        self._note([Draft(event, None, None, self._clock().utc)])

    def _count(self, done: ErasureDone) -> None:
        self._untold.values += done.values
        self._untold.events |= done.events
        self._left = self._left or done.values > 0

    def _tell(self, request: ErasureRequest, answer: ErasureAnswer) -> None:
        event = PersonalDataErased(
            rule="request",
            values=answer.values,
            events=answer.events,
            pictures=answer.pictures,
            copies=answer.copies,
            operator=request.operator,
            cause=request.cause,
            request=request.id,
        )
        self._note([Draft(event, None, None, self._clock().utc)])

    def _drop_copies(self, before_utc: float) -> int:
        """Delete the copies that were made of the journal before a time, Unix seconds; how many there were."""
        dropped = 0
        try:
            for copy in copies_of(self._path, self._clock().utc):
                if copy.utc < before_utc:
                    for file in copy.files:
                        file.unlink(missing_ok=True)
                    dropped += 1
        except OSError as error:
            log.error("a copy of the journal cannot be deleted: %s", error)  # noqa: TRY400 - told, not a bug
        return dropped
