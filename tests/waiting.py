"""Waiting for what another thread or process does."""

import threading
import time

PATIENCE_S = 15.0


def eventually(condition, within_s=PATIENCE_S, what="the condition"):
    """Wait until `condition()` is true and return its value; fail after `within_s`."""
    pause = threading.Event()
    deadline = time.monotonic() + within_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            message = f"{what} did not come true within {within_s} s"
            raise AssertionError(message)
        pause.wait(0.01)
    return value
