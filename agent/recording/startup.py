"""What the start of the gate records: itself, what the last run left open, and what was found damaged."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.events import Alarm, AlarmRaised, Draft, Event, EventsDropped, GateStarted, TransactionClosed
from agent.core.model import LedgerChange, LedgerState, Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent.store.journal import Interrupted, JournalReplacement, Recovery

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StartRecord:
    """The events of a start, and the changes of the permit ledger that go with them."""

    drafts: tuple[Draft, ...]
    changes: tuple[LedgerChange, ...]


def start_record(  # noqa: PLR0913, PLR0917 - what a start tells of
    version: str,
    configuration: str,
    recovery: Recovery,
    replaced: JournalReplacement | None,
    set_aside: Iterable[str],
    utc: float,
    dry_run: Iterable[str] = (),
) -> StartRecord:
    """Tell of the start, and give every transaction that the last run left open its one outcome.

    `set_aside`: what else could not be used and was put aside, in words. `dry_run`: the lanes that move nothing now.
    """
    names = tuple(one.transaction for one in recovery.interrupted)
    started = GateStarted(
        version=version, configuration=configuration, interrupted=names, dry_run=tuple(sorted(dry_run))
    )
    aside = [AlarmRaised(alarm=Alarm.STATE_NOT_WHOLE, detail=done) for done in set_aside]
    events = [started, *_damage(replaced), *aside]
    drafts = [Draft(event, None, None, utc) for event in events]
    drafts += [_closed(one, utc) for one in recovery.interrupted]
    changes = [
        LedgerChange(held.permit_id, held.use, LedgerState.CONSUMED, held.transaction)
        for one in recovery.interrupted
        if one.entered
        for held in one.reservations
    ]
    return StartRecord(tuple(drafts), tuple(changes))


def _closed(one: Interrupted, utc: float) -> Draft:
    closed = TransactionClosed(
        outcome=Outcome.FAULT,
        reason=Reason.GATE_FAULT,
        assumed=False,
        duration_s=max(0.0, round(utc - one.opened_utc, 3)),
        granted=one.granted,
        taken=one.entered or None,
    )
    return Draft(closed, one.lane, one.transaction, utc, one.dry_run)


def _damage(replaced: JournalReplacement | None) -> Iterator[Event]:
    """The events that tell of a journal that was found damaged and put aside."""
    if replaced is None:
        return
    log.critical("%s", replaced.description)
    yield AlarmRaised(alarm=Alarm.JOURNAL_FAILED, detail=replaced.description)
    if replaced.unsent is not None:
        first, last = replaced.unsent
        yield EventsDropped(first=first, last=last, cause=replaced.cause, stream=replaced.stream)
