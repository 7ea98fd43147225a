"""The one answer to each order of an officer."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

import pytest

from agent.core.lane.effects import OrderAnswered
from agent.core.lane.lane_state_machine import LaneState
from agent.core.lane.state import LaneLockout
from agent.core.lane.step_inputs import CommandKind, OfficerCommand, OrderSubject, RecordFailed, Sampled
from agent.core.model.reasons import Reason, Verdict
from agent.core.model.signals import Signals
from tests.support.lane.rows import AGENT, OPERATED
from tests.support.lane.yard import (
    FIRST,
    PERMIT,
    SECOND,
    WAYS,
    Yard,
    contact,
    deciding,
    denied,
    fault,
    held,
    locked,
    manual,
    no_relay,
    out_of_service,
    passing,
    violation,
    waiting,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.lane.step_inputs import Input

LOCK, UNLOCK = CommandKind.LOCK, CommandKind.UNLOCK
OUT, IN = CommandKind.OUT_OF_SERVICE, CommandKind.IN_SERVICE
OPEN, HOLD, RELEASE, CLOSE = CommandKind.OPEN, CommandKind.HOLD, CommandKind.RELEASE, CommandKind.CLOSE
REFUSE = CommandKind.REFUSE


def answer(yard: Yard, kind: CommandKind, **more: Any) -> tuple[bool, str]:
    """Give an order with an id and return its one answer."""
    before = len(yard.effects)
    yard.feed(OfficerCommand(yard.now, kind, "op2", "seen", "order 1", **more))
    return only(yard.effects[before:])


def only(effects: list[Any]) -> tuple[bool, str]:
    (found,) = [effect for effect in effects if isinstance(effect, OrderAnswered)]
    assert found.order == "order 1"
    return found.done, found.detail


ANSWERS: list[tuple[CommandKind, Callable[[], Yard], bool, str]] = [
    (OPEN, manual, True, f"the open pulse is ordered, with grant {FIRST}-1"),
    (OPEN, passing, False, "the lane is in state passing"),
    (OPEN, locked, False, "the lane is locked by op1"),
    (OPEN, waiting, False, "another barrier must close first"),
    (OPEN, lambda: no_relay(manual()), False, "the relay board is disconnected"),
    (REFUSE, manual, True, "the vehicle is refused"),
    (REFUSE, deciding, False, "the lane is in state deciding"),
    (REFUSE, denied, False, "the lane is in state denied"),
    (REFUSE, passing, False, "the lane is in state passing"),
    (REFUSE, Yard.new, False, "the lane is in state idle"),
    (REFUSE, lambda: no_relay(manual()), True, "the vehicle is refused"),
    (HOLD, Yard.new, True, "it is held open"),
    (HOLD, lambda: no_relay(Yard.new()), True, "it will be held open as soon as the relay board reconnects"),
    (HOLD, held, False, "it is already held open by op1"),
    (HOLD, locked, False, "the lane is locked by op1"),
    (HOLD, waiting, False, "another barrier must close first"),
    (HOLD, contact, True, "it is held open"),
    (RELEASE, held, True, "the hold is released"),
    (RELEASE, Yard.new, False, "the lane is in state idle"),
    (RELEASE, contact, False, "the hold contact holds it open"),
    (CLOSE, lambda: violation(**AGENT), True, "the close pulse is ordered"),
    (CLOSE, Yard.new, False, "the lane is in state idle"),
    (CLOSE, violation, False, "the barrier's controller closes it; the agent gives no close pulse here"),
    (CLOSE, lambda: no_relay(violation(**AGENT)), False, "the relay board is disconnected"),
    (LOCK, Yard.new, True, "it is locked"),
    (LOCK, locked, True, "it is already locked by op1"),
    (LOCK, held, False, "op1 holds it open: release it first"),
    (UNLOCK, locked, True, "it is unlocked"),
    (UNLOCK, Yard.new, True, "it is not locked"),
    (OUT, Yard.new, True, "it is out of service"),
    (OUT, manual, True, "it is out of service"),
    (OUT, passing, True, "it goes out of service after state passing"),
    (OUT, out_of_service, True, "it was already taken out of service by op1"),
    (IN, out_of_service, True, "it is in service"),
    (IN, Yard.new, True, "it is in service"),
]


@pytest.mark.parametrize(("kind", "way", "done", "detail"), ANSWERS)
def test_an_order_is_answered_with_what_became_of_it(
    kind: CommandKind, way: Callable[[], Yard], done: bool, detail: str
) -> None:
    assert answer(way(), kind) == (done, detail)


NOT_HERE = "the vehicle of transaction {} is not at this lane"


@pytest.mark.parametrize("kind", [OPEN, REFUSE])
def test_an_order_that_names_a_vehicle_is_carried_out_for_no_other(kind: CommandKind) -> None:
    yard = manual()
    before = yard.lane
    assert answer(yard, kind, subject=OrderSubject(SECOND)) == (False, NOT_HERE.format(SECOND))
    assert yard.lane == before
    assert answer(yard, kind, subject=OrderSubject(FIRST))[0]


@pytest.mark.parametrize("kind", [OPEN, REFUSE])
def test_a_vehicle_that_an_order_names_and_that_left_is_not_here_any_more(kind: CommandKind) -> None:
    yard = manual()
    yard.sense(presence=False)
    assert yard.lane.state is LaneState.IDLE
    assert answer(yard, kind, subject=OrderSubject(FIRST)) == (False, NOT_HERE.format(FIRST))


def test_a_vehicle_that_was_refused_can_still_be_let_pass_while_it_is_there() -> None:
    yard = manual()
    assert answer(yard, REFUSE, subject=OrderSubject(FIRST))[0]
    assert answer(yard, OPEN, subject=OrderSubject(SECOND)) == (False, NOT_HERE.format(SECOND))
    assert answer(yard, OPEN, subject=OrderSubject(FIRST)) == (
        True,
        f"the open pulse is ordered, with grant {SECOND}-1",
    )


def test_an_officer_who_lets_go_what_the_contact_holds_too_has_let_go() -> None:
    yard = contact()
    yard.order(HOLD)
    assert answer(yard, RELEASE) == (True, "the hold contact holds it open")
    assert yard.lane.ordered_hold is None


def test_an_order_to_close_says_what_is_not_proved_safe() -> None:
    yard = violation(**AGENT)
    yard.sense(safety=True)
    assert answer(yard, CLOSE) == (False, "the inputs do not confirm that closing is safe")
    yard = violation(neighbours=True, shares_arm=True, **AGENT)
    yard.way(free=False, arm_in_use=True)
    assert answer(yard, CLOSE) == (False, "the other direction is using the barrier")


@pytest.mark.parametrize("state", LaneState)
@pytest.mark.parametrize("kind", CommandKind)
def test_every_order_has_one_answer_in_every_state_and_none_without_an_id(kind: CommandKind, state: LaneState) -> None:
    assert answer(WAYS[state](), kind)[1]
    yard = WAYS[state]()
    yard.order(kind)
    assert not [effect for effect in yard.effects if isinstance(effect, OrderAnswered)]


@pytest.mark.parametrize("kind", CommandKind)
def test_an_order_is_not_carried_out_from_its_deadline_on(kind: CommandKind) -> None:
    yard = held() if kind is RELEASE else locked() if kind is UNLOCK else Yard.new()
    before = yard.lane
    assert answer(yard, kind, deadline=yard.at) == (False, "its time limit had passed")
    assert yard.lane == before
    assert answer(yard, kind, deadline=yard.at + 0.001)[1] != "its time limit had passed"


def failed(yard: Yard, reason: Reason, kind: CommandKind, deadline: float = inf) -> list[str]:
    order: Input = OfficerCommand(yard.now, kind, "op2", "seen", "order 1", deadline)
    return yard.feed(RecordFailed(yard.now, reason, item=order))


@pytest.mark.parametrize("kind", [OPEN, HOLD, LOCK, OUT])
def test_an_order_that_could_not_be_recorded_is_answered_once_and_changes_nothing(kind: CommandKind) -> None:
    yard = manual()
    lines = failed(yard, Reason.GATE_FAULT, kind)
    assert lines == [
        "alarm.raised journal_failed",
        "answer order 1 not done: it could not be recorded, so nothing was done",
    ]
    assert (yard.state, yard.lane.lockout) == (LaneState.MANUAL, LaneLockout())


def test_an_order_that_a_neighbour_forestalled_is_answered_once() -> None:
    yard = Yard.new(neighbours=True)
    assert failed(yard, Reason.INTERLOCKED, OPEN) == [
        "alarm.raised interlocked",
        "answer order 1 not done: another barrier must close first",
    ]


def test_an_order_that_opens_without_the_use_of_the_permit_is_answered_once() -> None:
    yard = deciding()
    yard.decide(Verdict.MANUAL, Reason.PLATE_UNSURE, permit=PERMIT)
    lines = failed(yard, Reason.ALREADY_USED, OPEN)
    assert lines == [*OPERATED, f"answer order 1 done: the open pulse is ordered, with grant {FIRST}-1"]


def test_an_order_whose_time_went_by_while_it_was_recorded_in_vain_is_not_tried_again() -> None:
    yard = deciding()
    yard.decide(Verdict.MANUAL, Reason.PLATE_UNSURE, permit=PERMIT)
    lines = failed(yard, Reason.ALREADY_USED, OPEN, deadline=yard.at)
    assert lines == ["answer order 1 not done: its time limit had passed"]


def test_a_turn_of_the_key_has_no_answer() -> None:
    yard = Yard.new(has_key=True)
    turned = Sampled(yard.now, Signals(yard.at, **(yard.bits | {"key": True})))  # type: ignore[arg-type]
    assert yard.feed(RecordFailed(yard.now, Reason.GATE_FAULT, item=turned)) == ["alarm.raised journal_failed"]


def test_a_lane_with_lost_inputs_can_be_locked() -> None:
    yard = fault()
    assert answer(yard, LOCK) == (True, "it is locked")
