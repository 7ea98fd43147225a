"""The plan of a day: the same for a seed, with vehicles and troubles as they must be."""

from collections import Counter
from itertools import pairwise

import pytest

from tests.site_day.kinds import KINDS, LANES, USED, USED_ELSEWHERE, VALID
from tests.site_day.plan import RUSH, SEEN_S, Trouble, make_day

SECONDS = 4320.0
EVERY_S = 6.0
BIG = "update"
TROUBLES = {
    "broker killed": Trouble("central", 4, 12),
    "consumer killed": Trouble("central", 4, 12),
    "power cut": Trouble("cabinet", 3, 10),
    "board pulled": Trouble("lanes", 2, 8),
    BIG: Trouble("central", 1, 60, 0.5, 5.0),
}


@pytest.fixture(scope="module")
def day():
    return make_day(1, SECONDS, 2, EVERY_S, TROUBLES)


def test_the_same_seed_gives_the_same_day_and_another_one_another(day):
    assert make_day(1, SECONDS, 2, EVERY_S, TROUBLES) == day
    other = make_day(2, SECONDS, 2, EVERY_S, TROUBLES)
    assert other.arrivals != day.arrivals
    assert other.orders != day.orders


def test_as_many_vehicles_come_to_each_lane_as_are_asked_for(day):
    counts = Counter((one.gate, one.lane) for one in day.arrivals)
    assert set(counts) == {(gate, lane) for gate in (1, 2) for lane in LANES}
    for count in counts.values():
        assert abs(count - SECONDS / EVERY_S) <= len(RUSH)


def test_more_come_in_the_rush_than_at_night(day):
    per_hour = Counter(int(one.at_s / SECONDS * len(RUSH)) for one in day.arrivals)
    assert per_hour[8] > 5 * per_hour[2]


def test_vehicles_have_numbers_of_their_own_in_the_order_in_which_they_come(day):
    assert [one.number for one in day.arrivals] == list(range(1, len(day.arrivals) + 1))
    assert list(day.arrivals) == sorted(day.arrivals, key=lambda one: one.at_s)


def test_every_kind_comes_and_only_to_its_lanes(day):
    assert {one.kind for one in day.arrivals} == set(KINDS)
    assert all(one.lane in KINDS[one.kind].lanes for one in day.arrivals)


def test_a_permit_is_shown_again_only_after_a_good_vehicle_of_the_same_kind_of_lane_has_shown_it(day):
    by_number = {one.number: one for one in day.arrivals}
    again = [one for one in day.arrivals if one.again is not None]
    assert {one.kind for one in again} == {USED, USED_ELSEWHERE}
    for one in again:
        first = by_number[one.again]
        assert (first.kind, first.lane) == (VALID, one.lane)
        assert one.at_s - first.at_s >= SEEN_S
        assert (first.gate != one.gate) == (one.kind == USED_ELSEWHERE)


def test_with_one_gate_no_permit_is_shown_at_another():
    alone = make_day(1, 600.0, 1, EVERY_S, {})
    assert all(one.gate == 1 and one.kind != USED_ELSEWHERE for one in alone.arrivals)
    assert alone.orders == ()


def test_troubles_of_a_place_come_one_after_the_other_and_each_kind_comes(day):
    assert {one.name for one in day.orders} == set(TROUBLES)
    for place in ("central", "cabinet", "lanes"):
        of_place = [one for one in day.orders if TROUBLES[one.name].place == place]
        assert all(before.until_s <= after.at_s for before, after in pairwise(of_place))
        assert all(one.at_s > 0 and one.until_s < SECONDS for one in of_place)


def test_no_other_trouble_begins_or_lasts_while_one_that_comes_once_does(day):
    (big,) = [one for one in day.orders if one.name == BIG]
    assert big.at_s == SECONDS / 2
    for one in day.orders:
        assert one is big or one.until_s <= big.at_s - 5.0 or one.at_s >= big.until_s + 5.0


def test_central_is_no_gate_and_what_comes_once_comes_to_the_last_gate():
    troubles = {"broker killed": TROUBLES["broker killed"], "backup": Trouble("cabinet", 1, 2, 0.75, 1.0)}
    orders = make_day(1, SECONDS, 3, EVERY_S, troubles).orders
    assert {one.gate for one in orders if one.name == "broker killed"} == {0}
    assert [one.gate for one in orders if one.name == "backup"] == [3]
