"""The gate's numbers: a worker that counts the journal's events, and reports from the results.

Reads the journal and never writes to it. May write only the file of numbers. `agent.core.numbers` defines what is
counted.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

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
