"""The host of an object store, as the configuration allows it and as URLs contain it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

HTTPS_PORT: Final = 443
_PORT_MOST: Final = 65_535
_LONGEST: Final = 253
_PLACE: Final = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?")
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class StoreHost:
    """Host and port, in one spelling. `host`: a name in small letters, or an IP address without brackets."""

    host: str
    port: int = HTTPS_PORT

    @classmethod
    def parse(cls, text: str, default_port: int = HTTPS_PORT) -> StoreHost:
        """Read HOST or HOST:PORT; put an IPv6 address in brackets. Raises ValueError."""
        found = _PLACE.fullmatch(text)
        if found is None:
            raise ValueError("expected HOST or HOST:PORT")
        port = int(found["port"]) if found["port"] else default_port
        if not 1 <= port <= _PORT_MOST:
            raise ValueError("expected a port of 1 to 65535")
        return cls(_host(found["host"]), port)

    @property
    def text(self) -> str:
        """As the configuration and events have it: without the port where it is 443."""
        return self.authority if self.port != HTTPS_PORT else self._bracketed

    @property
    def authority(self) -> str:
        """With the port, always."""
        return f"{self._bracketed}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is this computer, whatever a resolver says: an address, not a name."""
        address = _address(self.host)
        return address is not None and address.is_loopback

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def _host(text: str) -> str:
    if text.startswith("["):
        return str(IPv6Address(text[1:-1]))
    address = _address(text)
    if address is not None:
        return str(address)
    name = text.lower()
    labels = name.split(".")
    if len(name) > _LONGEST or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise ValueError("expected a host name or an IP address")
    return name


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
