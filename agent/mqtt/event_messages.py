"""An event of the journal as an MQTT message.

CloudEvents structured mode (CloudEvents MQTT binding 1.0.2, section 3.2).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from agent.mqtt.messages import Outgoing

if TYPE_CHECKING:
    from agent.broker import Topics

CONTENT_TYPE = "application/cloudevents+json"
COPIED = ("id", "seq", "boot", "stream")


REPLAY = ("replay", "true")


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


def event_message(topics: Topics, event: StoredEvent, *, replay: bool = False) -> Outgoing:
    """The stored bytes as they are, QoS 1, not retained, never expiring.

    Id, seq, boot and stream are copied into user properties, so that a broker or a bridge can route by them without
    reading the payload; one more tells a replay. Raises ValueError for an event whose type is no type.
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
        ),
    )


def _attributes(payload: bytes) -> dict[str, object]:
    """The attributes; none for a payload that is no JSON object, which must not hold up the events behind it."""
    try:
        attributes = json.loads(payload)
    except ValueError:
        return {}
    return attributes if isinstance(attributes, dict) else {}
