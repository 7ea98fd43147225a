"""The event types: one module of truth for what the gate records and publishes.

Each type is a frozen pydantic model; its `TYPE` is both the CloudEvents type and the last part of the MQTT topic.
Fields are only ever added, with a default.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from agent.core.command import Refusal, Result
from agent.core.decision import Reason, Verdict


class Outcome(StrEnum):
    """How a transaction ended; exactly one a transaction."""

    PASSED = "passed"
    PASSED_WITH_VIOLATION = "passed_with_violation"
    NOT_TAKEN = "not_taken"
    BACKED_OUT = "backed_out"
    ABANDONED = "abandoned"
    DENIED = "denied"
    FAULT = "fault"
    OVERRIDDEN = "overridden"


class Alarm(StrEnum):
    """What an officer should hear of at once."""

    WRONG_WAY = "wrong_way"
    FORCED_OPEN = "forced_open"
    TAILGATING = "tailgating"
    BLOCKED = "blocked"
    OPEN_FAILED = "open_failed"
    CLOSE_FAILED = "close_failed"
    OPEN_TOO_LONG = "open_too_long"
    REOPENED = "reopened"
    INPUTS_LOST = "inputs_lost"
    PULSE_UNKNOWN = "pulse_unknown"
    RELAY_LOST = "relay_lost"
    READERS_LOST = "readers_lost"
    JOURNAL_FAILED = "journal_failed"
    INTERLOCKED = "interlocked"
    INPUTS_FLAPPING = "inputs_flapping"


class Event(BaseModel):
    """Base of all event types."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    TYPE: ClassVar[str]


class CheckRecord(BaseModel):
    """One check of a decision."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    reason: Reason
    ok: bool
    detail: str = ""


class PermitRecord(BaseModel):
    """What an event says of a verified permit. `permit` is the permit id in hex."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    permit: str
    issuer: str
    key: str
    declaration: str
    vin: str
    plate: str | None
    expires_at: int


