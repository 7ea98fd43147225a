"""Which lane may move its barrier, while which others do."""

from __future__ import annotations

from itertools import product

import pytest

from agent.core.lane.interlock import InterlockState, arm_in_use, claim, is_free, neighbours, with_occupancy

SALLY = [("outer", "inner")]
ARM = [("in", "out")]
START = InterlockState.of(SALLY, ARM)
ALL = frozenset({"outer", "inner", "in", "out"})


def at_rest(ways: InterlockState, *lanes: str) -> InterlockState:
    for lane in lanes:
        ways = with_occupancy(ways, lane, occupied=False)
    return ways


def test_at_a_start_every_lane_with_neighbours_counts_as_occupied() -> None:
    assert START.occupied == ALL
    assert START.conflicts == {frozenset(SALLY[0]), frozenset(ARM[0])}
    assert START.shared == {frozenset(ARM[0])}
    assert [claim(START, lane) for lane in sorted(ALL)] == [None] * 4


@pytest.mark.parametrize(("lane", "other"), [("outer", "inner"), ("inner", "outer"), ("in", "out"), ("out", "in")])
def test_a_lane_waits_for_its_neighbour_and_for_no_other(lane: str, other: str) -> None:
    free = at_rest(START, other)
    assert is_free(free, lane)
    assert not is_free(free, other), "the lane itself is still occupied"
    assert claim(free, lane) == free, "it was occupied already"
    alone = at_rest(START, *ALL)
    taken = claim(alone, lane)
    assert taken is not None
    assert taken.occupied == {lane}
    assert claim(taken, other) is None
    assert claim(taken, lane) is taken, "a lane never waits for itself"
    assert neighbours(taken, lane) == {other}


@pytest.mark.parametrize(("used", "asking"), list(product(sorted(ALL), repeat=2)))
def test_an_arm_is_in_use_only_for_the_lane_that_shares_it(used: str, asking: str) -> None:
    ways = with_occupancy(at_rest(START, *ALL), used, occupied=True)
    assert arm_in_use(ways, asking) is ({used, asking} == {"in", "out"})


@pytest.mark.parametrize(
    ("lowering", "waits"),
    [((), {"in", "out"}), (("in",), {"in", "out"}), (("out",), {"in", "out"}), (("in", "out"), {"out"})],
)
def test_of_two_that_wait_to_lower_one_arm_the_first_by_name_does_not_wait_for_the_other(
    lowering: tuple[str, ...], waits: set[str]
) -> None:
    ways = at_rest(START, *ALL)
    for lane in ("in", "out"):
        ways = with_occupancy(ways, lane, occupied=True, lowering=lane in lowering)
    assert {lane for lane in ("in", "out") if arm_in_use(ways, lane)} == waits
    again = with_occupancy(ways, "out", occupied=True)
    assert arm_in_use(again, "in"), "the other one serves a vehicle again"


def test_a_lane_that_asks_nobody_takes_its_way_by_force() -> None:
    taken = with_occupancy(with_occupancy(at_rest(START, *ALL), "outer", occupied=True), "inner", occupied=True)
    assert taken.occupied == {"outer", "inner"}
    assert not is_free(taken, "outer")
    assert not is_free(taken, "inner")


def test_what_changes_nothing_is_the_same_value() -> None:
    assert with_occupancy(START, "in", occupied=True) is START
    gone = at_rest(START, "in")
    assert gone.occupied == ALL - {"in"}
    assert with_occupancy(gone, "in", occupied=False) is gone


def test_a_chain_of_three_waits_pair_by_pair() -> None:
    chain = at_rest(InterlockState.of([("a", "b"), ("b", "c")], []), "a", "b", "c")
    assert neighbours(chain, "b") == {"a", "c"}
    first = claim(chain, "a")
    assert first is not None
    both = claim(first, "c")
    assert both is not None
    assert both.occupied == {"a", "c"}
    assert claim(both, "b") is None


def test_lanes_that_share_an_arm_have_each_others_neighbours() -> None:
    ways = InterlockState.of([("in", "inner")], [("in", "out")])
    assert ways.conflicts == {frozenset(pair) for pair in (("in", "inner"), ("out", "inner"), ("in", "out"))}
    assert ways.shared == {frozenset({"in", "out"})}
    assert neighbours(ways, "inner") == {"in", "out"}


def test_a_lane_without_neighbours_is_always_free() -> None:
    nobody = InterlockState.of([], [])
    assert nobody.occupied == frozenset()
    assert is_free(nobody, "alone")
    assert not arm_in_use(START, "alone")
    assert neighbours(START, "alone") == frozenset()
    taken = claim(nobody, "alone")
    assert taken is not None
    assert taken.occupied == {"alone"}
