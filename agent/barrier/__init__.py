"""The barrier of a lane: the relay board, its relays over time, and which relay does what.

The only room that moves anything. One thread a board; a pulse is never repeated blindly.
"""

from agent.barrier.barrier import Barrier, PulseReport
from agent.barrier.dry_run import DryRunRelay
from agent.barrier.outputs import Wiring
from agent.barrier.relay_board import RelayBoard
from agent.barrier.relay_scheduler import RelayScheduler

__all__ = [
    "Barrier",
    "DryRunRelay",
    "PulseReport",
    "RelayBoard",
    "RelayScheduler",
    "Wiring",
]
