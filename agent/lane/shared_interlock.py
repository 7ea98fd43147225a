"""Decides which of neighbouring lanes may open now: the one place where lanes that exclude each other meet.

A lane asks before it opens. After each step it reports whether its barrier is closed and at rest. One lock protects
everything, so if two lanes ask at the same time, exactly one wins. The other lane gets a message in its inbox before
anything moves.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from agent.core.lane.interlock import InterlockState, arm_in_use, claim, is_free, neighbours, with_occupancy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    OnInterlockChange = Callable[[bool, bool], None]


class Interlock:
    """The interlock of a gate's lanes. For all threads.

    `interlocks` and `shared_arms`: pairs of lanes; a pair given once binds both.
    """

    def __init__(self, interlocks: Iterable[tuple[str, str]], shared_arms: Iterable[tuple[str, str]]) -> None:
        self._lock = threading.Lock()
        self._state = InterlockState.of(interlocks, shared_arms)
        self._listeners: dict[str, OnInterlockChange] = {}
        self._notified: dict[str, tuple[bool, bool]] = {}

    def of_lane(self, lane: str) -> LaneInterlock | None:
        """The interlock as one lane uses it; None for a lane without neighbours, which needs to ask nobody."""
        return LaneInterlock(self, lane) if neighbours(self._state, lane) else None

    def shares_arm(self, lane: str) -> bool:
        """Whether the lane has one arm with another."""
        return any(lane in pair for pair in self._state.shared)

    def listen(self, lane: str, on_change: OnInterlockChange) -> None:
        """Call `on_change(free, arm_in_use)` at each change for the lane, from not free on.

        It must only pass the change on.
        """
        with self._lock:
            self._listeners[lane] = on_change
            self._notified[lane] = (False, False)
            self._notify_all()

    def claim(self, lane: str) -> bool:
        """Occupy the lane, if it need not wait for another."""
        with self._lock:
            claimed = claim(self._state, lane)
            if claimed is None:
                return False
            self._change_to(claimed)
            return True

    def note_occupied(self, lane: str, *, occupied: bool, lowering: bool) -> None:
        """Note whether the lane is occupied, also when another lane is, and whether it only waits to lower its arm."""
        with self._lock:
            self._change_to(with_occupancy(self._state, lane, occupied=occupied, lowering=lowering))

    def _change_to(self, now: InterlockState) -> None:
        self._state = now
        self._notify_all()

    def _notify_all(self) -> None:
        for lane, on_change in self._listeners.items():
            view = self._view(lane)
            if view != self._notified[lane]:
                self._notified[lane] = view
                on_change(*view)

    def _view(self, lane: str) -> tuple[bool, bool]:
        return is_free(self._state, lane), arm_in_use(self._state, lane)


class LaneInterlock:
    """The interlock as one lane uses it; the lane counts as occupied at first. For the thread of the lane's loop."""

    def __init__(self, interlock: Interlock, lane: str) -> None:
        self._interlock = interlock
        self._lane = lane
        self._occupied = True
        self._lowering = False

    def listen(self, on_change: OnInterlockChange) -> None:
        """Call `on_change(free, arm_in_use)` at each change, from any thread."""
        self._interlock.listen(self._lane, on_change)

    def claim(self) -> bool:
        """Occupy the lane before the barrier opens; False while it must wait for a neighbour."""
        claimed = self._interlock.claim(self._lane)
        if claimed:
            self._occupied, self._lowering = True, False
        return claimed

    def note_occupied(self, *, occupied: bool, lowering: bool = False) -> None:
        """Note whether the lane's barrier is, or may be, anything but closed and at rest; it asks nobody.

        `lowering`: it only waits until it may lower its arm.
        """
        if (occupied, lowering) != (self._occupied, self._lowering):
            self._occupied, self._lowering = occupied, lowering
            self._interlock.note_occupied(self._lane, occupied=occupied, lowering=lowering)
