"""Waiting for what another thread or process does, and the one factor by which real time is stretched in tests.

Threads and processes are late on a busy machine. `TEST_TIME_SCALE` in the environment says how busy it is; an idle one
has 1. It multiplies how long tests wait for something, and every limit in real time that tests set for the product:
answers of emulated boards, a lane's times, the time limit of a test.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    Value = TypeVar("Value")

TIME_SCALE: Final = float(os.environ.get("TEST_TIME_SCALE", "4"))
REPLY_MS: Final = 5000
"""The longest time that drivers allow a board: for answers that are sure to come."""


def scaled(seconds: float) -> float:
    """So much time of an idle machine, on this one."""
    return seconds * TIME_SCALE


def scaled_ms(milliseconds: float) -> int:
    """So much time of an idle machine, as a board's time to answer: for tests in which it does not."""
    return min(REPLY_MS, round(scaled(milliseconds)))


PATIENCE_S: Final = scaled(15.0)
"""How long to wait for what must come."""


def eventually(condition: Callable[[], Value], within_s: float = 15.0, what: str = "the condition") -> Value:
    """Wait until `condition()` is true and return its value; fail after `within_s`, scaled."""
    pause = threading.Event()
    limit_s = scaled(within_s)
    deadline = time.monotonic() + limit_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            message = f"{what} did not come true within {limit_s} s"
            raise AssertionError(message)
        pause.wait(0.01)
    return value
