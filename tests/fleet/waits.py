"""How long the proofs wait for gates: a gate that never answers ends them, with its name and what it was waited for."""

import threading
import time

from tests.support.waiting import scaled

TRIAL_S = {"configuration": 120, "software": 300}
"""After so long a gate undoes by itself what does not prove itself."""
REST_S = {"configuration": 0, "software": 60}
"""For so long a gate that is not at rest may put it off."""
WAY_S, EACH_S = 20.0, 3.0
"""What an idle machine takes for the rest: the way of messages, starts and dpkg; and what each gate adds to it."""
LOOK_S = 0.2


class InVainError(Exception):
    """Something did not come true in its time: `what` goes before those that are `missing`, by name."""

    def __init__(self, what, within_s, missing):
        self.missing = missing
        super().__init__(f"waited {within_s:.0f} s in vain for {what} {', '.join(missing)}")

    def concerns(self, gate):
        """Whether a gate is missing; its name may have a word behind it."""
        return any(name.split(" ")[0] == gate for name in self.missing)


def settled_s(gates):
    """The limit for what gates do at once: to connect, and to send what they have. `gates`: on this machine."""
    return scaled(WAY_S + gates * EACH_S)


def answer_s(kind, gates):
    """The limit for the last word of a gate on a document, good or bad. `gates`: on this machine."""
    return REST_S[kind] + TRIAL_S[kind] + settled_s(gates)


def until_none(missing, what, within_s):
    """Wait until nothing is missing. `missing`: gives the names of what is; raises InVainError."""
    pause, deadline = threading.Event(), time.monotonic() + within_s
    while names := sorted(missing()):
        if time.monotonic() >= deadline:
            raise InVainError(what, within_s, names)
        pause.wait(LOOK_S)


class Watch:
    """Calls `end` where a part of something takes longer than `limit_s`; `is_late`: whether it did."""

    def __init__(self, limit_s, end):
        self._limit_s, self._end = limit_s, end
        self._timer = None
        self.is_late = False

    def __enter__(self):
        self.next_part()
        return self

    def __exit__(self, *_):
        self._timer.cancel()

    def next_part(self):
        """A part begins, with a time of its own."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(self._limit_s, self._late)
        self._timer.start()

    def _late(self):
        self.is_late = True
        self._end()
