"""Values that cross the MQTT client: what is sent, what comes in, and the state of the link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish. `expiry_s`: the broker drops it after that time; None keeps it."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    expiry_s: int | None = None
    content_type: str | None = None
    response_topic: str | None = None
    correlation: bytes | None = None
    user_properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from the broker.

    `retained`: it was published with the retain flag, now or before. `expiry_s`: what is left of its time to live.
    """

    topic: str
    payload: bytes
    qos: int
    retained: bool
    expiry_s: int | None = None
    content_type: str | None = None
    response_topic: str | None = None
    correlation: bytes | None = None
    user_properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Subscription:
    """A filter to subscribe to on every connect.

    `handle` runs on the network thread: it must only enqueue. `stored`: whether messages retained at the broker are
    wanted on subscribing; a message published with the retain flag is marked as retained either way.
    """

    topic_filter: str
    handle: Callable[[Incoming], None]
    qos: int = 0
    stored: bool = False


@dataclass(frozen=True, slots=True)
class BrokerLimits:
    """What the broker said on connect that it can take."""

    receive_maximum: int = 65_535
    packet_bytes: int | None = None
    retain: bool = True
    maximum_qos: int = 2


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The client stands: subscribed, birth and status on their way. `number` counts the connections from 1."""

    number: int
    limits: BrokerLimits


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The connection of this number is gone; receipts of all that was in flight have been given out before."""

    number: int
