"""The barrier, its loops and its vehicles in real time: the model of the lane, driven by the clock."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sim.physics import CAR, FOR_CARS, Cause, Vehicle, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.physics import DrivingPlan, Input, Site, Stretch

PERIOD_S = 0.02
MOST_S = 0.1
"""What one step may take: a machine that stalls slows the model down, it makes no leaps."""
SHOWN_EVERY = 5
START_M = -4.4
INPUTS = {"presence": 1, "safety": 2, "opened": 3, "closed": 4}
"""Numbers of the input board's contacts, from 1."""
PACE = 2.0
"""The demo shows its lane in quick motion."""
QUICK = replace(FOR_CARS, presence=(-2.6, -1.1), safety=(-0.9, 2.0), up_s=1.2, down_s=1.2, clear_s=0.9, pause_s=16.0)


@dataclass(frozen=True, slots=True)
class View:
    """What can be seen from aside.

    The arm, 0 closed to 1 open, the lamp, where vehicles are (m), which loops feel one.
    """

    arm: float = 0.0
    green: bool = False
    vehicles: tuple[Stretch, ...] = ()
    presence: bool = False
    safety: bool = False


class RealTimeRunner:
    """Let a world go by in real time, on one thread.

    `set_input(number, on)` drives a contact of the input board; `show` is told several times a second what is to be
    seen. `pace`: seconds of the model in a second. All methods may be called from any thread and return at once.
    """

    def __init__(
        self,
        set_input: Callable[[int, bool], None],
        show: Callable[[View], None],
        site: Site = QUICK,
        pace: float = PACE,
    ) -> None:
        self._set_input = set_input
        self._show = show
        self._pace = pace
        self._world = World(site)
        self._orders: queue.SimpleQueue[Callable[[World], None]] = queue.SimpleQueue()
        self._told: dict[str, bool] = {}
        self._view = View()
        self._number = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clockwork", daemon=True)

    def start(self) -> None:
        """Start with the arm closed and nobody there."""
        self._tell_inputs()
        self._thread.start()

    def stop(self) -> None:
        """Stop everything where it is."""
        self._stopping.set()
        self._thread.join()

    # ---------------------------------------------------------------------------------------------- for all threads

    def energise(self, *, on: bool, contact: Input = "open") -> None:
        """The relay closed a contact of the controller, or opened it."""
        self._orders.put(lambda world: world.relay(contact, on=on))

    def light(self, *, green: bool) -> None:
        """The lamp changed."""
        self._orders.put(lambda world: setattr(world, "green", green))

    def come(self, plan: DrivingPlan, follower: DrivingPlan | None = None) -> None:
        """Let a vehicle come, and another close behind it."""
        first = Vehicle(self._next(), CAR, plan, START_M)
        self._orders.put(lambda world: world.add(first))
        if follower is not None:
            second = Vehicle(self._next(), CAR, follower, first.rear_m - follower.gap_m - 0.5)
            self._orders.put(lambda world: world.add(second))

    def refuse(self) -> None:
        """Tell the driver before the arm that there is no way through."""
        self._orders.put(_refuse)

    @property
    def view(self) -> View:
        """What is to be seen now."""
        return self._view

    @property
    def pulses(self) -> int:
        """How many opening pulses the controller took."""
        return self._world.controller.pulses

    @property
    def crossings(self) -> int:
        """How many vehicles went through."""
        return len(self._world.crossings)

    @property
    def struck(self) -> int:
        """How many vehicles an arm met that somebody else than their drivers had moved."""
        return sum(collision.cause is not Cause.DRIVER for collision in self._world.collisions)

    # ---------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        world, before, rounds = self._world, time.monotonic(), 0
        while not self._stopping.wait(PERIOD_S):
            while not self._orders.empty():
                self._orders.get()(world)
            now = time.monotonic()
            left_s, before = min(now - before, MOST_S) * self._pace, now
            while left_s > 0.0:
                world.step(min(left_s, PERIOD_S))
                left_s -= PERIOD_S
            self._tell_inputs()
            self._update_view()
            rounds += 1
            if rounds % SHOWN_EVERY == 0:
                self._show(self._view)

    def _tell_inputs(self) -> None:
        world = self._world
        for name, number in INPUTS.items():
            level = getattr(world, name).level
            if self._told.get(name) is not level:
                self._told[name] = level
                self._set_input(number, level)

    def _update_view(self) -> None:
        world = self._world
        self._view = View(
            world.arm.position,
            world.green,
            tuple((vehicle.rear_m, vehicle.front_m) for vehicle in world.vehicles),
            world.presence.level,
            world.safety.level,
        )

    def _next(self) -> int:
        self._number += 1
        return self._number


def _refuse(world: World) -> None:
    for vehicle in world.vehicles:
        if vehicle.front_m < 0.0:
            vehicle.refuse(world.now)
