"""The states of all devices of the gate, by name, and the events that tell of their changes."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Literal

from agent.core.events import DeviceChanged, Draft

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.recorder import Recorder

log = logging.getLogger(__name__)

DETAIL_LIMIT = 300
GOOD = frozenset({"up", "streaming"})

Family = Literal["camera", "scanner", "relay", "inputs", "broker"]


class Devices:
    """Note every change of a device: in the log, in an event, and in the table that the status shows.

    The same state again changes nothing, so a device that is lost for a week is told of once. For all threads.
    """

    def __init__(self, recorder: Recorder, utc: Callable[[], float]) -> None:
        self._recorder = recorder
        self._utc = utc
        self._lock = threading.Lock()
        self._states: dict[str, str] = {}

    @property
    def states(self) -> Mapping[str, str]:
        """The state of every device by its name."""
        with self._lock:
            return dict(self._states)

    def changed(self, family: Family, name: str, state: str, detail: str, lane: str | None = None) -> bool:
        """Note a state; whether it is another than before."""
        with self._lock:
            if self._states.get(name) == state:
                return False
            self._states[name] = state
        level = logging.INFO if state in GOOD else logging.WARNING
        log.log(level, "%s %s: %s%s", family, name, state, f" ({detail})" if detail else "")
        event = DeviceChanged(device=name, family=family, state=state, detail=detail[:DETAIL_LIMIT])
        self._recorder.note([Draft(event, lane, None, self._utc())])
        return True
