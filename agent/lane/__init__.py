"""Runs one lane: the thread that calls `agent.core.lane.lane_state_machine` and carries out the effects.

It also handles orders of officers and the interlock. It records an effect before it acts. May use the barrier, the
inputs, the cameras, the signs and the loudspeaker of its lane.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.lane.driver_outputs import VOICE, DriverPorts
    from agent.lane.dry_run import DryRunCounts
    from agent.lane.lane_view import LaneView
    from agent.lane.pause import LanePause
    from agent.lane.service import LaneDevices, LaneService, LaneServiceDependencies
    from agent.lane.shared_interlock import Interlock
    from agent.lane.simulated_vehicle import (
        FOLDER,
        RUNTIME,
        SIMULATED,
        SimulatedVehicleRun,
        put_scene,
        scene_folders,
        simulated_vehicle_runs,
    )
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "FOLDER",
    "RUNTIME",
    "SIMULATED",
    "VOICE",
    "DriverPorts",
    "DryRunCounts",
    "Interlock",
    "LaneDevices",
    "LanePause",
    "LaneService",
    "LaneServiceDependencies",
    "LaneView",
    "SimulatedVehicleRun",
    "put_scene",
    "scene_folders",
    "simulated_vehicle_runs",
]
