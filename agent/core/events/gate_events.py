"""Events of the gate as a whole: its start, configuration, documents and devices, and who looked at it."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.core.detail import Detail, DetailMessage, WithDetail
from agent.core.events.changed_keys import ChangedKey
from agent.core.events.event_base import Event
from agent.core.fleet import DocumentFault, DocumentProblem, DocumentState, FleetDifference


class GateStarted(Event):
    """The agent started."""

    TYPE: ClassVar[str] = "gate.started"
    version: str = Field(description="The version of the agent.")
    configuration: str = Field(description="SHA-256 of the configuration, in hex.")
    interrupted: tuple[str, ...] = Field(
        default=(), description="The transactions that were open when the agent last ended without a clean stop."
    )
    dry_run: tuple[str, ...] = Field(
        default=(), description="The lanes in dry run. They decide and record, but move nothing."
    )


class GateStopping(Event):
    """The agent stops on request."""

    TYPE: ClassVar[str] = "gate.stopping"
    cause: str = Field(description="Why the agent stops.")


class ConfigurationRefused(WithDetail, Event):
    """The gate cannot use the configuration on the disk. It continues with the last valid one."""

    TYPE: ClassVar[str] = "configuration.refused"
    errors: int = Field(description="The number of errors in the configuration.")
    detail: Detail = Field(description="The first error, with file, line and column.")
    message: DetailMessage = None
    running: str = Field(description="SHA-256 of the configuration in force, in hex.")


class ConfigurationApplied(WithDetail, Event):
    """The gate runs with another configuration than the last time. The event lists every changed key.

    It does not matter how the change was made.
    """

    TYPE: ClassVar[str] = "configuration.applied"
    configuration: str = Field(description="SHA-256 of the configuration in force, in hex.")
    before: str = Field(default="", description="SHA-256 of the previous configuration, in hex. Empty if unknown.")
    person: str = Field(
        default="", description="Who made the change, from the history of the configuration. Empty if unknown."
    )
    detail: Detail = Field(default="", description="How the change was made, in words.")
    message: DetailMessage = None
    changes: tuple[ChangedKey, ...] = Field(
        default=(), description="The keys that changed. If no previous configuration is known: all keys that are set."
    )
    part: int = Field(default=1, ge=1, description="The number of this event among `parts` consecutive events, from 1.")
    parts: int = Field(default=1, ge=1, description="The number of consecutive events that share the keys.")


class AnchorRecord(BaseModel):
    """One trust anchor that changed. Its entries are fingerprints. Entries that stay are in both lists."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    key: str = Field(description="The anchor: section and name, as in permits.root_keys.")
    before: tuple[str, ...] = Field(
        description="The entries before the change. Keys and certificates are shown as sha256: and their SHA-256."
    )
    after: tuple[str, ...] = Field(description="The entries after the change, in the same form.")


class AnchorsChanged(Event):
    """The trust anchors of the gate (the keys, brokers and people that it trusts) changed."""

    TYPE: ClassVar[str] = "anchors.changed"
    number: int = Field(
        description="The number of the anchors after the change. 0 if the gate has no anchors of its own any more."
    )
    authority: str = Field(
        description="Who authorised the change. root: before the first real vehicle. persons: two people. "
        "person_and_root: one person and root. central: a signed document. seal: a real vehicle was there, so no "
        "one can change the anchors alone any more. unknown: someone wrote the file."
    )
    by: tuple[str, ...] = Field(description="The names of the people, or the ids of the keys of central.")
    cause: str = Field(description="Why the anchors changed.")
    anchors: tuple[AnchorRecord, ...] = Field(
        description="The anchors that changed. In the first such event: all anchors."
    )
    digest: str = Field(description="SHA-256 of all anchors together, in hex.")
    changed_at: int = Field(description="When the anchors changed, in Unix seconds. 0 if unknown.")


