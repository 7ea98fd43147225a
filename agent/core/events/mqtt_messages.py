"""The messages beside the events.

Status, birth, health, acknowledgement and the result of a command, as they are sent. All are JSON objects in UTF-8. A
change may only add fields, each with a default. agent.core.commands.body has the commands.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from agent.core.clock import ClockState
from agent.core.commands import Refusal, Result
from agent.core.events.event_types import DriverOutputRecord
from agent.core.fleet import FleetReport
from agent.core.lists import DataState
from agent.core.model import TRACEPARENT, DriverMessage, ExpiryKind
from agent.core.trust_state import Wholeness

AckModeName = Literal["watermark", "puback"]
AckStateName = Literal["waiting", "heard", "silent", "none"]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class GateKey(BaseModel):
    """The gate's own key, which signs checkpoints."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kid: str = Field(description="The key id: the first 16 hex digits of the SHA-256 of the public key.")
    public: str = Field(description="The public key: 32 bytes of Ed25519, in hex.")


class CommandOffer(BaseModel):
    """The commands that the gate accepts."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    names: tuple[str, ...] = Field(description="The commands that at least one key may give.")
    keys: tuple[str, ...] = Field(
        description="The ids of the keys whose commands the gate checks. It refuses all others."
    )
    max_life_s: int = Field(description="The longest time between `iat` and `exp` of a command, in seconds.")
    optional: tuple[str, ...] = Field(
        default=(),
        description="The optional fields of the body that this gate accepts and earlier agents refuse: "
        "`traceparent`, `tracestate`. Empty from an earlier agent.",
    )


class KeyFingerprints(BaseModel):
    """The keys that the gate trusts, each as the SHA-256 of its public key in hex."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    root_keys: tuple[str, ...] = Field(description="The keys that sign the trust list.")
    command_keys: dict[str, str] = Field(description="The keys that may sign commands, by their ids.")


class StandingOrders(BaseModel):
    """The orders in force for a lane, and who gave them. Empty if no one did."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    locked_by: str = Field(
        default="", description="Who locked the lane. A locked lane opens only for the hold contact."
    )
    out_of_service_by: str = Field(default="", description="Who took the lane out of service.")


class ListsHeld(BaseModel):
    """How fresh the lists of the gate are, and their versions. A version is null if the gate does not have the list."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    state: DataState | None = Field(description="What the age of the lists allows. Null if that is unknown.")
    trust: Count = Field(default=0, description="The version of the trust list. 0 if there is none.")
    declarations: Count | None = Field(default=None, description="The version of the declarations.")
    revocations: Count | None = Field(default=None, description="The version of the revocations.")
    watch: Count | None = Field(default=None, description="The version of the watch list.")


class UploadWanted(BaseModel):
    """A picture or a bundle for which the gate needs a URL from central."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sha256: str = Field(description="SHA-256 of the picture or bundle, in hex.")
    bytes: Count = Field(description="The size in bytes.")
    what: Literal["picture", "bundle"] = Field(description="A JPEG picture, or a support bundle (ZIP).")


class PartOfState(BaseModel):
    """Whether one part of the gate's state is whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    state: Wholeness = Field(
        default=Wholeness.WHOLE,
        description="whole; behind: the gate has an older copy; lost: the gate has nothing, or not all of it.",
    )
    cause: str = Field(default="", description="How the gate knows, in words. Empty if the part is whole.")


