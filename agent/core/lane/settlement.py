"""What is known of a passage at its end: whether the vehicle went under the arm, and what becomes of the permit's use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.events import Outcome
from agent.core.lane.state import Delivery, arm_up, fresh
from agent.core.model import LedgerState

if TYPE_CHECKING:
    from agent.core.lane.state import Lane, Visit


def went_under(lane: Lane, visit: Visit, outcome: Outcome, at: float, *, passed: bool) -> bool | None:
    """Whether the vehicle went under the arm; None where no input can tell, or it still may."""
    if visit.entered or passed:
        return True
    if lane.rules.blind or outcome is Outcome.OVERRIDDEN or visit.seen_under or lane.pulses:
        return None
    may_go = arm_up(lane) or not fresh(lane, at) or may_have_risen(lane, visit)
    return None if outcome is Outcome.FAULT and may_go else False


def may_have_risen(lane: Lane, visit: Visit) -> bool:
    """Whether a pulse may have raised the arm for a transaction with a grant, or still may raise it."""
    return visit.pulse is not Delivery.NOT_DELIVERED or bool(lane.pulses)


def settlement(lane: Lane, visit: Visit, taken: bool | None, *, passed: bool) -> LedgerState:
    """What becomes of the use that is reserved: consumed by a passage, released where it is known that nothing passed.

    RESERVED: it stays as it is, in doubt, for nobody knows. `taken`: as `went_under` says.
    """
    if passed:
        return LedgerState.CONSUMED
    never_rose = lane.rules.blind and not may_have_risen(lane, visit)
    return LedgerState.RELEASED if taken is False or never_rose else LedgerState.RESERVED