class PlateRecord(BaseModel):
    """What an event says of the plate match."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    verdict: str
    declared: str
    read: str
    score: float
    frames: int


class GateStarted(Event):
    """The agent started. `interrupted` names the transactions that were open when it last stopped without a word."""

    TYPE: ClassVar[str] = "gate.started"
    version: str
    configuration: str
    interrupted: tuple[str, ...] = ()


class GateStopping(Event):
    """The agent stops as asked."""

    TYPE: ClassVar[str] = "gate.stopping"
    cause: str


class DeviceChanged(Event):
    """A device came, went or changed its state."""

    TYPE: ClassVar[str] = "device.changed"
    device: str
    family: Literal["camera", "scanner", "relay", "inputs", "broker"]
    state: str
    detail: str = ""


class VehiclePresent(Event):
    """A transaction began."""

    TYPE: ClassVar[str] = "vehicle.present"
    seen_by: Literal["inputs", "eye", "operator"]
    direction: str | None = None


class PermitPresented(Event):
    """A QR text was seen. Never the text itself: its length in bytes and the first 8 bytes of its SHA-256 in hex."""

    TYPE: ClassVar[str] = "permit.presented"
    length: int
    digest: str
    engine: str
    camera: str
    picture: str | None = None


class AccessDecided(Event):
    """A decision, with every check behind it."""

    TYPE: ClassVar[str] = "access.decided"
    verdict: Verdict
    reason: Reason
    checks: tuple[CheckRecord, ...]
    permit: PermitRecord | None = None
    plate: PlateRecord | None = None
    pictures: tuple[str, ...] = ()


class AccessGranted(Event):
    """A grant was recorded; it may raise the barrier once.

    By a permit, by an officer, or for safety: a closing arm that the agent itself had ordered down goes up again.
    """

    TYPE: ClassVar[str] = "access.granted"
    grant: str
    by: Literal["permit", "operator", "safety"]
    permit: str | None = None
    operator: str | None = None
    cause: str | None = None


class BarrierPulsed(Event):
    """A pulse was sent to the relay, and what is known of it."""

    TYPE: ClassVar[str] = "barrier.pulsed"
    grant: str | None
    action: Literal["open", "close"]
    delivery: Literal["delivered", "not_delivered", "unknown"]


class BarrierMoved(Event):
    """A limit switch saw the arm."""

    TYPE: ClassVar[str] = "barrier.moved"
    position: Literal["open", "closed"]


class BarrierHeld(Event):
    """The barrier was put into, or out of, permanent opening."""

    TYPE: ClassVar[str] = "barrier.held"
    held: bool
    operator: str
    cause: str


class VehicleEntering(Event):
    """The vehicle is under the arm."""

    TYPE: ClassVar[str] = "vehicle.entering"


class AlarmRaised(Event):
    """Something an officer should hear of."""

    TYPE: ClassVar[str] = "alarm.raised"
    alarm: Alarm
    detail: str = ""


class TransactionClosed(Event):
    """The one outcome of a transaction.

    `assumed`: the passage was not seen by inputs but taken for granted (blind lanes). `duration_s`: from the
    vehicle's arrival. `permit`: the permit id in hex where one was verified, `declaration` and `vin` what it declares.
    `granted`: the barrier was told to open. `taken`: a vehicle went under the arm, or is assumed to have; None: not known.
    """

    TYPE: ClassVar[str] = "transaction.closed"
    outcome: Outcome
    reason: Reason
    assumed: bool
    duration_s: float
    permit: str | None = None
    plate: str | None = None
    violations: tuple[Alarm, ...] = ()
    pictures: tuple[str, ...] = ()
    direction: str | None = None
    declaration: str | None = None
    vin: str | None = None
    granted: bool | None = None
    taken: bool | None = None


class LaneOrdered(Event):
    """A lane was locked or taken out of service by an order, or given back; it stays so over restarts.

    A locked lane opens for nobody but the hold contact. A lane out of service reads nothing and lets nobody pass by
    itself; an officer can still open it.
    """

    TYPE: ClassVar[str] = "lane.ordered"
    order: Literal["locked", "unlocked", "out_of_service", "in_service"]
    operator: str
    cause: str


class CommandAccepted(Event):
    """A command from central passed every check, before anything is done about it. `counter`: of its key."""

    TYPE: ClassVar[str] = "command.accepted"
    command: str
    name: str
    key: str
    counter: int
    operator: str
    cause: str


class CommandExecuted(Event):
    """What became of an accepted command."""

    TYPE: ClassVar[str] = "command.executed"
    command: str
    name: str
    result: Result
    detail: str = ""


class CommandRefused(Event):
    """A command was not obeyed. Nothing that is not proved is repeated here but for the topic's last part.

    `command`, `key`: only where the signature held. `count`: how many of this code since the last such event; a flood is
    folded into few events.
    """

    TYPE: ClassVar[str] = "command.refused"
    code: Refusal
    name: str
    command: str | None = None
    key: str | None = None
    detail: str = ""
    count: int = 1


class AcknowledgementRefused(Event):
    """Central acknowledged what cannot be. `stream`, `seq`: as it said, where it said so. `count`: as in command.refused."""

    TYPE: ClassVar[str] = "acknowledgement.refused"
    code: Literal["malformed", "foreign_stream", "beyond_head", "beyond_sent", "behind"]
    stream: str | None = None
    seq: int | None = None
    count: int = 1


class ChainCheckpoint(Event):
    """The gate's own signature over the chain up to the event before this one.

    `seq`, `digest`: of that event. `key`: the id of the gate's key. `signature`: a compact JWS (RFC 7515, RFC 8037) whose
    payload names gate, stream, seq, digest and time.
    """

    TYPE: ClassVar[str] = "chain.checkpoint"
    seq: int
    digest: str
    key: str
    signature: str


class EvidenceSent(Event):
    """The broker took a picture. `picture`: its SHA-256 in hex, the last part of its topic."""

    TYPE: ClassVar[str] = "evidence.sent"
    picture: str
    bytes: int


class EvidenceDropped(Event):
    """Pictures went before their time because all pictures were more than their cap. `count`: how many."""

    TYPE: ClassVar[str] = "evidence.dropped"
    count: int
    cause: str


class EventsDropped(Event):
    """Events that the gate had to give up, by sequence number. Never silent."""

    TYPE: ClassVar[str] = "events.dropped"
    first: int
    last: int
    cause: str


TYPES: tuple[type[Event], ...] = (
    GateStarted,
    GateStopping,
    DeviceChanged,
    VehiclePresent,
    PermitPresented,
    AccessDecided,
    AccessGranted,
    BarrierPulsed,
    BarrierMoved,
    BarrierHeld,
    VehicleEntering,
    AlarmRaised,
    TransactionClosed,
    LaneOrdered,
    CommandAccepted,
    CommandExecuted,
    CommandRefused,
    AcknowledgementRefused,
    ChainCheckpoint,
    EvidenceSent,
    EvidenceDropped,
    EventsDropped,
)


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before the journal gives it its place: sequence number, hash of the one before, id, time."""

    event: Event
    lane: str | None
    transaction: str | None
    utc: float
