"""Values that cross the MQTT client: what is sent, what comes in, what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.mqtt import reason_codes
from drivers.text import Text

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
class Receipt:
    """What became of a QoS 1 message: the broker's reason code, or None when the connection ended before it came.

    A receipt says what the broker did, never that anybody has the message.
    """

    code: int | None

    @property
    def lost(self) -> bool:
        """Whether nothing is known: the message may or may not be at the broker."""
        return self.code is None

    @property
    def taken(self) -> bool:
        """Whether the broker took the message and had somebody to give it to, as far as it says."""
        return (
            self.code is not None and not reason_codes.refused(self.code) and self.code != reason_codes.NO_SUBSCRIBERS
        )

    @property
    def refused(self) -> bool:
        """Whether the broker refused the message."""
        return self.code is not None and reason_codes.refused(self.code)

    @property
    def words(self) -> str:
        """The reason in words."""
        return (
            Text("the connection ended before the broker answered")
            if self.code is None
            else reason_codes.words(self.code)
        )


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
