"""The event types: everything that the gate records and publishes, collected from their modules.

Each type is a frozen pydantic model. Its `TYPE` is both the CloudEvents type and the last part of the MQTT topic. A
change may only add fields, each with a default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.events.barrier_events import (
    Alarm,
    AlarmRaised,
    BarrierHeld,
    BarrierMoved,
    BarrierPulsed,
    BarrierTested,
    LaneOrdered,
)
from agent.core.events.central_events import (
    AcknowledgementRefused,
    BundleSent,
    ChainCheckpoint,
    CommandAccepted,
    CommandExecuted,
    CommandRefused,
    EvidenceDropped,
    EvidenceSent,
    UploadFailed,
)
from agent.core.events.decision_records import (
    CheckRecord,
    DataRecord,
    PermitRecord,
    PlateRecord,
    VinRecord,
    WitnessRecord,
)
from agent.core.events.driver_events import DriverMessageRecord, DriverOutputRecord, DriverShown, DriverText, DriverTold
from agent.core.events.event_base import Event
from agent.core.events.gate_events import (
    AnchorRecord,
    AnchorsChanged,
    ConfigurationApplied,
    ConfigurationRefused,
    ConsoleActed,
    DeviceChanged,
    EvidenceViewed,
    FleetDocumentChanged,
    FleetDrifted,
    GateStarted,
    GateStopping,
    Search,
)
from agent.core.events.record_events import (
    ClockChanged,
    EventsDropped,
    LedgerConflict,
    ListsApplied,
    ListsRefused,
    ListsState,
    PersonalDataErased,
    RecordsDeleted,
    StateChanged,
)
from agent.core.events.vehicle_events import (
    AccessCompared,
    AccessDecided,
    AccessGranted,
    PermitPresented,
    TransactionClosed,
    VehicleEntering,
    VehiclePresent,
    VehicleVin,
)

if TYPE_CHECKING:
    from agent.core.model import TraceContext

__all__ = [
    "TYPES",
    "AccessCompared",
    "AccessDecided",
    "AccessGranted",
    "AcknowledgementRefused",
    "Alarm",
    "AlarmRaised",
    "AnchorRecord",
    "AnchorsChanged",
    "BarrierHeld",
    "BarrierMoved",
    "BarrierPulsed",
    "BarrierTested",
    "BundleSent",
    "ChainCheckpoint",
    "CheckRecord",
    "ClockChanged",
    "CommandAccepted",
    "CommandExecuted",
    "CommandRefused",
    "ConfigurationApplied",
    "ConfigurationRefused",
    "ConsoleActed",
    "DataRecord",
    "DeviceChanged",
    "Draft",
    "DriverMessageRecord",
    "DriverOutputRecord",
    "DriverShown",
    "DriverText",
    "DriverTold",
    "Event",
    "EventsDropped",
    "EvidenceDropped",
    "EvidenceSent",
    "EvidenceViewed",
    "FleetDocumentChanged",
    "FleetDrifted",
    "GateStarted",
    "GateStopping",
    "LaneOrdered",
    "LedgerConflict",
    "ListsApplied",
    "ListsRefused",
    "ListsState",
    "PermitPresented",
    "PermitRecord",
    "PersonalDataErased",
    "PlateRecord",
    "RecordsDeleted",
    "Search",
    "StateChanged",
    "TransactionClosed",
    "UploadFailed",
    "VehicleEntering",
    "VehiclePresent",
    "VehicleVin",
    "VinRecord",
    "WitnessRecord",
]

TYPES: tuple[type[Event], ...] = (
    GateStarted,
    GateStopping,
    ConfigurationRefused,
    ConfigurationApplied,
    AnchorsChanged,
    FleetDocumentChanged,
    FleetDrifted,
    ConsoleActed,
    EvidenceViewed,
    DeviceChanged,
    VehiclePresent,
    PermitPresented,
    VehicleVin,
    AccessDecided,
    AccessCompared,
    AccessGranted,
    BarrierPulsed,
    BarrierMoved,
    BarrierHeld,
    BarrierTested,
    VehicleEntering,
    AlarmRaised,
    TransactionClosed,
    LaneOrdered,
    DriverTold,
    DriverShown,
    CommandAccepted,
    CommandExecuted,
    CommandRefused,
    AcknowledgementRefused,
    ChainCheckpoint,
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


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before the journal gives it its place: sequence number, hash of the one before, id, time.

    `dry_run`: of a lane that moves nothing; None: as its lane is now. `trace`: the span of central's trace that it is
    of; None: that of its transaction, where one is known.
    """

    event: Event
    lane: str | None
    transaction: str | None
    utc: float
    dry_run: bool | None = None
    trace: TraceContext | None = None
