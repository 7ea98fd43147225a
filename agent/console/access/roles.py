"""Somebody at the console, and what his role lets him do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LOCAL: Final = "local"
"""Who comes through the computer's own socket: his name, his address, and the mark of that door."""


class Role(StrEnum):
    """What somebody may do: a viewer looks, a technician acts on the lane, an admin changes who may come in too."""

    VIEWER = "viewer"
    TECHNICIAN = "technician"
    ADMIN = "admin"

    def covers(self, other: Role) -> bool:
        """Whether this role may do all that the other may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks. `address`: where from, "local" through the computer's own socket. `session`: its key, "" for none.

    `must_change`: he has to choose a password before all else. `must_enrol`: then he has to set up a second factor.
    """

    name: str
    role: Role
    address: str
    session: str = ""
    must_change: bool = False
    must_enrol: bool = False
