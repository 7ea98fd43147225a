"""The shell of one lane: the thread that feeds `agent.core.lane.step` and does what it says, officers' orders, the interlock.

Records before it acts. Knows the barrier, the inputs and the cameras of its lane.
"""

from agent.lane.interlock import WayGuard
from agent.lane.loop import LaneView
from agent.lane.pause import LanePause
from agent.lane.service import Boards, LaneUnit, Services
from agent.lane.simulated_vehicle import FOLDER, RUNTIME, SIMULATED, Rehearsal, put_scene, rehearsals, scene_folders

__all__ = [
    "FOLDER",
    "RUNTIME",
    "SIMULATED",
    "Boards",
    "LanePause",
    "LaneUnit",
    "LaneView",
    "Rehearsal",
    "Services",
    "WayGuard",
    "put_scene",
    "rehearsals",
    "scene_folders",
]
