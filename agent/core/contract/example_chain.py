"""The example events in one chain, which is sealed and signed as a gate does it."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING

from agent.core.clock import ClockState
from agent.core.contract.example_events import steps
from agent.core.contract.example_values import BOOT, GATE, GATE_KEY, LANE, STREAM, TRACE, TRANSACTION, UTC
from agent.core.events import (
    RANDOM_BYTES,
    AccessCompared,
    AcknowledgementRefused,
    AnchorsChanged,
    BundleSent,
    ClockChanged,
    ClockReading,
    CommandAccepted,
    CommandExecuted,
    CommandRefused,
    ConfigurationApplied,
    ConfigurationRefused,
    ConsoleActed,
    Draft,
    EventsDropped,
    EvidenceDropped,
    EvidenceSent,
    EvidenceViewed,
    FleetDocumentChanged,
    FleetDrifted,
    GateStarted,
    GateStopping,
    LedgerConflict,
    ListsApplied,
    ListsRefused,
    ListsState,
    PermitPresented,
    PersonalDataErased,
    Point,
    RecordsDeleted,
    StateChanged,
    UploadFailed,
    VehiclePresent,
    VehicleVin,
    Writer,
    beginning,
    checkpoint_draft,
    seal,
)
from agent.core.lists import DataState
from agent.core.model import span_of_transaction

if TYPE_CHECKING:
    from agent.core.events import Event, SealedEvent


@cache
def chain() -> tuple[SealedEvent, ...]:
    """The example events, sealed one after another."""
    writer, clock = (
        Writer(GATE, STREAM, BOOT),
        ClockReading(UTC, synced=True, error_ms=4.2, state=ClockState.SYNCED, lists=DataState.FRESH),
    )
    before, made = beginning(STREAM), []
    for after_s, event, of_transaction in steps():
        utc = UTC + after_s
        draft = checkpoint_draft(before, GATE, GATE_KEY, utc) if event is None else _draft(event, utc, of_transaction)
        sealed = seal(draft, writer, before, clock, hashlib.sha256(str(before.seq).encode()).digest()[:RANDOM_BYTES])
        before = Point(STREAM, sealed.seq, sealed.digest)
        made.append(sealed)
    return tuple(made)


def event_example(kind: str) -> bytes:
    """The bytes of the first example event of this type. Raises LookupError for a type that there is not."""
    found = next((one for one in chain() if one.type == kind), None)
    if found is None:
        raise LookupError(f"no example of {kind}")
    return found.payload


def _draft(event: Event, utc: float, of_transaction: bool) -> Draft:
    of_lane = not isinstance(event, _OF_THE_GATE)
    dry_run = isinstance(event, AccessCompared) or None
    traced = of_transaction and not isinstance(event, _BEFORE_THE_DECISION)
    trace = span_of_transaction(TRACE, GATE, TRANSACTION) if traced else None
    return Draft(event, LANE if of_lane else None, TRANSACTION if of_transaction else None, utc, dry_run, trace)


_BEFORE_THE_DECISION = (VehiclePresent, PermitPresented, VehicleVin)
_OF_THE_GATE = (
    GateStarted,
    GateStopping,
    ConfigurationApplied,
    ConfigurationRefused,
    AnchorsChanged,
    FleetDocumentChanged,
    FleetDrifted,
    ConsoleActed,
    EvidenceViewed,
    CommandAccepted,
    CommandExecuted,
    CommandRefused,
    AcknowledgementRefused,
    EvidenceSent,
    BundleSent,
    UploadFailed,
    EvidenceDropped,
    ListsApplied,
    ListsRefused,
    ListsState,
    StateChanged,
    LedgerConflict,
    ClockChanged,
    RecordsDeleted,
    PersonalDataErased,
    EventsDropped,
)
