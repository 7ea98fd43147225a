"""Answers a lane's `Decide`: collects what lists, ledger and other gates say, and judges by that.

Reads stores; moves nothing.
"""

from agent.lane.decider.decider import Decider
from agent.lane.decider.judgement_rules import lane_place
from agent.lane.decider.sources import KeptPictures, LanePlace, Sources

__all__ = [
    "Decider",
    "KeptPictures",
    "LanePlace",
    "Sources",
    "lane_place",
]
