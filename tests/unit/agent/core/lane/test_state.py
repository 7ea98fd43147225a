"""What follows from the state of a lane as it stands: whether the agent may start again unnoticed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.core.lane.lane_rules import LaneRules
from agent.core.lane.state import Lane, LaneState, Pulse, Transaction, at_rest

UNNOTICED = {LaneState.INIT, LaneState.IDLE, LaneState.VIOLATION, LaneState.FAULT, LaneState.OUT_OF_SERVICE}
LANE = Lane.start(LaneRules("lane-7", 7), 1)


@pytest.mark.parametrize("state", LaneState)
def test_a_lane_is_at_rest_only_in_a_state_in_which_a_new_start_would_disturb_nobody(state: LaneState) -> None:
    assert at_rest(replace(LANE, state=state)) is (state in UNNOTICED)


@pytest.mark.parametrize(
    "busy",
    [
        {"transaction": Transaction("t", 0.0, arrived=True)},
        {"pulses": (Pulse("t-1", "t", 10.0),)},
        {"closes_unreported": 1},
        {"contact_hold": True},
        {"ordered_hold": "officer 7"},
    ],
    ids=lambda busy: next(iter(busy)),
)
def test_a_lane_with_something_under_way_is_at_rest_in_no_state(busy: dict[str, Any]) -> None:
    assert not any(at_rest(replace(LANE, state=state, **busy)) for state in UNNOTICED)
