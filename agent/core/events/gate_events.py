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