class FleetDocumentChanged(WithDetail, Event):
    """A fleet document from central changed its state: refused, waiting, on trial, in force, or undone by the gate."""

    TYPE: ClassVar[str] = "fleet.document"
    kind: str = Field(description="configuration, policy or software.")
    audience: str = Field(description="Who the document is for: all, group:NAME or gate:ID.")
    version: int = Field(
        description="The version of the document. 0 if it names none. The values of a refused document need not be "
        "true."
    )
    digest: str = Field(
        default="", description="SHA-256, in hex, of kind, audience and text. Empty if the document was not proven."
    )
    key: str = Field(
        default="", description="The id of the key that signed the document. Empty if the document was not proven."
    )
    state: DocumentState = Field(
        description="refused; waiting (until no vehicle is there); trial; applied; undone (the gate went back). For "
        "software also fetching, and installing (until the software has proved itself)."
    )
    code: DocumentFault | None = Field(
        default=None, description="Why the document was refused or undone. Null if it was neither."
    )
    detail: Detail = Field(default="", description="The reason in words.")
    message: DetailMessage = None
    problems: tuple[DocumentProblem, ...] = Field(default=(), description="The errors in the document, by line.")
    count: int = Field(
        default=1,
        description="The number of such cases since the last event with this code. Many cases in a short time share "
        "few events.",
    )


class FleetDrifted(Event):
    """The list of settings in which the gate differs from its fleet documents changed."""

    TYPE: ClassVar[str] = "fleet.drift"
    keys: tuple[FleetDifference, ...] = Field(
        description="The keys that differ, 50 at most. Empty if none differs any more."
    )
    count: int = Field(description="The number of keys that differ.")


class ConsoleActed(WithDetail, Event):
    """A person did something on the console or at the command line, or was refused."""

    TYPE: ClassVar[str] = "console.acted"
    person: str = Field(
        description="Who acted: the name of a console user, or at the command line of a user of the computer. "
        '"local" for a request through the local socket. "" if the person is unknown.'
    )
    role: str = Field(description='viewer, technician or admin. "" for an unknown person, and at the command line.')
    address: str = Field(description='The network address of the request, or "local".')
    act: str = Field(
        description="What was done, such as session.opened, user.added, configuration.changed or barrier.pulsed."
    )
    detail: Detail = Field(default="", description="What was acted on, and why, in words.")
    message: DetailMessage = None
    done: bool = Field(default=True, description="False if the request was refused and nothing was done.")
    changes: tuple[ChangedKey, ...] = Field(
        default=(),
        description="For a proposed or written configuration: every key that differs from the configuration in force.",
    )
    part: int = Field(default=1, ge=1, description="The number of this event among `parts` consecutive events, from 1.")
    parts: int = Field(default=1, ge=1, description="The number of consecutive events that share the keys.")


class Search(BaseModel):
    """What a person searched for in the journal."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    plate: str = Field(default="", description="The plate in the search. Empty if none.")
    permit: str = Field(default="", description="The permit id in the search. Empty if none.")


class EvidenceViewed(Event):
    """A person viewed data of vehicles and people: pictures, vehicles or searches.

    The gate reports the first view of a person at once, and later views together.
    """

    TYPE: ClassVar[str] = "evidence.viewed"
    person: str = Field(
        description="Who viewed: the name of a console user, or at the command line of a user of the computer; or "
        '"local".'
    )
    role: str = Field(description='viewer, technician or admin. "" at the command line.')
    address: str = Field(description='The network address of the request, or "local".')
    pictures: tuple[str, ...] = Field(default=(), description="SHA-256 of each kept picture that was shown, in hex.")
    vehicles: tuple[str, ...] = Field(default=(), description="The transactions whose whole record was shown.")
    cameras: tuple[str, ...] = Field(
        default=(),
        description="The cameras whose live picture was shown, as lane/camera. Reported again after an hour.",
    )
    searches: tuple[Search, ...] = Field(default=(), description="The searches in the journal.")
    commands: tuple[str, ...] = Field(
        default=(), description="The commands on this computer that showed or exported events or pictures."
    )


class DeviceChanged(WithDetail, Event):
    """A device appeared, disappeared or changed its state."""

    TYPE: ClassVar[str] = "device.changed"
    device: str = Field(description="The name of the device: lane and id.")
    family: Literal["camera", "scanner", "relay", "inputs", "sign", "voice", "broker"] = Field(
        description="The kind of device."
    )
    state: str = Field(
        description="connecting, up, stale or lost. A working camera reports streaming, overloaded, or a problem "
        "with its picture: dark, covered, blurred, blinded, noisy or moved."
    )
    detail: Detail = Field(default="", description="What the device is, or why it is lost, in words.")
    message: DetailMessage = None
