"""What the file of numbers says of a period: in slots of time, in sum, by lane, and beside the period before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.core.numbers import LocalHour, Tally, hours_of_day, local_hour, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.core.numbers import Period
    from agent.store.numbers import DayRow, HourRow, NumbersReader

MOST_DAYS_BY_DAY: Final = 62
"""A longer period is shown by weeks."""
WEEK_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Slot:
    """A part of a period: an hour, or the days from `first` to `last` (ordinals) where `hour` is None."""

    first: int
    last: int
    hour: LocalHour | None
    tally: Tally


@dataclass(frozen=True, slots=True)
class Comparison:
    """As much of the period as can be compared, and the same stretch of the period before.

    `until_hour`: to which full hour of its last day, where that day is not over; None: whole days.
    """

    now: Tally
    before: Tally
    until_hour: int | None


@dataclass(frozen=True, slots=True)
class NumbersReport:
    """The numbers of a period. `lane`: of this lane alone; "": of all. `lanes`: the total of each lane by its name.

    `comparison`: None where there is nothing to compare with. `missed`: how many events were never counted.
    `first_day`: the first day with numbers, as an ordinal; None: there is none.
    """

    period: Period
    lane: str
    slots: tuple[Slot, ...]
    total: Tally
    lanes: Mapping[str, Tally]
    comparison: Comparison | None
    missed: int
    first_day: int | None


def report_of(
    reader: NumbersReader, period: Period, lane: str, now_s: float, offset_at: Callable[[float], int]
) -> NumbersReport:
    """Read the numbers of a period. `now_s`: Unix seconds. `offset_at`: see LocalHour. Raises NumbersError."""
    days = reader.days(period.first, period.last)
    first_day = reader.first_day()
    return NumbersReport(
        period=period,
        lane=lane,
        slots=_hours(reader, period, lane, now_s, offset_at) if period.days == 1 else _days(days, period, lane),
        total=_sum(days, lane),
        lanes={name: _sum(days, name) for name in sorted({row.lane for row in days if row.lane})},
        comparison=_comparison(reader, period, lane, local_hour(now_s, offset_at(now_s)).hour, days, first_day),
        missed=reader.progress().missed,
        first_day=first_day,
    )


def _hours(
    reader: NumbersReader, period: Period, lane: str, now_s: float, offset_at: Callable[[float], int]
) -> tuple[Slot, ...]:
    """The hours of a day as far as they have begun, also those in which nothing happened."""
    rows = reader.hours(period.last, period.last)
    hours = {one for one in hours_of_day(period.last, offset_at) if one.start_s <= now_s} | {row.hour for row in rows}
    found: dict[LocalHour, list[Tally]] = {hour: [] for hour in sorted(hours)}
    for row in rows:
        if not lane or row.lane == lane:
            found[row.hour].append(row.tally)
    return tuple(Slot(hour.day, hour.day, hour, merged(tallies)) for hour, tallies in found.items())


def _days(rows: Sequence[DayRow], period: Period, lane: str) -> tuple[Slot, ...]:
    length = 1 if period.days <= MOST_DAYS_BY_DAY else WEEK_DAYS
    slots = []
    for first in range(period.first, period.last + 1, length):
        last = min(first + length - 1, period.last)
        slots.append(Slot(first, last, None, _sum([row for row in rows if first <= row.day <= last], lane)))
    return tuple(slots)


def _comparison(
    reader: NumbersReader, period: Period, lane: str, hour: int, days: Sequence[DayRow], first_day: int | None
) -> Comparison | None:
    """The stretch that is over, beside the same one before; None where the numbers do not go back so far."""
    shift = period.shift
    if first_day is None or period.first - shift < first_day:
        return None
    if not period.is_open:
        return Comparison(_sum(days, lane), _sum(reader.days(period.first - shift, period.last - shift), lane), None)
    if period.days == 1 and hour == 0:
        return None
    now = _until(reader, period.first, period.last, hour, lane)
    before = _until(reader, period.first - shift, period.last - shift, hour, lane)
    return None if before is None or now is None else Comparison(now, before, hour)


def _until(reader: NumbersReader, first: int, last: int, hour: int, lane: str) -> Tally | None:
    """The sum of whole days and of the last one's hours before `hour`; None where its hours are not kept any more."""
    of_last = reader.hours(last, last)
    if not of_last and reader.days(last, last):
        return None
    parts: list[DayRow | HourRow] = [*reader.days(first, last - 1), *(row for row in of_last if row.hour.hour < hour)]
    return _sum(parts, lane)


def _sum(rows: Sequence[DayRow | HourRow], lane: str) -> Tally:
    return merged(row.tally for row in rows if not lane or row.lane == lane)
