"""Who of neighbouring lanes may open now: the one place where lanes that exclude each other meet.

A lane asks before it opens, and says after each step whether its barrier is anything but closed and at rest. All
happens under one lock, so of two lanes that ask at once exactly one wins; and its neighbours have heard of it, in their
inbox, before anything moves.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from agent.core.lane import interlock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Tell = Callable[[bool, bool], None]


class Interlock:
    """Keeps the ways of a gate. For all threads.

    `interlocks` and `shared_arms`: pairs of lanes; a pair given once binds both.
    """

    def __init__(self, interlocks: Iterable[tuple[str, str]], shared_arms: Iterable[tuple[str, str]]) -> None:
        self._lock = threading.Lock()
        self._ways = interlock.InterlockState.of(interlocks, shared_arms)
        self._listeners: dict[str, Tell] = {}
        self._told: dict[str, tuple[bool, bool]] = {}

    def way(self, lane: str) -> LaneInterlock | None:
        """The way of a lane; None for a lane without neighbours, which needs to ask nobody."""
        return LaneInterlock(self, lane) if interlock.neighbours(self._ways, lane) else None

    def shares_arm(self, lane: str) -> bool:
        """Whether the lane has one arm with another."""
        return any(lane in pair for pair in self._ways.shared)

    def listen(self, lane: str, tell: Tell) -> None:
        """Call `tell(free, arm_in_use)` at each change for the lane, from not free on.

        It must only pass the news on.
        """
        with self._lock:
            self._listeners[lane] = tell
            self._told[lane] = (False, False)
            self._tell_all()

    def claim(self, lane: str) -> bool:
        """Occupy the lane's way, if it is free."""
        with self._lock:
            claimed = interlock.claim(self._ways, lane)
            if claimed is None:
                return False
            self._move_on(claimed)
            return True

    def settle(self, lane: str, *, occupied: bool) -> None:
        """Note whether the lane occupies its way, whoever else does."""
        with self._lock:
            self._move_on(interlock.with_occupancy(self._ways, lane, occupied=occupied))

    def _move_on(self, now: interlock.InterlockState) -> None:
        self._ways = now
        self._tell_all()

    def _tell_all(self) -> None:
        for lane, tell in self._listeners.items():
            standing = self._standing(lane)
            if standing != self._told[lane]:
                self._told[lane] = standing
                tell(*standing)

    def _standing(self, lane: str) -> tuple[bool, bool]:
        return interlock.is_free(self._ways, lane), interlock.arm_in_use(self._ways, lane)


class LaneInterlock:
    """The way of one lane. For the thread of that lane's loop, which has it occupied until it says otherwise."""

    def __init__(self, guard: Interlock, lane: str) -> None:
        self._guard = guard
        self._lane = lane
        self._occupied = True

    def listen(self, tell: Tell) -> None:
        """Call `tell(free, arm_in_use)` at each change, from any thread."""
        self._guard.listen(self._lane, tell)

    def claim(self) -> bool:
        """Occupy the way before the barrier opens; False while a neighbour has it."""
        claimed = self._guard.claim(self._lane)
        self._occupied = self._occupied or claimed
        return claimed

    def settle(self, *, occupied: bool) -> None:
        """Note whether the lane's barrier is, or may be, anything but closed and at rest; it asks nobody."""
        if occupied is not self._occupied:
            self._occupied = occupied
            self._guard.settle(self._lane, occupied=occupied)
