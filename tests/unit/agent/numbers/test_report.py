"""What the file of numbers says of a period, in the zone of the gate."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from agent.core.numbers import EPOCH_DAY, LocalHour, local_hour, named, period_of, vehicles_of
from agent.core.numbers.tally import Subject
from agent.numbers import local_day, offset_at, report_of
from agent.store.numbers import NumbersFile, NumbersReader, Progress
from tests.support.zones import local_zone

PASSED = named(Subject.OUTCOME, "passed")
TODAY = date(2026, 11, 27).toordinal()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "numbers.db"


def utc(day, hour=0):
    return (day - EPOCH_DAY) * 86_400 + hour * 3600.0


def fill(path, vehicles, lane="out"):
    """So many vehicles in each hour: {(day, hour): count}, in UTC."""
    tallies = {(LocalHour(round(utc(*when)), *when), lane): {PASSED: count} for when, count in vehicles.items()}
    with NumbersFile(path) as numbers:
        numbers.add(tallies, Progress("s", 1, "aa", "", 3))


def report(path, first, last, now_s, lane="", zone=lambda _utc: 0):
    with NumbersReader(path) as reader:
        return report_of(reader, period_of(first, last, local_hour(now_s, zone(now_s)).day), lane, now_s, zone)


def counts(report):
    return [vehicles_of(slot.tally).all for slot in report.slots]


def test_a_day_has_its_hours_as_far_as_they_have_begun(path):
    fill(path, {(TODAY, 0): 2, (TODAY, 3): 5})
    found = report(path, TODAY, TODAY, utc(TODAY, 4) + 60)
    assert counts(found) == [2, 0, 0, 5, 0]
    assert vehicles_of(found.total).all == 7
    assert found.missed == 3


def test_today_is_compared_with_the_same_day_of_the_week_before_to_the_same_full_hour(path):
    fill(path, {(TODAY - 7, 2): 4, (TODAY - 7, 8): 100, (TODAY, 2): 6, (TODAY, 8): 50})
    found = report(path, TODAY, TODAY, utc(TODAY, 8) + 900)
    assert (vehicles_of(found.comparison.now).all, vehicles_of(found.comparison.before).all) == (6, 4)
    assert found.comparison.until_hour == 8


def test_a_week_to_today_is_compared_with_the_seven_days_before_to_the_same_hour(path):
    vehicles = {(TODAY - back, 5): 1 for back in range(14)}
    fill(path, vehicles | {(TODAY, 9): 7, (TODAY - 7, 9): 7})
    found = report(path, TODAY - 6, TODAY, utc(TODAY, 9))
    assert (vehicles_of(found.comparison.now).all, vehicles_of(found.comparison.before).all) == (7, 7)
    assert counts(found) == [1, 1, 1, 1, 1, 1, 8]


def test_a_period_that_is_over_is_compared_whole(path):
    fill(path, {(TODAY - back, 5): back for back in range(1, 9)})
    found = report(path, TODAY - 4, TODAY - 1, utc(TODAY, 9))
    assert found.comparison.until_hour is None
    assert (vehicles_of(found.comparison.now).all, vehicles_of(found.comparison.before).all) == (10, 26)


@pytest.mark.parametrize(("first", "hour"), [(TODAY - 6, 9), (TODAY, 9), (TODAY, 0)])
def test_where_there_is_nothing_to_compare_with_nothing_is_compared(path, first, hour):
    days = 8 if hour == 0 else 6
    fill(path, {(TODAY - back, 5): 1 for back in range(days)})
    assert report(path, first, TODAY, utc(TODAY, hour)).comparison is None


def test_a_long_period_is_shown_by_weeks_that_add_up(path):
    fill(path, {(TODAY - back, 5): 1 for back in range(365)})
    found = report(path, TODAY - 364, TODAY, utc(TODAY, 9))
    assert counts(found) == [7] * 52 + [1]
    assert [slot.last - slot.first for slot in found.slots] == [6] * 52 + [0]


def test_a_lane_is_counted_by_itself(path):
    fill(path, {(TODAY, 5): 2})
    fill(path, {(TODAY, 5): 9}, lane="in")
    found = report(path, TODAY, TODAY, utc(TODAY, 9), lane="in")
    assert vehicles_of(found.total).all == sum(counts(found)) == 9
    assert {name: vehicles_of(tally).all for name, tally in found.lanes.items()} == {"in": 9, "out": 2}


def test_a_journal_of_a_day_and_one_of_nothing_have_a_report(path):
    fill(path, {})
    found = report(path, TODAY - 6, TODAY, utc(TODAY, 9))
    assert (counts(found), found.total, found.first_day, found.comparison) == ([0] * 7, {}, None, None)
    fill(path, {(TODAY, 5): 2})
    assert report(path, TODAY - 29, TODAY, utc(TODAY, 9)).first_day == TODAY


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 29), [0, 1, *range(3, 24)]), (date(2026, 10, 25), [0, 1, 2, 2, *range(3, 24)])],
    ids=["spring", "autumn"],
)
def test_days_are_those_of_the_gate_also_where_its_clock_is_changed(path, day, hours):
    with local_zone("Europe/Berlin"):
        noon = datetime(day.year, day.month, day.day, 12).timestamp()  # noqa: DTZ001 - local, as is meant
        start = datetime(day.year, day.month, day.day).timestamp()  # noqa: DTZ001
        moments = [start + 60, *(start + 3600 * number for number in range(len(hours)))]
        tallies = {}
        for moment in moments:
            place = (local_hour(moment, offset_at(moment)), "out")
            tallies[place] = {PASSED: tallies.get(place, {PASSED: 0})[PASSED] + 1}
        with NumbersFile(path) as numbers:
            numbers.add(tallies, Progress("s", 1, "aa"))
        found = report(path, day.toordinal(), day.toordinal(), noon + 86_400, zone=offset_at)
        assert local_day(noon) == day.toordinal()
    assert [slot.hour.hour for slot in found.slots] == hours
    assert counts(found) == [2] + [1] * (len(hours) - 1)
    assert vehicles_of(found.total).all == len(moments)
    assert datetime.fromtimestamp(found.slots[0].hour.start_s, UTC).hour in {22, 23}
