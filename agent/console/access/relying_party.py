"""For which name of the gate passkeys are made: browsers know them by a domain name under TLS, and by nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fastapi import Request

ON_THE_COMPUTER: Final = "localhost"
"""Browsers take this name without TLS too (W3C, Secure Contexts, section 3.1)."""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """`id`: the name, without a port. `origin`: scheme, name and port, as the browser says them."""

    id: str
    origin: str


def relying_party_of(request: Request) -> RelyingParty | None:
    """That of the address by which a page was asked for; None where no browser makes or uses a passkey.

    The name is one of the gate's: others are refused before (`web.allowed_hosts`).
    """
    url = request.url
    name = url.hostname or ""
    if not name or _is_address(name) or (url.scheme != "https" and name != ON_THE_COMPUTER):
        return None
    return RelyingParty(name, f"{url.scheme}://{url.netloc}")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
