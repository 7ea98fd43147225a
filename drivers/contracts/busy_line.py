"""A serial line that somebody else is using, as while another unit on it does not answer."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from drivers.contracts.waiting import PATIENCE_S, eventually, scaled
from drivers.serial.port_opening import device_behind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ORDER_S = scaled(0.1)
"""Long enough for a thread to come as far as the line."""


class BusyLine:
    """The open line of a port, in the hands of the thread that made this until `free`."""

    def __init__(self, path: str) -> None:
        line = device_behind(path)._line
        assert line is not None
        self._lock = line._lock
        self._lock.__enter__()

    def wait_asked(self) -> None:
        """Until somebody waits for the line."""
        eventually(lambda: self._lock._waiting)

    def free(self) -> None:
        """Hand it over."""
        self._lock.__exit__(None, None, None)


@contextlib.contextmanager
def busy(path: str) -> Iterator[BusyLine]:
    """The line of a port that is open, in use until the end of the block."""
    line = BusyLine(path)
    try:
        yield line
    finally:
        line.free()


def after_the_wait(path: str, order: Callable[[float], object]) -> object:
    """What `order(deadline)` returns or raises when it has to wait for the line until after its deadline."""
    said: list[object] = []

    def give(deadline: float) -> None:
        try:
            said.append(order(deadline))
        except Exception as error:  # noqa: BLE001 - it is looked at
            said.append(error)

    with busy(path) as line:
        deadline = time.monotonic() + ORDER_S
        thread = threading.Thread(target=give, args=(deadline,))
        thread.start()
        line.wait_asked()
        eventually(lambda: time.monotonic() > deadline)
    thread.join(PATIENCE_S)
    (one,) = said
    return one
