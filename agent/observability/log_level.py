"""The least that is logged, for a while another."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from agent.service.worker import Worker

log = logging.getLogger(__name__)

LIMIT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 2.0


class LogLevel:
    """The least that is logged: the usual one, or for a while another. Safe to use from any thread."""

    def __init__(self, usual: str) -> None:
        """Take over from `configure`. `usual`: debug, info, warning or error."""
        self._usual = usual
        self._changed = threading.Condition()
        self._back_at: float | None = None
        self.worker = Worker("log-level", self._run, limit_s=LIMIT_S)

    def start(self) -> None:
        """Begin to look after the time of a change."""
        self.worker.start()

    def change(self, level: str, for_s: float) -> None:
        """Log from `level` on, for `for_s` seconds and then as usual again; 0: until the next start."""
        with self._changed:
            logging.getLogger().setLevel(level.upper())
            self._back_at = time.monotonic() + for_s if for_s > 0 else None
            self._changed.notify_all()
        log.warning("the log level is %s %s", level, f"for {for_s:g} s" if for_s > 0 else "until the next start")

    def stop(self) -> bool:
        """Go back no more, for another start has its own usual level; whether the thread has ended."""
        with self._changed:
            self._back_at = None
            self.worker.ask_to_stop()
            self._changed.notify_all()
        return self.worker.join(STOP_TIMEOUT_S)

    # ------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        with self._changed:
            while not self.worker.stopping:
                wait_s = self._go_back_when_due(time.monotonic())
                with self.worker.resting():
                    self._changed.wait(wait_s)

    def _go_back_when_due(self, at: float) -> float | None:
        """Go back where the time of the last change is over; how long it still lasts, None where there is none."""
        if self._back_at is None:
            return None
        if at < self._back_at:
            return self._back_at - at
        logging.getLogger().setLevel(self._usual.upper())
        self._back_at = None
        log.warning("the log level is %s again", self._usual)
        return None
