"""How the console can be reached: names, addresses, and which of them are encrypted."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends, Request

if TYPE_CHECKING:
    from agent.console.certificate import Certificate
    from agent.settings.model import Console

LOCALHOST: Final = "localhost"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`names`: host names by which browsers may ask. `certificate`: of the encrypted doors, None where there are none."""

    names: frozenset[str]
    certificate: Certificate | None = None


def _surroundings(request: Request) -> Surroundings:
    surroundings: Surroundings = request.app.state.surroundings
    return surroundings


AtSurroundings = Annotated[Surroundings, Depends(_surroundings)]
"""The parameter by which a route gets them: `def page(surroundings: AtSurroundings)`."""


def is_encrypted(settings: Console, host: str) -> bool:
    """Whether the door at this address is."""
    return settings.tls == "always" or not ip_address(host).is_loopback


def host_names(settings: Console) -> frozenset[str]:
    """The names of this computer, in small letters."""
    own = socket.gethostname().lower()
    return frozenset({LOCALHOST, *settings.names, *([own, f"{own}.local"] if own else [])})


def certified_names(settings: Console) -> list[str]:
    """What a certificate of the gate's own must hold for."""
    addresses = [host for host in settings.listen if not ip_address(host).is_unspecified]
    names = [name for name in host_names(settings) if name.isascii() and "_" not in name]
    return [*addresses, *names]
