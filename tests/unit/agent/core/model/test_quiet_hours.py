"""When nothing is said aloud."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import QuietHours, is_quiet

NIGHT = QuietHours.parse("22:00-06:30")
NOON = QuietHours.parse("12:00-13:00")


@pytest.mark.parametrize(
    ("hours", "local", "quiet"),
    [
        ((NIGHT,), time(21, 59, 59, 999_999), False),
        ((NIGHT,), time(22), True),
        ((NIGHT,), time(23, 59, 59), True),
        ((NIGHT,), time(0), True),
        ((NIGHT,), time(6, 29, 59), True),
        ((NIGHT,), time(6, 30), False),
        ((NOON,), time(11, 59), False),
        ((NOON,), time(12), True),
        ((NOON,), time(13), False),
        ((NIGHT, NOON), time(12, 30), True),
        ((NIGHT, NOON), time(3), True),
        ((NIGHT, NOON), time(9), False),
        ((), time(3), False),
        ((NIGHT, NOON), None, False),
    ],
)
def test_it_is_quiet_from_the_beginning_until_before_the_end(
    hours: tuple[QuietHours, ...], local: time | None, quiet: bool
) -> None:
    assert is_quiet(hours, local) is quiet


@given(st.times(), st.times(), st.times())
def test_hours_and_the_rest_of_the_day_are_each_others_opposite(begin: time, end: time, local: time) -> None:
    if begin != end:
        assert QuietHours(begin, end).hold(local) is not QuietHours(end, begin).hold(local)


@pytest.mark.parametrize(
    "text",
    ["", "22:00", "22-06", "22:00 - 06:00", "24:00-06:00", "22:60-06:00", "2:00-6:00", "22:00-06:00 ", "٢٢:00-06:00"],
)
def test_another_form_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match='such as "22:00-06:30"'):
        QuietHours.parse(text)


def test_hours_of_no_length_are_refused() -> None:
    with pytest.raises(ValueError, match="leave out the voice"):
        QuietHours.parse("06:00-06:00")
