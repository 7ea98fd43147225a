"""Holding a button to confirm.

What moves a barrier is asked for by two requests, the second one a while after the first. A request that is sent once
too often, by a slip of the finger or by a browser that tries again, moves nothing.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from agent.console.errors import RefusedError
from drivers.text import Text

HOLD_S: Final = 2.0
SLACK_S: Final = 0.1
"""The two requests may have needed unlike times on their way."""
LIFE_S: Final = 15.0
MOST: Final = 256


class NotHeldError(RefusedError):
    """The button was not held as long as it must be, or this confirmation was used before."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.CONFLICT, Text("Hold the button for {seconds} s. Nothing was done.", seconds=f"{HOLD_S:g}")
        )


@dataclass(frozen=True, slots=True)
class _Press:
    """Who pressed which button, and when (monotonic s)."""

    person: str
    act: str
    at: float


class Holds:
    """The buttons that are pressed now. For all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._presses: OrderedDict[str, _Press] = OrderedDict()

    def press(self, person: str, act: str, at: float) -> str:
        """Note that somebody pressed the button of an act; returns the token to confirm it with. `at`: monotonic s."""
        token = secrets.token_urlsafe(16)
        with self._lock:
            self._presses[token] = _Press(person, act, at)
            while len(self._presses) > MOST:
                self._presses.popitem(last=False)
        return token

    def confirm(self, token: str, person: str, act: str, at: float) -> bool:
        """Say whether the same person held the same button long enough, and not too long ago.

        A token is good for once.
        """
        with self._lock:
            press = self._presses.pop(token, None)
        if press is None or (press.person, press.act) != (person, act):
            return False
        return HOLD_S - SLACK_S <= at - press.at <= LIFE_S
