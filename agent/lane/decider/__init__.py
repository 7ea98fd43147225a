"""Answers a lane's `Decide`: collects what lists, ledger and other gates know, and judges the vehicle.

Reads stores. Moves nothing.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.lane.decider.decider import Decider
    from agent.lane.decider.judgement_rules import lane_place
    from agent.lane.decider.sources import KeptPictures, LanePlace, Sources
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "Decider",
    "KeptPictures",
    "LanePlace",
    "Sources",
    "lane_place",
]
