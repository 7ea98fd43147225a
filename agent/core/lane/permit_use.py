"""What the lane knows about a passage at its end.

It says whether the vehicle went under the arm, and what happens to the use of the permit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.lane.state import PulseDelivery, arm_up, fresh
from agent.core.model import LedgerState, Outcome

if TYPE_CHECKING:
    from agent.core.lane.state import Lane, Transaction


def went_under(lane: Lane, transaction: Transaction, outcome: Outcome, at: float, *, passed: bool) -> bool | None:
    """Whether the vehicle went under the arm; None where no input can tell, or it still may."""
    if transaction.entered or passed:
        return True
    if lane.rules.blind or outcome is Outcome.OVERRIDDEN or transaction.seen_under or lane.pulses:
        return None
    may_go = arm_up(lane) or not fresh(lane, at) or may_have_risen(lane, transaction)
    return None if outcome is Outcome.FAULT and may_go else False


def may_have_risen(lane: Lane, transaction: Transaction) -> bool:
    """Whether a pulse may have raised the arm for a transaction with a grant, or still may raise it."""
    return transaction.pulse is not PulseDelivery.NOT_DELIVERED or bool(lane.pulses)


def settlement(lane: Lane, transaction: Transaction, taken: bool | None, *, passed: bool) -> LedgerState:
    """What becomes of the use that is reserved: consumed by a passage, released where it is known that nothing passed.

    RESERVED: it stays as it is, in doubt, for nobody knows. `taken`: as `went_under` says.
    """
    if passed:
        return LedgerState.CONSUMED
    never_rose = lane.rules.blind and not may_have_risen(lane, transaction)
    return LedgerState.RELEASED if taken is False or never_rose else LedgerState.RESERVED
