"""Vehicles on the move: a driver's plan, and a body that speeds up, brakes, waits and backs away."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from math import inf, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.physics.vehicle_shapes import Body, Stretch

BRAKING_MPS2 = 3.0
EASY_BRAKING_MPS2 = 1.8
"""How drivers brake for a stop that they see coming."""
BEFORE_THE_ARM_M = -0.4
"""Where a driver stops who sees the arm come down."""
PAST_M = 7.0
_NEAR_M = 0.02


class DriverBehaviour(StrEnum):
    """What a driver does."""

    DRIVES_THROUGH = "drives through"
    STAYS = "stays"
    BACKS_OUT = "backs out"
    STOPS_UNDER = "stops under the arm"
    TAILGATES = "tailgates"
    RAMS = "rams the arm"


_UNASKED = frozenset({DriverBehaviour.TAILGATES, DriverBehaviour.RAMS})


@dataclass(frozen=True, slots=True)
class DrivingPlan:
    """A driver's intentions; metres are along the way, 0 under the arm.

    `stop_m`: where the front comes to rest before the arm. `patience_s`: how long the driver waits there before backing
    away. `turn_m`, `rest_s`: where the front comes to rest under the arm, and for how long; for STAYS, how long the
    open arm is looked at. `gap_m`: what is kept to the vehicle ahead. `away_m`: where one that backs away is gone.
    `wrong_way`: comes from behind the arm.
    """

    conduct: DriverBehaviour = DriverBehaviour.DRIVES_THROUGH
    speed_mps: float = 2.0
    acceleration_mps2: float = 1.2
    stop_m: float = -1.0
    patience_s: float = inf
    reaction_s: float = 0.5
    turn_m: float = inf
    rest_s: float = 0.0
    gap_m: float = 1.5
    away_m: float = -13.0
    wrong_way: bool = False


class DrivingPhase(Enum):
    """How far a vehicle is with its plan."""

    COMING = "coming"
    WAITING = "waiting"
    GOING = "going"
    STANDING = "standing"
    LEAVING = "leaving"
    GONE = "gone"


class Vehicle:
    """One vehicle. `front_m`: its front bumper along its own way, 0 under the arm; `number` names it.

    `over`: some of it is on the line of the arm. `refuse` tells the driver that there is no way through.
    """

    __slots__ = (
        "_go_since",
        "_refused_at",
        "_since",
        "_turn_m",
        "body",
        "front_m",
        "number",
        "over",
        "phase",
        "plan",
        "speed_mps",
        "top_m",
    )

    def __init__(self, number: int, body: Body, plan: DrivingPlan, front_m: float = -11.0) -> None:
        self.number = number
        self.body = body
        self.plan = plan
        self.front_m = front_m
        self.speed_mps = plan.speed_mps
        self.phase = DrivingPhase.COMING
        self.over = False
        self.top_m = body.height_m
        self._since = 0.0
        self._go_since = inf
        self._refused_at = inf
        self._turn_m = plan.turn_m

    @property
    def rear_m(self) -> float:
        """The rear bumper along the vehicle's own way."""
        return self.front_m - self.body.length_m

    @property
    def is_past(self) -> bool:
        """Whether all of it has left the line of the arm behind."""
        return self.front_m > self.body.length_m

    def place(self, stretch: Stretch) -> Stretch:
        """Where a stretch of the body is in the lane, from low to high."""
        near, far = self.front_m - stretch[0], self.front_m - stretch[1]
        return (-near, -far) if self.plan.wrong_way else (far, near)

    @property
    def can_yield(self) -> bool:
        """Whether the driver can still leave the place under the arm free: past it, backing away, or able to stop."""
        return self.is_past or self.phase is DrivingPhase.LEAVING or self._could_stop()

    def refuse(self, now: float) -> None:
        """Tell the driver to turn away."""
        self._refused_at = min(self._refused_at, now)

    def step(self, now: float, dt: float, ahead_m: float, *, barred: bool, invited: bool) -> bool:
        """Drive on for `dt` seconds. Return whether the vehicle is on the move.

        `ahead_m`: the rear of the vehicle ahead. `barred`: the arm is too low, or comes down. `invited`: the arm is up
        and the lamp is green.
        """
        phase = self.phase
        if phase is DrivingPhase.WAITING:
            self._wait(now, invited=invited)
        elif phase is DrivingPhase.STANDING:
            self._stand(now)
        elif phase is DrivingPhase.LEAVING:
            self._back_away(dt)
            return True
        elif phase is not DrivingPhase.GONE:
            self._go_forward(now, dt, ahead_m - self.plan.gap_m, barred=barred)
            return True
        return False

    def _wait(self, now: float, *, invited: bool) -> None:
        plan = self.plan
        self._go_since = min(self._go_since, now) if invited else inf
        thought_s = now - self._go_since
        if now - self._refused_at >= plan.reaction_s or now - self._since >= plan.patience_s:
            self.phase = DrivingPhase.LEAVING
        elif plan.conduct is DriverBehaviour.STAYS:
            if thought_s >= plan.rest_s:
                self.phase = DrivingPhase.LEAVING
        elif thought_s >= plan.reaction_s:
            self.phase = DrivingPhase.GOING

    def _stand(self, now: float) -> None:
        if now - self._since < self.plan.rest_s:
            return
        self._turn_m = inf
        self.phase = DrivingPhase.LEAVING if self.plan.conduct is DriverBehaviour.BACKS_OUT else DrivingPhase.GOING

    def _back_away(self, dt: float) -> None:
        plan = self.plan
        self.speed_mps = max(-plan.speed_mps, self.speed_mps - plan.acceleration_mps2 * dt)
        self.front_m += self.speed_mps * dt
        if self.front_m <= plan.away_m:
            self.phase, self.speed_mps = DrivingPhase.GONE, 0.0

    def _go_forward(self, now: float, dt: float, ahead_m: float, *, barred: bool) -> None:
        conduct = self.plan.conduct
        goal_m = min(ahead_m, self._turn_m)
        if self.phase is DrivingPhase.COMING and conduct not in _UNASKED:
            goal_m = min(goal_m, self.plan.stop_m)
        elif barred and conduct is not DriverBehaviour.RAMS and self._could_stop():
            goal_m = min(goal_m, BEFORE_THE_ARM_M)
        self._drive(dt, goal_m)
        if self.speed_mps == 0.0:
            self._rest(now, goal_m)
        if self.front_m - self.body.length_m > PAST_M:
            self.phase = DrivingPhase.GONE

    def _rest(self, now: float, goal_m: float) -> None:
        if goal_m == self._turn_m:
            self.phase, self._since = DrivingPhase.STANDING, now
        elif goal_m in (self.plan.stop_m, BEFORE_THE_ARM_M):
            self.phase, self._since, self._go_since = DrivingPhase.WAITING, now, inf

    def _drive(self, dt: float, goal_m: float) -> None:
        room_m = goal_m - self.front_m
        speed = self.speed_mps
        if self._stopping_m() > room_m + _NEAR_M:
            self.speed_mps = max(0.0, speed - BRAKING_MPS2 * dt)
            self.front_m += self.speed_mps * dt
            return
        allowed = sqrt(2.0 * EASY_BRAKING_MPS2 * room_m) if 0.0 < room_m < inf else (0.0 if room_m <= 0.0 else inf)
        self.speed_mps = min(self.plan.speed_mps, allowed, speed + self.plan.acceleration_mps2 * dt)
        self.front_m += self.speed_mps * dt
        if self.front_m >= goal_m - _NEAR_M:
            self.front_m, self.speed_mps = goal_m, 0.0

    def _stopping_m(self) -> float:
        return self.speed_mps * self.speed_mps / (2.0 * BRAKING_MPS2) if self.speed_mps > 0.0 else 0.0

    def _could_stop(self) -> bool:
        return self.front_m + self._stopping_m() <= BEFORE_THE_ARM_M + _NEAR_M
