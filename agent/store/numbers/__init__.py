"""The file of numbers: tallies by hour and day, counted from the journal, in one SQLite file.

May use only that file. The file contains no personal values and has a limited size. The agent can create it again.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.store.numbers.file import (
        DAYS_KEPT,
        HOURS_KEPT_DAYS,
        NAME,
        DayRow,
        HourRow,
        NumbersDamagedError,
        NumbersError,
        NumbersFile,
        NumbersReader,
        Progress,
    )
    from agent.store.numbers.schema import MAX_BYTES
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "DAYS_KEPT",
    "HOURS_KEPT_DAYS",
    "MAX_BYTES",
    "NAME",
    "DayRow",
    "HourRow",
    "NumbersDamagedError",
    "NumbersError",
    "NumbersFile",
    "NumbersReader",
    "Progress",
]
