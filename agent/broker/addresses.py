"""The addresses of the brokers, and the order in which a gate tries them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker listens."""

    host: str
    port: int
    tls: bool

    @property
    def url(self) -> str:
        """The address as it is configured."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"

    @classmethod
    def parse(cls, url: str) -> BrokerAddress:
        """Read `mqtt://host[:port]` or `mqtts://host[:port]`; IPv6 in brackets. Raises ValueError with what to fix."""
        parts = _parts(url)
        if parts.scheme not in PORTS:
            message = Text("{url!r} must begin with mqtts:// (TLS) or mqtt:// (no TLS)", url=url)
            raise ValueError(message)
        if parts.username is not None or parts.password is not None:
            raise ValueError(
                Text("do not put a user and password into the broker's address; set them in their own keys")
            )
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            message = Text("{url!r} has something after the port; only scheme, host and port belong there", url=url)
            raise ValueError(message)
        return cls(_host(parts.hostname, url), _port(url), tls=parts.scheme == "mqtts")


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        message = Text("{url!r} cannot be read as an address: {error}", url=url, error=error)
        raise ValueError(message) from error


def _host(host: str | None, url: str) -> str:
    if not host:
        message = Text("{url!r} has no host name", url=url)
        raise ValueError(message)
    try:
        host.encode("idna")
    except UnicodeError as error:
        message = Text("{host!r} in {url!r} cannot be a host name: {error}", host=host, url=url, error=error)
        raise ValueError(message) from error
    return host


def _port(url: str) -> int:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        message = Text("the port in {url!r} must be a number from 1 to 65535", url=url)
        raise ValueError(message) from error
    if port == 0:
        message = Text("the port in {url!r} must be a number from 1 to 65535", url=url)
        raise ValueError(message)
    return PORTS[parts.scheme] if port is None else port


def shuffled(brokers: Sequence[BrokerAddress], random: Random) -> tuple[BrokerAddress, ...]:
    """The brokers in an order of this gate's own, so that a fleet spreads over a cluster.

    With one fixed order, all gates gather on one node after the others were restarted one by one.
    """
    order = list(brokers)
    random.shuffle(order)
    return tuple(order)
