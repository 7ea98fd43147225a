"""Waiting, and real time that is stretched on a busy machine: one and the same for the drivers' contracts and all other
tests.
"""

from drivers.contracts.waiting import PATIENCE_S, REPLY_MS, TIME_SCALE, eventually, scaled, scaled_ms

__all__ = ["PATIENCE_S", "REPLY_MS", "TIME_SCALE", "eventually", "scaled", "scaled_ms"]
