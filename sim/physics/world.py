"""The lane and all that stands around it, moved on in steps.

What a barrier, its sensors and its traffic do together.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from random import Random
from typing import TYPE_CHECKING

from sim.physics.arm import Arm, Cause
from sim.physics.controller import Controller, Logic
from sim.physics.driving import DriverBehaviour, DrivingPhase
from sim.physics.loops import Contact, Loop

if TYPE_CHECKING:
    from sim.physics.controller import Input
    from sim.physics.driving import Vehicle
    from sim.physics.vehicle_shapes import Stretch

SIGNALS = ("presence", "safety", "photocell", "opened", "closed")


@dataclass(frozen=True, slots=True)
class Site:
    """How a lane is built. Metres are along the way in, 0 is the line of the arm.

    `presence`, `safety`: where the loops lie. `photocell_m`: how far behind the arm the beam crosses, `beam_m` how
    high. `up_s`, `down_s`: travel of the arm. `closes_itself`, `clear_s`, `pause_s`: of the controller.
    """

    presence: Stretch = (-3.4, -1.1)
    safety: Stretch = (-0.6, 1.6)
    photocell_m: float = 0.3
    beam_m: float = 0.6
    up_s: float = 1.5
    down_s: float = 2.0
    logic: Logic = Logic.PLAIN
    closes_itself: bool = True
    clear_s: float = 1.0
    pause_s: float = 30.0


FOR_CARS = Site()
FOR_TRUCKS = Site(presence=(-4.6, -1.1), safety=(-0.8, 2.7), beam_m=1.3, up_s=2.5, down_s=3.0)
"""Loops that are longer than what a loop does not feel of a truck, a beam above its drawbar."""


class Way(StrEnum):
    """How a vehicle came through."""

    GRANTED = "granted"
    FOLLOWED = "followed another"
    HELD = "held open"
    LEFT_UP = "found the arm up"
    BROKE_THROUGH = "broke through"


@dataclass(frozen=True, slots=True)
class Crossing:
    """A vehicle that went through, and at what time it was through."""

    vehicle: Vehicle
    at: float
    way: Way


@dataclass(frozen=True, slots=True)
class Collision:
    """An arm and a vehicle that met. `cause`: who is to blame. `onto`: the arm came down onto what stood under it."""

    vehicle: Vehicle
    at: float
    cause: Cause
    onto: bool


class World:
    """One lane. `step` moves everything on; `bits` is what a poll of the input board gives.

    `vehicles`: those that are there, in the order in which they came. `green`: what the lamp shows the drivers.
    """

    def __init__(self, site: Site, seed: int = 0) -> None:
        self.site = site
        self.now = 0.0
        self.dice = Random(seed)  # noqa: S311 -- a world that can be repeated
        self.arm = Arm(site.up_s, site.down_s)
        self.controller = Controller(
            self.arm, site.logic, closes_itself=site.closes_itself, clear_s=site.clear_s, pause_s=site.pause_s
        )
        self.vehicles: list[Vehicle] = []
        self.green = False
        self.presence_loop = Loop(*site.presence)
        self.safety_loop = Loop(*site.safety)
        self.presence, self.safety, self.photocell = Contact(), Contact(), Contact()
        self.opened, self.closed = Contact(), Contact(on=True)
        self.contacts = (self.presence, self.safety, self.photocell, self.opened, self.closed)
        self.crossings: list[Crossing] = []
        self.collisions: list[Collision] = []
        self._grants = True
        self._pulses = 0
        self._credits = 0
        self._pulsed = False
        self._committed: list[Vehicle] = []
        self._touching: list[Vehicle] = []
        self._under_since = inf
        self._ways: dict[int, Way] = {}
        self._still = False

    # ------------------------------------------------------------------------------------------------ from outside

    def add(self, vehicle: Vehicle) -> None:
        """Let a vehicle come."""
        self.vehicles.append(vehicle)
        self._still = False

    def relay(self, contact: Input, *, on: bool, grants: bool = True) -> None:
        """Close or open a contact of the controller. `grants`: an OPEN that lets one vehicle through."""
        if contact == "open" and on:
            self._grants = grants
        self.controller.set(contact, self.now, on=on)

    def power(self, *, on: bool) -> None:
        """Take the controller's power away, or give it back."""
        self.controller.power(self.now, on=on)

    def force(self, *, up: bool) -> None:
        """Move the arm by hand; nobody lowers it by hand onto a vehicle."""
        if up:
            self.arm.position, self.arm.motion = 1.0, 0
        elif not any(vehicle.over for vehicle in self.vehicles):
            self.arm.lower(Cause.HAND)

    @property
    def calm(self) -> bool:
        """Whether nothing moves and nothing is about to."""
        return self._still and self.arm.motion == 0

    @property
    def waiting(self) -> Vehicle | None:
        """The vehicle that stands first before the arm."""
        return next((v for v in self.vehicles if v.phase is DrivingPhase.WAITING and not v.plan.wrong_way), None)

    @property
    def under_s(self) -> float:
        """How long something has been under the arm; 0 for nothing."""
        return self.now - self._under_since if self._under_since < inf else 0.0

    def bits(self) -> tuple[bool, ...]:
        """What a poll of the input board gives now, in the order of SIGNALS."""
        now, dice = self.now, self.dice
        return tuple(contact.read(now, dice) for contact in self.contacts)

    # ---------------------------------------------------------------------------------------------------- one step

    def step(self, dt: float) -> None:
        """Let `dt` seconds go by."""
        now = self.now = self.now + dt
        moving = self._drive(now, dt) if self.vehicles else False
        if moving or not self._still:
            self._feel(now)
        self._still = not (moving or self.presence_loop.unsettled or self.safety_loop.unsettled)
        arm = self.arm
        before = arm.motion
        self.controller.step(now, guarded=self.safety.level or self.photocell.level)
        if self.controller.pulses > self._pulses:
            self._pulses = self.controller.pulses
            self._credits += self._grants
            self._pulsed = True
        falls = arm.motion < 0
        if falls and before >= 0:
            self._lowered()
        turned = arm.step(dt)
        if turned:
            self._follow_arm(now)
        if moving or turned:
            self._watch_line(now, fell=turned and falls)

    def _drive(self, now: float, dt: float) -> bool:
        arm = self.arm
        low, falls, invited = arm.height_m, arm.motion < 0, arm.is_up and self.green
        moving, gone = False, False
        ahead_m = inf
        for vehicle in self.vehicles:
            barred = falls or low < vehicle.top_m
            moving |= vehicle.step(now, dt, ahead_m, barred=barred, invited=invited)
            gone |= vehicle.phase is DrivingPhase.GONE
            ahead_m = ahead_m if vehicle.plan.wrong_way else vehicle.rear_m
        if gone:
            self.vehicles = [vehicle for vehicle in self.vehicles if vehicle.phase is not DrivingPhase.GONE]
        return moving

    def _feel(self, now: float) -> None:
        presence, safety = self.presence_loop, self.safety_loop
        before = under = 0.0
        seen = False
        for vehicle in self.vehicles:
            for stretch in vehicle.body.iron:
                low, high = vehicle.place(stretch)
                before += presence.covered_m(low, high)
                under += safety.covered_m(low, high)
            for stretch in vehicle.body.seen_at(self.site.beam_m) if vehicle.over else ():
                low, high = vehicle.place(stretch)
                seen = seen or low <= self.site.photocell_m <= high
        presence.feel(before, now)
        safety.feel(under, now)
        self.presence.set_state(now, on=presence.on)
        self.safety.set_state(now, on=safety.on)
        self.photocell.set_state(now, on=seen)

    def _follow_arm(self, now: float) -> None:
        position = self.arm.position
        self.opened.set_state(now, on=position >= 0.99)  # noqa: PLR2004 -- the switch is at the end of the way
        self.closed.set_state(now, on=position <= 0.01)  # noqa: PLR2004
        if position == 0.0:
            self._credits, self._pulsed = 0, False

    # ---------------------------------------------------------------------------------------------- under the arm

    def _lowered(self) -> None:
        """Note who cannot help being under the arm that starts to come down."""
        self._committed = [v for v in self.vehicles if v.over or not v.can_yield]

    def _watch_line(self, now: float, *, fell: bool) -> None:
        height_m = self.arm.height_m
        anybody = False
        for vehicle in self.vehicles:
            over = vehicle.front_m > 0.0 > vehicle.rear_m
            if over:
                anybody = True
                if not vehicle.over:
                    self._ways[vehicle.number] = self._way(vehicle)
                if height_m < vehicle.top_m:
                    self._meet(vehicle, height_m, now, onto=fell and vehicle.over)
            elif vehicle.over:
                self._leave(vehicle, now)
            vehicle.over = over
        if not anybody:
            self._under_since = inf
        elif self._under_since == inf:
            self._under_since = now

    def _way(self, vehicle: Vehicle) -> Way:
        if self.arm.height_m < vehicle.top_m:
            return Way.BROKE_THROUGH
        if self.controller.held:
            return Way.HELD
        if self._credits > 0 and not vehicle.plan.wrong_way:
            self._credits -= 1
            return Way.GRANTED
        return Way.FOLLOWED if self._pulsed else Way.LEFT_UP

    def _leave(self, vehicle: Vehicle, now: float) -> None:
        way = self._ways.pop(vehicle.number)
        for those in (self._touching, self._committed):
            if vehicle in those:
                those.remove(vehicle)
        if vehicle.is_past:
            self.crossings.append(Crossing(vehicle, now, way))
        elif way is Way.GRANTED:
            self._credits += 1

    def _meet(self, vehicle: Vehicle, height_m: float, now: float, *, onto: bool) -> None:
        """Note a collision, once for each time that they meet."""
        if vehicle in self._touching or not self._at_line(vehicle, height_m):
            return
        self._touching.append(vehicle)
        caught = onto or vehicle in self._committed
        self.collisions.append(Collision(vehicle, now, self.arm.lowered_by if caught else Cause.DRIVER, onto))
        if vehicle.plan.conduct is DriverBehaviour.RAMS:
            self.arm.position, self.arm.motion = 1.0, 0
            self._follow_arm(now)
        else:
            self.controller.touched()

    @staticmethod
    def _at_line(vehicle: Vehicle, height_m: float) -> bool:
        """Whether some of the vehicle that is higher than the arm is under it."""
        at_m = vehicle.front_m
        return any(side.front_m <= at_m <= side.rear_m and side.top_m > height_m for side in vehicle.body.sides)

    def tally(self) -> tuple[Counter[Way], Counter[Cause]]:
        """How many vehicles came through in which way, and how many collisions there were by whose fault."""
        return Counter(c.way for c in self.crossings), Counter(c.cause for c in self.collisions)
