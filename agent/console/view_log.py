"""Who looked at pictures and vehicles, gathered: a page full of pictures is one event, and a live one is few."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from fastapi import Depends, Request

from agent.core.events import EvidenceViewed, Search

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from agent.console.access import Person

TOLD_EVERY_S: Final = 30.0
"""The first look of somebody is told at once, and those after it together, so often."""

AGAIN_S: Final = 3600.0
"""Who looks at the same thing again within this time is not told of again: browsers keep a picture for an hour."""

MOST_REMEMBERED: Final = 20_000
MOST_OF_AN_EVENT: Final = 200
"""Things that one event tells of; what is more goes into the next."""

Kind: TypeAlias = Literal["pictures", "vehicles", "cameras", "searches", "commands"]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: as in the event `evidence.viewed`."""

    person: str
    role: str
    address: str


class ViewLog:
    """Notes looks, and tells of them. For all threads; `note` waits for nothing, `tell_due` for who records."""

    def __init__(self, tell: Callable[[list[EvidenceViewed]], None], at: Callable[[], float]) -> None:
        """`tell`: records events; it may wait for the disk. `at`: monotonic seconds."""
        self._tell = tell
        self._at = at
        self._lock = threading.Lock()
        self._seen_at: OrderedDict[Hashable, float] = OrderedDict()
        self._waiting: dict[Viewer, dict[tuple[Kind, str | Search], None]] = {}
        self._told_at: dict[Viewer, float] = {}

    def note(self, viewer: Viewer, kind: Kind, *things: str | Search) -> None:
        """Note that somebody looks at some things of a kind."""
        now = self._at()
        with self._lock:
            for thing in things:
                key = (viewer, kind, thing)
                seen_at = self._seen_at.get(key)
                if seen_at is not None and now - seen_at < AGAIN_S:
                    continue
                self._seen_at.pop(key, None)
                self._seen_at[key] = now
                self._waiting.setdefault(viewer, {})[kind, thing] = None
            while len(self._seen_at) > MOST_REMEMBERED:
                self._seen_at.popitem(last=False)

    def tell_due(self) -> None:
        """Tell of those whose last time is long enough ago."""
        now = self._at()
        with self._lock:
            self._told_at = {who: at for who, at in self._told_at.items() if now - at < TOLD_EVERY_S}
            due = {who: self._waiting.pop(who) for who in list(self._waiting) if who not in self._told_at}
            self._told_at |= dict.fromkeys(due, now)
        self._tell_all(due)

    def flush(self) -> None:
        """Tell of all. For a stop."""
        with self._lock:
            due, self._waiting = self._waiting, {}
        self._tell_all(due)

    def _tell_all(self, due: dict[Viewer, dict[tuple[Kind, str | Search], None]]) -> None:
        events = [event for viewer, looks in due.items() for event in _events(viewer, list(looks))]
        if events:
            self._tell(events)


def _events(viewer: Viewer, looks: list[tuple[Kind, str | Search]]) -> Iterable[EvidenceViewed]:
    for begin in range(0, len(looks), MOST_OF_AN_EVENT):
        told: dict[Kind, list[str | Search]] = {}
        for kind, thing in looks[begin : begin + MOST_OF_AN_EVENT]:
            told.setdefault(kind, []).append(thing)
        fields: dict[str, object] = {str(kind): things for kind, things in told.items()}
        fields |= {"person": viewer.person, "role": viewer.role, "address": viewer.address}
        yield EvidenceViewed.model_validate(fields)


def viewer_of(person: Person) -> Viewer:
    """Somebody at the console as the events name him."""
    return Viewer(person.name, person.role, person.address)


def _views(request: Request) -> ViewLog:
    views: ViewLog = request.app.state.views
    return views


AtViews = Annotated["ViewLog", Depends(_views)]
"""The parameter by which a route gets it: `def page(views: AtViews)`."""
