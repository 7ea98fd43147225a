"""The event types: one module of truth for what the gate records and publishes.

Each type is a frozen pydantic model; its `TYPE` is both the CloudEvents type and the last part of the MQTT topic.
Fields are only ever added, with a default.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.core.clock import ClockState
from agent.core.commands import Refusal, Result
from agent.core.detail import Detail, DetailMessage, WithDetail
from agent.core.events.changed_keys import ChangedKey
from agent.core.events.judged_facts import FactsRecord
from agent.core.fleet import DocumentFault, DocumentProblem, DocumentState, FleetDifference
from agent.core.lists import DataState
from agent.core.model import (
    TRACEPARENT,
    DriverMessage,
    DriverReceipt,
    Outcome,
    Reason,
    TraceContext,
    UploadFault,
    Verdict,
    VinSource,
)
from agent.core.trust_state import StatePart, Wholeness


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
    DELIVERY_STALLED = "delivery_stalled"
    LISTS_FAILED = "lists_failed"
    PART_FAILED = "part_failed"
    STATE_NOT_WHOLE = "state_not_whole"
    PICTURE_MISMATCH = "picture_mismatch"


class Event(BaseModel):
    """Base of all event types."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    TYPE: ClassVar[str]


class CheckRecord(WithDetail):
    """One check of a decision."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    reason: Reason = Field(description="The reason that it would give, had it failed.")
    ok: bool = Field(description="Whether it held.")
    detail: Detail = Field(default="", description="What it saw, in words.")
    message: DetailMessage = None


class PermitRecord(BaseModel):
    """What an event says of a verified permit."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    permit: str = Field(description="The permit id, in hex.")
    issuer: str = Field(description="Who issued it.")
    key: str = Field(description="The id of the key that signed it, in hex.")
    declaration: str = Field(description="The number of the declaration: 18 digits.")
    vin: str = Field(description="The vehicle identification number.")
    plate: str | None = Field(description="The declared plate; null: the vehicle has none yet.")
    expires_at: int = Field(description="From when on it is not valid any more, Unix seconds.")
    form: Literal["signed", "jws", "reference", "plate"] = Field(
        default="signed",
        description="How it was shown: a signed code, a JWS, a reference to a declaration, or by the plate alone.",
    )
    plate_code: str = Field(
        default="",
        description="The kind of the declared plate by GA/T 16.7, two digits, such as 02; 41: it has no plate; empty: "
        "no code is known for it.",
    )
    traceparent: str | None = Field(
        default=None,
        pattern=TRACEPARENT,
        description="The W3C trace context that its declaration carries, of which the transaction is a span; null: it "
        "carries none.",
    )


class DataRecord(BaseModel):
    """How fresh the lists behind a decision were."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    state: DataState = Field(description="What their age allowed.")
    age_s: int | None = Field(
        description="Seconds since central's word on the oldest list that the gate needs; null: it needs none, "
        "or lacks one."
    )
    trust: int = Field(description="Version of the trust list; 0: none.")
    declarations: int | None = Field(default=None, description="Version of the declarations; null: none are here.")
    revocations: int | None = Field(default=None, description="Version of the revocations; null: none are here.")
    watch: int | None = Field(default=None, description="Version of the watch list; null: none is here.")


class PlateRecord(BaseModel):
    """What an event says of the plate match."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    verdict: str = Field(description="MATCH, UNSURE or MISMATCH.")
    declared: str = Field(description="The plate that the permit declares.")
    read: str = Field(description="The plate that the frames voted for; empty: none was read.")
    score: float = Field(
        description="Log odds, in nats, of the declared plate against all other texts together, -99 to 99."
    )
    frames: int = Field(description="How many readings the vote holds.")
    rival: bool = Field(
        default=False, description="Another active declaration explains the picture better than the declared plate."
    )
    kind: str = Field(
        default="",
        description="The kind of what was read, by format and colour, such as trailer; empty: none was read.",
    )
    colour: str = Field(
        default="",
        description="The colour of its ground: blue, yellow, green, yellow_green, white, black, red or not_known, as "
        "at night; empty: none was read.",
    )
    code: str = Field(
        default="",
        description="The kind of what was read by GA/T 16.7, two digits, such as 02 or 22; empty: no code is known for "
        "it.",
    )


