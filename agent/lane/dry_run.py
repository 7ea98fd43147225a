"""A lane in dry run: prevents its decisions from having an effect, and compares them with what happens.

Its relay board moves nothing (agent.barrier), and this module does the rest. The lane writes no use of a permit into
the ledger and claims none at the site. It records only events, and each event says that it belongs to a dry run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING

from agent.core.events import AccessCompared, TransactionClosed
from agent.core.lane import followed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.core.events import Draft
    from agent.core.lane import DryRunVehicle, Effect, Lane
    from agent.core.model import Instant, LedgerChange
    from agent.recording import Recorder


def as_dry_run(draft: Draft) -> Draft:
    """The event as one of a dry run. Its driver was told nothing, whatever the lane would have said."""
    event = draft.event
    if isinstance(event, TransactionClosed):
        event = event.model_copy(update={"driver_messages": ()})
    return replace(draft, event=event, dry_run=True)


class DryRunRecorder:
    """The recorder of a lane in dry run: events go into the journal, changes of the permit ledger nowhere."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    @property
    def failing(self) -> bool:
        """As of the recorder behind it."""
        return self._recorder.failing

    def retry(self) -> None:
        """As of the recorder behind it."""
        self._recorder.retry()

    def bind(self, events: Sequence[Draft], ledger: Sequence[LedgerChange] = ()) -> None:  # noqa: ARG002 - dropped
        """Record what would have moved something. Raises JournalError as the recorder behind it."""
        self._recorder.bind([as_dry_run(draft) for draft in events])

    def note(self, events: Sequence[Draft], ledger: Sequence[LedgerChange] = ()) -> None:  # noqa: ARG002 - dropped
        """Record what happened."""
        if events:
            self._recorder.note([as_dry_run(draft) for draft in events])


@dataclass(frozen=True, slots=True)
class DryRunCounts:
    """The vehicles of a lane since the start: what was decided and what they did were the same, or not, or unknown."""

    agreed: int = 0
    disagreed: int = 0
    unknown: int = 0


class DryRunWatch:
    """Follows the vehicles of one lane, in its thread; `counts` may be read from any."""

    def __init__(self, note: Callable[[Sequence[Draft]], None]) -> None:
        """`note` records what came of a vehicle."""
        self._note = note
        self._vehicle: DryRunVehicle | None = None
        self._lock = Lock()
        self._counts = DryRunCounts()

    @property
    def counts(self) -> DryRunCounts:
        """So far."""
        with self._lock:
            return self._counts

    def follow(self, lane: Lane, effects: tuple[Effect, ...], now: Instant) -> None:
        """Take in one step of the lane, and what came of it."""
        self._vehicle, told = followed(self._vehicle, lane, effects, now)
        for draft in told:
            if isinstance(draft.event, AccessCompared):
                self._count(draft.event)
        if told:
            self._note(told)

    def _count(self, event: AccessCompared) -> None:
        with self._lock:
            before = self._counts
            self._counts = DryRunCounts(
                before.agreed + (event.agrees is True),
                before.disagreed + (event.agrees is False),
                before.unknown + (event.agrees is None),
            )
