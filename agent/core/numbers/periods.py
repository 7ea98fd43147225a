"""Periods that people select, and the previous period to compare each with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WEEK: Final = 7
MONTH: Final = 30
LONGEST_DAYS: Final = 1096


@dataclass(frozen=True, slots=True)
class Period:
    """Local days, the first and the last included, as proleptic ordinals. `today`: the day that is not over."""

    first: int
    last: int
    today: int

    @property
    def days(self) -> int:
        """How many days it has."""
        return self.last - self.first + 1

    @property
    def is_open(self) -> bool:
        """Whether its last day is not over."""
        return self.last >= self.today

    @property
    def shift(self) -> int:
        """How many days earlier the period lies that it is compared with: a day with the same day of the week before.

        A longer one with as many days just before it.
        """
        return WEEK if self.days == 1 else self.days


def period_of(first: int, last: int, today: int) -> Period:
    """The period of these days, as far as it has come: no day after today, and at most `LONGEST_DAYS`."""
    first, last = min(first, last), max(first, last)
    last = min(last, today)
    return Period(max(min(first, last), last - LONGEST_DAYS + 1), last, today)
