"""An event of the journal as an MQTT message.

CloudEvents structured mode (CloudEvents MQTT binding 1.0.2, section 3.2).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, Protocol

from agent.core.events import time_text
from agent.mqtt.messages import Outgoing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.broker import Topics
    from agent.store.journal import KeptDisclosure

CONTENT_TYPE = "application/cloudevents+json"
COPIED = ("id", "seq", "boot", "stream")


REPLAY = ("replay", "true")
DISCLOSURES: Final = "disclosures"
ERASED: Final = "erased"
_LONGEST: Final = 60_000
"""Of one property: MQTT ends it at 65,535 bytes."""


class StoredEvent(Protocol):
    """An event as it is stored: its payload is sent byte for byte."""

    @property
    def seq(self) -> int:
        """Its place in the stream, from 1."""
        ...

    @property
    def type(self) -> str:
        """Its CloudEvents type, the last part of its topic."""
        ...

    @property
    def payload(self) -> bytes:
        """CloudEvents structured JSON."""
        ...


def event_message(
    topics: Topics, event: StoredEvent, *, replay: bool = False, values: Sequence[KeptDisclosure] = ()
) -> Outgoing:
    """The stored bytes as they are, QoS 1, not retained, never expiring.

    Id, seq, boot and stream are copied into user properties, so that a broker or a bridge can route by them without
    reading the payload; one more tells a replay. `values`, those that the payload holds as digests, go along in the
    same packet, so that who gets the event gets them; of those that were erased, when and by which rule. Raises
    ValueError for an event whose type is no type.
    """
    attributes = _attributes(event.payload)
    return Outgoing(
        topic=topics.event(event.type),
        payload=event.payload,
        qos=1,
        content_type=CONTENT_TYPE,
        user_properties=(
            *((name, str(attributes[name])) for name in COPIED if name in attributes),
            *((REPLAY,) if replay else ()),
            *_values(values),
        ),
    )


def _values(kept: Sequence[KeptDisclosure]) -> Iterator[tuple[str, str]]:
    """The properties with disclosures, joined by tildes as in SD-JWT, and with what was erased, as JSON."""
    texts = [one.text for one in kept if one.text is not None]
    yield from ((DISCLOSURES, "~".join(part)) for part in _parts(texts))
    gone = [_tombstone(one) for one in kept if one.text is None]
    yield from ((ERASED, f"[{','.join(part)}]") for part in _parts(gone))


def _tombstone(one: KeptDisclosure) -> str:
    at = None if one.erased_ms is None else time_text(one.erased_ms)
    return json.dumps({"digest": one.digest, "at": at, "rule": one.rule}, separators=(",", ":"))


def _parts(texts: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for text in texts:
        if part and size + len(text) > _LONGEST:
            yield part
            part, size = [], 0
        part.append(text)
        size += len(text) + 1
    if part:
        yield part


def _attributes(payload: bytes) -> dict[str, object]:
    """The attributes; none for a payload that is no JSON object, which must not hold up the events behind it."""
    try:
        attributes = json.loads(payload)
    except ValueError:
        return {}
    return attributes if isinstance(attributes, dict) else {}
