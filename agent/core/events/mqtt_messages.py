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
    kid: str = Field(description="Key id: the first 16 hex digits of the SHA-256 of the public key.")
    public: str = Field(description="The public key: 32 bytes of Ed25519 in hex.")


class CommandOffer(BaseModel):
    """What the gate says of the commands that it takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    names: tuple[str, ...] = Field(description="The commands that some key may give.")
    keys: tuple[str, ...] = Field(description="The ids of the keys whose commands are checked at all.")
    max_life_s: int = Field(description="The longest time between `iat` and `exp` of a command.")
    optional: tuple[str, ...] = Field(
        default=(),
        description="Fields of the body that it takes, and that agents before them refuse: `traceparent`, "
        "`tracestate`. Empty: of an earlier agent.",
    )


class KeyFingerprints(BaseModel):
    """The keys that the gate trusts, each by the SHA-256 of its public half in hex."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    root_keys: tuple[str, ...] = Field(description="Of the keys that sign the trust list.")
    command_keys: dict[str, str] = Field(description="Of the keys that may sign commands, by their ids.")


class StandingOrders(BaseModel):
    """Which orders are in force for a lane, and who gave them; empty: no one."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    locked_by: str = Field(default="", description="Who locked it: it opens only for the hold contact.")
    out_of_service_by: str = Field(default="", description="Who took it out of service.")


class ListsHeld(BaseModel):
    """The lists of the gate: how fresh they are, and their versions; null: it has none."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    state: DataState | None = Field(description="What their age allows; null: that cannot be known.")
    trust: Count = Field(default=0, description="Version of the trust list; 0: none.")
    declarations: Count | None = Field(default=None, description="Version of the declarations.")
    revocations: Count | None = Field(default=None, description="Version of the revocations.")
    watch: Count | None = Field(default=None, description="Version of the watch list.")


class UploadWanted(BaseModel):
    """A picture or a bundle that waits for central to say where it may be put."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sha256: str = Field(description="Its SHA-256 in hex.")
    bytes: Count = Field(description="Its size.")
    what: Literal["picture", "bundle"] = Field(description="A JPEG picture, or a support bundle (ZIP).")


class PartOfState(BaseModel):
    """How one part of what the gate keeps stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    state: Wholeness = Field(
        default=Wholeness.WHOLE, description="whole; behind: an older copy is here; lost: not here, or not all of it."
    )
    cause: str = Field(default="", description="Who shows it, in words; empty: it is whole.")


