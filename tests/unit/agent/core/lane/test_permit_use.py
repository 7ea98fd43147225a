"""The use of a permit is given back only where it is known that nothing passed; else it stays reserved, in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.core.events.event_types import Alarm, AlarmRaised
from agent.core.lane.lane_state_machine import LaneState
from agent.core.lane.step_inputs import CommandKind, RelayChanged
from agent.core.model import Outcome
from agent.core.model.ledger import LedgerState
from agent.core.model.reasons import Reason, Verdict
from tests.support.lane.rows import AGENT
from tests.support.lane.yard import Yard, deciding, no_relay, opened, opening, passing, present

if TYPE_CHECKING:
    from collections.abc import Callable

LIMITS: dict[str, Any] = {"has_opened": True, "has_closed": True}
UP: dict[str, bool | None] = {"opened": True, "closed": False}
DOWN: dict[str, bool | None] = {"opened": False, "closed": True}
RESERVED, CONSUMED, RELEASED = LedgerState.RESERVED, LedgerState.CONSUMED, LedgerState.RELEASED


def turned_away(yard: Yard) -> list[str]:
    """The vehicle goes away before the open arm, and the close pulse is ordered."""
    return yard.sense(presence=False) + yard.wait(1.1)


# ------------------------------------------------------------------------------------------- the use, and what is told

END = tuple[Outcome, bool | None, list[LedgerState]]
ENDS: dict[str, tuple[Callable[[], Yard], Callable[[Yard], object], END]] = {
    "inputs that are lost while the pulse is under way": (
        opening,
        lambda y: y.tick(0.5),
        (Outcome.FAULT, None, [RESERVED]),
    ),
    "inputs that are unknown for a moment after the pulse": (
        opening,
        lambda y: y.pulsed() + y.sense(0.2, presence=None, safety=None) + y.sense(0.2),
        (Outcome.FAULT, None, [RESERVED]),
    ),
    "inputs that are lost before an arm that is up": (opened, lambda y: y.tick(0.5), (Outcome.FAULT, None, [RESERVED])),
    "an open limit that never comes": (
        lambda: opening(**LIMITS),
        lambda y: y.pulsed() + y.wait(6.1),
        (Outcome.FAULT, None, [RESERVED]),
    ),
    "an open limit that never comes after a pulse of unknown delivery": (
        lambda: opening(has_opened=True),
        lambda y: y.pulsed("unknown") + y.wait(6.1),
        (Outcome.FAULT, None, [RESERVED]),
    ),
    "an arm that stays at its closed limit after the pulse": (
        lambda: deciding(has_closed=True),
        lambda y: y.decide(Verdict.PASS) + y.pulsed() + y.wait(6.1),
        (Outcome.FAULT, None, [RESERVED]),
    ),
    "a pulse that is not reported in the time of the arm": (
        lambda: deciding(**LIMITS),
        lambda y: y.decide(Verdict.PASS) + y.wait(6.1),
        (Outcome.FAULT, None, [RESERVED]),
    ),
    "a pulse that is not delivered": (
        opening,
        lambda y: y.pulsed("not_delivered"),
        (Outcome.FAULT, False, [RESERVED, RELEASED]),
    ),
    "a pulse that is not delivered, to an arm that went up all the same": (
        lambda: opening(has_opened=True),
        lambda y: y.sense(opened=True) + y.pulsed("not_delivered"),
        (Outcome.FAULT, None, [RESERVED]),
    ),
    "a pulse that is not delivered, in a lane without inputs": (
        lambda: opening(blind=True),
        lambda y: y.pulsed("not_delivered"),
        (Outcome.FAULT, None, [RESERVED, RELEASED]),
    ),
    "an arm that is held open before the vehicle goes": (
        opened,
        lambda y: y.order(CommandKind.HOLD),
        (Outcome.OVERRIDDEN, None, [RESERVED]),
    ),
    "an arm that is held open while the vehicle is under it": (
        passing,
        lambda y: y.order(CommandKind.HOLD),
        (Outcome.OVERRIDDEN, True, [RESERVED, CONSUMED]),
    ),
    "an arm that is held open in a lane without inputs": (
        lambda: opened(blind=True),
        lambda y: y.order(CommandKind.HOLD),
        (Outcome.OVERRIDDEN, None, [RESERVED]),
    ),
    "a vehicle that leaves an open arm, before the arm is down": (
        lambda: opened(**LIMITS),
        lambda y: y.sense(presence=False) + y.wait(1.1) + y.sense(1.0, opened=False),
        (Outcome.NOT_TAKEN, False, [RESERVED]),
    ),
    "a vehicle that leaves an open arm, once the arm is down": (
        lambda: opened(**LIMITS),
        lambda y: y.sense(presence=False) + y.wait(1.1) + y.sense(1.0, **DOWN),
        (Outcome.NOT_TAKEN, False, [RESERVED, RELEASED]),
    ),
    "a vehicle that leaves an open arm, once the arm has had its time to close": (
        opening,
        lambda y: y.pulsed() + y.wait(6.1) + y.sense(presence=False) + y.wait(9.1),
        (Outcome.NOT_TAKEN, False, [RESERVED, RELEASED]),
    ),
    "a vehicle that leaves an open arm, in a lane that goes out of service": (
        lambda: opened(**LIMITS),
        lambda y: y.sense(presence=False) + y.order(CommandKind.OUT_OF_SERVICE) + y.wait(1.1) + y.sense(1.0, **DOWN),
        (Outcome.NOT_TAKEN, False, [RESERVED, RELEASED]),
    ),
    "a vehicle that leaves an open arm and comes back before it is down": (
        lambda: opened(**LIMITS),
        lambda y: (
            y.sense(presence=False)
            + y.wait(1.1)
            + y.sense(1.0, safety=True)
            + y.sense(1.0, safety=False)
            + y.wait(1.1)
            + y.sense(1.0, **DOWN)
        ),
        (Outcome.NOT_TAKEN, False, [RESERVED]),
    ),
    "a vehicle that leaves an open arm, of which the inputs are lost before it is down": (
        lambda: opened(**LIMITS),
        lambda y: y.sense(presence=False) + y.wait(1.1) + y.tick(0.5) + y.sense(1.0, **DOWN) + y.sense(0.1),
        (Outcome.NOT_TAKEN, False, [RESERVED]),
    ),
    "a vehicle that leaves an open arm that does not come down": (
        lambda: opened(**LIMITS),
        lambda y: y.sense(presence=False) + y.wait(9.2) + y.sense(1.0, **DOWN) + y.wait(1.1),
        (Outcome.NOT_TAKEN, False, [RESERVED]),
    ),
    "a vehicle that leaves an open arm, which no close pulse reaches": (
        lambda: opened(has_opened=False, **AGENT),
        lambda y: turned_away(y) + y.pulsed("not_delivered", "close") + no_relay(y).wait(20.0),
        (Outcome.NOT_TAKEN, False, [RESERVED]),
    ),
    "a vehicle that leaves an open arm, which the close pulse reaches at the second try": (
        lambda: opened(has_opened=False, **AGENT),
        lambda y: (
            turned_away(y)
            + y.pulsed("not_delivered", "close")
            + y.wait(1.1)
            + y.pulsed(action="close")
            + y.wait(8.0)
            + y.sense(0.2)
        ),
        (Outcome.NOT_TAKEN, False, [RESERVED, RELEASED]),
    ),
    "a vehicle that leaves an open arm without limits, which the close pulse may not have reached": (
        lambda: opened(has_opened=False, **AGENT),
        lambda y: turned_away(y) + y.pulsed("unknown", "close") + y.wait(8.0) + y.sense(0.2),
        (Outcome.NOT_TAKEN, False, [RESERVED]),
    ),
    "a vehicle that leaves an open arm, which the limit says came down by a close pulse of unknown delivery": (
        lambda: opened(**LIMITS, **AGENT),
        lambda y: turned_away(y) + y.pulsed("unknown", "close") + y.sense(2.0, **DOWN),
        (Outcome.NOT_TAKEN, False, [RESERVED, RELEASED]),
    ),
    "a vehicle that leaves an arm that is not open any more after a close pulse of unknown delivery": (
        lambda: opened(has_opened=True, has_closed=False, **AGENT),
        lambda y: turned_away(y) + y.pulsed("unknown", "close") + y.sense(8.0, opened=False) + y.sense(0.2),
        (Outcome.NOT_TAKEN, False, [RESERVED, RELEASED]),
    ),
    "a vehicle that leaves after a pulse of unknown delivery": (
        opening,
        lambda y: y.pulsed("unknown") + y.wait(6.1) + y.sense(presence=False) + y.wait(9.1),
        (Outcome.NOT_TAKEN, False, [RESERVED, RELEASED]),
    ),
    "a vehicle that leaves as the arm comes down": (
        lambda: opened(**LIMITS),
        lambda y: y.sense(1.0, **DOWN),
        (Outcome.NOT_TAKEN, False, [RESERVED, RELEASED]),
    ),
    "a vehicle that leaves while the pulse is under way": (
        opening,
        lambda y: y.wait(6.1) + y.sense(presence=False) + y.wait(1.1),
        (Outcome.FAULT, None, [RESERVED]),
    ),
    "a vehicle that leaves, where the photocell saw something go": (
        lambda: opened(has_photocell=True),
        lambda y: y.sense(photocell=True) + y.sense(photocell=False, presence=False) + y.wait(1.1),
        (Outcome.FAULT, None, [RESERVED]),
    ),
    "a vehicle that was over loop B already as it was let through": (
        lambda: deciding(has_closed=True),
        lambda y: (
            y.sense(safety=True)
            + y.decide(Verdict.PASS)
            + y.pulsed()
            + y.sense(1.0, closed=False)
            + y.wait(6.0)
            + y.sense(presence=False)
            + y.sense(1.0, safety=False)
            + y.wait(1.1)
        ),
        (Outcome.FAULT, None, [RESERVED]),
    ),
    "a vehicle that leaves an open arm, under which something was before it was let through": (
        lambda: deciding(**LIMITS),
        lambda y: (
            y.sense(safety=True)
            + y.sense(safety=False)
            + y.decide(Verdict.PASS)
            + y.pulsed()
            + y.sense(1.0, **UP)
            + y.sense(1.0, **DOWN)
        ),
        (Outcome.NOT_TAKEN, False, [RESERVED, RELEASED]),
    ),
    "a vehicle that leaves after a second pulse, under an arm that nothing was under": (
        lambda: twice(**LIMITS),
        lambda y: y.pulsed() + y.sense(1.0, **UP) + y.sense(1.0, **DOWN),
        (Outcome.NOT_TAKEN, False, [RESERVED, RELEASED]),
    ),
    "an arm that came down while loop B is stuck": (
        lambda: deciding(**LIMITS),
        lambda y: (
            y.sense(safety=True)
            + y.decide(Verdict.PASS)
            + y.pulsed()
            + y.sense(1.0, **UP)
            + y.sense(5.0, presence=False)
            + y.sense(**DOWN)
        ),
        (Outcome.FAULT, None, [RESERVED]),
    ),
    "a vehicle that backs out, as far as the loops can tell": (
        passing,
        lambda y: y.sense(safety=False) + y.sense(2.0, presence=False) + y.wait(1.1),
        (Outcome.BACKED_OUT, True, [RESERVED]),
    ),
    "a vehicle that goes through": (
        passing,
        lambda y: y.sense(presence=False) + y.sense(safety=False) + y.wait(1.1),
        (Outcome.PASSED, True, [RESERVED, CONSUMED]),
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_use_is_given_back_only_where_it_is_known_that_nothing_passed(name: str) -> None:
    way, act, expected = ENDS[name]
    yard = way()
    act(yard)
    closed = yard.closed()
    assert (closed.outcome, closed.taken, yard.ledger()) == expected


def test_a_vehicle_of_which_nobody_knows_has_the_reason_of_a_fault() -> None:
    yard = opened(has_photocell=True)
    yard.sense(photocell=True)
    yard.sense(photocell=False, presence=False)
    yard.wait(1.1)
    assert (yard.closed().outcome, yard.closed().reason) == (Outcome.FAULT, Reason.GATE_FAULT)


def test_a_lane_without_inputs_gives_nothing_back_while_an_earlier_pulse_is_under_way() -> None:
    yard = opening(blind=True)
    yard.order(CommandKind.HOLD)
    yard.order(CommandKind.RELEASE)
    assert yard.lane.pulses
    yard.tick(4.0)
    yard.qr("B")
    yard.decide(Verdict.PASS)
    assert yard.pulsed("not_delivered")
    assert (yard.closed().outcome, yard.ledger()) == (Outcome.FAULT, [RESERVED, RESERVED])


def test_nothing_is_said_not_to_have_gone_while_an_earlier_pulse_is_under_way() -> None:
    yard = deciding(**LIMITS)
    yard.decide(Verdict.PASS)
    yard.wait(6.1)
    assert (yard.state, yard.closed().taken) == (LaneState.VIOLATION, None)
    yard.sense(presence=False)
    yard.wait(1.0)
    yard.sense(presence=True)
    assert yard.state is LaneState.PRESENT
    yard.sense(presence=False)
    assert (yard.closed().outcome, yard.closed().taken) == (Outcome.ABANDONED, None)


def test_nothing_is_said_not_to_have_gone_where_something_was_under_the_arm() -> None:
    yard = present()
    yard.sense(safety=True)
    yard.sense(1.0, presence=False)
    assert (yard.closed().outcome, yard.closed().taken) == (Outcome.ABANDONED, None)


def test_what_the_other_direction_lets_through_is_not_the_waiting_vehicle() -> None:
    yard = present(neighbours=True, shares_arm=True)
    yard.way(free=False, arm_in_use=True)
    yard.sense(safety=True)
    yard.sense(1.0, safety=False)
    yard.way(free=True)
    yard.sense(presence=False)
    assert (yard.closed().outcome, yard.closed().taken) == (Outcome.ABANDONED, False)


def test_a_use_is_not_given_back_while_it_is_unknown_what_is_under_the_arm() -> None:
    yard = opened(**LIMITS)
    yard.sense(0.1, safety=None, **DOWN)
    assert (yard.state, yard.ledger()) == (LaneState.OPEN, [RESERVED])
    yard.sense(0.1, safety=False)
    assert (yard.state, yard.ledger()) == (LaneState.IDLE, [RESERVED, RELEASED])


def test_a_use_that_waits_for_the_arm_is_given_back_once() -> None:
    yard = opened(**LIMITS)
    yard.sense(presence=False)
    yard.wait(1.1)
    yard.sense(1.0, **DOWN)
    yard.sense(1.0, presence=True)
    yard.sense(1.0, presence=False)
    assert yard.ledger() == [RESERVED, RELEASED]


# ------------------------------------------------------------------------------------------- a second pulse


def twice(**rules: Any) -> Yard:
    """A lane whose officer ordered a second pulse because the first is of unknown delivery."""
    yard = opening(**rules)
    yard.pulsed("unknown")
    yard.order(CommandKind.OPEN)
    assert len(yard.raised()) == 2
    return yard


def test_a_second_pulse_that_is_not_delivered_does_not_undo_the_first() -> None:
    yard = twice()
    assert yard.pulsed("not_delivered") == ["barrier.pulsed open not_delivered", "alarm.raised relay_lost"]
    assert yard.state is LaneState.OPENING
    yard.sense(safety=True)
    yard.sense(presence=False)
    yard.sense(safety=False)
    yard.wait(1.1)
    assert (yard.closed().outcome, yard.ledger()) == (Outcome.OVERRIDDEN, [RESERVED, CONSUMED])


def test_after_a_second_pulse_that_is_not_delivered_an_officer_may_order_a_third() -> None:
    yard = twice()
    yard.pulsed("not_delivered")
    yard.order(CommandKind.OPEN)
    assert len(yard.raised()) == 3


def test_a_second_pulse_that_is_not_delivered_and_an_open_limit_that_never_comes_leave_the_use_in_doubt() -> None:
    yard = twice(has_opened=True)
    yard.pulsed("not_delivered")
    yard.wait(6.1)
    assert (yard.state, yard.closed().taken, yard.ledger()) == (LaneState.VIOLATION, None, [RESERVED])


def test_a_lane_without_inputs_counts_the_passage_from_a_second_pulse_that_is_not_delivered() -> None:
    yard = twice(blind=True)
    yard.pulsed("not_delivered")
    assert yard.state is LaneState.OPEN
    yard.wait(8.1)
    assert (yard.closed().outcome, yard.ledger()) == (Outcome.OVERRIDDEN, [RESERVED, CONSUMED])


def test_a_key_turned_as_the_open_limit_comes_orders_no_pulse_on_an_open_arm() -> None:
    yard = opening(has_opened=True, has_key=True)
    yard.pulsed("unknown")
    yard.sense(0.1, key=True, opened=True)
    assert (yard.state, len(yard.raised())) == (LaneState.OPEN, 1)


def test_an_officer_orders_no_second_pulse_for_an_arm_that_is_known_to_be_up() -> None:
    yard = opening(has_opened=True)
    yard.pulsed("unknown")
    yard.sense(0.1, opened=True)
    assert yard.order(CommandKind.OPEN, "o1") == ["answer o1 not done: the lane is in state open"]


def test_what_was_under_the_arm_before_a_second_pulse_leaves_the_use_in_doubt() -> None:
    yard = opening(has_photocell=True)
    yard.pulsed("unknown")
    yard.sense(photocell=True)
    yard.sense(photocell=False)
    yard.order(CommandKind.OPEN)
    yard.pulsed()
    yard.wait(6.1)
    yard.sense(presence=False)
    yard.wait(1.1)
    assert (yard.closed().outcome, yard.closed().taken, yard.ledger()) == (Outcome.FAULT, None, [RESERVED])


def test_an_officer_may_unlock_and_open_for_a_vehicle_that_waits() -> None:
    yard = deciding()
    yard.order(CommandKind.LOCK)
    yard.decide(Verdict.PASS)
    assert yard.state is LaneState.WAITING
    yard.order(CommandKind.UNLOCK)
    yard.order(CommandKind.OPEN)
    assert (yard.state, yard.ledger()) == (LaneState.OPENING, [RESERVED])


# ------------------------------------------------------------------------------------------- a queue without a gap


def queued(**rules: Any) -> Yard:
    """A vehicle has left loop B, and the next one has been on loop A since before the first one left it."""
    up, down = ({}, {}) if not rules.get("has_closed") else ({"closed": False}, {"closed": True})
    if rules.get("has_opened"):
        up, down = up | {"opened": True}, down | {"opened": False}
    yard = deciding(**rules)
    yard.decide(Verdict.PASS)
    yard.pulsed()
    yard.sense(1.0, **up)
    yard.sense(1.0, safety=True)
    yard.sense(3.0, safety=False)
    assert yard.state is LaneState.CLEARING
    yard.bits |= {"presence": True} | up
    return yard


def alarms(yard: Yard) -> list[Alarm]:
    return [draft.event.alarm for draft in yard.drafts() if isinstance(draft.event, AlarmRaised)]


def test_a_vehicle_with_the_next_one_close_behind_has_passed_once_the_arm_is_down() -> None:
    yard = queued(**LIMITS)
    yard.wait(2.5)
    assert yard.state is LaneState.CLEARING
    yard.sense(0.1, **DOWN)
    closed = yard.closed()
    assert (closed.outcome, closed.taken, closed.assumed) == (Outcome.PASSED_WITH_VIOLATION, True, True)
    assert (closed.violations, alarms(yard)) == ((Alarm.TAILGATING,), [Alarm.TAILGATING])
    assert yard.ledger() == [RESERVED, CONSUMED]
    yard.sense(0.1)
    assert yard.state is LaneState.PRESENT, "the next vehicle is served"


@pytest.mark.parametrize("limit", [{}, {"has_opened": True}], ids=["no limit switch", "an open limit switch"])
def test_without_a_closed_limit_the_next_vehicle_is_served_after_the_time_of_the_arm(limit: dict[str, bool]) -> None:
    yard = queued(**limit)
    yard.wait(2.0)
    yard.bits |= {"opened": False} if limit else {}
    yard.wait(6.8)
    assert yard.state is LaneState.CLEARING
    yard.wait(0.3)
    assert (yard.closed().outcome, yard.ledger()) == (Outcome.PASSED_WITH_VIOLATION, [RESERVED, CONSUMED])
    assert yard.state is LaneState.PRESENT
    yard.qr("B")
    assert yard.state is LaneState.DECIDING


def test_an_agent_that_closes_lowers_the_arm_before_the_next_vehicle() -> None:
    yard = queued(close_mode="agent", has_closed=True)
    yard.wait(9.2)
    assert (yard.closed().outcome, yard.state) == (Outcome.PASSED_WITH_VIOLATION, LaneState.CLOSING)
    yard.pulsed(action="close")
    yard.sense(2.0, closed=True)
    yard.sense(0.1)
    assert yard.state is LaneState.PRESENT


def test_an_arm_that_stays_up_behind_a_queue_is_told() -> None:
    yard = queued(**LIMITS)
    yard.wait(9.2)
    assert (yard.closed().outcome, yard.state) == (Outcome.PASSED_WITH_VIOLATION, LaneState.CLOSING)
    yard.wait(8.1)
    assert (yard.state, alarms(yard)[-1]) == (LaneState.VIOLATION, Alarm.CLOSE_FAILED)


def test_an_officer_who_let_the_vehicle_through_is_told_of_the_next_one() -> None:
    yard = deciding(**LIMITS)
    yard.decide(Verdict.MANUAL)
    yard.order(CommandKind.OPEN)
    yard.pulsed()
    yard.sense(1.0, **UP)
    yard.sense(1.0, safety=True)
    yard.sense(3.0, safety=False)
    yard.sense(2.0, **DOWN)
    assert (yard.closed().outcome, yard.closed().assumed) == (Outcome.OVERRIDDEN, True)
    assert alarms(yard) == [Alarm.TAILGATING]


def test_what_comes_under_the_arm_again_after_the_clear_time_is_another_vehicle() -> None:
    yard = queued()
    yard.wait(1.5)
    yard.sense(0.1, safety=True)
    assert (yard.state, alarms(yard)) == (LaneState.PASSING, [Alarm.TAILGATING])
    yard.sense(1.0, presence=False)
    yard.sense(1.0, safety=False)
    yard.wait(1.1)
    assert (yard.closed().outcome, yard.ledger()) == (Outcome.PASSED_WITH_VIOLATION, [RESERVED, CONSUMED])


def test_a_gap_of_the_clear_time_is_two_vehicles() -> None:
    yard = queued()
    yard.sense(1.0, safety=True)
    assert (yard.state, alarms(yard)) == (LaneState.PASSING, [Alarm.TAILGATING])


def test_a_gap_below_the_clear_time_is_one_vehicle_in_a_queue_too() -> None:
    yard = queued()
    yard.wait(0.8)
    yard.sense(0.1, safety=True)
    assert (yard.state, alarms(yard)) == (LaneState.PASSING, [])


def test_an_arm_that_drops_at_once_is_not_the_end_of_the_passage_before_the_clear_time() -> None:
    yard = queued(**LIMITS)
    yard.sense(0.1, **DOWN)
    yard.wait(0.7)
    assert yard.state is LaneState.CLEARING
    yard.wait(0.3)
    assert yard.closed().outcome is Outcome.PASSED_WITH_VIOLATION


def test_a_pulse_of_another_grant_under_way_leaves_no_doubt_about_a_passage() -> None:
    yard = opening()
    yard.sense(safety=True)
    yard.sense(presence=False)
    yard.sense(safety=False)
    yard.wait(1.1)
    yard.feed(RelayChanged(yard.now, up=True))
    assert (yard.closed().taken, yard.ledger()) == (True, [RESERVED, CONSUMED])
