"""Who goes where there is no place for a new connection."""

from __future__ import annotations

import pytest

from agent.console.web.connections import OVERDUE_S, ConnectionPool, PoolLimits


class Pool:
    """A pool of five places. `ended`: the names of those that were ended, in order."""

    def __init__(self):
        self.refusals, self.ended, self.at = [], [], 100.0
        limits = PoolLimits(most=5, most_of_one=3, strangers=4, strangers_of_one=2)
        self.pool = ConnectionPool(limits, self.refusals.append, lambda: self.at)

    def enter(self, who, name="", *, known=False, waits=True, half_open=False):
        place = self.pool.enter(who)
        if place is not None:
            place.waits, place.half_open = lambda: waits, lambda: half_open
            place.end = lambda: self.ended.append(name)
            if known:
                place.know()
        return place


@pytest.fixture
def pool():
    return Pool()


def test_where_all_places_are_taken_a_half_open_stranger_goes_before_one_that_is_known(pool):
    for number in range(3):
        pool.enter("known", f"known {number}", known=True)
    pool.enter("one", "one")
    pool.enter("other", "other", waits=False)
    assert pool.enter("new") is not None
    assert pool.ended == ["one"]


@pytest.mark.parametrize(("waited_s", "ended"), [(OVERDUE_S + 0.1, ["half"]), (OVERDUE_S - 0.1, ["idle 0"])])
def test_one_that_is_half_open_for_a_while_goes_before_those_that_had_an_answer(pool, waited_s, ended):
    """A browser between two requests is not ended for those who never send a whole one; nor one that just came."""
    pool.enter("idle", "idle 0")
    pool.enter("idle", "idle 1")
    pool.enter("half", "half", half_open=True)
    pool.enter("other", "other")
    pool.at += waited_s
    assert pool.enter("new") is not None
    assert pool.ended == ended


def test_somebody_who_is_known_keeps_nobody_out_by_connections_that_do_nothing(pool):
    """A viewer whose session holds all places, from several addresses."""
    pool.enter("second", "second 0", known=True)
    for number in range(3):
        pool.enter("first", f"first {number}", known=True)
    pool.enter("second", "second 1", known=True)
    assert pool.enter("technician") is not None
    assert pool.ended == ["first 0"], "the oldest of the address that has the most"
    assert pool.pool.inside == 5


def test_what_is_being_answered_is_never_ended(pool):
    for who in ("first", "second"):
        for number in range(2):
            pool.enter(who, f"{who} {number}", known=who == "first", waits=False)
    pool.enter("third", "third", waits=False)
    assert pool.enter("new") is None
    assert (pool.ended, pool.refusals) == ([], ["connections"])


def test_an_address_with_all_that_one_may_have_ends_no_other_and_none_that_is_known(pool):
    pool.enter("other", "other")
    for number in range(3):
        pool.enter("first", f"first {number}", known=True)
    assert pool.enter("first") is None
    assert pool.ended == []
