"""The barrier controller: what a pulse on its inputs does to the arm, and what it does on its own."""

from __future__ import annotations

from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Literal

from sim.physics.arm import Cause

if TYPE_CHECKING:
    from sim.physics.arm import Arm

MINIMUM_PULSE_S = 0.15
MOST_CREDITS = 3
FLASH_S = 5.0
"""How long the lamps flash after the power came back, before an arm that was left up comes down."""

Input = Literal["open", "close", "hold"]


class Logic(StrEnum):
    """What a second OPEN does: nothing, stop and turn the arm, or count for one vehicle more."""

    PLAIN = "plain"
    STEP = "step by step"
    COUNTING = "counting"


class Controller:
    """Moves the arm by pulses, by its own safety, and, where it `closes_itself`, after a passage or a pause.

    `clear_s`: from the clear passage to closing. `pause_s`: how long it stays open for nobody. `own_safety`: the loop
    and the photocell are wired to it, so that it neither starts to close on a vehicle nor goes on. `deaf`: it ignores
    pulses. `pulses`: how many OPEN pulses it took. `taken_closes`: how many CLOSE pulses.
    """

    __slots__ = (
        "_arm",
        "_clear_since",
        "_credits",
        "_flash_until",
        "_last_motion",
        "_on_since",
        "_open_since",
        "_seen",
        "clear_s",
        "closes_itself",
        "deaf",
        "held",
        "logic",
        "own_safety",
        "pause_s",
        "powered",
        "pulses",
        "taken_closes",
    )

    def __init__(
        self, arm: Arm, logic: Logic, *, closes_itself: bool, clear_s: float = 1.0, pause_s: float = 30.0
    ) -> None:
        self._arm = arm
        self.logic = logic
        self.closes_itself = closes_itself
        self.clear_s = clear_s
        self.pause_s = pause_s
        self.own_safety = True
        self.deaf = False
        self.powered = True
        self.held = False
        self.pulses = 0
        self.taken_closes = 0
        self._credits = 0
        self._on_since: dict[Input, float] = {}
        self._seen = False
        self._clear_since = 0.0
        self._open_since = inf
        self._flash_until = inf
        self._last_motion = 1

    def set(self, contact: Input, now: float, *, on: bool) -> None:
        """Take in that a relay closed or opened a contact."""
        if contact == "hold":
            self.held = on
            self._open_since = now
            if on:
                self._up()
        elif on:
            self._on_since[contact] = now
        else:
            self._on_since.pop(contact, None)

    def power(self, now: float, *, on: bool) -> None:
        """Lose the power, or get it back: an arm that was left up comes down after a while, where it closes itself."""
        self.powered = on
        self._arm.stop()
        self._credits = 0
        self._flash_until = now + FLASH_S if on and self.closes_itself and not self.held else inf

    def step(self, now: float, *, guarded: bool) -> None:
        """Do what is due. `guarded`: the safety loop or the photocell has something under the arm."""
        if not self.powered:
            return
        if self._on_since:
            self._take_pulses(now, guarded=guarded)
        arm = self._arm
        if guarded:
            self._seen, self._clear_since = True, now
            if arm.motion < 0 and self.own_safety:
                self._up()
        elif self.closes_itself and not self.held and arm.position > 0.0:
            self._close_when_due(now)

    def touched(self) -> None:
        """The arm met something: turn."""
        if self.powered:
            self._up()

    def _take_pulses(self, now: float, *, guarded: bool) -> None:
        for contact, since in list(self._on_since.items()):
            if now - since < MINIMUM_PULSE_S:
                continue
            self._on_since[contact] = inf
            if self.deaf:
                continue
            if contact == "open":
                self._take_open(now)
            else:
                self._take_close(guarded=guarded)

    def _take_open(self, now: float) -> None:
        self.pulses += 1
        self._seen = False
        self._open_since = now
        self._flash_until = inf
        if self.logic is Logic.COUNTING:
            self._credits = min(MOST_CREDITS, self._credits + 1)
        if self.logic is Logic.STEP and self._turn():
            return
        self._up()

    def _turn(self) -> bool:
        """Step-by-step logic: a pulse stops an arm that rises, and turns one that stands half way."""
        arm = self._arm
        if arm.motion > 0 and not arm.stuck:
            arm.stop()
            return True
        if arm.motion == 0 and 0.0 < arm.position < 1.0 and self._last_motion > 0:
            self._down(Cause.AGENT)
            return True
        return False

    def _take_close(self, *, guarded: bool) -> None:
        self.taken_closes += 1
        if not (self.held or (guarded and self.own_safety)):
            self._credits = 0
            self._down(Cause.AGENT)

    def _close_when_due(self, now: float) -> None:
        arm = self._arm
        if arm.motion != 0:
            return
        if now >= self._flash_until:
            self._down(Cause.CONTROLLER)
        elif self._seen and now - self._clear_since >= self.clear_s:
            self._seen = False
            self._open_since = now
            self._credits = max(0, self._credits - 1)
            if self._credits == 0:
                self._down(Cause.CONTROLLER)
        elif not self._seen and now - self._open_since >= self.pause_s:
            self._credits = 0
            self._down(Cause.CONTROLLER)

    def _up(self) -> None:
        if self.powered:
            self._last_motion = 1
            self._arm.raise_()

    def _down(self, cause: Cause) -> None:
        self._flash_until = inf
        self._last_motion = -1
        self._arm.lower(cause)
