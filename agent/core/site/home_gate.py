"""Which gate of a site is the home gate of a vehicle, and a digest of the site's list of gates."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def home_gate(vehicle: str, gates: Iterable[str]) -> str:
    """The gate that decides on the uses of all permits of a vehicle (VIN): the same at every gate, whatever the order.

    By rendezvous: the gate whose name hashes highest together with the vehicle, so that a gate more or less moves the
    share of that gate only. Raises ValueError without gates.
    """
    return max(sorted(gates), key=lambda gate: sha256(f"{gate}\n{vehicle}".encode()).digest())


def site_digest(gates: Iterable[tuple[str, bytes]]) -> str:
    """What stands for a site's list of gates (id and public key) in 16 hex digits, whatever the order."""
    lines = "\n".join(f"{gate} {key.hex()}" for gate, key in sorted(gates))
    return sha256(lines.encode()).hexdigest()[:16]
