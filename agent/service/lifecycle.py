"""The parts of the agent in one order: starts them forward and stops them backward, even if some of them fail."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.service.cleanup import on_failure
from agent.service.parallel import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.service.worker import Worker

log = logging.getLogger(__name__)


def nothing() -> None:
    """What a part does that has nothing to start."""


def ended_at_once() -> bool:
    """What a part does that has nothing to stop."""
    return True


@dataclass(frozen=True, slots=True)
class Part:
    """One part.

    `start` returns soon and may raise; `stop` is called whatever became of it, takes a bounded time, and says whether
    all of the part has ended. `workers`: its threads, to be watched. A part that must start early and stop early, or
    the reverse, is listed twice: once for each.
    """

    name: str
    start: Callable[[], object] = nothing
    stop: Callable[[], bool] = ended_at_once
    workers: Sequence[Worker] = ()


@dataclass(frozen=True, slots=True)
class Phase:
    """Parts that start one after the other, and stop at the same time, within `stop_s` together."""

    name: str
    stop_s: float
    parts: Sequence[Part]


class Lifecycle:
    """Starts the parts of all phases in their order, and stops them in the opposite one. For one thread.

    A stop takes at most `stop_s`, whatever the parts do: one that hangs is left behind, with a line in the log. Where
    the system has no thread left for it, a part is stopped on the thread of the caller, and takes what it takes.
    """

    def __init__(self, phases: Sequence[Phase]) -> None:
        self._phases = tuple(phases)
        self._begun: list[Part] = []

    @property
    def stop_s(self) -> float:
        """How long a stop may take."""
        return sum(phase.stop_s for phase in self._phases)

    @property
    def workers(self) -> Iterator[Worker]:
        """The threads of all parts, in their order."""
        return (worker for phase in self._phases for part in phase.parts for worker in part.workers)

    def start(self) -> None:
        """Start every part. Where one raises, it and those before it are stopped, and the exception goes on."""
        with on_failure(self.stop):
            for phase in self._phases:
                for part in phase.parts:
                    self._begun.append(part)
                    part.start()

    def stop(self) -> bool:
        """Stop every part whose start was begun; whether all have ended."""
        ended = [self._stop_phase(phase) for phase in reversed(self._phases)]
        self._begun.clear()
        return all(ended)

    def _stop_phase(self, phase: Phase) -> bool:
        deadline = time.monotonic() + phase.stop_s
        jobs: list[tuple[Part, Job[bool]]] = []
        lacking: list[Part] = []
        for part in phase.parts:
            if part not in self._begun:
                continue
            try:
                jobs.append((part, Job(_job_name(part), part.stop)))
            except RuntimeError:
                lacking.append(part)
        # Only now: the others stop meanwhile, whatever these do.
        jobs += [(part, _stopped_here(part)) for part in lacking]
        ended = [_ended(part, job, deadline, phase.stop_s) for part, job in jobs]
        return all(ended)


def _job_name(part: Part) -> str:
    return f"stop {part.name}"


def _stopped_here(part: Part) -> Job[bool]:
    log.warning("no thread is left to stop %s; it is stopped on the calling thread", part.name)
    return Job(_job_name(part), part.stop, own_thread=False)


def _ended(part: Part, job: Job[bool], deadline: float, limit_s: float) -> bool:
    if not job.ended(deadline - time.monotonic()):
        log.error("%s does not stop within %g s; the agent stops without it", part.name, limit_s)
        return False
    return job.error is None and job.result(deadline)
