"""Who else is in the set-up at this moment, and in which step."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from agent.setup import StepCode

HERE_S: Final = 15.0
"""For so long after the last request of a page somebody counts as there: pages ask every few seconds."""
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Here:
    """Somebody in the set-up. `at`: when a page of his asked last, monotonic seconds."""

    person: str
    lane: str
    code: StepCode
    at: float


class Presence:
    """The people in the set-up. For all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._people: dict[str, Here] = {}

    def come(self, here: Here) -> None:
        """Note where somebody is."""
        with self._lock:
            self._people.pop(here.person, None)
            self._people[here.person] = here
            while len(self._people) > MOST:
                del self._people[next(iter(self._people))]

    def others(self, person: str, at: float) -> list[Here]:
        """Everybody else who was there a moment ago. `at`: monotonic seconds."""
        with self._lock:
            return [one for name, one in self._people.items() if name != person and at - one.at <= HERE_S]
