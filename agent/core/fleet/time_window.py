"""Times of day in which an action is allowed."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict

from drivers.text import Text

_DAY_S: Final = 86_400
_MINUTES_A_DAY: Final = 1440


def _minutes(value: str) -> str:
    hour, _, minute = value.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):  # noqa: PLR2004 - a clock
        raise ValueError(Text('expected a time of day in UTC, such as "01:30"'))
    return value


class TimeWindow(BaseModel):
    """Times of day, UTC; it may lead over midnight."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    begin: Annotated[str, AfterValidator(_minutes)]
    end: Annotated[str, AfterValidator(_minutes)]

    def holds(self, utc: float) -> bool:
        """Whether it is within the window now. `utc`: Unix seconds."""
        now = int(utc) % _DAY_S // 60
        begin, end = _of_day(self.begin), _of_day(self.end)
        return (now - begin) % _MINUTES_A_DAY < (end - begin) % _MINUTES_A_DAY or begin == end


def _of_day(value: str) -> int:
    hour, _, minute = value.partition(":")
    return int(hour) * 60 + int(minute)
