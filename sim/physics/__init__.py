"""The surroundings of the agent as a pure model: vehicles, loops, photocell, arm and barrier controller.

No clock, no thread, no device: the caller passes the time with each step.
"""

from sim.physics.arm import Cause
from sim.physics.controller import Input
from sim.physics.driving import DriverBehaviour, DrivingPlan, Vehicle
from sim.physics.vehicle_shapes import CAR, Stretch
from sim.physics.world import FOR_CARS, Site, World

__all__ = [
    "CAR",
    "FOR_CARS",
    "Cause",
    "DriverBehaviour",
    "DrivingPlan",
    "Input",
    "Site",
    "Stretch",
    "Vehicle",
    "World",
]
