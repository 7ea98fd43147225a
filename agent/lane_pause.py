"""Holding a lane still for the moment in which all lanes of the gate are asked whether they are at rest."""

from __future__ import annotations

import threading

ANSWER_S = 1.0
LONGEST_S = 2.0


class LanePause:
    """One question to one lane: is it at rest? If so it looks at nothing until the pause is over."""

    def __init__(self) -> None:
        self._at_rest = False
        self._answered = threading.Event()
        self._over = threading.Event()

    def hold(self, *, at_rest: bool) -> None:
        """Answer, and where the lane is at rest wait for the end of the pause, within a bounded time; for the lane's loop."""
        self._at_rest = at_rest
        self._answered.set()
        if at_rest:
            self._over.wait(LONGEST_S)

    def at_rest(self) -> bool:
        """Wait for the answer; False where none comes in time."""
        return self._answered.wait(ANSWER_S) and self._at_rest

    def end(self) -> None:
        """Let the lane go on."""
        self._over.set()
