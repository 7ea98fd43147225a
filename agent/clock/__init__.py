"""The computer's clock: reads it, watches it for steps, and stores times that have certainly passed.

The only package of the agent that reads the wall clock. May ask the kernel about the clock, and keeps two small files.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.clock.clock import Clock
    from agent.clock.files import CAUSE_CHARACTERS, ClockFiles, FloorReset
    from agent.clock.monitor import ClockMonitor, first_trust, holdover_rules
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "CAUSE_CHARACTERS",
    "Clock",
    "ClockFiles",
    "ClockMonitor",
    "FloorReset",
    "first_trust",
    "holdover_rules",
]
