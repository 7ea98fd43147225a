"""Events of the exchange with central: commands, acknowledgements, checkpoints, pictures and bundles."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from agent.core.commands import Refusal, Result
from agent.core.detail import Detail, DetailMessage, WithDetail
from agent.core.events.event_base import Event
from agent.core.model import UploadFault


class CommandAccepted(Event):
    """A command from central passed every check. The gate has not yet acted on it."""

    TYPE: ClassVar[str] = "command.accepted"
    command: str = Field(description="The id of the command.")
    name: str = Field(description="The name of the command.")
    key: str = Field(description="The id of the key that signed the command.")
    fingerprint: str | None = Field(
        default=None,
        description="SHA-256 of the public key that signed the command, in hex. Null in events of earlier agents.",
    )
    counter: int = Field(description="The counter of the command. For one key it only rises.")
    operator: str = Field(description="Who ordered the command, as the command says.")
    cause: str = Field(description="Why the command was ordered, as the command says.")
    group: str = Field(
        default="",
        description="The group of gates that the command was sent to. Empty if it was sent to this gate alone.",
    )


class CommandExecuted(WithDetail, Event):
    """The result of an accepted command."""

    TYPE: ClassVar[str] = "command.executed"
    command: str = Field(description="The id of the command.")
    name: str = Field(description="The name of the command.")
    result: Result = Field(description="How the command ended.")
    detail: Detail = Field(default="", description="The result in words.")
    message: DetailMessage = None


class CommandRefused(WithDetail, Event):
    """The gate refused a command. Except for `name`, the event contains only values that the signature proves."""

    TYPE: ClassVar[str] = "command.refused"
    code: Refusal = Field(description="Why the gate refused the command.")
    name: str = Field(description="The last part of the topic.")
    command: str | None = Field(
        default=None, description="The id of the command. Null if the signature or the body is not valid."
    )
    key: str | None = Field(default=None, description="The id of the key. Null if the signature is not valid.")
    detail: Detail = Field(default="", description="The reason in words.")
    message: DetailMessage = None
    count: int = Field(
        default=1,
        description="The number of such cases since the last event with this code. Many cases in a short time share "
        "few events.",
    )
    group: str = Field(
        default="", description="The group whose topic the command came on. Empty if it came on the gate's own topic."
    )


class AcknowledgementRefused(Event):
    """The gate refused an acknowledgement that cannot be right. Central sent it, or someone in central's name."""

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
    ] = Field(description="Why the gate refused it. docs/delivery.md explains the codes.")
    stream: str | None = Field(default=None, description="The stream that the acknowledgement names.")
    seq: int | None = Field(default=None, description="The watermark that the acknowledgement names.")
    key: str | None = Field(default=None, description="The id of central's key. Null if the signature is not valid.")
    count: int = Field(
        default=1,
        description="The number of such cases since the last event with this code. Many cases in a short time share "
        "few events.",
    )


class ChainCheckpoint(Event):
    """The gate signs its chain up to the event before this one."""

    TYPE: ClassVar[str] = "chain.checkpoint"
    seq: int = Field(description="The `seq` of the event before this one.")
    digest: str = Field(description="SHA-256 of the bytes of the event before this one, in hex.")
    key: str = Field(description="The id of the gate's key. `birth` has the key.")
    signature: str = Field(
        description="Compact JWS (RFC 7515, RFC 8037). Its payload names gate, stream, seq, digest and time."
    )


class EvidenceSent(Event):
    """The broker or the object store accepted a picture."""

    TYPE: ClassVar[str] = "evidence.sent"
    picture: str = Field(description="SHA-256 of the picture, in hex. It is also the last part of the topic.")
    bytes: int = Field(description="The size in bytes.")
    via: Literal["mqtt", "store"] = Field(
        default="mqtt",
        description="mqtt: the broker accepted it. store: the gate sent it to the URL from central with PUT.",
    )
    host: str = Field(default="", description="The host of the object store. Empty if the picture went over MQTT.")


class BundleSent(Event):
    """The broker or the object store accepted a support bundle."""

    TYPE: ClassVar[str] = "bundle.sent"
    bundle: str = Field(description="SHA-256 of the bundle, in hex, as in the result of `send_bundle`.")
    bytes: int = Field(description="The size in bytes.")
    via: Literal["mqtt", "store"] = Field(
        description="mqtt: on the topic `evidence`, as application/zip. store: the gate sent it to the URL from "
        "central with PUT."
    )
    host: str = Field(default="", description="The host of the object store. Empty if the bundle went over MQTT.")


class UploadFailed(WithDetail, Event):
    """A picture or bundle did not reach the URL from central. It is kept for another URL or for MQTT."""

    TYPE: ClassVar[str] = "upload.failed"
    what: Literal["picture", "bundle"] = Field(description="Whether it is a picture or a bundle.")
    sha256: str = Field(description="SHA-256 of the picture or bundle, in hex.")
    code: UploadFault = Field(description="Why the last attempt failed.")
    host: str = Field(description="The host of the object store. The rest of the URL is a secret.")
    detail: Detail = Field(default="", description="The reason in words.")
    message: DetailMessage = None
    count: int = Field(
        default=1,
        description="The number of such cases since the last event with this code. Many cases in a short time share "
        "few events.",
    )


class EvidenceDropped(Event):
    """The gate deleted pictures early because all pictures together exceeded their limit."""

    TYPE: ClassVar[str] = "evidence.dropped"
    count: int = Field(description="The number of pictures.")
    cause: str = Field(description="Why the gate deleted them.")
