"""Which place each waiting object has, and what became of the tries. For one lock; times are monotonic seconds."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from agent.core.model import delay_s

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from agent.uploads.object_put import PutError
    from agent.uploads.presigned_url import SignedPlace

PLACES_LIMIT: Final = 256
REFUSED_LIMIT: Final = 3
"""After so many places that the store refused, an object waits no longer for another."""
FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 120.0


@dataclass(slots=True)
class Waiting:
    """One object that waits. `since`: when it was first seen. `refused`: places that came to nothing."""

    since: float
    place: SignedPlace | None = field(default=None, repr=False)
    until: float = 0.0
    tries: int = 0
    not_before: float = 0.0
    refused: int = 0
    last: PutError | None = None


class Places:
    """What waits, by name, with the place that central has named for it."""

    def __init__(
        self,
        first_pause_s: float = FIRST_PAUSE_S,
        draw: Callable[[], float] = lambda: random.uniform(0.5, 1.0),  # noqa: S311 - jitter
    ) -> None:
        """`first_pause_s`: after a first failure; `draw`: what each pause is scaled by."""
        self._first_pause_s = first_pause_s
        self._draw = draw
        self._waiting: dict[str, Waiting] = {}
        self._hosts: dict[str, tuple[int, float]] = {}

    def see(self, names: Collection[str], at: float) -> None:
        """Note what waits now; what waits no more is forgotten."""
        for gone in self._waiting.keys() - set(names):
            del self._waiting[gone]
        for name in names:
            self._waiting.setdefault(name, Waiting(at))

    @property
    def room(self) -> int:
        """How many more places are taken."""
        return max(0, PLACES_LIMIT - sum(each.place is not None for each in self._waiting.values()))

    def give(self, name: str, place: SignedPlace, until: float, at: float) -> bool:
        """Note the place of an object, the newer one where it has one; whether there was room for it."""
        one = self._waiting.setdefault(name, Waiting(at))
        if one.place is None and not self.room:
            return False
        one.place, one.until, one.tries, one.not_before, one.last = place, until, 0, at, None
        return True

    def of(self, name: str) -> Waiting | None:
        """What is known of an object; None: it does not wait."""
        return self._waiting.get(name)

    def next(self, at: float) -> tuple[str, SignedPlace] | None:
        """The object whose turn it is, with its place; None: none may be tried now."""
        for name, one in self._waiting.items():
            if one.place is None or at < one.not_before or at >= one.until:
                continue
            if at >= self._hosts.get(one.place.host.text, (0, 0.0))[1]:
                return name, one.place
        return None

    def over(self, at: float) -> list[tuple[str, SignedPlace, PutError | None]]:
        """The objects whose place holds no longer, with how the last try there ended."""
        return [
            (name, one.place, one.last)
            for name, one in self._waiting.items()
            if one.place is not None and at >= one.until
        ]

    def failed(self, name: str, error: PutError, at: float) -> bool:
        """Note that a try failed; whether the place is lost with it."""
        one = self._waiting.get(name)
        if one is None or one.place is None:
            return True
        one.last = error
        one.tries += 1
        if not error.again:
            self.lose(name, at)
            return True
        one.not_before = at + self._pause_s(one.tries)
        # A store in trouble is left alone for a while, with all that is to go there.
        host = one.place.host.text
        in_a_row = self._hosts.get(host, (0, 0.0))[0] + 1
        self._hosts[host] = in_a_row, at + (self._pause_s(in_a_row - 1) if in_a_row > 1 else 0.0)
        return False

    def lose(self, name: str, at: float) -> None:
        """Forget the place of an object: another is wanted, the first at once and later ones after a pause."""
        one = self._waiting.get(name)
        if one is not None:
            one.place, one.tries = None, 0
            one.not_before = at + (self._pause_s(one.refused) if one.refused else 0.0)
            one.refused += 1

    def went_well(self, place: SignedPlace) -> None:
        """Note that a store took something: it is in no trouble."""
        self._hosts.pop(place.host.text, None)

    def without(self, at: float) -> list[str]:
        """The objects that want a place now, the one that waits longest first."""
        return [name for name, one in self._waiting.items() if one.place is None and at >= one.not_before]

    def _pause_s(self, failures: int) -> float:
        return delay_s(max(0, failures - 1), self._first_pause_s, LONGEST_PAUSE_S, self._draw())
