"""A copy of a lane's value with some fields changed."""

from dataclasses import fields, replace

import pytest

from agent.core.lane.copies import changed
from agent.core.lane.lane_state_machine import Lane, LaneRules, LaneState

LANE = Lane.start(LaneRules("lane-3", 3), 7)


def test_a_copy_has_the_new_fields_and_all_others_as_they_were():
    before = replace(LANE)
    copy = changed(LANE, state=LaneState.IDLE, since=5.0)
    assert copy == replace(LANE, state=LaneState.IDLE, since=5.0)
    assert {field.name for field in fields(Lane) if getattr(copy, field.name) != getattr(LANE, field.name)} == {
        "state",
        "since",
    }
    assert before == LANE


def test_a_value_that_has_the_fields_already_is_itself():
    assert changed(LANE, state=LANE.state, serial=LANE.serial) is LANE


@pytest.mark.parametrize("changes", [{"stat": LaneState.IDLE}, {"since": 5.0, "stat": LaneState.IDLE}])
def test_a_field_that_does_not_exist_is_refused(changes):
    with pytest.raises(KeyError, match="stat"):
        changed(LANE, **changes)
    assert not hasattr(LANE, "stat")


def test_what_the_class_has_and_is_no_field_is_refused_too():
    with pytest.raises(KeyError, match="start"):
        changed(LANE, start=LANE)
