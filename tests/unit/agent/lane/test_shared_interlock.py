"""Where lanes meet that exclude each other: one wins, and the neighbours hear of it at once."""

import threading

import pytest

from agent.lane.shared_interlock import Interlock
from tests.support.waiting import PATIENCE_S


class Meeting:
    """Lanes a, b and c, of which each that is named in a pair has a interlock; `heard` is what each was told."""

    def __init__(self, interlocks=(), shared_arms=()):
        self.guard = Interlock(interlocks, shared_arms)
        self.interlocks = {lane: self.guard.of_lane(lane) for lane in "abc"}
        self.heard = {lane: [] for lane in "abc"}
        for lane, interlock in self.interlocks.items():
            if interlock is not None:
                interlock.listen(lambda *standing, lane=lane: self.heard[lane].append(standing))

    def settle(self, *lanes, occupied=False):
        for lane in lanes:
            self.interlocks[lane].note_occupied(occupied=occupied)
        return self


def test_a_lane_without_neighbours_has_no_way_to_ask_for():
    meeting = Meeting([("a", "b")])
    assert (meeting.interlocks["a"] is None, meeting.interlocks["c"] is None) == (False, True)
    assert not meeting.guard.shares_arm("a")


def test_at_the_start_no_lane_may_open_because_nothing_is_known_to_be_closed():
    meeting = Meeting([("a", "b")])
    assert not meeting.interlocks["a"].claim()
    assert not meeting.interlocks["b"].claim()
    assert meeting.heard["a"] == meeting.heard["b"] == []


def test_of_two_interlocked_lanes_the_second_waits_until_the_first_is_at_rest():
    meeting = Meeting([("a", "b")]).settle("a", "b")
    assert meeting.heard == {"a": [(True, False)], "b": [(True, False)], "c": []}
    assert meeting.interlocks["a"].claim()
    assert meeting.heard["b"][-1] == (False, False)
    assert not meeting.interlocks["b"].claim()
    meeting.settle("a")
    assert meeting.heard["b"][-1] == (True, False)
    assert meeting.interlocks["b"].claim()
    assert meeting.heard["a"] == [(True, False), (False, False)]


def test_a_pair_counts_for_both_sides_and_for_no_third():
    meeting = Meeting([("a", "b"), ("b", "c")]).settle("a", "b", "c")
    assert meeting.interlocks["a"].claim()
    assert meeting.interlocks["c"].claim()
    assert not meeting.interlocks["b"].claim()


def test_a_lane_that_has_its_way_may_open_again():
    meeting = Meeting([("a", "b")]).settle("a", "b")
    assert meeting.interlocks["a"].claim()
    assert meeting.interlocks["a"].claim()


def test_lanes_of_one_arm_hear_whether_the_other_direction_uses_it():
    meeting = Meeting(shared_arms=[("a", "b")])
    assert meeting.guard.shares_arm("a")
    assert meeting.guard.shares_arm("b")
    assert meeting.heard["a"] == meeting.heard["b"] == [(False, True)]
    meeting.settle("a", "b")
    assert meeting.heard["a"][-1] == meeting.heard["b"][-1] == (True, False)
    meeting.interlocks["a"].claim()
    assert meeting.heard["b"][-1] == (False, True)
    assert meeting.heard["a"][-1] == (True, False)


def test_a_fire_takes_the_way_whichever_lane_has_it_and_both_wait_for_both():
    meeting = Meeting([("a", "b")]).settle("a", "b")
    meeting.interlocks["a"].claim()
    meeting.settle("b", occupied=True)
    assert (meeting.heard["a"][-1], meeting.heard["b"][-1]) == ((False, False), (False, False))
    meeting.settle("a")
    assert not meeting.interlocks["a"].claim()
    assert meeting.interlocks["b"].claim()


def test_the_same_again_is_told_to_nobody():
    meeting = Meeting([("a", "b")])
    for _ in range(3):
        meeting.settle("a")
    assert meeting.heard["b"] == [(True, False)]


@pytest.mark.parametrize("kind", ["interlocks", "shared_arms"])
def test_of_two_threads_that_ask_at_once_exactly_one_wins_each_time(kind):
    meeting = Meeting(**{kind: [("a", "b")]}).settle("a", "b")
    start, end = threading.Barrier(3), threading.Barrier(3)
    rounds, won = 2000, {"a": [], "b": []}

    def ask(lane):
        for _ in range(rounds):
            start.wait(PATIENCE_S)
            won[lane].append(meeting.interlocks[lane].claim())
            end.wait(PATIENCE_S)
            if won[lane][-1]:
                meeting.settle(lane)

    threads = [threading.Thread(target=ask, args=(lane,)) for lane in "ab"]
    for thread in threads:
        thread.start()
    for _ in range(rounds):
        start.wait(PATIENCE_S)
        end.wait(PATIENCE_S)
    for thread in threads:
        thread.join(PATIENCE_S)
    # A winner gives back before the next round begins, so the next has a winner too.
    assert [sum(pair) for pair in zip(won["a"], won["b"], strict=True)] == [1] * rounds


def test_a_neighbour_has_heard_of_a_claim_by_the_time_it_is_granted():
    meeting = Meeting(shared_arms=[("a", "b")]).settle("a", "b")
    for _ in range(100):
        assert meeting.interlocks["a"].claim()
        assert meeting.heard["b"][-1] == (False, True)
        meeting.settle("a")
        assert meeting.heard["b"][-1] == (True, False)