class VinRecord(BaseModel):
    """What an event says of the VIN that was read; the declared one is in the permit."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    verdict: str = Field(description="MATCH: the declared VIN was read; UNSURE: it may be; MISMATCH: another one was.")
    read: str = Field(description="The VIN as read.")
    source: VinSource = Field(description="What it was read from: a kind of code, print, or by a scanner.")
    score: float = Field(
        description="Log odds, in nats, of the declared VIN against all others together, -99 to 99; 99 and -99 for a "
        "code, which has none."
    )
    frames: int = Field(description="How many readings say so.")
    others: int = Field(default=0, description="How many VINs were read that are surely not the declared one.")


class GateStarted(Event):
    """The agent started."""

    TYPE: ClassVar[str] = "gate.started"
    version: str = Field(description="The version of the agent.")
    configuration: str = Field(description="SHA-256 of the configuration, in hex.")
    interrupted: tuple[str, ...] = Field(
        default=(), description="The transactions that were open when it last stopped without a word."
    )
    dry_run: tuple[str, ...] = Field(
        default=(), description="The lanes in dry run: they decide and record, and move nothing."
    )


class GateStopping(Event):
    """The agent stops as asked."""

    TYPE: ClassVar[str] = "gate.stopping"
    cause: str = Field(description="Why.")


class ConfigurationRefused(WithDetail, Event):
    """The configuration on the disk cannot be used; the gate runs on with the last one that could."""

    TYPE: ClassVar[str] = "configuration.refused"
    errors: int = Field(description="How many mistakes it has.")
    detail: Detail = Field(description="The first of them, with file, line and column.")
    message: DetailMessage = None
    running: str = Field(description="SHA-256 of the configuration in force, in hex.")


class ConfigurationApplied(WithDetail, Event):
    """The gate runs with another configuration than the last time, however it came; told with every key of it."""

    TYPE: ClassVar[str] = "configuration.applied"
    configuration: str = Field(description="SHA-256 of the configuration in force, in hex.")
    before: str = Field(default="", description="That of the one before it; empty: none is known.")
    person: str = Field(
        default="", description="Who made it, as the history of the configuration knows; empty: unknown."
    )
    detail: Detail = Field(default="", description="How it was made, in words.")
    message: DetailMessage = None
    changes: tuple[ChangedKey, ...] = Field(
        default=(), description="The keys that are others than before; all that are set, where none before is known."
    )
    part: int = Field(default=1, ge=1, description="Which of `parts` events this is, which follow one another.")
    parts: int = Field(default=1, ge=1, description="Among how many events the keys are shared.")


class AnchorRecord(BaseModel):
    """A trust anchor that is another now; entries by their fingerprints, those that stay in both."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    key: str = Field(description="Which anchor: section and name, as in permits.root_keys.")
    before: tuple[str, ...] = Field(description="What it was; of keys and certificates sha256: and the SHA-256.")
    after: tuple[str, ...] = Field(description="What it is.")


class AnchorsChanged(Event):
    """The trust anchors of the gate (keys, brokers and people that it trusts) have changed."""

    TYPE: ClassVar[str] = "anchors.changed"
    number: int = Field(description="Their number after it; 0: the gate has none of its own any more.")
    authority: str = Field(
        description="By whose word: root (before the first real vehicle), persons (two), person_and_root, central (a "
        "signed document), seal (a real vehicle has been there: no one can change them alone any more), or unknown "
        "(someone wrote the file)."
    )
    by: tuple[str, ...] = Field(description="Who: names of persons, or ids of keys of central.")
    cause: str = Field(description="Why.")
    anchors: tuple[AnchorRecord, ...] = Field(description="Those that are others; all of them where it is the first.")
    digest: str = Field(description="SHA-256 of them all, in hex.")
    changed_at: int = Field(description="When, Unix seconds; 0: not known.")


