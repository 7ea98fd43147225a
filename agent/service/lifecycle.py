"""The parts of the agent in one order: started forward, stopped backward, whatever fails on the way."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.service.cleanup import on_failure
from agent.service.parallel import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)


def nothing() -> None:
    """What a part does that has nothing to start, or nothing to stop."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part.

    `start` returns soon and may raise; `stop` is called whatever became of it, and says False where something is left.
    A part that must start early and stop early, or the reverse, stands in the order twice: once for each.
    """

    name: str
    start: Callable[[], object] = nothing
    stop: Callable[[], object] = nothing


@dataclass(frozen=True, slots=True)
class Phase:
    """Parts that start one after the other, and stop at the same time, within `stop_s` together."""

    name: str
    stop_s: float
    parts: Sequence[Part]


class Lifecycle:
    """Starts the parts of all phases in their order, and stops them in the opposite one. For one thread.

    A stop takes at most `stop_s`, whatever the parts do: one that hangs is left behind, with a line in the log.
    """

    def __init__(self, phases: Sequence[Phase]) -> None:
        self._phases = tuple(phases)
        self._begun: list[Part] = []

    @property
    def stop_s(self) -> float:
        """How long a stop may take."""
        return sum(phase.stop_s for phase in self._phases)

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
        jobs = [(part, Job(f"stop {part.name}", part.stop)) for part in phase.parts if part in self._begun]
        ended = [_ended(part, job, deadline, phase.stop_s) for part, job in jobs]
        return all(ended)


def _ended(part: Part, job: Job[object], deadline: float, limit_s: float) -> bool:
    if not job.ended(deadline - time.monotonic()):
        log.error("%s does not stop within %g s; it is left behind", part.name, limit_s)
        return False
    return job.error is None and job.result(deadline) is not False
