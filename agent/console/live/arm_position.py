"""Where a lane's arm is, as far as anything says so.

By its limit switches, else by what was ordered, and then assumed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, assert_never

from agent.core.lane import LaneState
from agent.core.model import Signals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.lane import LaneView
    from agent.settings import Lane, SignalWiring


class Arm(StrEnum):
    """BETWEEN: moving, or stuck. UNKNOWN: its limit switches do not tell. NOT_WIRED: it has none, and nothing tells."""

    OPEN = "open"
    CLOSED = "closed"
    BETWEEN = "between"
    UNKNOWN = "unknown"
    ASSUMED_OPEN = "assumed_open"
    ASSUMED_CLOSED = "assumed_closed"
    ASSUMED_BETWEEN = "assumed_between"
    NOT_WIRED = "not_wired"


TONES: Final[Mapping[Arm, str]] = {
    Arm.OPEN: "open",
    Arm.CLOSED: "good",
    Arm.BETWEEN: "busy",
    Arm.UNKNOWN: "bad",
    Arm.ASSUMED_OPEN: "off",
    Arm.ASSUMED_CLOSED: "off",
    Arm.ASSUMED_BETWEEN: "off",
    Arm.NOT_WIRED: "off",
}
"""The colour of each. What is only assumed is never green."""


STILL_S: Final = 2.0
"""A loop that has not gone round for so long stands still; the watchdog will have the gate restarted."""


def stands_still(view: LaneView, at: float) -> bool:
    """Whether the lane's loop has stopped, so that what is known of the lane is old. `at`: monotonic seconds."""
    return at - view.progress_at > STILL_S


def known_inputs(view: LaneView, settings: Lane, at: float) -> Signals:
    """The inputs as they are known at that time (monotonic s): nothing is known by a sample that is too old."""
    signals = view.input_state.signals
    return signals if at - signals.at <= settings.timing.stale_s else Signals(signals.at)


def arm_of(view: LaneView | None, settings: Lane, at: float) -> Arm:
    """Where the arm is. `at`: monotonic seconds."""
    signals = settings.signals
    wired = signals if signals is not None and (signals.opened, signals.closed) != (None, None) else None
    if view is None or stands_still(view, at):
        return Arm.UNKNOWN if wired else Arm.NOT_WIRED
    if wired is not None:
        return _by_switches(known_inputs(view, settings, at), wired)
    return Arm.NOT_WIRED if view.arm_in_use else _assumed(LaneState(view.state))


def _by_switches(signals: Signals, wired: SignalWiring) -> Arm:
    if signals.opened and signals.closed:
        return Arm.UNKNOWN
    if signals.opened:
        return Arm.OPEN
    if signals.closed:
        return Arm.CLOSED
    is_known = all(
        value is not None or number is None
        for value, number in ((signals.opened, wired.opened), (signals.closed, wired.closed))
    )
    return Arm.BETWEEN if is_known else Arm.UNKNOWN


def _assumed(state: LaneState) -> Arm:
    """Where the arm ought to be by what the lane itself did."""
    match state:
        case LaneState.IDLE | LaneState.OUT_OF_SERVICE | LaneState.PRESENT | LaneState.DECIDING:
            return Arm.ASSUMED_CLOSED
        case LaneState.MANUAL | LaneState.WAITING | LaneState.DENIED:
            return Arm.ASSUMED_CLOSED
        case LaneState.OPENING | LaneState.CLOSING:
            return Arm.ASSUMED_BETWEEN
        case LaneState.OPEN | LaneState.PASSING | LaneState.CLEARING | LaneState.HELD_OPEN:
            return Arm.ASSUMED_OPEN
        case LaneState.INIT | LaneState.VIOLATION | LaneState.FAULT | LaneState.YIELDING:
            return Arm.NOT_WIRED
        case _:
            assert_never(state)
