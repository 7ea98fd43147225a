"""A lane out of service stays so, also after restarts, until an officer puts it back. It starts nothing by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.lane.lockout import note_lockout
from agent.core.lane.state import GATHERING, LaneState
from agent.core.lane.violations import trespassed
from agent.core.model import Outcome, Reason
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.step_inputs import OfficerCommand
    from agent.core.lane.transition import Transition

_NO_GRANT = GATHERING | {LaneState.MANUAL}
_AT_HAND = _NO_GRANT | {LaneState.IDLE, LaneState.DENIED}


def take_out_of_service(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """Begin nothing more by itself.

    A vehicle without a grant is turned away, one with a grant has its outcome first.
    """
    lane = transition.lane
    if lane.lockout.out_of_service_by:
        return True, Text(
            "it was already taken out of service by {out_of_service_by}",
            out_of_service_by=lane.lockout.out_of_service_by,
        )
    note_lockout(transition, item, "out_of_service", out_of_service_by=item.operator)
    if lane.state in _NO_GRANT:
        # Denied, for the vehicle did not go of itself; and by an order, for its permit may be as good as any.
        transition.close_transaction(Outcome.DENIED, Reason.LANE_LOCKED)
    if lane.state not in _AT_HAND:
        return True, Text("it goes out of service after state {state}", state=lane.state)
    transition.come_to_rest()
    return True, Text("it is out of service")


def put_in_service(transition: Transition, item: OfficerCommand) -> tuple[bool, str]:
    """Serve vehicles again, after the inputs have proved the arm at rest. Who was turned away may try again at once."""
    if not transition.lane.lockout.out_of_service_by:
        return True, Text("it is in service")
    note_lockout(transition, item, "in_service", out_of_service_by="")
    transition.set(handled=tuple(one for one in transition.lane.handled if one.passed))
    if transition.lane.state is LaneState.OUT_OF_SERVICE:
        transition.enter_state(LaneState.INIT)
    return True, Text("it is in service")


def out_of_service(transition: Transition) -> None:
    """OUT_OF_SERVICE: read nothing and begin nothing; what goes wrong at the arm is a violation all the same."""
    if transition.lane.arm_in_use:
        transition.enter_state(LaneState.YIELDING)
    elif not transition.lane.rules.blind:
        trespassed(transition)
