"""The arm: where it is, where it goes, and who sent it there."""

from __future__ import annotations

from enum import StrEnum
from math import inf

REST_HEIGHT_M = 0.9
RISE_M = 3.2
UPRIGHT = 0.97
"""From here on the arm stands beside the lane and touches nothing."""


class Cause(StrEnum):
    """Who moved the arm, or who is to blame for a collision."""

    AGENT = "agent"
    CONTROLLER = "controller"
    HAND = "hand"
    DRIVER = "driver"


class Arm:
    """A boom between 0, closed, and 1, open. `up_s`, `down_s`: its travel times.

    `motion`: -1, 0 or 1. `stuck`: it moves no more. `lowered_by`: who ordered the last movement down.
    """

    __slots__ = ("down_s", "lowered_by", "motion", "position", "stuck", "up_s")

    def __init__(self, up_s: float, down_s: float) -> None:
        self.up_s = up_s
        self.down_s = down_s
        self.position = 0.0
        self.motion = 0
        self.stuck = False
        self.lowered_by = Cause.CONTROLLER

    @property
    def height_m(self) -> float:
        """How high a vehicle may be that is under it."""
        return inf if self.position >= UPRIGHT else REST_HEIGHT_M + RISE_M * self.position

    @property
    def is_up(self) -> bool:
        """Whether it stands upright and does not come down."""
        return self.position >= UPRIGHT and self.motion >= 0

    def raise_(self) -> None:
        """Start to move up."""
        if self.position < 1.0:
            self.motion = 1

    def lower(self, cause: Cause) -> None:
        """Start to move down."""
        if self.motion != -1 and self.position > 0.0:
            self.motion, self.lowered_by = -1, cause

    def stop(self) -> None:
        """Stay where it is."""
        self.motion = 0

    def step(self, dt: float) -> bool:
        """Move on for `dt` seconds. Return whether it moved."""
        motion = self.motion
        if motion == 0 or self.stuck:
            return False
        if motion > 0:
            self.position = min(1.0, self.position + dt / self.up_s)
        else:
            self.position = max(0.0, self.position - dt / self.down_s)
        if self.position in (0.0, 1.0):
            self.motion = 0
        return True
