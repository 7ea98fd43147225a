"""The notices that open pages of the console show: the last ones, in memory alone."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from agent.core.notices import Notice

KEPT: Final = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice by its number, which only rises while the agent runs."""

    number: int
    notice: Notice


class NoticeBoard:
    """For all threads. `run`: another after each start, so that a page knows that the numbers began again."""

    def __init__(self, run: str) -> None:
        self.run: Final = run
        self._lock = threading.Lock()
        self._shown: deque[Shown] = deque(maxlen=KEPT)
        self._number = 0

    @property
    def number(self) -> int:
        """Of the newest; 0: there was none."""
        return self._number

    def show(self, notice: Notice) -> None:
        """Put it on the board."""
        with self._lock:
            self._number += 1
            self._shown.append(Shown(self._number, notice))

    def after(self, number: int) -> list[Shown]:
        """Those after this number, the oldest first."""
        with self._lock:
            return [one for one in self._shown if one.number > number]
