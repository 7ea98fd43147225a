"""Judges from readings of the computer's clock how far the gate can trust it.

Reads no clock itself. `agent.clock` takes the readings.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.clock.clock_step import step_between_s
    from agent.core.clock.trust import (
        KERNEL_ERROR_S,
        Anchor,
        ClockFloor,
        ClockObservation,
        ClockState,
        ClockTrust,
        HoldoverRules,
        LastObservation,
        observe,
        resumed,
        word_error_s,
    )
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "KERNEL_ERROR_S",
    "Anchor",
    "ClockFloor",
    "ClockObservation",
    "ClockState",
    "ClockTrust",
    "HoldoverRules",
    "LastObservation",
    "observe",
    "resumed",
    "step_between_s",
    "word_error_s",
]
