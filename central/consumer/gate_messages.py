"""What gates publish, read and checked: events, and what they say of themselves.

The broker lets a gate write below its own topic only: the topic says who sent a message, its payload only claims.
Fields that a later agent adds are left alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agent.core.events import (
    ALGORITHM,
    DisclosureInvalidError,
    digest_in,
    digest_of,
    hidden_places,
    opened_event,
    opened_values,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from central.consumer.source_interface import Message

EVENT_BYTES: Final = 65_536
DISCLOSURES_CHARACTERS: Final = 4 * EVENT_BYTES
PRESENCE_BYTES: Final = 1_048_576
_GATE: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_GATE_ID: Final = re.compile(_GATE)
Word = Annotated[str, Field(pattern=r"^[^\x00-\x1f]{1,128}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=2**63 - 1)]


class MessageInvalidError(ValueError):
    """A message is not what its topic says; the message says why."""


class Reading(BaseModel):
    """Base of what is read. Of later agents, what is not known is left alone."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Envelope(Reading):
    """What is needed of an event's envelope."""

    source: str = Field(pattern=rf"^/gate/{_GATE}$")
    stream: Word
    seq: int = Field(ge=1, le=2**31 - 1)
    type: Word
    time: datetime = Field(strict=False)
    lane: Word | None = None
    transaction: Word | None = None
    dryrun: bool = False
    sdalg: Word | None = None
    prev: Digest
    data: dict[str, Any]


class Closed(Reading):
    """What is needed of the end of a transaction."""

    outcome: Word
    reason: Word
    assumed: bool = False
    taken: bool | None = None
    plate: Word | None = None
    permit: Word | None = None
    duration_s: float = Field(default=0.0, ge=0, le=1e9)


class ErasedValue(Reading):
    """A personal value that is gone: the digest that stands in its place, when it went, and by which rule."""

    digest: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
    at: Annotated[str, Field(max_length=64)] | None = None
    rule: Word


_ERASED: Final = TypeAdapter(tuple[ErasedValue, ...])


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event that came: its envelope, its bytes and their SHA-256 in hex. `closed`: of the end of a transaction.

    `disclosures`: of the personal values that its bytes hold as digests; `erased`: of those that the gate erased.
    """

    gate: str
    envelope: Envelope
    payload: bytes
    digest: str
    closed: Closed | None
    disclosures: tuple[str, ...] = ()
    erased: tuple[ErasedValue, ...] = ()


class Part(Reading):
    """The state of one part of what a gate keeps."""

    state: Word
    cause: str = ""


class Lists(Reading):
    """The lists that a gate holds."""

    state: Word | None = None
    trust: Count = 0


class GateKey(Reading):
    """The key by which a gate signs."""

    public: Digest


class Finding(Reading):
    """A problem that a gate found."""

    code: Word
    subject: Annotated[str, Field(max_length=256)] = ""
    severity: Annotated[str, Field(pattern="^(note|warning|error)$")]


class Expiry(Reading):
    """When something ends that a gate goes by. `trouble`: why it could not be renewed."""

    kind: Word
    subject: Annotated[str, Field(max_length=256)] = ""
    ends: datetime | None = Field(default=None, strict=False)
    trouble: str = ""


class FleetDocument(Reading):
    """How a gate stands with the newest fleet document of a kind and an audience. `at`: Unix seconds, 0 not said."""

    kind: Word
    audience: Word
    version: Count
    digest: Annotated[str, Field(max_length=256)] = ""
    state: Word
    code: Word | None = None
    at: Annotated[int, Field(ge=0, lt=2**35)] = 0
    in_force: Count = 0


class Fleet(Reading):
    """The fleet documents of a gate, and how many keys it sets otherwise."""

    documents: tuple[FleetDocument, ...] = Field(default=(), strict=False)
    drifting: Count = 0


class Presence(Reading):
    """What a gate says of itself in status, birth or health; None: not in this message."""

    state: Word | None = None
    version: Word | None = None
    boot: Word | None = None
    stream: Word | None = None
    seq_head: Count | None = None
    seq_acked: Count | None = None
    depth: Count | None = None
    ack_mode: Word | None = None
    trouble: str | None = None
    refused: Count | None = None
    acks: dict[str, Count] | None = None
    acks_signed: bool | None = None
    status_every_s: Annotated[int, Field(ge=1, le=86_400)] | None = None
    clock_state: Word | None = None
    clock_synced: bool | None = None
    lists: Lists | None = None
    trust_state: dict[str, Part] | None = None
    configuration_problem: str | None = None
    pictures_trouble: str | None = None
    journal_failing: bool | None = None
    devices: dict[str, str] | None = None
    inventory: dict[str, Any] | None = None
    first_kept: Count | None = None
    key: GateKey | None = None
    findings: tuple[Finding, ...] | None = Field(default=None, strict=False)
    disk_free_bytes: Count | None = None
    expiries: tuple[Expiry, ...] | None = Field(default=None, strict=False)
    fleet: Fleet | None = None


@dataclass(frozen=True, slots=True)
class ReceivedPresence:
    """What a gate said of itself, by the last part of its topic. `payload`: the bytes."""

    gate: str
    kind: str
    said: Presence
    payload: bytes


def gate_of(topic: str) -> str:
    """The gate whose topic it is; empty where it is not a gate's."""
    parts = topic.split("/")
    return parts[2] if len(parts) > 3 and parts[:2] == ["gate", "v1"] else ""  # noqa: PLR2004 - root, version, gate


