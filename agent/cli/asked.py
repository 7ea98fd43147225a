"""What the running agent is asked for: to stop, to start anew after damage, or to read its configuration anew."""

from __future__ import annotations

import logging
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

log = logging.getLogger(__name__)


class Asked:
    """Waits for a signal, or for damage that only a new start mends. `cause`: why to stop; "" while nobody wants that."""

    def __init__(self) -> None:
        self.cause = ""
        self.failed = False
        self._anew = False
        self._event = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._hang_up)

    def wait(self, timeout_s: float | None) -> None:
        """Wait until something is asked for; None: without end."""
        self._event.wait(timeout_s)
        self._event.clear()

    def take_anew(self) -> bool:
        """Whether the configuration is to be read anew; asked for once, true once."""
        wanted, self._anew = self._anew, False
        return wanted

    def read_anew(self) -> None:
        """Ask to have the configuration read anew. From any thread."""
        self._anew = True
        self._event.set()

    def damaged(self, what: str) -> None:
        """Ask to stop because of damage; the service manager starts the agent anew."""
        log.critical("the agent must start anew: %s", what)
        self.cause, self.failed = "journal damaged", True
        self._event.set()

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self.cause = signal.Signals(number).name
        self._event.set()

    def _hang_up(self, _number: int, _frame: FrameType | None) -> None:
        self.read_anew()
