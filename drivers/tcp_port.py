"""A device behind a TCP address, such as a sign on the network: connected, written to and asked within time limits.

It offers what a serial port offers (`drivers.serial.shared_port`), so that a driver need not know which of them it has.
One connection, one owner; after an error it must be opened again, and who does that when is not known here.
"""

from __future__ import annotations

import fcntl
import logging
import select
import socket
import struct
import termios
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from drivers.api import DeviceUnavailableError, NotSentError
from drivers.serial.shared_port import NoReplyError
from drivers.serial.wire_trace import EXCHANGES
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)

REPLY_LIMIT = 1024
READ_SIZE = 4096
STALE_READS = 16
"""How often unasked bytes are thrown away before a request; a device that never stops is not waited for."""
DRAIN_PAUSE_S = 0.001


class TcpPort:
    """A connection to `host` (an IP address) and `port`. `timeout_s`: for connecting, and for bytes to be taken."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self.path = f"{host}:{port}"
        self._address = (host, port)
        self._timeout_s = timeout_s
        self._exchanges = EXCHANGES.of(self.path)
        self._link: socket.socket | None = None

    @property
    def is_usable(self) -> bool:
        """Whether there is a connection that no error has broken."""
        return self._link is not None

    def open(self) -> None:
        """Connect. Raises DeviceUnavailableError when that does not come about in time."""
        self.close()
        try:
            link = socket.create_connection(self._address, self._timeout_s)
        except OSError as error:
            raise DeviceUnavailableError(_why_unreached(error, *self._address)) from error
        link.settimeout(0.0)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A peer that lost its power is noticed at the next request, not after the many minutes of the system's own.
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(self._timeout_s * 1000))
        self._link = link

    def close(self) -> None:
        """Let the connection go. Never raises and may be called twice."""
        if self._link is not None:
            with suppress(OSError):
                self._link.close()
        self._link = None

    def send(self, request: bytes) -> None:
        """Send `request`, to which no reply is waited for, and wait until the other side's network has taken it.

        Raises NotSentError, or NoReplyError when only a part is known to have been taken.
        """
        link = self._usable()
        self._clear(link)
        self._write(link, request)
        with self._breaking(NoReplyError):
            self._drain(link)

    def exchange(self, request: bytes, is_whole: Callable[[bytes], bool], timeout_s: float) -> bytes:
        """Send `request` and return what came in once `is_whole` holds for it.

        Raises NotSentError, or NoReplyError with what did come.
        """
        link = self._usable()
        self._clear(link)
        self._write(link, request)
        started_at = time.monotonic()
        received = bytearray()
        try:
            self._read(link, received, is_whole, started_at + timeout_s)
        finally:
            took_s = time.monotonic() - started_at
            self._exchanges.received(bytes(received), time.monotonic(), took_s)
            log.debug("%s < %s  (%.1f ms)", self.path, received.hex(" ").upper() or "(nothing)", took_s * 1000)
        return bytes(received)

    def _usable(self) -> socket.socket:
        if self._link is None:
            raise NotSentError(Text("{path} is not open", path=self.path))
        return self._link

    def _clear(self, link: socket.socket) -> None:
        """Throw away what came unasked, and notice a connection that the other side has ended."""
        with self._breaking(NotSentError):
            for _ in range(STALE_READS):
                if not select.select([link], [], [], 0.0)[0]:
                    return
                self._receive(link)

    def _write(self, link: socket.socket, request: bytes) -> None:
        sent = 0
        give_up_at = time.monotonic() + self._timeout_s
        while sent < len(request):
            with self._breaking(NoReplyError if sent else NotSentError):
                try:
                    sent += link.send(request[sent:])
                except BlockingIOError:
                    if not select.select([], [link], [], max(0.0, give_up_at - time.monotonic()))[1]:
                        raise OSError(Text("it takes no more bytes")) from None
        self._exchanges.sent(request, time.monotonic())
        log.debug("%s > %s", self.path, request.hex(" ").upper())

    def _drain(self, link: socket.socket) -> None:
        """Wait until all that was written has been acknowledged by the other side's network."""
        give_up_at = time.monotonic() + self._timeout_s
        is_over = False
        while struct.unpack("i", fcntl.ioctl(link.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))[0]:
            if is_over:
                raise OSError(Text("it does not send the bytes"))
            threading.Event().wait(DRAIN_PAUSE_S)
            is_over = time.monotonic() > give_up_at

    def _read(
        self, link: socket.socket, received: bytearray, is_whole: Callable[[bytes], bool], deadline: float
    ) -> None:
        is_late = False
        while not (received and is_whole(bytes(received))):
            if is_late or len(received) > REPLY_LIMIT:
                heard = Text("only {bytes}", bytes=received.hex(" ").upper()) if received else Text("silence")
                raise NoReplyError(Text("no answer on {path} ({heard})", path=self.path, heard=heard), bytes(received))
            # The last look is after the time: where this thread was held up, the answer came and is there.
            wait_s = max(0.0, deadline - time.monotonic())
            with self._breaking(NoReplyError):
                if select.select([link], [], [], wait_s)[0]:
                    received += self._receive(link)
            is_late = wait_s == 0.0

    def _receive(self, link: socket.socket) -> bytes:
        try:
            data = link.recv(READ_SIZE)
        except BlockingIOError:  # readiness may be a false alarm, select(2)
            return b""
        if not data:
            raise OSError(Text("the device ended the connection"))
        return data

    @contextmanager
    def _breaking(self, kind: type[DeviceUnavailableError]) -> Iterator[None]:
        """Turn an error of the connection into `kind`, and end the connection."""
        try:
            yield
        except OSError as error:
            self.close()
            said = error.args[0] if error.args else ""
            why = said if isinstance(said, Text) else reason(error)
            raise kind(Text("{path} was lost: {why}", path=self.path, why=why)) from error


def _why_unreached(error: OSError, host: str, port: int) -> Text:
    match error:
        case ConnectionRefusedError():
            return Text(
                "{host} refused port {port}. Is the port right, and is the service running?", host=host, port=port
            )
        case TimeoutError():
            return Text("{host} does not answer; check power, cable and address", host=host)
        case _:
            return Text(
                "{host} cannot be reached ({strerror}); check cable and network",
                host=host,
                strerror=error.strerror or str(error),
            )
