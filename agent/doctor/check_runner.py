"""Runs the checks: all at once, each bounded in time; what hangs or fails is a finding too."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agent.doctor.codes import DiagnosticCheck, FindingCode
from agent.doctor.finding import Finding
from agent.service.parallel import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

USUAL_LIMIT_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Task:
    """One check: what gathers its facts, and what judges them. `limit_s`: how long both may take."""

    check: DiagnosticCheck
    gather: Callable[[], Any]
    judge: Callable[[Any], Iterable[Finding]]
    limit_s: float = USUAL_LIMIT_S


class CheckRunner:
    """Runs tasks. A task that hung the last time is not begun again before it has ended: threads must not pile up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hanging: dict[DiagnosticCheck, Job[list[Finding]]] = {}

    def run(
        self,
        tasks: Sequence[Task],
        progress: Callable[[DiagnosticCheck, Sequence[Finding]], None] = lambda _check, _found: None,
    ) -> tuple[Finding, ...]:
        """What all tasks find, in the order of the checks. `progress` hears of each as it ends. One call at a time."""
        with self._lock:
            began_at = time.monotonic()
            jobs = {task.check: self._begun(task) for task in tasks}
            found: dict[DiagnosticCheck, Sequence[Finding]] = {}
            for task in sorted(tasks, key=lambda one: one.limit_s):
                found[task.check] = self._result(task, jobs[task.check], began_at + task.limit_s)
                progress(task.check, found[task.check])
            return _in_order(found)

    def _begun(self, task: Task) -> Job[list[Finding]] | None:
        """The task at work; None where it still hangs from before."""
        before = self._hanging.get(task.check)
        if before is not None and before.runs:
            return None
        self._hanging.pop(task.check, None)
        return Job(f"doctor-{task.check.value}", lambda: list(task.judge(task.gather())))

    def _result(self, task: Task, job: Job[list[Finding]] | None, deadline: float) -> Sequence[Finding]:
        hangs = [Finding(task.check, code=FindingCode.CHECK_HANGS, values={"time": f"{task.limit_s:g} s"})]
        if job is None:
            return hangs
        if not job.ended(deadline - time.monotonic()):
            self._hanging[task.check] = job
            return hangs
        if job.error is not None:
            trouble = f"{type(job.error).__name__}: {job.error}"
            return [Finding(task.check, code=FindingCode.CHECK_FAILED, values={"trouble": trouble})]
        return job.result(deadline)


def _in_order(found: Mapping[DiagnosticCheck, Sequence[Finding]]) -> tuple[Finding, ...]:
    return tuple(finding for check in DiagnosticCheck for finding in found.get(check, ()))