class Presence(BaseModel):
    """What birth and status have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    gate: str = Field(description="The gate id: the CN of the gate's certificate.")
    version: str = Field(description="The version of the agent.")
    boot: str = Field(description="New with every start of the agent.")
    stream: str = Field(description="New with every new journal; sequence numbers count within it.")
    time: str = Field(
        description="When this was said: RFC 3339, UTC, milliseconds.", json_schema_extra={"format": "date-time"}
    )
    clock_synced: bool = Field(description="Whether the gate's clock is synchronised.")
    clock_error_ms: Count | None = Field(default=None, description="Bound of the clock's error; null: not known.")
    clock_state: ClockState | None = Field(
        default=None, description="Whether permits may be judged by the gate's clock: not while UNTRUSTED."
    )
    lists: ListsHeld | None = Field(default=None, description="The signed lists that the gate holds.")
    trust_state: dict[str, PartOfState] = Field(
        default={},
        description="Whether the gate still has what it keeps: journal, ledger, lists, orders. While one is not whole, "
        "an officer decides.",
    )
    head: str | None = Field(
        default=None,
        description="Compact JWS of the type gate-head+jwt, signed by the gate's key, over the last event, the end of "
        "the row log, the versions of lists and the lanes' orders. The gate reads its own again and holds itself "
        "against it.",
    )
    fingerprints: KeyFingerprints | None = Field(
        default=None, description="The keys that the gate trusts; null: of an earlier agent."
    )
    site: dict[str, JsonValue] = Field(
        default={}, description="Its connection to the other gates of its site; empty: it is the only one."
    )
    anchors: dict[str, JsonValue] = Field(
        default={},
        description="The trust anchors that root keeps for the gate: `number`, `sealed`, `digest` (SHA-256 in hex) and "
        "`overruled`, the keys that its configuration would set otherwise. Empty: they are in its configuration.",
    )
    configuration_problem: str = Field(
        default="",
        description="Why the configuration on the disk is not the one that runs: its first mistake. Empty: it is.",
    )
    devices: dict[str, str] = Field(default={}, description="The state of every device, by its name.")
    lanes: dict[str, str | None] = Field(
        default={}, description="The state of every lane, by its name; null: it has none yet."
    )
    driver_messages: dict[str, DriverMessage] = Field(
        default={}, description="What the driver at each lane is told now, by the lane's name; a message's id."
    )
    dry_run: tuple[str, ...] = Field(
        default=(), description="The lanes in dry run: they decide and record, and move nothing."
    )
    driver_outputs: dict[str, DriverOutputRecord] = Field(
        default={},
        description="What each sign and loudspeaker was given last and the result, by the device's name; "
        "`after_s` is 0.",
    )
    orders: dict[str, StandingOrders] = Field(
        default={}, description="The lanes that are locked or out of service, by their names."
    )
    pictures_waiting: Count = Field(default=0, description="How many pictures are still to be sent.")
    pictures_trouble: str = Field(default="", description="Why the last picture did not get through; empty: it did.")
    uploads_wanted: tuple[UploadWanted, ...] = Field(
        default=(),
        description="What waits for a URL, at most 16 at a time: central answers with the command `upload_grant`. "
        "Always empty where the gate may upload nowhere.",
    )
    journal_failing: bool = Field(
        default=False, description="The journal cannot be written: no barrier is raised, an officer must act."
    )
    challenge: str | None = Field(
        default=None,
        description="What a command must repeat; new with every connection and every ten minutes, so take it from "
        "`status`: that of `birth` goes stale. Null: no commands are taken.",
    )
    checkpoint: str | None = Field(
        default=None,
        description="Compact JWS, signed by the gate's key, over {gate, stream, seq, digest, time} of the last event.",
    )


class Status(Presence):
    """How the gate is. Retained; also the last will.

    A gate that cannot make the whole message sends `state` alone.
    """

    model_config = ConfigDict(json_schema_extra={"required": ["state"]})
    state: Literal["online", "offline", "lost"] = Field(
        description="online; offline: stopped in order; lost: the will, whose other fields are those of the connect."
    )
    seq_head: Count = Field(description="The highest sequence number recorded; 0: none.")
    seq_acked: Count = Field(description="The watermark: all up to it is acknowledged.")
    depth: Count = Field(description="How many events wait for their acknowledgement.")
    ack_mode: AckModeName = Field(
        description="watermark: events are kept until central acknowledges them; puback: until the broker took them."
    )
    ack: AckStateName = Field(
        description="Acknowledgements: waiting for the first, heard, silent (one is owed), none (not used)."
    )
    trouble: str = Field(description="Why events do not get through, in words; empty: they do.")
    refused: Count = Field(description="How often the broker refused an event since the start.")
    acks: dict[str, Count] = Field(description="Acknowledgements since the start by result.")
    acks_signed: bool | None = Field(
        default=None,
        description="Whether only acknowledgements are taken that central signed. False: who may write to `ack` can "
        "make the gate forget events. Null: not used (`ack_mode` puback).",
    )
    broker: Count = Field(description="Which address of the gate's list it is connected to, from 0.")


class Birth(Presence):
    """What the gate is. Retained; published on every connect."""

    schema_version: int = Field(
        alias="schema", description="The version of the schemas: the last part of `dataschema`."
    )
    types: tuple[str, ...] = Field(description="The event types that this gate can send.")
    inventory: dict[str, JsonValue] = Field(
        description="Site, groups, digest of the configuration, the drivers in use that installed packages bring, each "
        "with package and version, every lane with its devices by kind, `devices`: each with what its driver "
        "found there, firmware included, and `machine`: model, serial number, system, kernel, architecture, versions, "
        "time zone."
    )
    first_kept: Count = Field(default=1, description="The lowest sequence number that can still be replayed.")
    key: GateKey | None = Field(default=None, description="The gate's own key; null: it signs nothing.")
    commands: CommandOffer | None = Field(default=None, description="The commands that it takes; null: none.")
    fleet: FleetReport | None = Field(
        default=None, description="The fleet documents of the gate, and what it sets otherwise; null: not known yet."
    )


class CameraHealth(BaseModel):
    """How one camera does."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    state: str = Field(description="As in `devices` of `status`; empty: not known yet.")
    score: Share | None = Field(
        description="Share of the frames in a time of change that were read, over the last minute; null: no frame came."
    )
    age_p95_ms: Count | None = Field(
        description="What the age of the newest frame stayed below in 95 of 100 looks, over the last minute; null: "
        "no frame came."
    )
    load: Share | None = Field(description="Share of the time in which the code reader was busy; null: not known.")
    restarts: Count = Field(description="How often the camera's process was restarted.")


