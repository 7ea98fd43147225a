"""The doctor of a running agent: examines it when asked, and by itself now and then, and remembers what was found."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from agent.doctor.check_runner import CheckRunner
from agent.doctor.codes import Severity
from agent.doctor.finding import DiagnosticReport
from agent.service.worker import Backoff, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.doctor.check_runner import Task
    from agent.doctor.codes import FindingCode

log = logging.getLogger(__name__)

FIRST_S: Final = 10.0
EVERY_S: Final = 40.0
"""What is published as health must be no older than a minute. A round takes some 30 ms of a core."""
STOP_TIMEOUT_S: Final = 2.0
LIMIT_S: Final = 300.0
"""An examination takes no longer than its slowest check may; one at a time is made."""


class HealthMonitor:
    """For all threads. An examination takes some seconds; one is made at a time."""

    def __init__(
        self,
        gate: str,
        version: str,
        utc: Callable[[], float],
        tasks: Sequence[Task],
        round_tasks: Sequence[Task],
    ) -> None:
        """`tasks`: all checks. `round_tasks`: those of the rounds that it makes by itself: they burden nobody else."""
        self._gate, self._version, self._utc = gate, version, utc
        self._tasks, self._round_tasks = tuple(tasks), tuple(round_tasks)
        self._check_runner = CheckRunner()
        self._report: DiagnosticReport | None = None
        self._asking = threading.Lock()
        self._full: DiagnosticReport | None = None
        self._full_at = 0.0
        self._told: frozenset[tuple[FindingCode, str]] = frozenset()
        self.worker = Worker("doctor", self._run, limit_s=LIMIT_S, backoff=Backoff(EVERY_S, EVERY_S))

    @property
    def problems(self) -> frozenset[tuple[FindingCode, str]]:
        """What was found last, without its figures: it differs when a problem has come or gone."""
        report = self._report
        return (
            frozenset() if report is None else frozenset((one.code, one.subject) for one in report.findings if one.code)
        )

    @property
    def report(self) -> DiagnosticReport | None:
        """What was found last; None before the first time."""
        return self._report

    def examine(self) -> DiagnosticReport:
        """Examine the gate now, with all checks. Many who ask at one time share an examination."""
        asked_at = time.monotonic()
        with self._asking:
            if self._full is None or self._full_at < asked_at:
                self._full = self._examined(self._tasks)
                self._full_at = time.monotonic()
            return self._full

    def start(self) -> None:
        """Begin to make rounds."""
        self.worker.start()

    def stop(self) -> bool:
        """Make no more rounds, within a bounded time; False: one is still under way, and left behind."""
        return self.worker.stop(STOP_TIMEOUT_S)

    def _run(self) -> None:
        pause_s = FIRST_S
        while not self.worker.wait(pause_s):
            pause_s = EVERY_S
            self._examined(self._round_tasks)

    def _examined(self, tasks: Sequence[Task]) -> DiagnosticReport:
        findings = self._check_runner.run(tasks)
        self._report = report = DiagnosticReport(
            self._gate, self._version, agent=True, utc=self._utc(), findings=findings
        )
        self._log_grave(report)
        return report

    def _log_grave(self, report: DiagnosticReport) -> None:
        """Log each grave finding once, as long as it lasts."""
        grave = {(one.code, one.subject): one for one in report.findings if one.severity is Severity.ERROR and one.code}
        for key in grave.keys() - self._told:
            values = ", ".join(grave[key].values.values())
            log.warning("the doctor found %s%s", " ".join(filter(None, key)), f": {values}" if values else "")
        self._told = frozenset(grave)
