"""Hours and days by the clock on the wall, also where it is changed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from agent.core.numbers import hours_of_day, local_hour


def offset_in(zone):
    place = ZoneInfo(zone)
    return lambda utc: round(datetime.fromtimestamp(utc, UTC).astimezone(place).utcoffset().total_seconds())


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Almaty", date(2026, 11, 28), list(range(24))),
        ("Asia/Kathmandu", date(2026, 11, 28), list(range(24))),
        ("Europe/Berlin", date(2026, 3, 29), [0, 1, *range(3, 24)]),
        ("Europe/Berlin", date(2026, 10, 25), [0, 1, 2, 2, *range(3, 24)]),
        ("America/St_Johns", date(2026, 11, 1), [0, 1, 1, *range(2, 24)]),
        ("Africa/Cairo", date(2026, 4, 24), list(range(1, 24))),
        ("Australia/Lord_Howe", date(2026, 4, 5), [0, 1, 1, *range(2, 24)]),
        ("Pacific/Kiritimati", date(2026, 1, 1), list(range(24))),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_day_has_the_hours_that_the_clock_on_the_wall_shows(zone, day, hours):
    found = hours_of_day(day.toordinal(), offset_in(zone))
    assert [one.hour for one in found] == hours
    assert len({one.start_s for one in found}) == len(found)
    assert all(one.day == day.toordinal() for one in found)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-10-25T00:30:00+00:00", ("2026-10-25", 2, "2026-10-25T00:00:00+00:00")),
        ("2026-10-25T01:30:00+00:00", ("2026-10-25", 2, "2026-10-25T01:00:00+00:00")),
        ("2026-03-29T00:59:59+00:00", ("2026-03-29", 1, "2026-03-29T00:00:00+00:00")),
        ("2026-03-29T01:00:00+00:00", ("2026-03-29", 3, "2026-03-29T01:00:00+00:00")),
        ("2026-06-30T22:00:00+00:00", ("2026-07-01", 0, "2026-06-30T22:00:00+00:00")),
    ],
)
def test_a_moment_belongs_to_the_hour_of_its_local_clock(moment, expected):
    utc = datetime.fromisoformat(moment).timestamp()
    found = local_hour(utc, offset_in("Europe/Berlin")(utc))
    start = datetime.fromtimestamp(found.start_s, UTC).isoformat()
    assert (date.fromordinal(found.day).isoformat(), found.hour, start) == expected


def test_every_moment_of_the_days_around_both_changes_is_in_one_hour_of_its_day():
    offset_at = offset_in("Europe/Berlin")
    for day in (date(2026, 3, 29), date(2026, 10, 25)):
        hours = set(hours_of_day(day.toordinal(), offset_at))
        first = min(one.start_s for one in hours)
        for utc in range(first, max(one.start_s for one in hours) + 3600, 600):
            assert local_hour(utc, offset_at(utc)) in hours
