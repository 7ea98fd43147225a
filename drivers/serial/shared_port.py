"""The one serial shell: every driver of a board on a serial line moves its bytes through here.

A port is opened exclusively, once in the process; drivers that name the same port share it, with a fair lock around
each exchange. After an input or output error the port is broken for all of them until each has closed and opened it
again.
"""

from __future__ import annotations

import logging
import os
import time
from math import inf
from typing import TYPE_CHECKING, Self

from drivers.api import NotSentError
from drivers.serial.line import NoReplyError, SerialParameters
from drivers.serial.port_opening import device_behind
from drivers.serial.wire_trace import EXCHANGES
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from drivers.serial.line import SerialLine
    from drivers.serial.port_opening import OpenDevice

__all__ = ["NoReplyError", "NotSentError", "SerialParameters", "SerialPort"]

log = logging.getLogger(__name__)

SENT = ">"
TRACE_FORM = "%s %s %s%s"
"""One transfer: the port, ">" for sent or "<" for received, the bytes in hexadecimal, how long the answer took."""


class SerialPort:
    """One user's hold on a serial port. `exchange` and `send` of several users may come from several threads."""

    def __init__(self, path: str, parameters: SerialParameters, trace: Callable[[str], None] | None = None) -> None:
        """`trace` gets one line of text a transfer; without it the lines go to the log at debug level."""
        self.path = path
        self._exchanges = EXCHANGES.of(os.path.realpath(path))
        self._parameters = parameters
        self._trace = trace
        self._device: OpenDevice | None = None
        self._line: SerialLine | None = None

    @classmethod
    def shared(cls, path: str, parameters: SerialParameters, trace: Callable[[str], None] | None = None) -> Self:
        """Make a port and open it. Errors as in `open`."""
        port = cls(path, parameters, trace)
        port.open()
        return port

    @property
    def is_usable(self) -> bool:
        """Whether the port is open and no error has broken it."""
        return self._line is not None and not self._line.broken

    def open(self) -> None:
        """Open the port, or join those who have it open.

        Raises DeviceUnavailableError when it cannot be opened now, DeviceMisconfiguredError when `path` is no serial
        port or is in use in this process with other parameters.
        """
        self.close()
        self._exchanges = EXCHANGES.of(os.path.realpath(self.path))
        self._device = device_behind(self.path)
        self._line = self._device.acquire(self.path, self._parameters)

    def close(self) -> None:
        """Let the port go; the last user closes it. May be called twice."""
        if self._device is not None and self._line is not None:
            self._device.release(self._line)
        self._device = self._line = None

    def exchange(
        self,
        request: bytes,
        reply: int | Callable[[bytes], bool] | None,
        timeout_s: float,
        *,
        deadline: float = inf,
    ) -> bytes:
        """Send `request` and return the reply: so many bytes, or those received once the predicate holds for them.

        None stands for all that comes in until the time is over. `timeout_s` counts from the end of the request on the
        wire. `deadline` (monotonic s): when the first byte must have been written at the latest. Raises NotSentError
        or NoReplyError; TooLateError after the deadline, which breaks nothing.
        """
        return self._usable().exchange(request, reply, timeout_s, self._note, deadline=deadline)

    def send(self, request: bytes, *, deadline: float = inf) -> None:
        """Send `request`, to which no reply comes, and wait until it has left.

        `deadline` as in `exchange`. Raises NotSentError, or NoReplyError when only a part is known to have left.
        """
        self._usable().send(request, self._note, deadline=deadline)

    def receive(self, timeout_s: float) -> bytes:
        """Return what a device sends unasked, as soon as any of it is there; empty after a silence of `timeout_s`.

        Never traced: a scanner's texts are nobody's business. Raises DeviceUnavailableError.
        """
        return self._usable().receive(timeout_s)

    def _usable(self) -> SerialLine:
        if self._line is None:
            raise NotSentError(Text("{path} is not open", path=self.path))
        return self._line

    def _note(self, mark: str, data: bytes, took_s: float | None = None) -> None:
        if mark == SENT:
            self._exchanges.sent(data, time.monotonic())
        else:
            self._exchanges.received(data, time.monotonic(), took_s)
        if self._trace is None and not log.isEnabledFor(logging.DEBUG):
            return
        took = "" if took_s is None else f"  ({took_s * 1000:.1f} ms)"
        line = (self.path, mark, data.hex(" ").upper() or "(nothing)", took)
        if self._trace is not None:
            self._trace(TRACE_FORM % line)
        else:
            log.debug(TRACE_FORM, *line)
