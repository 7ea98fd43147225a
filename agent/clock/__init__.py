"""The clock of the computer: read here and nowhere else, watched for steps, and the times that have surely passed.

May read the wall clock and what the kernel says of it, and keep two small files.
"""

from typing import TYPE_CHECKING

from agent.core.face import lazy_face

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
