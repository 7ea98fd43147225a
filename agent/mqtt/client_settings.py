"""How the client meets its brokers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.broker import TlsFiles

if TYPE_CHECKING:
    from agent.broker import BrokerAddress

NO_FILES = TlsFiles()


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How the gate meets its brokers.

    `connect_timeout_s`: for TCP and TLS. `answer_timeout_s`: for the broker to answer CONNECT and SUBSCRIBE; a cluster
    that has lost a node takes long for it when a third of all gates come at once, and a gate that gives up only comes
    again. `first_retry_s`, `retry_cap_s`: the backoff, with full jitter. `start_spread_s`: the first connection comes
    at a random time within it, so that gates that start together do not connect together. `stable_after_s`: how long a
    connection must stand to count as good. `stall_s`: when the watchdog replaces the network thread; longer than a
    resolver takes to give up. `session_expiry_s`: how long the broker keeps the session of a gate that is gone; it
    must outlast `will_delay_s`, or the will comes early. `packet_bytes`: the largest packet that the gate accepts.
    `client_id`: under which the broker knows the client; empty: the gate's id.
    """

    gate: str
    brokers: tuple[BrokerAddress, ...]
    tls: TlsFiles = NO_FILES
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    keepalive_s: int = 15
    connect_timeout_s: float = 10.0
    answer_timeout_s: float = 30.0
    first_retry_s: float = 2.0
    retry_cap_s: float = 60.0
    start_spread_s: float = 5.0
    stable_after_s: float = 30.0
    status_every_s: float = 30.0
    will_delay_s: int = 10
    session_expiry_s: int = 15
    stall_s: float = 90.0
    packet_bytes: int = 1_048_576
    client_id: str = ""

    def __post_init__(self) -> None:
        if not self.brokers:
            raise ValueError("there must be at least one broker")
        if self.session_expiry_s < self.will_delay_s:
            raise ValueError("session_expiry_s must not be shorter than will_delay_s: the will would come early")