class FleetDocumentChanged(WithDetail, Event):
    """A fleet document of central was refused, waits, is on trial, is in force, or was undone by the gate itself."""

    TYPE: ClassVar[str] = "fleet.document"
    kind: str = Field(description="configuration, policy or software.")
    audience: str = Field(description="For whom it is: all, group:NAME or gate:ID.")
    version: int = Field(description="Its version; 0: it names none. Of a refused one nothing need be true.")
    digest: str = Field(
        default="", description="SHA-256, in hex, of its kind, audience and text; empty: it was not proven."
    )
    key: str = Field(default="", description="The id of the key that signed it; empty: it was not proven.")
    state: DocumentState = Field(
        description="refused; waiting (for vehicles to be gone); trial; applied; undone: the gate went back. Of "
        "software also fetching, and installing until it has proved itself."
    )
    code: DocumentFault | None = Field(default=None, description="Why it was refused or undone; null: it was not.")
    detail: Detail = Field(default="", description="The same in words.")
    message: DetailMessage = None
    problems: tuple[DocumentProblem, ...] = Field(default=(), description="What is wrong with it, by line.")
    count: int = Field(
        default=1, description="How many of this code since the last such event; a flood is folded into few events."
    )


class FleetDrifted(Event):
    """What the gate sets otherwise than its fleet documents has changed."""

    TYPE: ClassVar[str] = "fleet.drift"
    keys: tuple[FleetDifference, ...] = Field(description="The keys, 50 at most; empty: none differs any more.")
    count: int = Field(description="How many keys there are.")


class ConsoleActed(WithDetail, Event):
    """A person did something on the console, or was refused."""

    TYPE: ClassVar[str] = "console.acted"
    person: str = Field(
        description='Who: a user\'s name, at the command line one of the computer; "local" through its socket, '
        '"" for no known person.'
    )
    role: str = Field(description='viewer, technician or admin; "" for no known person, and at the command line.')
    address: str = Field(description='The network address that it came from, or "local".')
    act: str = Field(
        description="What was done, such as session.opened, user.added, configuration.changed or barrier.pulsed."
    )
    detail: Detail = Field(default="", description="To what, and why, in words.")
    message: DetailMessage = None
    done: bool = Field(default=True, description="False: it was refused, and nothing was done.")
    changes: tuple[ChangedKey, ...] = Field(
        default=(),
        description="Of a configuration that was proposed or written: every key that is another than in the one that "
        "runs.",
    )
    part: int = Field(default=1, ge=1, description="Which of `parts` events this is, which follow one another.")
    parts: int = Field(default=1, ge=1, description="Among how many events the keys are shared.")


class Search(BaseModel):
    """What a person searched for in the journal."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    plate: str = Field(default="", description="The plate in the search; empty: none.")
    permit: str = Field(default="", description="The permit id in the search; empty: none.")


class EvidenceViewed(Event):
    """A person viewed data of vehicles and people: pictures, vehicles, searches.

    The looks of one person are gathered: the first is told at once, those after it together.
    """

    TYPE: ClassVar[str] = "evidence.viewed"
    person: str = Field(description='Who: a user\'s name, at the command line one of the computer; or "local".')
    role: str = Field(description='viewer, technician or admin; "" at the command line.')
    address: str = Field(description='The network address that it came from, or "local".')
    pictures: tuple[str, ...] = Field(default=(), description="SHA-256 of the kept pictures that were shown, in hex.")
    vehicles: tuple[str, ...] = Field(default=(), description="Transactions whose whole story was shown.")
    cameras: tuple[str, ...] = Field(
        default=(), description="Cameras whose live picture was shown, as lane/camera; told again after an hour."
    )
    searches: tuple[Search, ...] = Field(default=(), description="Searches in the journal.")
    commands: tuple[str, ...] = Field(
        default=(), description="Commands of this computer that showed or wrote out events, or pictures."
    )


class DeviceChanged(WithDetail, Event):
    """A device came, went or changed its state."""

    TYPE: ClassVar[str] = "device.changed"
    device: str = Field(description="Its name: lane and id.")
    family: Literal["camera", "scanner", "relay", "inputs", "sign", "voice", "broker"] = Field(
        description="What it is."
    )
    state: str = Field(
        description="connecting, up, stale or lost; a camera that delivers says streaming, overloaded, or what its "
        "picture is like: dark, covered, blurred, blinded, noisy or moved."
    )
    detail: Detail = Field(default="", description="What is there, or why it is lost, in words.")
    message: DetailMessage = None


class VehiclePresent(Event):
    """A transaction began."""

    TYPE: ClassVar[str] = "vehicle.present"
    seen_by: Literal["inputs", "eye", "operator"] = Field(
        description="What noticed it: loops, a camera or scanner, an officer."
    )
    direction: str | None = Field(default=None, description="export or import: that of the lane.")


class PermitPresented(Event):
    """A QR text was seen. The text itself is never told."""

    TYPE: ClassVar[str] = "permit.presented"
    length: int = Field(description="Of the text, in bytes.")
    digest: str = Field(description="The first 8 bytes of the text's SHA-256, in hex.")
    engine: str = Field(description="Which reader found it.")
    camera: str = Field(description="Which camera or scanner saw it.")
    picture: str | None = Field(default=None, description="SHA-256 of the picture, in hex, where one is kept.")


class WitnessRecord(BaseModel):
    """What an event says of the witnesses: cameras that read plates by themselves, whose word opens nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    standing: str = Field(
        description="agrees: one was sure of the declared one, and none of another; contradicts: one was sure of "
        "another; unclear: none was sure, or what was said may be a slip of the declared one."
    )
    said: str = Field(description="The plate that it said.")
    witness: str = Field(description="Which witness said so.")


