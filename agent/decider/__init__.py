"""Decides what becomes of a vehicle: asks lists, ledger and the other gates, and judges by what they say."""

from agent.decider.decider import Decider
from agent.decider.sources import LanePlace, Sources

__all__ = ["Decider", "LanePlace", "Sources"]
