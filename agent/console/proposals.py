"""Proposed configurations that wait for somebody's yes. They stay on the gate: a page gets a number, and no secret."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST: Final = 32
LIFE_S: Final = 1800.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """Files as they would be, and who proposed them. `seen`: the state of the files that he saw. `at`: monotonic s.

    `what`: how they came, in words for the history. `of`: the former state that they bring back.
    """

    person: str
    files: Mapping[str, bytes]
    seen: str
    what: str
    at: float
    of: int | None = None


class Proposals:
    """Those that wait, by their numbers. For all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, Proposal] = OrderedDict()

    def add(self, proposal: Proposal) -> str:
        """Keep one; returns its number. The oldest goes where there are too many."""
        number = secrets.token_urlsafe(16)
        with self._lock:
            self._waiting[number] = proposal
            while len(self._waiting) > MOST:
                self._waiting.popitem(last=False)
        return number

    def pop_proposal(self, number: str, person: str, at: float) -> Proposal | None:
        """The proposal of that person; None where there is none, or it is too old. It waits no more."""
        with self._lock:
            found = self._waiting.get(number)
            if found is None or found.person != person:
                return None
            del self._waiting[number]
        return found if at - found.at <= LIFE_S else None
