"""Decides what becomes of a vehicle: asks lists, ledger and the other gates, and judges by what they say."""

from agent.lane.decider.decider import Decider
from agent.lane.decider.sources import LanePlace, Sources

__all__ = ["Decider", "LanePlace", "Sources"]
