"""The states of all devices of the gate, by name, and the events that record their changes."""

from __future__ import annotations

import logging
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.core.events import DeviceChanged, Draft
from agent.service.worker import Worker
from drivers.text import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.recording import Recorder

log = logging.getLogger(__name__)

DETAIL_LIMIT = 300
DETAILS_LIMIT = 8
WAITING_LIMIT = 1000
STOP_TIMEOUT_S = 2.0
LIMIT_S = 60.0
WORKING_STATES = frozenset({"up", "streaming"})
"""The states of a device that does its work."""

Family = Literal["camera", "scanner", "relay", "inputs", "sign", "voice", "broker"]


@dataclass(frozen=True, slots=True)
class DeviceState:
    """How a device is. `detail`: what is there, or why it is lost, in words. `lane`: None for one of the whole gate."""

    family: Family
    state: str
    detail: str
    lane: str | None


class DeviceStatusTable:
    """Note every change of a device: in the log, in an event, and in the table that the status shows.

    The same state again changes nothing, so a device that is lost for a week is recorded once; another reason for the
    loss is recorded too, each once, and no more than `DETAILS_LIMIT` of them. For all threads: the events are written
    by a thread of their own, so that no device's thread ever waits for the disk. One that fails at that twice is in
    the log only.
    """

    def __init__(self, recorder: Recorder, utc: Callable[[], float]) -> None:
        self._recorder = recorder
        self._utc = utc
        self._lock = threading.Lock()
        self._known: dict[str, DeviceState] = {}
        self._details: dict[str, set[str]] = {}
        self._waiting: queue.Queue[Draft | None] = queue.Queue(WAITING_LIMIT)
        self._in_hand: Draft | None = None
        self.worker = Worker("devices", self._run, limit_s=LIMIT_S)

    @property
    def states(self) -> Mapping[str, str]:
        """The state of every device by its name."""
        with self._lock:
            return {name: known.state for name, known in self._known.items()}

    @property
    def known(self) -> Mapping[str, DeviceState]:
        """How every device is, by its name."""
        with self._lock:
            return dict(self._known)

    def start(self) -> None:
        """Start to write events."""
        self.worker.start()

    def stop(self) -> bool:
        """Write what waits and stop, within a bounded time; whether that is done."""
        try:
            self._waiting.put(None, timeout=STOP_TIMEOUT_S)
        except queue.Full:
            log.error("the journal cannot keep up; the last changes of devices are only in this log")  # noqa: TRY400
            return False
        return self.worker.join(STOP_TIMEOUT_S)

    def changed(self, family: Family, name: str, state: str, detail: str, lane: str | None = None) -> bool:
        """Note a state; whether it was news."""
        with self._lock:
            news = self._is_news(name, state, detail)
            self._known[name] = DeviceState(family, state, detail, lane)
            if not news:
                return False
            level = logging.INFO if state in WORKING_STATES else logging.WARNING
            log.log(level, "%s %s: %s%s", family, name, state, f" ({detail})" if detail else "")
            event = DeviceChanged(device=name, family=family, state=state, detail=shortened(detail, DETAIL_LIMIT))
            try:
                self._waiting.put_nowait(Draft(event, lane, None, self._utc()))
            except queue.Full:
                log.error("the journal cannot keep up; this change is only in this log")  # noqa: TRY400 - no bug
        return True

    def note(self, draft: Draft) -> None:
        """Have an event written by the table's thread, for one that must not wait for the disk either."""
        try:
            self._waiting.put_nowait(draft)
        except queue.Full:
            log.error("the journal cannot keep up; this event is lost: %s", draft.event)  # noqa: TRY400 - no bug

    def _is_news(self, name: str, state: str, detail: str) -> bool:
        known = self._known.get(name)
        if known is None or known.state != state:
            self._details[name] = {detail}
            return True
        told = self._details[name]
        if state in WORKING_STATES or detail in told or len(told) >= DETAILS_LIMIT:
            return False
        told.add(detail)
        return True

    def _run(self) -> None:
        while (draft := self._next()) is not None:
            self._recorder.note([draft])
            self._in_hand = None

    def _next(self) -> Draft | None:
        """The change whose recording failed, once more; else the next one."""
        in_hand, self._in_hand = self._in_hand, None
        if in_hand is not None:
            return in_hand
        with self.worker.resting():
            self._in_hand = self._waiting.get()
        return self._in_hand