class Presence(BaseModel):
    """The fields that birth and status share."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    gate: str = Field(description="The gate id: the CN of the gate's certificate.")
    version: str = Field(description="The version of the agent.")
    boot: str = Field(description="An id that is new with every start of the agent.")
    stream: str = Field(
        description="The id of the stream. Each new journal begins a new stream, and sequence numbers count within it."
    )
    time: str = Field(
        description="When the gate made the message: RFC 3339, UTC, with milliseconds.",
        json_schema_extra={"format": "date-time"},
    )
    clock_synced: bool = Field(description="Whether the gate's clock is synchronised.")
    clock_error_ms: Count | None = Field(
        default=None, description="The largest possible error of the clock, in ms. Null if unknown."
    )
    clock_state: ClockState | None = Field(
        default=None,
        description="Whether the gate may judge permits by its clock: not while it is UNTRUSTED. Null if unknown.",
    )
    lists: ListsHeld | None = Field(default=None, description="The signed lists of the gate. Null if it has none.")
    trust_state: dict[str, PartOfState] = Field(
        default={},
        description="Whether the gate still has all of its state: journal, ledger, lists and orders. While a part "
        "is not whole, an officer decides.",
    )
    head: str | None = Field(
        default=None,
        description="Compact JWS of the type gate-head+jwt, signed with the gate's key. It covers the last event, "
        "the end of the row log, the list versions and the orders of the lanes. The gate reads it back later and "
        "compares its own state with it.",
    )
    fingerprints: KeyFingerprints | None = Field(
        default=None, description="The keys that the gate trusts. Null from an earlier agent."
    )
    site: dict[str, JsonValue] = Field(
        default={}, description="The connection to the other gates of the site. Empty if there are no others."
    )
    anchors: dict[str, JsonValue] = Field(
        default={},
        description="The trust anchors that root keeps for the gate: `number`, `sealed`, `digest` (SHA-256 in hex) "
        "and `overruled` (the keys that the configuration sets differently). Empty if the anchors are in the "
        "configuration.",
    )
    configuration_problem: str = Field(
        default="",
        description="The first error in the configuration on the disk, if the gate cannot use that configuration. "
        "Empty if it can.",
    )
    devices: dict[str, str] = Field(default={}, description="The state of every device, by its name.")
    lanes: dict[str, str | None] = Field(
        default={}, description="The state of every lane, by its name. Null if it has none yet."
    )
    driver_messages: dict[str, DriverMessage] = Field(
        default={}, description="The id of the message that the driver at each lane gets now, by the name of the lane."
    )
    dry_run: tuple[str, ...] = Field(
        default=(), description="The lanes in dry run. They decide and record, but move nothing."
    )
    driver_outputs: dict[str, DriverOutputRecord] = Field(
        default={},
        description="The last message to each sign and loudspeaker and its result, by the name of the device. "
        "`after_s` is 0.",
    )
    orders: dict[str, StandingOrders] = Field(
        default={}, description="The lanes that are locked or out of service, by their names."
    )
    pictures_waiting: Count = Field(default=0, description="The number of pictures still to be sent.")
    pictures_trouble: str = Field(default="", description="Why the last picture was not sent. Empty if it was.")
    uploads_wanted: tuple[UploadWanted, ...] = Field(
        default=(),
        description="The pictures and bundles that need a URL, 16 at a time at most. Central answers with the "
        "command `upload_grant`. Always empty if the gate may not upload anywhere.",
    )
    journal_failing: bool = Field(
        default=False,
        description="Whether the gate cannot write the journal. Then it raises no barrier, and an officer must act.",
    )
    challenge: str | None = Field(
        default=None,
        description="The challenge that a command must repeat. It changes with every connection and every ten "
        "minutes, so take it from `status`, not from `birth`. Null if the gate accepts no commands.",
    )
    checkpoint: str | None = Field(
        default=None,
        description="Compact JWS, signed with the gate's key, over {gate, stream, seq, digest, time} of the last "
        "event.",
    )


class Status(Presence):
    """The state of the gate. Retained, and also the last will.

    A gate that cannot make the whole message sends `state` alone.
    """

    model_config = ConfigDict(json_schema_extra={"required": ["state"]})
    state: Literal["online", "offline", "lost"] = Field(
        description="online; offline: stopped normally; lost: the last will, whose other fields date from the connect."
    )
    seq_head: Count = Field(description="The highest sequence number recorded. 0 if there is none.")
    seq_acked: Count = Field(description="The watermark: central has acknowledged all events up to this `seq`.")
    depth: Count = Field(description="The number of events that wait for their acknowledgement.")
    ack_mode: AckModeName = Field(
        description="watermark: the gate keeps events until central acknowledges them. puback: it keeps them until "
        "the broker has accepted them."
    )
    ack: AckStateName = Field(
        description="The state of acknowledgements: waiting (for the first), heard, silent (one is overdue), none "
        "(not used)."
    )
    trouble: str = Field(description="Why events do not get through, in words. Empty if they do.")
    refused: Count = Field(description="How often the broker refused an event since the start.")
    acks: dict[str, Count] = Field(description="The number of acknowledgements since the start, by result.")
    acks_signed: bool | None = Field(
        default=None,
        description="Whether the gate accepts only acknowledgements that central signed. False: anyone who may "
        "write to `ack` can make the gate delete events. Null if acknowledgements are not used (`ack_mode` "
        "puback).",
    )
    broker: Count = Field(description="The position, from 0, of the connected broker in the gate's list of addresses.")
    status_every_s: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="The gate sends a status at least this often, in seconds. Report the gate as silent after three "
        "times as long, but not before 90 s. Null from an earlier agent: assume 30.",
    )


class Birth(Presence):
    """What the gate is. Retained, and published on every connect."""

    schema_version: int = Field(
        alias="schema", description="The version of the schemas: the last part of `dataschema`."
    )
    types: tuple[str, ...] = Field(description="The event types that this gate can send.")
    inventory: dict[str, JsonValue] = Field(
        description="The site, the groups and the digest of the configuration. The drivers in use from installed "
        "packages, each with package and version. Every lane with its devices by kind. `devices`: what each "
        "driver found, firmware included. `machine`: model, serial number, system, kernel, architecture, "
        "versions and time zone."
    )
    first_kept: Count = Field(default=1, description="The lowest sequence number that the gate can still replay.")
    key: GateKey | None = Field(default=None, description="The gate's own key. Null if the gate signs nothing.")
    commands: CommandOffer | None = Field(
        default=None, description="The commands that the gate accepts. Null if it accepts none."
    )
    fleet: FleetReport | None = Field(
        default=None,
        description="The fleet documents of the gate, and the keys in which it differs from them. Null if unknown yet.",
    )


class CameraHealth(BaseModel):
    """How well one camera works."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    state: str = Field(description="The state as in `devices` of `status`. Empty if unknown yet.")
    score: Share | None = Field(
        description="The share of the frames that were read while the picture changed, over the last minute: 0 to "
        "1. Null if unknown yet."
    )
    age_p95_ms: Count | None = Field(
        description="The 95th percentile of the age of the newest frame over the last minute, in ms. Null if no "
        "frame came."
    )
    load: Share | None = Field(
        description="The share of the time in which the code reader was busy, 0 to 1. Null if unknown."
    )
    restarts: Count = Field(description="How often the process of the camera was restarted.")


