"""The addresses at which the console is reached, as the configuration has it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from agent.console.web.addresses import is_encrypted
from agent.console.web.interfaces import v4_addresses, v6_addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.settings import Console


@dataclass(frozen=True, slots=True)
class ReachedAt:
    """One address. `url`: without a path, no slash at its end. `is_here`: only this computer reaches it."""

    url: str
    is_here: bool

    @property
    def is_encrypted(self) -> bool:
        """Whether a browser is shown a certificate there."""
        return self.url.startswith("https:")


def reached(console: Console) -> list[ReachedAt]:
    """Every address, those of this computer alone first."""
    found = []
    for host, address in _listened(console):
        scheme = "https" if is_encrypted(console, host) else "http"
        named = f"[{address}]" if ":" in address else address
        found.append(ReachedAt(f"{scheme}://{named}:{console.port}", ip_address(address).is_loopback))
    return sorted(found, key=lambda one: not one.is_here)


def _listened(console: Console) -> Iterator[tuple[str, str]]:
    """Every address at which the console listens, after the one in the configuration that stands for it."""
    for host in console.listen:
        if not ip_address(host).is_unspecified:
            yield host, host
            continue
        every = v4_addresses() if ip_address(host).version == 4 else v6_addresses()  # noqa: PLR2004 - IPv4
        yield from ((host, address) for address in every)
