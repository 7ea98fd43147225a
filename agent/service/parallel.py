"""Several things at once, each with a limit of its own: one that hangs must not keep the others, nor the answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, TypeVar

from agent.service.worker import OnFailure, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


class Job(Generic[T]):
    """Work that is done once, on a thread of its own, which is left behind where it hangs.

    None can be ended from outside. Work that fails is in the log, with its traceback.
    """

    def __init__(self, name: str, work: Callable[[], T], *, own_thread: bool = True) -> None:
        """Begin. `name`: of the thread. Raises RuntimeError where the system has no thread left.

        Without a thread of its own the work is done here and now; how it ended is told in the same way.
        """
        self._work = work
        self._result: list[T] = []
        self._worker = Worker(name, self._run, limit_s=None, on_failure=OnFailure.GIVE_UP)
        if own_thread:
            self._worker.start()
        else:
            self._worker.run_here()

    @property
    def runs(self) -> bool:
        """Whether it is still at work."""
        return self._worker.runs

    @property
    def error(self) -> BaseException | None:
        """What the work raised; None while it runs, and where it came to its end."""
        return self._worker.failure

    def ended(self, timeout_s: float) -> bool:
        """Wait for the end, good or bad, at most so long; whether it came."""
        return self._worker.ended(timeout_s)

    def result(self, deadline: float) -> T:
        """What came of it. Raises TimeoutError at the deadline (monotonic seconds), else what the work raised."""
        if not self.ended(deadline - time.monotonic()):
            raise TimeoutError
        if self.error is not None:
            raise self.error
        return self._result[0]

    def _run(self) -> None:
        self._result.append(self._work())


def at_once(jobs: Sequence[tuple[str, Callable[[], T], T]], limit_s: float) -> list[T]:
    """The results of all, in their order: of (name, work, what stands for it where it takes longer).

    Raises what the work raises.
    """
    deadline = time.monotonic() + limit_s
    started = [(Job(name, work), late) for name, work, late in jobs]
    return [job.result(deadline) if job.ended(deadline - time.monotonic()) else late for job, late in started]
