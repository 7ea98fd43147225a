"""A thread of the agent: it has a name, error handling, supervision, and a time limit for its stop.

A plain thread that ends with an exception disappears silently. A worker reports the exception. Its owner decides
whether the worker then begins again, ends the process, or is over. A worker also records its last progress, so the
watchdog notices a thread that hangs.

Every thread of the agent's process is a worker. docs/threads.md lists the exceptions with their reasons.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from agent.core.model import delay_s
from agent.service.listeners import notify_listeners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)

STOP_TIMEOUT_S: Final = 5.0


class OnFailure(Enum):
    """What follows when the work of a thread ends by an exception.

    RESTART: the work begins again after a backoff; for work that keeps its state outside of its call.
    END: the exception leaves the thread, and `threading.excepthook` ends the process (see `end_on_thread_failure`).
    GIVE_UP: the work is over; its owner, who waits for it or puts another in its place, finds the exception in
    `failure`.
    """

    RESTART = auto()
    END = auto()
    GIVE_UP = auto()


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before work that failed begins again: with jitter, doubling up to `cap_s`.

    `steady_s`: work that went well for so long has recovered, and its next failure counts as the first.
    """

    first_s: float = 0.5
    cap_s: float = 30.0
    steady_s: float = 60.0


class Worker:
    """Run `work` on a thread of its own until it returns or is asked to stop.

    `work` looks at `stopping`, or waits with `wait`, which says when to stop. It shows progress with every `wait`, and
    with `touch` between steps that take long; around another call that may wait for something to do it uses `resting`.
    A return of `work` ends the worker for good. `limit_s`: how long it may go on without progress; None: it is not
    watched.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], None],
        *,
        limit_s: float | None,
        on_failure: OnFailure = OnFailure.RESTART,
        backoff: Backoff | None = None,
    ) -> None:
        self.name: Final = name
        self.limit_s: Final = limit_s
        self._work = work
        self._on_failure = on_failure
        self._backoff = Backoff() if backoff is None else backoff
        self._observe: Callable[[Worker], None] = lambda _worker: None
        self._stopping = threading.Event()
        self._resting = False
        self._progress_at = self._began_at = time.monotonic()
        self._in_a_row = 0
        self._failures = 0
        self._trouble = ""
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    # ------------------------------------------------------------------------------------------------ for the owner

    def observe(self, observe: Callable[[Worker], None]) -> None:
        """Have it told of every failure, on the worker's thread; it must not block. For before `start`."""
        self._observe = observe

    def adopt(self, other: Worker) -> None:
        """Have the failures of another worker told where those of this one are.

        For one that is made while this one works.
        """
        other.observe(self._observe)

    def start(self) -> None:
        """Begin to work. Raises RuntimeError where the system has no thread left."""
        self._progress_at = self._began_at = time.monotonic()
        self._thread.start()

    def run_here(self) -> None:
        """Do the work on the thread of the caller, guarded in the same way, for where the system has no thread left."""
        self._run()

    def ask_to_stop(self) -> None:
        """Have the work stop soon; returns at once."""
        self._stopping.set()

    def join(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        """As `ended`, for one that was asked to stop: where it does not, that is told."""
        ended = self.ended(timeout_s)
        if not ended:
            log.error("%s does not stop; the agent stops without its thread", self.name)
        return ended

    def ended(self, timeout_s: float) -> bool:
        """Wait for the end of the work, at most so long; whether it came. One that was never started has ended."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        """Ask it to stop and wait for that, at most so long; whether it has."""
        self.ask_to_stop()
        return self.join(timeout_s)

    @property
    def runs(self) -> bool:
        """Whether the thread is there: at work, or about to begin again."""
        return self._thread.is_alive()

    @property
    def failures(self) -> int:
        """How often the work has failed."""
        return self._failures

    @property
    def failure(self) -> BaseException | None:
        """The exception that ended the worker for good; None while it works, and where it ended in order."""
        return self._failure

    @property
    def trouble(self) -> str:
        """Why the work failed last; empty where it has never failed, or has been going well for long enough since."""
        steady = time.monotonic() - self._began_at >= self._backoff.steady_s
        return "" if self.runs and steady else self._trouble

    def progress_at(self) -> float:
        """When it last showed progress, monotonic seconds.

        Now, while it waits for something to do or has ended in order.
        """
        ended = not self.runs and self._failure is None
        return time.monotonic() if self._resting or ended else self._progress_at

    # ------------------------------------------------------------------------------------------------- for the work

    @property
    def stopping(self) -> bool:
        """Whether the work is to stop."""
        return self._stopping.is_set()

    def touch(self) -> None:
        """Show progress."""
        self._progress_at = time.monotonic()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the work is to stop, at most so long; whether it is to stop."""
        with self.resting():
            return self._stopping.wait(timeout_s)

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Wait in here for something to do: as long as that takes, the worker counts as well."""
        self._resting = True
        try:
            yield
        finally:
            self.touch()
            self._resting = False

    # -------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        while True:
            self._began_at = time.monotonic()
            self.touch()
            try:
                self._work()
            except (Exception, SystemExit) as error:
                new = self._note(error)
                notify_listeners([self._observe], self, f"the failure of {self.name} could not be told")
                if self._on_failure is not OnFailure.RESTART:
                    self._failure = error
                if self._on_failure is OnFailure.END:
                    raise
                if self._on_failure is OnFailure.GIVE_UP:
                    log.exception("%s has failed", self.name)
                    return
                pause_s = self._pause_s()
                log.critical("%s has failed; it restarts in %.1f s", self.name, pause_s, exc_info=new)
            else:
                return
            if self.wait(pause_s):
                return

    def _note(self, error: BaseException) -> bool:
        """Note a failure; whether it is another than the last: that of a fault that stays needs no second traceback."""
        steady = time.monotonic() - self._began_at >= self._backoff.steady_s
        self._in_a_row = 0 if steady else self._in_a_row
        self._failures += 1
        before, self._trouble = self._trouble, f"{type(error).__name__}: {error}"
        return self._trouble != before

    def _pause_s(self) -> float:
        # Jitter, no secret.
        pause_s = delay_s(self._in_a_row, self._backoff.first_s, self._backoff.cap_s, random.random())  # noqa: S311
        self._in_a_row += 1
        return pause_s


def end_on_thread_failure(end: Callable[[str], None]) -> None:
    """The last net, for threads that nobody guards: `end` is told the name of a thread that ended by an exception.

    It is called on that thread, and must see to it that the process ends soon.
    """

    def failed(failure: threading.ExceptHookArgs) -> None:
        name = "that has gone" if failure.thread is None else failure.thread.name
        found = failure.exc_value or failure.exc_type()
        log.critical(
            "the thread %s has failed; the agent stops, and the service starts it again",
            name,
            exc_info=(failure.exc_type, found, failure.exc_traceback),
        )
        end(name)

    threading.excepthook = failed
