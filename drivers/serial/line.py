"""An open serial line: the only place where bytes of a board pass the operating system.

Bytes go to the file descriptor directly, not through pyserial's write: only so is it known after an error whether any
byte left, and that decides between "not delivered" and "unknown".
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import serial

from drivers.api import DeviceUnavailableError, NotSentError, TooLateError
from drivers.fair_lock import FairLock
from drivers.serial.faults import cause, check_is_a_port, opening_failed
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUIET_S = 0.02
"""After a failed exchange the line must have been silent this long before the next request, and after its answer."""
QUIET_LIMIT_S = 0.1
REPLY_LIMIT = 1024
PTY_MAJORS = range(136, 144)
"""Major numbers of pseudo-terminals (Linux, Documentation/admin-guide/devices.txt)."""

PORT_ERRORS = (serial.SerialException, OSError, termios.error)


class NoReplyError(DeviceUnavailableError):
    """Bytes of the request left, and no whole reply came back: the device may or may not have acted."""

    def __init__(self, message: str, received: bytes = b"") -> None:
        super().__init__(message)
        self.received = received


@dataclass(frozen=True, slots=True)
class SerialParameters:
    """How a port is driven. All users of one port must agree on all of it.

    `gap_s`: silence that the device needs before a request. `local_echo`: the adapter hears its own sending, so the
    request comes back once before the reply.
    """

    protocol: str
    baud: int = 9600
    parity: str = "N"
    stop_bits: int = 1
    gap_s: float = 0.0
    local_echo: bool = False
    write_timeout_s: float = 0.2

    def wire_time_s(self, octets: int) -> float:
        """How long so many octets take on the wire, with start, parity and stop bits."""
        bits = 1 + 8 + (self.parity != "N") + self.stop_bits
        return octets * bits / self.baud


class SerialLine:
    """An open port. `exchange`, `send` and `receive` may be called from several threads and take turns.

    `broken`: whether an error of the port has made it useless; it is closed then, or is about to be.
    """

    def __init__(self, path: str, parameters: SerialParameters) -> None:
        """Open the port. Raises DeviceUnavailableError or DeviceMisconfiguredError."""
        self.path = path
        self.parameters = parameters
        self.broken = False
        self._lock = FairLock()
        self._free_at = 0.0
        self._is_littered = False
        self._is_out_of_step = False
        self._serial = _open_exclusively(path, parameters)
        self._fd: int = self._serial.fileno()

    def exchange(
        self,
        request: bytes,
        reply: int | Callable[[bytes], bool] | None,
        timeout_s: float,
        note: Callable[..., None],
        *,
        deadline: float = inf,
    ) -> bytes:
        """See SerialPort.exchange; `note` is told what passed."""
        with self._lock:
            self._prepare()
            started_at = time.monotonic()
            self._write(request, deadline)
            note(">", request)
            answer_by = time.monotonic() + self.parameters.wire_time_s(len(request)) + timeout_s
            incoming = _Incoming(request, reply, local_echo=self.parameters.local_echo)
            try:
                answer = self._read(incoming, answer_by)
                if self._is_out_of_step:
                    answer = self._heard_out(incoming)
            except NoReplyError:
                self._is_littered = self._is_out_of_step = True
                raise
            finally:
                self._free_at = time.monotonic() + self.parameters.gap_s
                note("<", bytes(incoming.received), time.monotonic() - started_at)
            self._is_littered, self._is_out_of_step = len(incoming.received) > len(answer), False
            return answer

    def send(self, request: bytes, note: Callable[..., None], *, deadline: float = inf) -> None:
        """See SerialPort.send."""
        with self._lock:
            self._prepare()
            self._write(request, deadline)
            note(">", request)
            wire_time_s = self.parameters.wire_time_s(len(request))
            self._free_at = time.monotonic() + wire_time_s + self.parameters.gap_s
            with self._breaking(NoReplyError):
                self._drain(time.monotonic() + wire_time_s + self.parameters.write_timeout_s)

    def receive(self, timeout_s: float) -> bytes:
        """See SerialPort.receive."""
        with self._lock:
            if self.broken:
                raise DeviceUnavailableError(_lost(self.path))
            with self._breaking(DeviceUnavailableError):
                return self._read_available() if select.select([self._fd], [], [], timeout_s)[0] else b""

    def leave(self) -> None:
        """Let a user go whom others outlast: break the line where bytes are stuck on it. Never raises.

        They would come out at some later time, an order to a board among them.
        """
        with self._lock:
            if self.broken:
                return
            try:
                self._drain(time.monotonic() + self.parameters.write_timeout_s)
            except OSError:
                self.broken = True
                self.close()

    def close(self) -> None:
        """Close the port. Never raises and may be called twice."""
        if self._serial.is_open:
            with suppress(*PORT_ERRORS):
                self._clear_output()
            # The flag outlives its owner where somebody else, an emulator, keeps the line open.
            with suppress(*PORT_ERRORS):
                fcntl.ioctl(self._fd, termios.TIOCNXCL)
            self._serial.close()

    def _clear_output(self) -> None:
        """Let the output go out, and throw away only what is stuck: it would come out at some later time.

        Never more than that: the last frame before a close is an off.
        """
        try:
            if not self.broken:
                self._drain(time.monotonic() + self.parameters.write_timeout_s)
                return
        except OSError:
            self.broken = True
        termios.tcflush(self._fd, termios.TCOFLUSH)

    def _prepare(self) -> None:
        """Bring the line to a state in which a request may be sent: nothing half received, the gap kept."""
        if self.broken:
            raise NotSentError(_lost(self.path))
        with self._breaking(NotSentError):
            if self._is_littered:
                self._wait_for_quiet()
                self._is_littered = False
            wait_s = self._free_at - time.monotonic()
            if wait_s > 0:
                _pause(wait_s)
            termios.tcflush(self._fd, termios.TCIFLUSH)

    def _wait_for_quiet(self) -> None:
        limit = time.monotonic() + QUIET_LIMIT_S
        while time.monotonic() < limit and select.select([self._fd], [], [], QUIET_S)[0]:
            self._read_available()

    def _write(self, request: bytes, deadline: float) -> None:
        sent = 0
        give_up_at = time.monotonic() + self.parameters.write_timeout_s
        while sent < len(request):
            # Here and no earlier: the turn on the line, its silence and room for the bytes may each take their time.
            if not sent and time.monotonic() > deadline:
                raise TooLateError(Text("{line} became free too late; nothing was sent", line=self.path))
            with self._breaking(NoReplyError if sent else NotSentError):
                try:
                    sent += os.write(self._fd, request[sent:])
                except BlockingIOError:
                    if not select.select([], [self._fd], [], max(0.0, give_up_at - time.monotonic()))[1]:
                        raise OSError(Text("it takes no more bytes")) from None

    def _drain(self, deadline: float) -> None:
        is_over = False
        while struct.unpack("i", fcntl.ioctl(self._fd, termios.TIOCOUTQ, b"\0\0\0\0"))[0]:
            if is_over:
                raise OSError(Text("it does not send the bytes"))
            _pause(0.001)
            is_over = time.monotonic() > deadline

    def _read(self, incoming: _Incoming, deadline: float) -> bytes:
        is_late = False
        while not incoming.is_complete():
            if is_late and incoming.is_whole_at_the_end():
                break
            if is_late or len(incoming.received) > REPLY_LIMIT:
                raise NoReplyError(
                    Text("no answer on {path} ({heard})", path=self.path, heard=incoming.described()),
                    bytes(incoming.received),
                )
            # The last look is after the time: where this thread was held up, the answer came and is there.
            wait_s = max(0.0, deadline - time.monotonic())
            with self._breaking(NoReplyError):
                if select.select([self._fd], [], [], wait_s)[0]:
                    incoming.add(self._read_available())
            is_late = wait_s == 0.0
        return incoming.reply()

    def _heard_out(self, incoming: _Incoming) -> bytes:
        """The reply after a failed exchange, with what follows it.

        The first may be the late one to the request before.
        """
        limit = time.monotonic() + QUIET_LIMIT_S
        with self._breaking(NoReplyError):
            while time.monotonic() < limit and select.select([self._fd], [], [], QUIET_S)[0]:
                incoming.add(self._read_available())
        if incoming.has_surplus():
            raise NoReplyError(
                Text("more than one answer on {path} ({heard})", path=self.path, heard=incoming.described()),
                bytes(incoming.received),
            )
        return incoming.reply()

    def _read_available(self) -> bytes:
        try:
            data = os.read(self._fd, REPLY_LIMIT)
        except BlockingIOError:  # readiness may be a false alarm, select(2)
            return b""
        if not data:
            raise OSError(Text("the device is gone"))
        return data

    @contextmanager
    def _breaking(self, kind: type[DeviceUnavailableError]) -> Iterator[None]:
        """Turn an error of the port into `kind`, and break the port for all its users."""
        try:
            yield
        except PORT_ERRORS as error:
            self.broken = True
            self.close()
            raise kind(Text("{path} was lost: {why}", path=self.path, why=cause(error))) from error


def _lost(path: str) -> Text:
    return Text("{path} was lost; it must be opened again", path=path)


class _Incoming:
    """What came in after a request, without the adapter's own echo of it."""

    def __init__(self, request: bytes, wanted: int | Callable[[bytes], bool] | None, *, local_echo: bool) -> None:
        self.received = bytearray()
        self._request = request
        self._wanted = wanted
        self._echo_due = local_echo

    def add(self, data: bytes) -> None:
        self.received += data
        if self._echo_due and (len(self.received) >= len(self._request) or not self._request.startswith(self.received)):
            self._echo_due = False
            if self.received.startswith(self._request):
                del self.received[: len(self._request)]

    def is_complete(self) -> bool:
        if self._echo_due or self._wanted is None:
            return False
        if isinstance(self._wanted, int):
            return len(self.received) >= self._wanted
        return bool(self.received) and self._wanted(bytes(self.received))

    def is_whole_at_the_end(self) -> bool:
        """Whether all that has come in when the time is over is the reply."""
        return self._wanted is None and bool(self.received)

    def has_surplus(self) -> bool:
        """Whether more came in than was to be; a predicate judges for itself."""
        return isinstance(self._wanted, int) and len(self.received) > self._wanted

    def reply(self) -> bytes:
        return bytes(self.received[: self._wanted] if isinstance(self._wanted, int) else self.received)

    def described(self) -> Text:
        return Text("only {bytes}", bytes=self.received.hex(" ").upper()) if self.received else Text("silence")


def _open_exclusively(path: str, parameters: SerialParameters) -> serial.Serial:
    """Open the port so that no other process gets it: flock for those that ask, TIOCEXCL for those that do not."""
    check_is_a_port(path)
    port = serial.Serial(timeout=0, exclusive=True)
    port.port = path
    port.baudrate, port.parity, port.stopbits = parameters.baud, parameters.parity, parameters.stop_bits
    try:
        port.open()
        if os.major(os.fstat(port.fileno()).st_rdev) not in PTY_MAJORS:
            # Not on a pseudo-terminal: its master end keeps the flag alive after this process was killed.
            fcntl.ioctl(port.fileno(), termios.TIOCEXCL)
    except PORT_ERRORS as error:
        port.close()
        raise opening_failed(path, error) from error
    return port


def _pause(seconds: float) -> None:
    """Let a gap of a few milliseconds pass that the wire or the device needs.

    An event of its own each time: Ctrl-C while waiting for one that all share would leave its lock behind, locked.
    """
    threading.Event().wait(seconds)
