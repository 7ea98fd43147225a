"""Loops in the road, and the contacts through which an input board learns of anything."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

ON_M = 0.3
OFF_M = 0.15
DELAY_S = 0.08
BOUNCE_S = 0.005


class Loop:
    """An induction loop from `start_m` to `end_m` with its detector.

    It picks up when `ON_M` of it are covered by iron and drops out below `OFF_M`, each after `DELAY_S`.
    """

    __slots__ = ("_since", "end_m", "on", "start_m")

    def __init__(self, start_m: float, end_m: float) -> None:
        self.start_m = start_m
        self.end_m = end_m
        self.on = False
        self._since = inf

    @property
    def unsettled(self) -> bool:
        """Whether the detector is about to change its mind."""
        return self._since < inf

    def covered_m(self, low_m: float, high_m: float) -> float:
        """How much of the loop a stretch of iron covers."""
        return max(0.0, min(high_m, self.end_m) - max(low_m, self.start_m))

    def feel(self, covered_m: float, now: float) -> None:
        """Take in how much of the loop is covered."""
        if (covered_m >= (OFF_M if self.on else ON_M)) is self.on:
            self._since = inf
        elif self._since == inf:
            self._since = now
        elif now - self._since >= DELAY_S:
            self.on = not self.on
            self._since = inf


class Contact:
    """A dry contact at an input of the board. `stuck`: what it says for ever; None while it works."""

    __slots__ = ("_changed_at", "on", "stuck")

    def __init__(self, *, on: bool = False) -> None:
        self.on = on
        self.stuck: bool | None = None
        self._changed_at = -inf

    @property
    def level(self) -> bool:
        """What the contact says once it has come to rest."""
        return self.on if self.stuck is None else self.stuck

    def set_state(self, now: float, *, on: bool) -> None:
        """Close or open it."""
        if on is not self.on:
            self.on = on
            self._changed_at = now

    def read(self, now: float, dice: Random) -> bool:
        """What a poll of the input board gives: either, for as long as the contact bounces."""
        if self.stuck is not None:
            return self.stuck
        if now - self._changed_at < BOUNCE_S:
            return dice.random() < 0.5  # noqa: PLR2004 -- either
        return self.on