def read_message(message: Message) -> ReceivedEvent | ReceivedPresence:
    """Read a message. Raises MessageInvalidError."""
    topic, payload = message.topic, message.payload
    gate, kind = gate_of(topic), topic.rpartition("/")[2]
    if gate and not _GATE_ID.fullmatch(gate):
        raise MessageInvalidError("the topic names no gate: 1 to 64 of A-Z a-z 0-9 . _ -")
    try:
        if topic.startswith(f"gate/v1/{gate}/event/"):
            return _event(topic, gate, message)
        if topic in {f"gate/v1/{gate}/{kind}" for kind in ("status", "birth", "health")}:
            return _presence(gate, kind, payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise MessageInvalidError(f"{place}: {first['msg']}" if place else first["msg"]) from None
    raise MessageInvalidError("no topic of a gate that is listened to")


def _event(topic: str, gate: str, message: Message) -> ReceivedEvent:
    payload = message.payload
    if len(payload) > EVENT_BYTES:
        raise MessageInvalidError(f"longer than any event: {len(payload)} bytes, {EVENT_BYTES} are the limit")
    envelope = Envelope.model_validate_json(payload)
    # RabbitMQ makes levels of the dots of a type.
    named = topic.removeprefix(f"gate/v1/{gate}/event/").replace("/", ".")
    if envelope.source != f"/gate/{gate}" or named != envelope.type:
        raise MessageInvalidError("source or type is not that of the topic")
    if envelope.time.tzinfo is None:
        raise MessageInvalidError("time: it names no time zone")
    disclosures, erased, data = _values(envelope, message.properties)
    return ReceivedEvent(gate, envelope, payload, digest_of(payload), _closed(envelope, data), disclosures, erased)


def _values(
    envelope: Envelope, properties: Mapping[str, Sequence[str]]
) -> tuple[tuple[str, ...], tuple[ErasedValue, ...], Any]:
    """The disclosures that came with an event, what was erased of it, and its data with the values in place.

    Raises MessageInvalidError where one value of the event is neither here nor erased: it is not stored and not
    acknowledged then, so the gate sends it again. A broker or bridge on the way has dropped it.
    """
    if envelope.sdalg is None:
        return (), (), envelope.data
    if envelope.sdalg != ALGORITHM:
        raise MessageInvalidError(f"sdalg: {envelope.sdalg!r} is not known here, {ALGORITHM!r} is: update central")
    if sum(len(text) for texts in properties.values() for text in texts) > DISCLOSURES_CHARACTERS:
        raise MessageInvalidError("what came beside it is longer than the values of any event")
    said = {"sdalg": envelope.sdalg, "data": envelope.data}
    disclosures = tuple(text for joined in properties.get("disclosures", ()) for text in joined.split("~") if text)
    erased = tuple(one for text in properties.get("erased", ()) for one in _ERASED.validate_json(text))
    try:
        values = opened_values(said, disclosures)
    except DisclosureInvalidError as error:
        raise MessageInvalidError(f"a disclosure: {error}") from None
    missing = hidden_places(said).keys() - values.keys() - {one.digest for one in erased}
    if missing:
        raise MessageInvalidError(
            f"{len(missing)} personal values did not come with it: does a broker or bridge drop MQTT user properties?"
        )
    gone = tuple(one for one in erased if one.digest in hidden_places(said) and one.digest not in values)
    return disclosures, gone, opened_event(said, values)["data"]


def _closed(envelope: Envelope, data: Any) -> Closed | None:
    """The end of a transaction; None for other events, and where its words are others: the event is stored anyway."""
    if envelope.type != "transaction.closed":
        return None
    try:
        return Closed.model_validate({**data, "plate": None if digest_in(data.get("plate")) else data.get("plate")})
    except ValidationError:
        return None


def _presence(gate: str, kind: str, payload: bytes) -> ReceivedPresence:
    if len(payload) > PRESENCE_BYTES:
        raise MessageInvalidError(f"longer than any {kind}: {len(payload)} bytes, {PRESENCE_BYTES} are the limit")
    return ReceivedPresence(gate, kind, Presence.model_validate_json(payload), payload)
