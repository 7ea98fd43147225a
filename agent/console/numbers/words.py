"""How the page Numbers writes times, shares and parts of a period."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.numbers import Period
    from agent.numbers import Slot

_TENTHS_BELOW_S: Final = 9.95
_SECONDS_BELOW_S: Final = 120.0
_MINUTE_S: Final = 60.0
NONE: Final = "\N{EN DASH}"
"""Where there is no figure."""
HUNDRED: Final = 100.0


def time_parts(seconds: float | None) -> tuple[str, Text | str]:
    """A time as a figure and its unit: seconds with tenths, seconds, or minutes."""
    if seconds is None:
        return NONE, ""
    if seconds < _TENTHS_BELOW_S:
        return f"{seconds:.1f}", Text("s")
    return (f"{seconds:.0f}", Text("s")) if seconds < _SECONDS_BELOW_S else (f"{seconds / _MINUTE_S:.0f}", Text("min"))


def time_text(seconds: float | None) -> Text | str:
    """A time in one text."""
    value, unit = time_parts(seconds)
    return Text("{value} {unit}", value=value, unit=unit) if unit else value


def share_figure(share: float | None) -> str:
    """A share as a percentage without its sign; less than all never reads as all."""
    if share is None:
        return NONE
    percent = share * HUNDRED
    shown = f"{percent:.1f}"
    return f"{min(percent, 99.9):.1f}" if share < 1 and shown == "100.0" else shown.removesuffix(".0")


def share_text(share: float | None) -> str:
    """A share as people read it."""
    return NONE if share is None else f"{share_figure(share)} %"


def day_text(day: int) -> str:
    """A day, as dates are written on every page."""
    return date.fromordinal(day).isoformat()


def days_text(first: int, last: int) -> str:
    """Some days in a row."""
    return day_text(first) if first == last else f"{day_text(first)} {NONE} {day_text(last)}"


def period_text(period: Period) -> str:
    """The days of a period."""
    return days_text(period.first, period.last)


def slot_name(slot: Slot) -> str:
    """A part of a period under a chart: the hour, or the first day."""
    return day_text(slot.first)[5:] if slot.hour is None else f"{slot.hour.hour:02}"


def slot_text(slot: Slot) -> str:
    """A part of a period in a table: the hour, or the days."""
    return days_text(slot.first, slot.last) if slot.hour is None else f"{slot.hour.hour:02}:00"


def slot_utc(slot: Slot) -> str:
    """When an hour begins, for programs; "" for days, which are the gate's own."""
    return "" if slot.hour is None else f"{datetime.fromtimestamp(slot.hour.start_s, UTC):%Y-%m-%dT%H:%M:%SZ}"