class VehicleVin(Event):
    """A VIN was read, on the vehicle or near it. Told once of each, when a permit says which it is to be."""

    TYPE: ClassVar[str] = "vehicle.vin"
    vin: str = Field(description="The VIN as read; the declared one is in access.decided.")
    source: VinSource = Field(description="What it was read from: a kind of code, print, or by a scanner.")
    camera: str = Field(description="Which camera or scanner read it.")
    match: Literal["equal", "other"] = Field(
        description="Whether it is the declared one. Another one alone refuses no vehicle: it may be that of a second "
        "label, or of a vehicle behind."
    )
    frames: int = Field(description="How many readings there were until then.")
    score: float | None = Field(
        default=None,
        description="Of print the log odds, in nats, of the declared VIN against all others together; null: a code.",
    )
    check_digit: bool = Field(
        default=True,
        description="False: it must carry a check digit and carries a wrong one, so it may be misread. No proof either "
        "way.",
    )
    picture: str | None = Field(default=None, description="SHA-256 of the picture, in hex, where one is kept.")


class AccessDecided(Event):
    """A decision, with every check behind it."""

    TYPE: ClassVar[str] = "access.decided"
    verdict: Verdict = Field(description="What was decided.")
    reason: Reason = Field(description="Why: that of the first check that failed, else OK.")
    checks: tuple[CheckRecord, ...] = Field(description="All checks that were made, in order.")
    permit: PermitRecord | None = Field(default=None, description="The verified permit; null: none was.")
    plate: PlateRecord | None = Field(default=None, description="The plate match; null: none was made.")
    pictures: tuple[str, ...] = Field(default=(), description="SHA-256 of the pictures behind it, in hex.")
    data: DataRecord | None = Field(
        default=None, description="How fresh the lists behind it were; null: no list was asked."
    )
    vin: VinRecord | None = Field(
        default=None, description="The VIN as read; null: none was, or no permit says which it is to be."
    )
    witness: WitnessRecord | None = Field(
        default=None,
        description="Whether cameras that read plates by themselves say the same; null: none said anything, or the "
        "permit declares no plate.",
    )
    facts: FactsRecord | None = Field(
        default=None,
        description="What it was made on, so that other rules can be tried on it; null: an earlier agent, or a "
        "decision that no rule made, such as while no camera worked.",
    )


class AccessCompared(Event):
    """In a lane in dry run: what would have been done with a vehicle, and what happened to it.

    Others move the arm there, and the loops tell whether the vehicle went.
    """

    TYPE: ClassVar[str] = "access.compared"
    verdict: Verdict | None = Field(description="What was decided; null: it went before anything was.")
    reason: Reason | None = Field(description="Why; null: nothing was decided.")
    passed: bool | None = Field(description="It went under the arm and away; null: no loops could tell.")
    agrees: bool | None = Field(
        description="Whether both are the same: PASS, and it went, or DENY, and it did not. Null: that cannot be said, "
        "as where an officer was to decide."
    )


