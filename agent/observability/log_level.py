"""The least that is logged, for a while another."""

from __future__ import annotations

import logging
import threading

from agent.service.worker import Worker

log = logging.getLogger(__name__)


class LogLevel:
    """The least that is logged: the usual one, or for a while another. Safe to use from any thread."""

    def __init__(self, usual: str) -> None:
        """Take over from `configure`. `usual`: debug, info, warning or error."""
        self._usual = usual
        self._lock = threading.Lock()
        self._change: Worker | None = None

    def change(self, level: str, for_s: float) -> None:
        """Log from `level` on, for `for_s` seconds and then as usual again; 0: until the next start."""
        with self._lock:
            self._forget_change()
            logging.getLogger().setLevel(level.upper())
            if for_s > 0:
                self._change = change = Worker("log-level", lambda: self._go_back(change, for_s), limit_s=None)
                change.start()
        log.warning("the log level is %s %s", level, f"for {for_s:g} s" if for_s > 0 else "until the next start")

    def stop(self) -> None:
        """Go back no more: another start has its own usual level."""
        with self._lock:
            self._forget_change()

    def _forget_change(self) -> None:
        if self._change is not None:
            self._change.ask_to_stop()
            self._change = None

    def _go_back(self, change: Worker, after_s: float) -> None:
        if change.wait(after_s):
            return
        with self._lock:
            # A change whose time was over while another order took its place must not undo that.
            if change is not self._change:
                return
            self._change = None
            logging.getLogger().setLevel(self._usual.upper())
        log.warning("the log level is %s again", self._usual)