class HealthFinding(BaseModel):
    """A problem that the gate found. docs/doctor.md says how to fix it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    code: str = Field(description="The code of the problem.")
    subject: str = Field(
        description="Which of several things has the problem, such as the name of a camera. Empty if there is only one."
    )
    severity: Literal["note", "warning", "error"] = Field(description="How serious the problem is.")
    values: dict[str, str] = Field(
        default={},
        description="The values for the text of the code in docs/doctor.md, such as `date` and `left`. Empty if the "
        "text needs none.",
    )


class HealthExpiry(BaseModel):
    """The expiry of something that the gate needs: a certificate, an authority, the trust list or one of its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ExpiryKind = Field(description="The kind of thing that expires.")
    subject: str = Field(
        description="Which one: the section of the configuration that names it, such as mqtt, or the id of a key."
    )
    ends: str | None = Field(
        description="When it expires: RFC 3339, UTC. Null if the gate cannot read it.",
        json_schema_extra={"format": "date-time"},
    )
    renews: str | None = Field(
        default=None,
        description="When the gate renews it by itself: RFC 3339, UTC. Null if it does not.",
        json_schema_extra={"format": "date-time"},
    )
    trouble: str = Field(default="", description="Why the last attempt to renew it failed. Empty if it did not fail.")


class Health(BaseModel):
    """How well the gate works: every minute, and when a problem appears or ends. Retained.

    `gate-agent doctor` also publishes it to test a broker. That message is not retained.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    gate: str = Field(description="The gate id.")
    version: str = Field(description="The version of the agent.")
    boot: str | None = Field(
        description="The `boot` of `status`. Null if the doctor made the message without asking a running agent."
    )
    time: str = Field(
        description="When the gate made the message: RFC 3339, UTC, with milliseconds.",
        json_schema_extra={"format": "date-time"},
    )
    cameras: dict[str, CameraHealth] = Field(default={}, description="Every camera, by its name.")
    relays_ms: dict[str, float | None] = Field(
        default={},
        description="The time that the last answer of each relay board took, in ms, by its name. Null if the board "
        "does not answer.",
    )
    disk_free_bytes: Count | None = Field(
        default=None, description="The free space on the disk with the state, in bytes. Null if unknown."
    )
    examined: str | None = Field(
        default=None,
        description="When the gate last examined itself: RFC 3339, UTC. Null if it has not yet.",
        json_schema_extra={"format": "date-time"},
    )
    findings: tuple[HealthFinding, ...] = Field(
        default=(), description="The problems that the gate found then. Empty if there are none."
    )
    expiries: tuple[HealthExpiry, ...] = Field(
        default=(),
        description="When certificates, authorities, the trust list and its keys expire. Of the keys the first 16.",
    )
    fleet: FleetReport | None = Field(
        default=None,
        description="The fleet documents of the gate, and the keys in which it differs from them. Null if unknown yet.",
    )


class Ack(BaseModel):
    """Central confirms that it has stored all events of `stream` up to `seq`, without a gap.

    A gate with keys of central in `mqtt.ack_keys` accepts only a valid signature. It ignores unknown fields.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")
    stream: str = Field(min_length=1, max_length=128, description="The `stream` of the events.")
    seq: int = Field(
        ge=0, le=2**63 - 1, description="The watermark: all events up to and including this `seq` are stored."
    )
    signature: str | None = Field(
        default=None,
        description="Compact JWS (RFC 7515, RFC 8037) with the `typ` gate-acknowledgement+jwt, signed with "
        "central's key, over {gate, stream, seq, digest}. `digest` is the SHA-256, in hex, of the bytes of the "
        "event `seq`; for `seq` 0, of the stream id. Null if the message is not signed.",
    )


class CommandResult(BaseModel):
    """The result of a command. A repeated command gets the same answer, and the gate does nothing again."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    command: str | None = Field(
        default=None, description="The id of the command. Null if its signature is not valid, and for BODY_INVALID."
    )
    gate: str = Field(description="The gate id.")
    name: str = Field(description="The last part of the topic of the command.")
    result: Result = Field(description="How the command ended.")
    code: Refusal | None = Field(default=None, description="Why the gate refused the command. Null if it did not.")
    detail: str = Field(default="", description="One sentence for people.")
    data: dict[str, JsonValue] = Field(default={}, description="What the command returns.")
    challenge: str | None = Field(default=None, description="The gate's current challenge, for the next command.")
    traceparent: str | None = Field(
        default=None,
        pattern=TRACEPARENT,
        description="The `traceparent` of the command, unchanged. Null if the command has no valid one, or if its "
        "signature is not valid.",
    )
    tracestate: str | None = Field(
        default=None, description="The `tracestate` of the command. Null if the command has no valid one."
    )
