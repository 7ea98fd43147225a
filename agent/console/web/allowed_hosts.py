"""The host names by which the console may be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address


@dataclass(frozen=True, slots=True)
class Names:
    """The host names by which the console may be asked for. By an address it always may."""

    names: frozenset[str]

    def allow(self, host: str) -> bool:
        """Whether a Host header names this computer.

        A page of another name that leads here is an attack (DNS rebinding).
        """
        name, _, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", "")
        if port and not (port.isascii() and port.isdigit()):  # a path there would be one of the page's own address
            return False
        name = name.strip("[]").lower().rstrip(".")
        try:
            ip_address(name)
        except ValueError:
            return name in self.names
        return True
