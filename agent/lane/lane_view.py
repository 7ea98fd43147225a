"""What other parts may know about a lane while its loop runs."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from agent.core.lane import message_for
from agent.core.model import DriverMessage

if TYPE_CHECKING:
    from agent.core.lane import InputState, LaneLockout
    from agent.lane.dry_run import DryRunCounts


@dataclass(frozen=True, slots=True)
class LaneView:
    """What others may know of a lane: its state, lamp and sign, and when its loop last went round (monotonic s).

    `lockout`: who locked it, who took it out of service. `input_state`: its inputs, debounced. `held_by`: the
    officer, or the hold contact, that holds its barrier open. `pulse_obstacle`: what forbids a test pulse now, in
    words; empty: nothing. `arm_in_use`: the lane of the other direction, whose arm this is too, uses it. `texts`: what
    central says to the driver instead of `message`, each after its language's code. `plate`: as read of the vehicle
    that stands there; empty: none. `waits_until`: when what the driver is asked for is over (monotonic s). `dry_run`:
    of a lane that moves nothing and tells its driver nothing, how its decisions agree with what happens; None: it is at
    work.
    """

    state: str
    transaction: str | None
    lamp: str
    message: str
    progress_at: float
    lockout: LaneLockout
    input_state: InputState
    relay_up: bool
    held_by: str
    pulse_obstacle: str
    arm_in_use: bool = False
    texts: tuple[tuple[str, str], ...] = ()
    plate: str = ""
    waits_until: float = inf
    dry_run: DryRunCounts | None = None

    @property
    def driver_message(self) -> DriverMessage | None:
        """What the driver is told now; None before the lane has said anything, and in a dry run."""
        if self.dry_run is not None:
            return None
        if self.texts:
            return DriverMessage.FROM_CENTRAL
        return message_for(self.message) if self.message else None