class AccessGranted(Event):
    """A grant was recorded; it may raise the barrier once.

    By a permit, by an officer, or for safety: a closing arm that the agent itself had ordered down goes up again.
    """

    TYPE: ClassVar[str] = "access.granted"
    grant: str = Field(description="The id of the grant: the transaction's, a dash and a number.")
    by: Literal["permit", "operator", "safety"] = Field(description="Who granted it.")
    permit: str | None = Field(default=None, description="The permit id, in hex, where one was verified.")
    operator: str | None = Field(default=None, description="The officer who ordered it.")
    cause: str | None = Field(default=None, description="Why the officer did.")
    cause_code: str | None = Field(
        default=None, description="Which of the preset reasons the officer chose; null: none, or an earlier agent."
    )


class BarrierPulsed(Event):
    """A pulse was sent to the relay, and what is known of it."""

    TYPE: ClassVar[str] = "barrier.pulsed"
    grant: str | None = Field(description="The grant that it spends; null: a pulse to close.")
    action: Literal["open", "close"] = Field(description="What was asked of the barrier.")
    delivery: Literal["delivered", "not_delivered", "unknown"] = Field(
        description="Whether the relay board did it; unknown is never repeated."
    )


class BarrierMoved(Event):
    """A limit switch saw the arm."""

    TYPE: ClassVar[str] = "barrier.moved"
    position: Literal["open", "closed"] = Field(description="Where the arm is now.")


class BarrierHeld(Event):
    """The barrier was put into, or out of, permanent opening."""

    TYPE: ClassVar[str] = "barrier.held"
    held: bool = Field(description="Whether it is held open now.")
    operator: str = Field(description="Who ordered it, or which contact.")
    cause: str = Field(description="Why.")


class BarrierTested(Event):
    """A technician at the gate tries the barrier with one pulse, while no vehicle is there.

    It is recorded before the pulse. One to open has a transaction and a grant of its own, without a vehicle.
    """

    TYPE: ClassVar[str] = "barrier.tested"
    action: Literal["open", "close"] = Field(description="What the pulse asks of the barrier.")
    operator: str = Field(description="The technician.")
    cause: str = Field(description="Why.")


class VehicleEntering(Event):
    """The vehicle is under the arm."""

    TYPE: ClassVar[str] = "vehicle.entering"


class AlarmRaised(WithDetail, Event):
    """Something an officer should hear of."""

    TYPE: ClassVar[str] = "alarm.raised"
    alarm: Alarm = Field(description="What it is.")
    detail: Detail = Field(default="", description="In words.")
    message: DetailMessage = None


class DriverMessageRecord(BaseModel):
    """One message to a driver."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    message: DriverMessage = Field(description="Its id; what it says in each language is in docs/driver.md.")
    after_s: float = Field(description="When it was given, in seconds from the vehicle's arrival.")


class TransactionClosed(Event):
    """The one outcome of a transaction."""

    TYPE: ClassVar[str] = "transaction.closed"
    outcome: Outcome = Field(description="How it ended.")
    reason: Reason = Field(description="Why: that of its last decision.")
    assumed: bool = Field(
        description="The passage was not seen by inputs but taken for granted: a lane without them, or one whose next "
        "vehicle covered the presence loop the whole time."
    )
    duration_s: float = Field(description="From the vehicle's arrival, in seconds.")
    permit: str | None = Field(default=None, description="The permit id, in hex, where one was verified.")
    plate: str | None = Field(default=None, description="The plate as read.")
    violations: tuple[Alarm, ...] = Field(default=(), description="The alarms of this passage.")
    pictures: tuple[str, ...] = Field(default=(), description="SHA-256 of its pictures, in hex.")
    direction: str | None = Field(default=None, description="export or import: that of the lane.")
    declaration: str | None = Field(default=None, description="The declaration that the permit names: 18 digits.")
    vin: str | None = Field(default=None, description="The vehicle identification number that the permit names.")
    granted: bool | None = Field(default=None, description="The barrier was told to open; null: not known.")
    taken: bool | None = Field(
        default=None,
        description="A vehicle went under the arm, or is assumed to have; null: not known, or it still may.",
    )
    driver_messages: tuple[DriverMessageRecord, ...] = Field(
        default=(),
        description="What the driver was told, in order, to the message with which it ended; at most 16, of more the "
        "first 15 and the last. It is what the lane gave to signs, voice and driver page; which of them were there, "
        "device.changed tells.",
    )
    vin_read: str | None = Field(
        default=None, description="The VIN as read on the vehicle or near it; null: none was, or not for sure."
    )
    plate_code: str = Field(
        default="",
        description="The kind of the plate as read by GA/T 16.7, two digits; 41: none was read, and the permit "
        "declares none; empty: not known.",
    )
    operator: str | None = Field(
        default=None, description="The officer who refused the vehicle; null: no officer did, or an earlier agent."
    )
    cause: str | None = Field(default=None, description="Why the officer did.")
    cause_code: str | None = Field(
        default=None, description="Which of the preset reasons the officer chose; null: none, or an earlier agent."
    )


class LaneOrdered(Event):
    """A lane was locked or taken out of service by an order, or given back; it stays so over restarts.

    A locked lane opens only for the hold contact. A lane out of service reads nothing and lets no vehicle pass by
    itself; an officer can still open it.
    """

    TYPE: ClassVar[str] = "lane.ordered"
    order: Literal["locked", "unlocked", "out_of_service", "in_service"] = Field(description="What holds from now on.")
    operator: str = Field(description="Who ordered it.")
    cause: str = Field(description="Why.")


class DriverText(BaseModel):
    """A text for a driver in one language."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    language: str = Field(description="Its code by ISO 639-1: en, zh, ru or kk.")
    text: str = Field(description="What is said, in words.")


