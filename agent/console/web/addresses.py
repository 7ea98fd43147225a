"""How the console can be reached: names, addresses, and which of them are encrypted."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from agent.console.web.interfaces import v4_addresses, v6_addresses

if TYPE_CHECKING:
    from agent.console.certificate import Certificate
    from agent.settings import Console

LOCALHOST: Final = "localhost"


@dataclass(frozen=True, slots=True)
class Addresses:
    """`names`: host names by which browsers may ask.

    `certificate`: of the encrypted doors, None where there are none.
    """

    names: frozenset[str]
    certificate: Certificate | None = None


def is_encrypted(settings: Console, host: str) -> bool:
    """Whether the door at this address is."""
    return settings.tls == "always" or not ip_address(host).is_loopback


def host_names(settings: Console) -> frozenset[str]:
    """The names of this computer, in small letters."""
    own = socket.gethostname().lower()
    return frozenset({LOCALHOST, *settings.names, *([own, f"{own}.local"] if own else [])})


def _addresses(host: str) -> list[str]:
    """The address, or those of the interfaces that it stands for: IPv6's takes in both kinds."""
    address = ip_address(host)
    if not address.is_unspecified:
        return [host]
    return v4_addresses() if address.version == 4 else [*v4_addresses(), *v6_addresses()]  # noqa: PLR2004 - IPv4


def certified_names(settings: Console) -> list[str]:
    """What a certificate of the gate's own must hold for. Where it listens at all addresses, those of now."""
    addresses = [address for host in settings.listen for address in _addresses(host)]
    names = [name for name in host_names(settings) if name.isascii() and "_" not in name]
    return [*addresses, *names]
