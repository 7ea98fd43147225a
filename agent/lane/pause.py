"""Pauses a lane while the gate checks whether all lanes are at rest."""

from __future__ import annotations

import threading
import time

ANSWER_S = 1.0
"""How long all lanes together have to answer: well below the window in which the watchdog waits for a lane."""

LOOK_S = 0.1


class LanePause:
    """One question to one lane: is it at rest? If so it looks at nothing until the pause is over.

    The pause has no time limit of its own: a lane that went on while others are still being asked would make the answer
    wrong. It is over by `end`, or when the thread that made it has ended.
    """

    def __init__(self) -> None:
        self._asker = threading.current_thread()
        self._at_rest = False
        self._answered = threading.Event()
        self._over = threading.Event()

    def hold(self, *, at_rest: bool) -> None:
        """Answer, and where the lane is at rest wait for the end of the pause; for the lane's loop."""
        self._at_rest = at_rest
        self._answered.set()
        while at_rest and not self._over.wait(LOOK_S) and self._asker.is_alive():
            pass

    def at_rest(self, until_at: float) -> bool:
        """Wait for the answer until `until_at` (monotonic seconds); False where none comes in time."""
        return self._answered.wait(max(0.0, until_at - time.monotonic())) and self._at_rest

    def end(self) -> None:
        """Let the lane go on."""
        self._over.set()
