"""The barrier controller and its arm, played: an opening pulse raises the arm, its own loop closes it again."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TRAVEL_S = 0.7
PERIOD_S = 0.02
CLEAR_S = 0.4
OPEN_S = 8.0


@dataclass(frozen=True, slots=True)
class Inputs:
    """Numbers of the input board's contacts, from 1."""

    presence: int = 1
    safety: int = 2
    opened: int = 3
    closed: int = 4


class Controller:
    """Move the arm between closed (0) and open (1) and drive its limit contacts.

    It closes by itself once a vehicle has left the safety loop, or after `OPEN_S` without one, and never onto a
    vehicle, as real controllers do. `set_input(number, on)` drives one contact of the board.
    """

    def __init__(self, set_input: Callable[[int, bool], None], on_move: Callable[[bool], None]) -> None:
        self._set_input = set_input
        self._on_move = on_move
        self._inputs = Inputs()
        self._lock = threading.Lock()
        self._rising = False
        self._position = 0.0
        self._safety = False
        self._clear_since = 0.0
        self._seen_vehicle = False
        self._raised_at = 0.0
        self.pulses = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="controller", daemon=True)

    def start(self) -> None:
        """Start with the arm closed and nobody there."""
        for number, on in ((1, False), (2, False), (3, False), (4, True)):
            self._set_input(number, on)
        self._thread.start()

    def stop(self) -> None:
        """Stop the arm where it is."""
        self._stopping.set()
        self._thread.join()

    def energised(self) -> None:
        """The opening contact was closed by the relay."""
        with self._lock:
            self.pulses += 1
            self._rising = True
            self._seen_vehicle = False
            self._raised_at = time.monotonic()

    def presence(self, *, on: bool) -> None:
        """A vehicle stands on the loop before the arm, or left it."""
        self._set_input(self._inputs.presence, on)

    def safety(self, *, on: bool) -> None:
        """A vehicle is under the arm, or left it."""
        with self._lock:
            self._safety = on
            self._seen_vehicle = self._seen_vehicle or on
            self._clear_since = time.monotonic()
        self._set_input(self._inputs.safety, on)

    @property
    def closed(self) -> bool:
        """Whether the arm is down."""
        return self._position <= 0.0

    def _run(self) -> None:
        before = self._position
        while not self._stopping.wait(PERIOD_S):
            with self._lock:
                self._let_fall()
                change = PERIOD_S / TRAVEL_S * (1 if self._rising else -1)
                self._position = min(1.0, max(0.0, self._position + change))
                now = self._position
            if (now >= 1.0) != (before >= 1.0):
                self._set_input(self._inputs.opened, now >= 1.0)
            if (now <= 0.0) != (before <= 0.0):
                self._set_input(self._inputs.closed, now <= 0.0)
                self._on_move(now > 0.0)
            before = now

    def _let_fall(self) -> None:
        if not self._rising or self._safety:
            return
        now = time.monotonic()
        passed = self._seen_vehicle and now - self._clear_since > CLEAR_S
        if passed or (not self._seen_vehicle and now - self._raised_at > OPEN_S):
            self._rising = False