class HealthFinding(BaseModel):
    """A problem that the gate found; docs/doctor.md says how to fix it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    code: str = Field(description="What was found.")
    subject: str = Field(description="Of which of several things, such as a camera's name; empty: there is one only.")
    severity: Literal["note", "warning", "error"] = Field(description="How grave it is.")
    values: dict[str, str] = Field(
        default={},
        description="What the words of the code in docs/doctor.md name, such as `date` and `left`; empty: nothing.",
    )


class HealthExpiry(BaseModel):
    """When something ends that the gate goes by: a certificate, an authority, the trust list, a key in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ExpiryKind = Field(description="What it is.")
    subject: str = Field(
        description="Which one: the section of the configuration that names it, such as mqtt, or the id of a key."
    )
    ends: str | None = Field(
        description="When it ends; null: it cannot be read.", json_schema_extra={"format": "date-time"}
    )
    renews: str | None = Field(
        default=None,
        description="When the gate asks for the next one by itself; null: it does not.",
        json_schema_extra={"format": "date-time"},
    )
    trouble: str = Field(default="", description="Why the last attempt to renew it failed; empty: it did not.")


class Health(BaseModel):
    """How well the gate does: every minute and when a problem comes or goes, retained.

    Also what `gate-agent doctor` publishes to try a broker, not retained.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    gate: str = Field(description="The gate id.")
    version: str = Field(description="The version of the agent.")
    boot: str | None = Field(description="That of `status`; null: the doctor says it, while no agent was asked.")
    time: str = Field(
        description="When this was said: RFC 3339, UTC, milliseconds.", json_schema_extra={"format": "date-time"}
    )
    cameras: dict[str, CameraHealth] = Field(default={}, description="Every camera, by its name.")
    relays_ms: dict[str, float | None] = Field(
        default={}, description="How long each relay board took to answer last; null: it does not answer."
    )
    disk_free_bytes: Count | None = Field(default=None, description="Room on the disk of the state; null: not known.")
    examined: str | None = Field(
        default=None,
        description="When the gate last examined itself; null: not yet.",
        json_schema_extra={"format": "date-time"},
    )
    findings: tuple[HealthFinding, ...] = Field(default=(), description="The problems that it found then; empty: none.")
    expiries: tuple[HealthExpiry, ...] = Field(
        default=(), description="When certificates, authorities, the trust list and its keys end; of keys the first 16."
    )
    fleet: FleetReport | None = Field(
        default=None, description="The fleet documents of the gate, and what it sets otherwise; null: not known yet."
    )


class Ack(BaseModel):
    """Central's word that all events of `stream` up to `seq` are stored without a gap.

    A gate that has keys of central in `mqtt.ack_keys` takes it by its signature alone. Unknown fields are left alone.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")
    stream: str = Field(min_length=1, max_length=128, description="The `stream` of the events.")
    seq: int = Field(
        ge=0, le=2**63 - 1, description="The watermark: all events up to and including this `seq` are stored."
    )
    signature: str | None = Field(
        default=None,
        description="Compact JWS (RFC 7515, RFC 8037) with the `typ` gate-acknowledgement+jwt, by central's key, over "
        "{gate, stream, seq, digest}: `digest` is the SHA-256, in hex, of the bytes of the event `seq`, and of the "
        "stream id for 0. Null: it is not signed.",
    )


class CommandResult(BaseModel):
    """What became of a command. A repeat of an accepted command brings the same answer and does nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    command: str | None = Field(
        default=None, description="The command's id; null where its signature did not hold, and for BODY_INVALID."
    )
    gate: str = Field(description="The gate id.")
    name: str = Field(description="The last part of the command's topic.")
    result: Result = Field(description="How it ended.")
    code: Refusal | None = Field(default=None, description="Why it was refused; null: it was not.")
    detail: str = Field(default="", description="One sentence for people.")
    data: dict[str, JsonValue] = Field(default={}, description="What the command brings.")
    challenge: str | None = Field(default=None, description="The gate's current challenge, for the next command.")
    traceparent: str | None = Field(
        default=None,
        pattern=TRACEPARENT,
        description="That of the command, as it came; null: it carries none that is right, or its signature did not "
        "hold.",
    )
    tracestate: str | None = Field(default=None, description="That of the command; null: none that is right.")
