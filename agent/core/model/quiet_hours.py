"""Hours in which the gate says nothing aloud, for people who live nearby."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from typing import TYPE_CHECKING, Self

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORM = re.compile(r"(?P<begin>\d\d:\d\d)-(?P<end>\d\d:\d\d)", re.ASCII)
_EXPECTED = Text('expected local times such as "22:00-06:30"')


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begin` until before `end`, each day, in local time; over midnight where the end is the earlier one."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """The hours of `22:00-06:30`. Raises ValueError for any other form, and for hours that are none."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError(_EXPECTED)
        try:
            begin, end = time.fromisoformat(found["begin"]), time.fromisoformat(found["end"])
        except ValueError:
            raise ValueError(_EXPECTED) from None
        if begin == end:
            raise ValueError(Text("begin and end are the same; for a lane that never speaks, leave out the voice"))
        return cls(begin, end)

    def hold(self, local: time) -> bool:
        """Whether they hold at this local time."""
        if self.begin < self.end:
            return self.begin <= local < self.end
        return local >= self.begin or local < self.end


def is_quiet(hours: Iterable[QuietHours], local: time | None) -> bool:
    """Whether nothing may be said aloud now. `local`: the time of day here; None: the clock is not trusted.

    Without a trusted clock it is not quiet: a neighbour who is woken is the smaller harm than a driver who is not told
    to stop.
    """
    return local is not None and any(one.hold(local) for one in hours)