class DriverTold(Event):
    """Central sends a message to the driver at a lane: it is shown instead of the lane's own words.

    It is over with its time, and sooner where the barrier moves or the vehicle leaves. The transaction is the
    vehicle's, which may be closed already.
    """

    TYPE: ClassVar[str] = "driver.told"
    texts: tuple[DriverText, ...] = Field(description="What is said; empty: what was said before is taken off.")
    seconds: int = Field(description="For how long.")
    operator: str = Field(description="Who ordered it.")
    cause: str = Field(description="Why.")


class DriverOutputRecord(BaseModel):
    """One message to a driver on one device: a sign, or the loudspeaker."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    device: str = Field(description="Its name: lane and id.")
    message: DriverMessage = Field(description="Its id; what it says in each language is in docs/driver.md.")
    languages: tuple[str, ...] = Field(
        default=(), description="In which languages, by ISO 639-1, in their order; empty: in none."
    )
    receipt: DriverReceipt = Field(
        description="confirmed: the device has accepted just that; sent: it left for a device that does not tell what "
        "it shows or says; lost: the device was away, or cannot show or say it."
    )
    after_s: float = Field(default=0.0, description="When it was given, in seconds from the vehicle's arrival.")


class DriverShown(Event):
    """What signs and loudspeaker of the lane made of the messages to the driver of one vehicle.

    It comes after the transaction's outcome. A message that another one overtook before it was shown is left out. Lanes
    without signs and loudspeaker have no such event.
    """

    TYPE: ClassVar[str] = "driver.shown"
    outputs: tuple[DriverOutputRecord, ...] = Field(
        description="In the order in which they were given; at most the first 64."
    )


class CommandAccepted(Event):
    """A command from central passed every check, before anything is done about it."""

    TYPE: ClassVar[str] = "command.accepted"
    command: str = Field(description="The command's id.")
    name: str = Field(description="Which command.")
    key: str = Field(description="The id of the key that signed it.")
    fingerprint: str | None = Field(
        default=None, description="SHA-256 of the public key that signed it, in hex; null: of an earlier agent."
    )
    counter: int = Field(description="Its counter; it only rises with one key.")
    operator: str = Field(description="Who ordered it, as the command says.")
    cause: str = Field(description="Why, as the command says.")
    group: str = Field(default="", description="The group of gates of which it was ordered; empty: of this gate alone.")


class CommandExecuted(WithDetail, Event):
    """What became of an accepted command."""

    TYPE: ClassVar[str] = "command.executed"
    command: str = Field(description="The command's id.")
    name: str = Field(description="Which command.")
    result: Result = Field(description="How it ended.")
    detail: Detail = Field(default="", description="In words.")
    message: DetailMessage = None


class CommandRefused(WithDetail, Event):
    """A command was not obeyed. Nothing that is not proved is repeated here but for the topic's last part."""

    TYPE: ClassVar[str] = "command.refused"
    code: Refusal = Field(description="Why.")
    name: str = Field(description="The last part of its topic.")
    command: str | None = Field(
        default=None, description="The command's id, where the signature held and the body is right."
    )
    key: str | None = Field(default=None, description="The id of its key, where the signature held.")
    detail: Detail = Field(default="", description="In words.")
    message: DetailMessage = None
    count: int = Field(
        default=1, description="How many of this code since the last such event; a flood is folded into few events."
    )
    group: str = Field(default="", description="The group by whose topic it came; empty: by the gate's own.")


