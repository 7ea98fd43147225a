"""Several things at once, each with a limit of its own: one that hangs must not keep the others, nor the answer."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


class Job(Generic[T]):
    """Work in a thread of its own, which is left behind where it hangs: a thread cannot be ended from outside."""

    def __init__(self, name: str, work: Callable[[], T], ended: Callable[[], None] = lambda: None) -> None:
        """`name`: of the thread. `ended` is called, by the thread, once the work has come to its end, good or bad."""
        self._work = work
        self._ended = ended
        self._done = threading.Event()
        self._result: list[T] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def runs(self) -> bool:
        """Whether it is still at work."""
        return not self._done.is_set()

    def result(self, deadline: float) -> T:
        """What came of it. Raises TimeoutError at the deadline (monotonic seconds), else what the work raised."""
        if not self._done.wait(max(0.0, deadline - time.monotonic())):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._result[0]

    def _run(self) -> None:
        try:
            self._result.append(self._work())
        except Exception as error:  # noqa: BLE001 - whoever asks for the result gets it
            self._error = error
        finally:
            self._done.set()
            self._ended()


def at_once(jobs: Sequence[tuple[str, Callable[[], T], T]], limit_s: float) -> list[T]:
    """The results of all, in their order: of (name, work, what stands for it where it takes longer).

    Raises what the work raises.
    """
    deadline = time.monotonic() + limit_s
    started = [(Job(name, work), late) for name, work, late in jobs]
    found = []
    for job, late in started:
        try:
            found.append(job.result(deadline))
        except TimeoutError:
            found.append(late)
    return found
