"""Who goes where there is no place for a new connection."""

from __future__ import annotations

import pytest

from agent.console.web.connections import ConnectionPool, PoolLimits


class Pool:
    """A pool of five places. `ended`: the names of those that were ended, in order."""

    def __init__(self):
        self.refusals, self.ended = [], []
        limits = PoolLimits(most=5, most_of_one=3, strangers=4, strangers_of_one=2)
        self.pool = ConnectionPool(limits, self.refusals.append)

    def enter(self, who, name="", *, known=False, waits=True):
        place = self.pool.enter(who)
        if place is not None:
            place.waits, place.end = lambda: waits, lambda: self.ended.append(name)
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
