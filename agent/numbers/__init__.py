"""The gate's numbers: a worker that counts the journal's events into the file of numbers, and reports read from it.

May read the journal, and never writes to it; may write the file of numbers alone. What is counted, and how, is
`agent.core.numbers`'.
"""

from typing import TYPE_CHECKING

from agent.core.face import lazy_face

if TYPE_CHECKING:
    from agent.numbers.counting_job import CountingJob
    from agent.numbers.report import Comparison, NumbersReport, Slot, report_of
    from agent.numbers.zone import local_day, offset_at
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "Comparison",
    "CountingJob",
    "NumbersReport",
    "Slot",
    "local_day",
    "offset_at",
    "report_of",
]
