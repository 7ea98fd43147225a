"""The barrier of a lane: the relay board, the state of its relays over time, and the function of each relay.

In a running gate, only this package moves a barrier. Each board has one thread. A pulse with an unknown result is never
repeated.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.barrier.barrier import Barrier, PulseReport
    from agent.barrier.dry_run import DryRunRelay
    from agent.barrier.outputs import Wiring
    from agent.barrier.relay_board import RelayBoard
    from agent.barrier.relay_scheduler import RelayScheduler
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "Barrier",
    "DryRunRelay",
    "PulseReport",
    "RelayBoard",
    "RelayScheduler",
    "Wiring",
]
