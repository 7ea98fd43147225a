"""The last exchanges on every serial line of this process, kept in memory for diagnosis.

A board is asked the same again and again, so an exchange that is like one of the last few is counted and not kept
again: what is rare, such as a pulse, stays in sight for long.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final

KEPT: Final = 100
"""Exchanges of one line."""
LINES: Final = 64
ALIKE: Final = 4
"""How far back a like one is looked for: relays and inputs of a board are asked in turn."""
BYTES: Final = 64
"""Of each request and answer."""


@dataclass(slots=True)
class Exchange:
    """A request and what came back. `at`: monotonic seconds of its last time; `took_s`: until the answer was there.

    `received`: None where no answer was waited for; empty where none came. `times`: how often it went just like this.
    """

    at: float
    sent: bytes
    received: bytes | None = None
    took_s: float | None = None
    times: int = 1


class LineTrace:
    """Those of one line. Written by the thread that has the line, read by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[Exchange] = deque(maxlen=KEPT)

    def sent(self, data: bytes, at: float) -> None:
        """Note a request."""
        with self._lock:
            if len(self._kept) > 1 and self._kept[-1].received is None:
                self._fold()
            self._kept.append(Exchange(at, data[:BYTES]))

    def received(self, data: bytes, at: float, took_s: float | None) -> None:
        """Note what came back to the last request; empty: nothing."""
        with self._lock:
            if not self._kept:
                return
            newest = self._kept[-1]
            newest.at, newest.received, newest.took_s = at, data[:BYTES], took_s
            self._fold()

    def all(self) -> list[Exchange]:
        """All that are kept, the oldest first."""
        with self._lock:
            return [Exchange(one.at, one.sent, one.received, one.took_s, one.times) for one in self._kept]

    def _fold(self) -> None:
        """Count the newest with a like one before it, if there is one."""
        newest = self._kept[-1]
        for back in range(2, min(ALIKE + 1, len(self._kept)) + 1):
            one = self._kept[-back]
            if one.sent == newest.sent and one.received == newest.received:
                newest.times += one.times
                del self._kept[-back]
                return


class WireTrace:
    """Those of all lines, by the real path of the device. For all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: OrderedDict[str, LineTrace] = OrderedDict()

    def of(self, device: str) -> LineTrace:
        """Those of a line, which begin now where there are none."""
        with self._lock:
            found = self._lines.setdefault(device, LineTrace())
            self._lines.move_to_end(device)
            while len(self._lines) > LINES:
                self._lines.popitem(last=False)
            return found


EXCHANGES: Final = WireTrace()
