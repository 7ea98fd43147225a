"""A lane where the plate alone is enough: it asks for a decision as soon as a plate is read."""

from agent.core.lane.effects import Decide
from agent.core.lane.lane_state_machine import LaneState
from agent.core.lane.step_inputs import ReadersChanged
from agent.core.model.reasons import Reason, Verdict
from tests.support.lane.yard import Yard, present

BY_PLATE = {"decides_by_plate": True}


def questions(yard):
    """The Decide effects so far, each as (texts, readings, final)."""
    asked = [effect for effect in yard.effects if isinstance(effect, Decide)]
    return [(len(one.presentations), len(one.readings), one.final) for one in asked]


def test_a_plate_is_worth_a_decision_and_each_further_reading_another():
    yard = present(**BY_PLATE)
    yard.plate()
    assert yard.state is LaneState.DECIDING
    yard.decide(Verdict.RETRY, Reason.PLATE_UNSURE)
    yard.plate()
    assert questions(yard) == [(0, 1, False), (0, 2, False)]
    yard.decide(Verdict.PASS)
    assert yard.state is LaneState.OPENING
    assert len(yard.raised()) == 1


def test_elsewhere_a_plate_waits_for_a_permit():
    yard = present()
    yard.plate()
    assert (yard.state, questions(yard)) == (LaneState.PRESENT, [])
    yard.qr()
    assert questions(yard) == [(1, 1, False)]


def test_when_no_reading_was_good_enough_it_asks_a_last_time():
    yard = present(**BY_PLATE)
    yard.plate()
    yard.decide(Verdict.RETRY, Reason.PLATE_UNSURE)
    yard.wait(yard.lane.rules.decide_s + 0.1)
    assert questions(yard) == [(0, 1, False), (0, 1, True)]


def test_without_any_reading_it_asks_when_the_time_is_up():
    yard = present(**BY_PLATE)
    yard.wait(yard.lane.rules.read_s + 0.1)
    assert questions(yard) == [(0, 0, True)]


def test_a_blind_lane_begins_with_the_plate_and_decides_on_it():
    yard = Yard.new(blind=True, **BY_PLATE)
    yard.plate()
    yard.tick()
    assert yard.state is LaneState.DECIDING
    assert questions(yard) == [(0, 1, False)]


def test_a_plate_that_was_read_before_the_readers_were_lost_is_decided_on_when_they_are_back():
    yard = present(**BY_PLATE)
    yard.plate()
    yard.decide(Verdict.RETRY, Reason.PLATE_UNSURE)
    yard.feed(ReadersChanged(yard.now, up=False))
    assert yard.state is LaneState.MANUAL
    yard.feed(ReadersChanged(yard.now, up=True))
    assert yard.state is LaneState.DECIDING
    assert questions(yard)[-1] == (0, 1, False)
