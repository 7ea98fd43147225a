"""What others may know of the link to a broker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.devices import PortState


@dataclass(frozen=True, slots=True)
class BrokerLinkView:
    """What others may know of the link.

    `state`: connecting until the first attempt has ended, then up or lost. `detail`: why it is lost or what the broker
    refuses, in words for a technician; empty when all is well. `broker`: its place in this gate's order, from 0.
    `connections`: how many stood so far. `since_at`: when the state began, monotonic seconds. `attempt`: which attempt
    to connect, from 1, led to the newest that stood; 0: none did.
    """

    state: PortState
    detail: str
    broker: int
    url: str
    connections: int
    since_at: float
    attempt: int = 0
