"""How the consumer presents itself to a broker."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.broker import TlsFiles


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """Who comes in, and what is wanted.

    `client_id`: of the MQTT session, which the broker keeps for `session_s` while the consumer is away. `gates`: only
    these; empty: all. `queue`: the AMQP queue of the events. `presence`: whether status, birth and health are wanted.
    """

    client_id: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: TlsFiles = field(default_factory=TlsFiles)
    gates: tuple[str, ...] = ()
    queue: str = "events"
    session_s: int = 7 * 86_400
    presence: bool = True
