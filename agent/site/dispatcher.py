"""Hears the other gates.

Opens what they say, refuses what is not theirs, and hands it to two threads that act on it.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from agent.core.site import Rows, RowsRequest, SiteMessageError
from agent.mqtt import LinkUp
from agent.service.worker import Backoff, Worker
from agent.store.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.core.site import Membership, OpenedMessage
    from agent.mqtt import Incoming, LinkDown
    from agent.site.ports import SitePort

log = logging.getLogger(__name__)

INBOX = 1000
LONGEST_WAIT_S = 0.5
TELL_AGAIN_S = 60.0
LIMIT_S = 60.0
FAULT_PAUSE_S = 0.1
FAULT_CAP_S = 1.0


class WorkQueue:
    """One thread that does what is put in, in order, and `tick` after each; None from `tick`: nothing is due soon.

    What does not fit is dropped and counted: other gates ask again.
    """

    def __init__(self, name: str, tick: Callable[[], float | None], dropped: Callable[[], None]) -> None:
        self._tick = tick
        self._dropped = dropped
        self._todo: queue.Queue[Callable[[], None]] = queue.Queue(INBOX)
        # Whatever was wrong with one word, the next is heard soon.
        self.worker = Worker(name, self._run, limit_s=LIMIT_S, backoff=Backoff(FAULT_PAUSE_S, FAULT_CAP_S))

    def put(self, work: Callable[[], None]) -> None:
        """Have something done soon."""
        try:
            self._todo.put_nowait(work)
        except queue.Full:
            self._dropped()

    def start(self) -> None:
        """Begin."""
        self.worker.start()

    def stop(self, timeout_s: float) -> bool:
        """End; whether the thread has."""
        self.worker.ask_to_stop()
        self.put(lambda: None)
        return self.worker.join(timeout_s)

    def _run(self) -> None:
        due_at: float | None = None
        while not self.worker.stopping:
            due_at = self._guarded(self._next(due_at))

    def _next(self, due_at: float | None) -> Callable[[], None] | None:
        wait_s = LONGEST_WAIT_S if due_at is None else min(LONGEST_WAIT_S, due_at - time.monotonic())
        try:
            with self.worker.resting():
                return self._todo.get(timeout=max(0.0, wait_s)) if wait_s > 0 else self._todo.get_nowait()
        except queue.Empty:
            return None

    def _guarded(self, work: Callable[[], None] | None) -> float | None:
        try:
            if work is not None:
                work()
            return self._tick()
        except JournalError as error:
            log.error("another gate cannot be answered: the permit ledger fails: %s", error)  # noqa: TRY400 - no bug
        return None


class MessageDispatcher:
    """Open what comes over the link and give it to `words` or to `rows`, each on the thread of its inbox.

    `word_tick`, `row_tick`: see Inbox. `link_up`, on the thread of the rows, hears of every connection.
    """

    def __init__(  # noqa: PLR0913 - the seams of one part
        self,
        membership: Membership,
        link: SitePort,
        *,
        words: Callable[[OpenedMessage], None],
        word_tick: Callable[[], float | None],
        rows: Callable[[OpenedMessage], None],
        row_tick: Callable[[], float | None],
        link_up: Callable[[], None],
    ) -> None:
        self._membership = membership
        self._words_to = words
        self._rows_to = rows
        self._link_up = link_up
        self._lock = threading.Lock()
        self._refused: Counter[str] = Counter()
        self._told_at: dict[str, float] = {}
        self.words = WorkQueue("site-words", word_tick, self._full)
        self.rows = WorkQueue("site-rows", row_tick, self._full)
        link.hear(
            lambda message: self.words.put(lambda: self._open(message)),
            lambda message: self.rows.put(lambda: self._open_rows(message)),
        )
        link.listen(self._link_changed)

    @property
    def refused(self) -> Mapping[str, int]:
        """How many texts were refused, by the fault."""
        with self._lock:
            return dict(self._refused)

    def refuse(self, fault: str, why: str) -> None:
        """Count a refusal; the log hears of each kind once a minute."""
        with self._lock:
            self._refused[fault] += 1
            count, now_at = self._refused[fault], time.monotonic()
            tell = now_at - self._told_at.get(fault, -TELL_AGAIN_S) >= TELL_AGAIN_S
            if tell:
                self._told_at[fault] = now_at
        if tell:
            log.warning("a word at the site was refused, %s (%d so far): %s", fault, count, why)

    def start(self) -> None:
        """Begin to act on what is heard."""
        self.words.start()
        self.rows.start()

    def stop(self, timeout_s: float) -> bool:
        """End; whether both threads have."""
        ended = self.words.stop(timeout_s / 2)
        return self.rows.stop(timeout_s / 2) and ended

    def _full(self) -> None:
        self.refuse("inbox_full", "words come in faster than they can be acted on")

    def _link_changed(self, event: LinkUp | LinkDown) -> None:
        if isinstance(event, LinkUp):
            self.rows.put(self._link_up)

    def _opened(self, message: Incoming) -> OpenedMessage | None:
        if message.retained:
            self.refuse("retained", "what gates say to one another is of the moment; nobody keeps it")
            return None
        try:
            return self._membership.opened(message.payload)
        except SiteMessageError as error:
            self.refuse(error.fault.value, str(error))
            return None

    def _open(self, message: Incoming) -> None:
        word = self._opened(message)
        if word is None:
            return
        if isinstance(word.said, Rows | RowsRequest):
            self.rows.put(lambda: self._rows_to(word))
        else:
            self._words_to(word)

    def _open_rows(self, message: Incoming) -> None:
        word = self._opened(message)
        if word is None:
            return
        if not isinstance(word.said, Rows):
            self.refuse("wrong_topic", f"{word.gate} told everybody what is for one gate")
            return
        self._rows_to(word)
