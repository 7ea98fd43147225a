"""The file of numbers: tallies by hour and day that were counted from the journal, in one SQLite file.

May touch that file alone. It holds no personal values, is bounded, and can be made again.
"""

from typing import TYPE_CHECKING

from agent.core.face import lazy_face

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