class AcknowledgementRefused(Event):
    """Central sent an impossible acknowledgement, or someone else did in its name."""

    TYPE: ClassVar[str] = "acknowledgement.refused"
    code: Literal[
        "malformed",
        "unsigned",
        "key_unknown",
        "rate_limited",
        "signature_invalid",
        "foreign_gate",
        "foreign_stream",
        "beyond_head",
        "wrong_head",
        "beyond_sent",
        "behind",
    ] = Field(description="Why.")
    stream: str | None = Field(default=None, description="The stream, as it said.")
    seq: int | None = Field(default=None, description="The watermark, as it said.")
    key: str | None = Field(default=None, description="The id of central's key, where its signature held.")
    count: int = Field(
        default=1, description="How many of this code since the last such event; a flood is folded into few events."
    )


class ChainCheckpoint(Event):
    """The gate's own signature over the chain up to the event before this one."""

    TYPE: ClassVar[str] = "chain.checkpoint"
    seq: int = Field(description="Of the event before.")
    digest: str = Field(description="SHA-256 of the bytes of the event before, in hex.")
    key: str = Field(description="The id of the gate's key; birth has the key.")
    signature: str = Field(
        description="Compact JWS (RFC 7515, RFC 8037) whose payload names gate, stream, seq, digest and time."
    )


class EvidenceSent(Event):
    """The broker took a picture, or the object store did."""

    TYPE: ClassVar[str] = "evidence.sent"
    picture: str = Field(description="Its SHA-256 in hex: the last part of its topic.")
    bytes: int = Field(description="Its size.")
    via: Literal["mqtt", "store"] = Field(
        default="mqtt", description="mqtt: the broker took it; store: it was PUT to where central said."
    )
    host: str = Field(default="", description="The host of the object store; empty: it went over MQTT.")


class BundleSent(Event):
    """A support bundle left the gate: the broker took it, or the object store did."""

    TYPE: ClassVar[str] = "bundle.sent"
    bundle: str = Field(description="Its SHA-256 in hex, as the result of `send_bundle` names it.")
    bytes: int = Field(description="Its size.")
    via: Literal["mqtt", "store"] = Field(
        description="mqtt: on the topic `evidence`, as application/zip; store: it was PUT to where central said."
    )
    host: str = Field(default="", description="The host of the object store; empty: it went over MQTT.")


class UploadFailed(WithDetail, Event):
    """A picture or bundle did not get to where central said. It is kept and asked for again, or goes over MQTT."""

    TYPE: ClassVar[str] = "upload.failed"
    what: Literal["picture", "bundle"] = Field(description="What it is.")
    sha256: str = Field(description="Its SHA-256 in hex.")
    code: UploadFault = Field(description="Why, as of the last try.")
    host: str = Field(description="The host of the object store. The rest of the URL is a secret.")
    detail: Detail = Field(default="", description="In words.")
    message: DetailMessage = None
    count: int = Field(
        default=1, description="How many of this code since the last such event; a flood is folded into few events."
    )


class EvidenceDropped(Event):
    """Pictures went before their time because all pictures were more than their cap."""

    TYPE: ClassVar[str] = "evidence.dropped"
    count: int = Field(description="How many.")
    cause: str = Field(description="Why.")


class ListsApplied(Event):
    """A new version of a list is in force, whole; what the gate decides from here on, it decides by it."""

    TYPE: ClassVar[str] = "lists.applied"
    list: Literal["trust", "declarations", "revocations", "watch"] = Field(description="Which list.")
    version: int = Field(description="Its version, which only goes up.")
    before: int = Field(description="The version until now; 0: none.")
    issued_at: int = Field(description="When it was signed, Unix seconds.")
    rows: int = Field(description="How many entries it has.")
    key: str = Field(description="The id of the key that signed it, in hex.")
    source: Literal["mqtt", "file"] = Field(description="How it came: over MQTT, or from a file.")
    whole: bool = Field(description="It was loaded whole; else by what had changed.")


