"""Telling systemd how the service is: sd_notify(3), spoken through its socket."""

from __future__ import annotations

import logging
import os
import socket
import time
from typing import TYPE_CHECKING

from agent.core.model import ReportOnce

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

_SEND_TIMEOUT_S = 1.0
_MICROSECONDS = 1_000_000


class Notifier:
    """Send news to the service manager. Without one, every method does nothing. Safe to use from any thread.

    `address`: path of the manager's socket, or "@name" for an abstract one. `watchdog_s`: within which time the
    manager wants a sign of life; None when it does not watch.
    """

    def __init__(self, address: str | None, watchdog_s: float | None = None) -> None:
        self._address = f"\0{address[1:]}" if address and address.startswith("@") else address
        self.watchdog_s = watchdog_s if address else None
        self._reported = ReportOnce()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], pid: int | None = None) -> Notifier:
        """Make one from NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. `pid`: this process, unless given."""
        address = environment.get("NOTIFY_SOCKET") or None
        microseconds = environment.get("WATCHDOG_USEC", "")
        meant = environment.get("WATCHDOG_PID", "")
        ours = not meant or meant == str(os.getpid() if pid is None else pid)
        watched = ours and microseconds.isdigit() and int(microseconds) > 0
        return cls(address, int(microseconds) / _MICROSECONDS if watched else None)

    def ready(self, status: str) -> None:
        """The service does its work now."""
        self._send(f"READY=1\nSTATUS={_line(status)}")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={_line(text)}")

    def alive(self) -> None:
        """A sign of life for the watchdog."""
        self._send("WATCHDOG=1")

    def reloading(self, status: str) -> None:
        """The service reloads by itself; `ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}\nSTATUS={_line(status)}")

    def stopping(self, status: str) -> None:
        """The service winds down."""
        self._send(f"STOPPING=1\nSTATUS={_line(status)}")

    def _send(self, message: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(_SEND_TIMEOUT_S)  # a manager that does not read must not stop the gate
                sender.sendto(message.encode(), self._address)
        except OSError as error:
            if self._reported.is_new(str(error)):
                log.warning("the service manager cannot be notified: %s", error)
        else:
            self._reported.clear()


def _line(text: str) -> str:
    """One line: a line end would begin another assignment."""
    return " ".join(text.split())
