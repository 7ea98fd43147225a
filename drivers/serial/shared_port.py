"""The one serial shell: every driver of a board on a serial line moves its bytes through here.

A port is opened exclusively, once in the process; drivers that name the same port share it, with a fair lock around
each exchange. After an input or output error the port is broken for all of them until each has closed and opened it
again.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from math import inf
from typing import TYPE_CHECKING, Self
from weakref import WeakValueDictionary

from drivers.api import DeviceMisconfiguredError, NotSentError
from drivers.serial.line import NoReplyError, SerialLine, SerialParameters
from drivers.serial.wire_trace import EXCHANGES
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

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
        self._device: _Device | None = None
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
        self._device = _device_behind(self.path)
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


class _Device:
    """A device behind the name of a port, and its line, which all of its users in this process share.

    It is opened and closed by one thread at a time; one that hangs in either keeps the users of no other waiting.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: SerialLine | None = None
        self._users = 0

    def acquire(self, path: str, parameters: SerialParameters) -> SerialLine:
        """Return the line, opened where it is not, or is broken; each user gives it back with `release`."""
        with self._lock:
            if self._line is None or self._line.broken:
                self._line, self._users = SerialLine(path, parameters), 0
            elif self._line.parameters != parameters:
                raise DeviceMisconfiguredError(
                    Text(
                        "{path} is already in use by this program with other parameters: {theirs}, not {mine}",
                        path=path,
                        theirs=self._line.parameters,
                        mine=parameters,
                    )
                )
            self._users += 1
            return self._line

    def release(self, line: SerialLine) -> None:
        """Close the line when its last user gives it back. One that broke is closed already, and counts no more.

        What is stuck on it goes with each user: then it breaks for all.
        """
        with self._lock:
            if line is not self._line:
                return
            self._users -= 1
            if self._users == 0:
                self._line = None
                line.close()
            else:
                line.leave()


_devices: WeakValueDictionary[str, _Device] = WeakValueDictionary()
_devices_lock = threading.Lock()


def _device_behind(path: str) -> _Device:
    with _devices_lock:
        return _devices.setdefault(os.path.realpath(path), _Device())
