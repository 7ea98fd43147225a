"""What a lane tells a driver beside the message: the plate as read, and how long there is."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from agent.core.decision.decision import Decision
from agent.core.lane.driver_facts import plate_shown, waits_until
from agent.core.lane.lane_rules import LaneRules
from agent.core.lane.state import Lane, LaneState, Transaction
from agent.core.model.observations import Reading
from agent.core.model.reasons import Reason, Verdict
from agent.core.plates.match import MatchVerdict, PlateMatch

RULES = LaneRules("lane-7", 7, read_s=30.0, enter_s=15.0, blind_passage_s=8.0)
READ = Reading("京A12345", (), "civil", 0.9, "front", 1, 1.0)
MATCH = PlateMatch(MatchVerdict.MISMATCH, "沪B99999", "京A1234S", 0.0, 0.0, 3)
TRANSACTION = Transaction("t", 100.0, arrived=True)


def lane(state: LaneState, transaction: Transaction | None = TRANSACTION, rules: LaneRules = RULES) -> Lane:
    return replace(Lane.start(rules, 1), state=state, since=100.0, transaction=transaction)


def test_no_plate_is_shown_without_a_vehicle_or_before_one_was_read() -> None:
    assert plate_shown(lane(LaneState.IDLE, None)) == ""
    assert plate_shown(lane(LaneState.PRESENT)) == ""


def test_the_plate_is_the_one_that_was_read_and_never_the_one_that_was_declared() -> None:
    assert plate_shown(lane(LaneState.PRESENT, replace(TRANSACTION, readings=(READ,)))) == "京A12345"
    decided = replace(
        TRANSACTION, readings=(READ,), decision=Decision(Verdict.MANUAL, Reason.PLATE_MISMATCH, (), match=MATCH)
    )
    assert plate_shown(lane(LaneState.MANUAL, decided)) == MATCH.read != MATCH.declared


@pytest.mark.parametrize("state", LaneState)
def test_only_the_code_and_the_open_arm_are_waited_for_with_a_time(state: LaneState) -> None:
    expected = {LaneState.PRESENT: 130.0, LaneState.OPEN: 115.0}
    assert waits_until(lane(state)) == expected.get(state, inf)


def test_a_blind_lane_waits_for_the_whole_passage_and_an_arm_that_nobody_passes_for_nothing() -> None:
    assert waits_until(lane(LaneState.OPEN, rules=replace(RULES, blind=True))) == 108.0
    assert waits_until(lane(LaneState.OPEN, None)) == inf
