"""Buckets of times, sums of tallies, and the figures that are read from them."""

from __future__ import annotations

from random import Random
from statistics import median, quantiles

import pytest

from agent.core.numbers import (
    FINEST_S,
    LAST_BUCKET,
    LONGEST_S,
    MONTH,
    NAMES_LIMIT,
    WEEK,
    Reads,
    Subject,
    Uptime,
    add,
    bucket_of,
    details,
    merged,
    named,
    officer_share,
    period_of,
    quantile_s,
    read_tally,
    times_of,
    vehicles_of,
)

TODAY = 739_000


def buckets(times):
    found = {}
    for each in times:
        found[bucket_of(each)] = found.get(bucket_of(each), 0) + 1
    return found


@pytest.mark.parametrize("seed", range(5))
def test_a_quantile_of_buckets_is_that_of_the_times_within_3_percent(seed):
    random = Random(seed)  # noqa: S311 - no secret
    times = [random.lognormvariate(1.8, 0.7) for _ in range(2001)]
    found = buckets(times)
    assert quantile_s(found, 0.5) == pytest.approx(median(times), rel=0.03)
    assert quantile_s(found, 0.95) == pytest.approx(quantiles(times, n=100)[94], rel=0.03)


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.0, 0), (FINEST_S / 2, 0), (FINEST_S, 1), (LONGEST_S * 9, LAST_BUCKET)]
)
def test_the_shortest_and_the_longest_times_have_a_bucket(seconds, bucket):
    assert bucket_of(seconds) == bucket


def test_longer_times_have_no_lower_bucket():
    found = [bucket_of(tenths / 10) for tenths in range(5_000)]
    assert found == sorted(found)


def test_of_no_times_there_is_no_median():
    assert quantile_s({}, 0.5) is None
    assert times_of({}, Subject.WAITING).median_s is None


def test_one_time_is_median_and_95th_percentile():
    assert quantile_s({40: 1}, 0.5) == quantile_s({40: 1}, 0.95)


def test_tallies_of_hours_add_up_to_that_of_the_day():
    hours = [{named(Subject.OUTCOME, "passed"): 3, "waiting/7": 1}, {named(Subject.OUTCOME, "passed"): 2}, {}]
    assert merged(hours) == {"outcome/passed": 5, "waiting/7": 1}


def test_details_come_the_largest_first():
    tally = {"refused/B": 2, "refused/A": 2, "refused/C": 9, "refused": 4, "retry/C": 7}
    assert list(details(tally, Subject.REFUSED).items()) == [("C", 9), ("A", 2), ("B", 2)]


def test_a_tally_has_so_many_names_and_no_more():
    tally = {}
    for number in range(NAMES_LIMIT + 50):
        add(tally, f"alarm/{number}")
    add(tally, "alarm/1")
    assert len(tally) == NAMES_LIMIT
    assert tally["alarm/1"] == 2
    assert len(named(Subject.ALARM, "x" * 500)) < 100


@pytest.mark.parametrize("value", [None, [], "a", {"a": 1.5}, {"a": True}, {"a": "1"}])
def test_what_is_no_tally_is_refused(value):
    with pytest.raises(ValueError, match="expected"):
        read_tally(value)


def test_shares_of_nothing_are_not_known():
    assert Reads(0, 0, 0).first_share is None
    assert Reads(0, 0, 0).end_share is None
    assert Uptime("camera:a", 0, 0).share is None
    assert officer_share({}) is None
    assert vehicles_of({}).all == 0
    assert Reads(4, 2, 3).first_share == 0.5
    assert Reads(4, 2, 3).end_share == 0.75
    assert Uptime("camera:a", 3, 1).share == 0.75


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (TODAY, TODAY, (TODAY, TODAY, WEEK, True)),
        (TODAY - 1, TODAY - 1, (TODAY - 1, TODAY - 1, WEEK, False)),
        (TODAY - 6, TODAY, (TODAY - 6, TODAY, WEEK, True)),
        (TODAY - MONTH + 1, TODAY, (TODAY - MONTH + 1, TODAY, MONTH, True)),
        (TODAY, TODAY - 3, (TODAY - 3, TODAY, 4, True)),
        (TODAY - 2, TODAY + 90, (TODAY - 2, TODAY, 3, True)),
        (TODAY + 5, TODAY + 9, (TODAY, TODAY, WEEK, True)),
        (1, TODAY, (TODAY - 1095, TODAY, 1096, True)),
    ],
)
def test_a_period_ends_today_at_the_latest_and_is_compared_with_the_one_before(first, last, expected):
    found = period_of(first, last, TODAY)
    assert (found.first, found.last, found.shift, found.is_open) == expected
