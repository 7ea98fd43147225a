"""How the bench of open pages shares its vehicles out, and what it says of two sets of times."""

import numpy as np
import pytest

from bench.preview import BLOCK, VEHICLES, blocks, idle_threads, interval


@pytest.mark.parametrize("vehicles", [1, 2 * BLOCK, 2 * BLOCK + 1, VEHICLES])
def test_as_many_vehicles_as_asked_for_pass_with_a_page_and_without_one(vehicles):
    order = list(blocks(vehicles))
    assert order.count(True) == order.count(False)
    assert order.count(True) * BLOCK >= vehicles


def test_a_steady_drift_meets_both_alike():
    order = np.array(list(blocks(VEHICLES)))
    places = np.arange(len(order))
    assert places[order].mean() == places[~order].mean()


def test_a_thread_counts_for_the_page_where_it_slept_in_each_round_without_one():
    assert idle_threads([{1: 20.0, 2: 0.0, 3: 0.02}, {1: 0.0, 2: 0.01, 3: 5.0, 4: 0.0}]) == {2, 4}


def test_the_interval_of_two_sets_alike_holds_zero_and_that_of_two_apart_does_not():
    times = np.random.default_rng(7).normal(50.0, 8.0, (2, 60))
    low, high = interval(times[0], times[1])
    assert low < 0 < high
    low, high = interval(times[0], times[1] + 20.0)
    assert 10 < low < 20 < high < 30


def test_the_interval_narrows_with_the_number_of_vehicles():
    times = np.random.default_rng(7).normal(50.0, 8.0, (2, 600))
    few, many = interval(*times[:, :60]), interval(*times)
    assert many[1] - many[0] < (few[1] - few[0]) / 2