class ListsRefused(WithDetail, Event):
    """A list, or a part of one, was not accepted; the one in force stays."""

    TYPE: ClassVar[str] = "lists.refused"
    list: Literal["trust", "declarations", "revocations", "watch"] = Field(description="Which list.")
    code: str = Field(description="Why, in one word: a ListFault or TrustFault value.")
    detail: Detail = Field(default="", description="In words.")
    message: DetailMessage = None
    source: Literal["mqtt", "file"] = Field(description="How it came: over MQTT, or from a file.")
    count: int = Field(
        default=1, description="How many of this code since the last such event; a flood is folded into few events."
    )


class ListsState(Event):
    """What the age of the lists allows has changed."""

    TYPE: ClassVar[str] = "lists.state"
    state: DataState = Field(description="What it allows now.")
    before: DataState | None = Field(default=None, description="What it allowed until now; null: the gate has started.")
    age_s: int | None = Field(
        default=None,
        description="Seconds since central's word on the oldest list that the gate needs; null: it lacks one.",
    )


class StateChanged(WithDetail, Event):
    """A part of the gate's own state is behind, lost, or whole again, as a witness shows or two persons accept."""

    TYPE: ClassVar[str] = "state.changed"
    part: StatePart = Field(description="Which part.")
    state: Wholeness = Field(
        description="whole; behind: an older copy is here; lost: it is not here, or not all of it."
    )
    before: Wholeness = Field(description="What it was until now.")
    detail: Detail = Field(default="", description="Who shows it, in words; or why it is whole again.")
    message: DetailMessage = None
    persons: tuple[str, ...] = Field(
        default=(), description="The two persons who accepted what is missing; empty: not needed."
    )


class LedgerConflict(Event):
    """One use of a permit was consumed by more than one gate of the site. Nothing undoes it."""

    TYPE: ClassVar[str] = "ledger.conflict"
    permit: str = Field(description="The permit id, in hex.")
    use: int = Field(description="Which use of it, from 1.")
    gates: tuple[str, ...] = Field(description="The gates that consumed it, in the order of their times.")
    transactions: tuple[str, ...] = Field(description="Their transactions, in the same order.")
    vin: str = Field(default="", description="The vehicle identification number that the permit names.")


class ClockChanged(WithDetail, Event):
    """The clock became more or less worth trusting, or was set."""

    TYPE: ClassVar[str] = "clock.changed"
    state: ClockState = Field(description="What it is worth now.")
    before: ClockState | None = Field(
        default=None, description="What it was worth until now; null: the gate has started."
    )
    step_s: float | None = Field(
        default=None, description="By how much it was set, in seconds, forward positive; null: it was not."
    )
    detail: Detail = Field(default="", description="Why, in words.")
    message: DetailMessage = None


class RecordsDeleted(Event):
    """Personal data went because its time was over."""

    TYPE: ClassVar[str] = "records.deleted"
    kind: Literal["uses", "declarations", "revocations", "watch", "pictures"] = Field(description="What it was.")
    count: int = Field(description="How many.")
    cause: str = Field(description="The rule.")


class PersonalDataErased(Event):
    """Personal values of events were erased for good; the events keep their digests, and the chain holds."""

    TYPE: ClassVar[str] = "personal_data.erased"
    rule: Literal["age", "request"] = Field(description="Why: their time was over, or a person asked for it.")
    values: int = Field(description="How many values.")
    events: int = Field(description="Of how many events.")
    pictures: int = Field(default=0, description="How many pictures went with them.")
    copies: int = Field(default=0, description="How many copies of the journal that had been set aside went with them.")
    operator: str | None = Field(default=None, description="Who asked for it; null: no person.")
    cause: str = Field(description="Why, as that person said; else the rule.")
    request: str | None = Field(default=None, description="The id of the command or request; null: there was none.")


class EventsDropped(Event):
    """Events that the gate had to give up. Never silent."""

    TYPE: ClassVar[str] = "events.dropped"
    first: int = Field(description="The first one's sequence number.")
    last: int = Field(description="The last one's sequence number.")
    cause: str = Field(description="Why.")
    stream: str | None = Field(
        default=None, description="The stream that they belonged to, where it is not this one; null: not known."
    )


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
