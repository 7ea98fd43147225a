"""Events of the exchange with central: commands, acknowledgements, checkpoints, pictures and bundles."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from agent.core.commands import Refusal, Result
from agent.core.detail import Detail, DetailMessage, WithDetail
from agent.core.events.event_base import Event
from agent.core.model import UploadFault


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
    """Pictures were deleted early because all pictures together exceeded their limit."""

    TYPE: ClassVar[str] = "evidence.dropped"
    count: int = Field(description="How many.")
    cause: str = Field(description="Why.")
