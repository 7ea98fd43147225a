"""What to simulate: how many gates, how fast, against which brokers, as whom."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from agent.broker import BrokerAddress, TlsFiles, check_gate_id
from agent.lists import ListTopics
from agent.mqtt import ClientSettings, DeliverySettings

GATE = "{gate}"
# The product's own values, wherever the plan says nothing else.
_PRODUCT = ClientSettings("any", (BrokerAddress("localhost", 1883, tls=False),))
SESSION_EXPIRY_S = _PRODUCT.session_expiry_s
WILL_DELAY_S = _PRODUCT.will_delay_s


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who the gates are. `{gate}` in `certificate`, `key` and `user` is replaced by each gate's id.

    `central_certificate`, `central_key`, `central_user`: of the consumer. One password for all users.
    """

    ca: Path | None = None
    certificate: str | None = None
    key: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    central_certificate: str | None = None
    central_key: str | None = None
    central_user: str | None = None

    def of_gate(self, gate: str) -> tuple[TlsFiles, str | None]:
        """The TLS files and the user of a gate. Raises ValueError for a certificate without a key."""
        return self._filled(self.certificate, self.key, self.user, gate)

    def of_central(self, name: str) -> tuple[TlsFiles, str | None]:
        """The TLS files and the user of the consumer. Raises ValueError for a certificate without a key."""
        user = self.user if self.central_user is None else self.central_user
        return self._filled(self.central_certificate, self.central_key, user, name)

    def _filled(
        self, certificate: str | None, key: str | None, user: str | None, name: str
    ) -> tuple[TlsFiles, str | None]:
        files = TlsFiles(
            self.ca,
            None if certificate is None else Path(certificate.replace(GATE, name)),
            None if key is None else Path(key.replace(GATE, name)),
        )
        return files, None if user is None else user.replace(GATE, name)


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """A whole run. `rate`: events per second of each gate. `for_s`: how long events are recorded.

    `settle_s`: how long, at most, to wait afterwards until all is acknowledged. `payload_bytes`: events are padded to
    this size; one has about 520 bytes without. `start_spread_s`: within it the gates connect first. `answer_timeout_s`:
    how long a broker may take to let a gate in and to take its subscriptions. `session_expiry_s`, `will_delay_s`: as in
    ClientSettings. `consume`: count and acknowledge the events here too, where no central does; `central_brokers`:
    where that is done, if elsewhere.

    `whole`: a gate says all that a real one does: birth, health, status, answers to commands, and `rate` counts
    vehicles, of nine events each, in place of events. `pace`: how many times faster than real ones they pass. `site`:
    whose lists the gates take; None: none. `processes`: over which the gates are spread. `first`: the number of the
    first gate of this part; `total`: of how many gates it is a part, None: it is the whole fleet. `acknowledged`:
    somebody outside this process acknowledges.
    """

    gates: int
    rate: float
    brokers: tuple[BrokerAddress, ...]
    for_s: float
    credentials: Credentials = field(default_factory=Credentials)
    payload_bytes: int = 0
    prefix: str = "fleet-"
    settle_s: float = 60.0
    start_spread_s: float = _PRODUCT.start_spread_s
    first_retry_s: float = _PRODUCT.first_retry_s
    retry_cap_s: float = _PRODUCT.retry_cap_s
    answer_timeout_s: float = 30.0
    session_expiry_s: int = SESSION_EXPIRY_S
    will_delay_s: int = WILL_DELAY_S
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    consume: bool = False
    central_brokers: tuple[BrokerAddress, ...] = ()
    whole: bool = False
    site: int | None = None
    processes: int = 1
    first: int = 1
    total: int | None = None
    acknowledged: bool = False
    pace: float = 1.0

    def __post_init__(self) -> None:
        if self.gates < 1 or self.rate <= 0.0 or self.for_s <= 0.0:
            raise ValueError("there must be at least one gate, a rate and a time above 0")
        if not 1 <= self.processes <= self.gates:
            raise ValueError("there must be at least one process, and no more of them than gates")
        if not self.brokers:
            raise ValueError("there must be at least one broker")
        if self.site is not None:
            ListTopics(self.site)
        check_gate_id(self.gate_id(self.numbers[-1]))

    @property
    def numbers(self) -> range:
        """The numbers of its gates."""
        return range(self.first, self.first + self.gates)

    def gate_id(self, number: int) -> str:
        """The id of a gate, by its number from 1: as many digits as the last one has, at least four."""
        return f"{self.prefix}{number:0{max(4, len(str(self.total or self.gates)))}d}"

    def parts(self) -> list[FleetPlan]:
        """The plan of each process: as many gates as any other, or one more; none of them consumes."""
        cuts = [self.gates * number // self.processes for number in range(self.processes + 1)]
        return [
            replace(
                self,
                gates=end - begin,
                first=self.first + begin,
                total=self.gates,
                processes=1,
                consume=False,
                acknowledged=self.consume,
            )
            for begin, end in pairwise(cuts)
        ]

    def session(self, gate: str) -> ClientSettings:
        """The settings of a gate's session: the product's own, but for what the plan says."""
        files, user = self.credentials.of_gate(gate)
        return ClientSettings(
            gate=gate,
            brokers=self.brokers,
            tls=files,
            user=user,
            password=self.credentials.password,
            start_spread_s=self.start_spread_s,
            first_retry_s=self.first_retry_s,
            retry_cap_s=self.retry_cap_s,
            answer_timeout_s=self.answer_timeout_s,
            session_expiry_s=self.session_expiry_s,
            will_delay_s=self.will_delay_s,
        )


def elsewhere(brokers: tuple[BrokerAddress, ...]) -> list[str]:
    """The addresses of brokers that are not on this machine, or whose name says nothing.

    A flood must not leave the machine by accident.
    """
    return [broker.url for broker in brokers if not _is_here(broker)]


def _is_here(broker: BrokerAddress) -> bool:
    try:
        found = socket.getaddrinfo(broker.host, broker.port, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)
