"""What a lane knows about the vehicle at its arm and may show to the driver beside the message."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from agent.core.lane.own_plate import plate_of
from agent.core.lane.state import LaneState

if TYPE_CHECKING:
    from agent.core.lane.state import Lane


def plate_shown(lane: Lane) -> str:
    """Return the plate as read of the vehicle whose transaction is open; "" where none is open or nothing was read.

    Never the declared one: who holds another's permit must not learn of which car it is.
    """
    return "" if lane.transaction is None else plate_of(lane.transaction) or ""


def waits_until(lane: Lane) -> float:
    """Return when what the lane waits for the driver to do is over (monotonic s); `inf` where nothing counts down.

    The code is to be shown within `read_s`; the vehicle is to drive off within `enter_s` of the open arm, and on a
    blind lane be through within `blind_passage_s`.
    """
    rules = lane.rules
    match lane.state:
        case LaneState.PRESENT:
            return lane.since + rules.read_s
        case LaneState.OPEN if lane.transaction is not None:
            return lane.since + (rules.blind_passage_s if rules.blind else rules.enter_s)
        case _:
            return inf
