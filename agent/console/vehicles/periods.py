"""Stretches of time that people choose: today, yesterday, a week, or from one day to another, at the gate's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from drivers.text import Text, pgettext

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

DAY: Final = timedelta(days=1)
WEEK_DAYS: Final = 7


class PeriodError(ValueError):
    """What was given is not a valid time; `given` is what was typed."""

    def __init__(self, given: str) -> None:
        super().__init__(given)
        self.given = given


class Period(StrEnum):
    """A stretch of time to choose from."""

    ANY = ""
    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "week"
    BETWEEN = "between"


PERIODS: Final[Mapping[Period, Text]] = {
    Period.ANY: pgettext("time", "Any time"),
    Period.TODAY: Text("Today"),
    Period.YESTERDAY: Text("Yesterday"),
    Period.WEEK: Text("Last 7 days"),
    Period.BETWEEN: Text("From … to …"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment to another, the second one not included, in Unix milliseconds; None: open at that end."""

    since_ms: int | None = None
    until_ms: int | None = None


def span_of(period: Period, since: str, until: str, today: date) -> Span:
    """The moments of a period. `since`, `until`: what a browser sends of a time, for BETWEEN. Raises PeriodError."""
    match period:
        case Period.ANY:
            return Span()
        case Period.TODAY:
            return Span(_midnight_ms(today), _midnight_ms(today + DAY))
        case Period.YESTERDAY:
            return Span(_midnight_ms(today - DAY), _midnight_ms(today))
        case Period.WEEK:
            return Span(_midnight_ms(today - (WEEK_DAYS - 1) * DAY), _midnight_ms(today + DAY))
        case Period.BETWEEN:
            return Span(_typed_ms(since), _typed_ms(until))


def _midnight_ms(day: date) -> int:
    return round(datetime.combine(day, time()).astimezone().timestamp() * 1000)


def _typed_ms(text: str) -> int | None:
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip())
        return round((found if found.tzinfo else found.astimezone()).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise PeriodError(text) from None
