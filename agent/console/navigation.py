"""The five places of the console, and which of them a page belongs to.

A page module says `NAV = Nav(Place.HEALTH, 20, "/devices", Text("Devices"), Role.VIEWER)`. The rail, and the bar of a
phone, lead to the first page of each place that the person may see; a place with several pages shows them as tabs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agent.console.access.roles import Role


class Place(IntEnum):
    """A place, in the order of the rail."""

    LANES = 1
    VEHICLES = 2
    BARRIER = 3
    HEALTH = 4
    SETTINGS = 5

    @property
    def icon(self) -> str:
        """The name of its icon."""
        return self.name.lower()


PLACES: Final = {
    Place.LANES: Text("Lanes"),
    Place.VEHICLES: Text("Vehicles"),
    Place.BARRIER: Text("Barrier"),
    Place.HEALTH: Text("Health"),
    Place.SETTINGS: Text("Settings"),
}
"""What each is called, in at most ten letters: a phone shows all five in one line."""


@dataclass(frozen=True, slots=True, order=True)
class Nav:
    """A page: its place, its order there (small numbers first), address, title, and the least role that sees it.

    Pages below its address belong to it, and so do those at or below `also`.
    """

    place: Place
    order: int
    path: str
    title: Text
    role: Role
    also: tuple[str, ...] = ()

    def covers(self, path: str) -> int:
        """How long the part of a path is by which it belongs to this page; 0 where it does not."""
        own = (self.path, *self.also)
        return max((len(one) for one in own if path == one or path.startswith(f"{one}/")), default=0)


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A link to a page. `current`: it is the one that is open."""

    path: str
    title: Text
    current: bool


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """A link to a place, and the pages in it. `current`: one of them is open."""

    place: Place
    title: Text
    path: str
    current: bool
    pages: tuple[ShownPage, ...]


class Navigation:
    """The pages of all modules, in their places."""

    def __init__(self, entries: Iterable[Nav]) -> None:
        self.entries: Sequence[Nav] = tuple(sorted(entries))

    def first(self, role: Role) -> str:
        """The address of the first page that somebody of this role may see."""
        return next(entry.path for entry in self.entries if role.covers(entry.role))

    def shown(self, role: Role, path: str) -> tuple[ShownPlace, ...]:
        """The places of somebody of this role who is at this path."""
        seen = [entry for entry in self.entries if role.covers(entry.role)]
        here = max(seen, key=lambda entry: entry.covers(path), default=None)
        if here is not None and not here.covers(path):
            here = None
        return tuple(
            ShownPlace(
                place,
                title,
                pages[0].path,
                here is not None and here.place is place,
                tuple(ShownPage(entry.path, entry.title, entry is here) for entry in pages),
            )
            for place, title in PLACES.items()
            if (pages := [entry for entry in seen if entry.place is place])
        )
