"""Connections of the console: how many there may be, and how long each may take."""

from __future__ import annotations

import socket
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

REQUEST_S: Final = 10.0
STALLED_MS: Final = 20_000
SILENT_S: Final = 30


class Room:
    """How many connections there are, in all and from each address; one too many is closed before it is read."""

    def __init__(self, most: int, most_of_one: int, count: Callable[[str], None]) -> None:
        """`most`: in all; `most_of_one`: of one address; `count`: counts a refusal by its reason."""
        self._most, self._most_of_one = most, most_of_one
        self._of: Counter[str] = Counter()
        self.count = count

    @property
    def inside(self) -> int:
        """How many there are."""
        return self._of.total()

    def enter(self, who: str) -> bool:
        """Take one in; whether there was room. Who was let in must `leave`."""
        if self._of.total() >= self._most or self._of[who] >= self._most_of_one:
            self.count("connections")
            return False
        self._of[who] += 1
        return True

    def leave(self, who: str) -> None:
        """Note that one has ended."""
        self._of[who] -= 1
        if self._of[who] <= 0:
            del self._of[who]


class Protocol(H11Protocol):
    """HTTP/1.1 that does not wait for ever for a request's head.

    `ended`: called when the connection has ended. `count`: counts a refusal by its reason.
    """

    ended: Callable[[], None] | None = None
    count: Callable[[str], None] | None = None
    _deadline: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._deadline = self.loop.call_later(REQUEST_S, self._too_slow)

    @override
    def data_received(self, data: bytes) -> None:
        # A head that begins on a connection kept open has as long as the first.
        if self._deadline is None and self.cycle.response_complete:
            self._deadline = self.loop.call_later(REQUEST_S, self._too_slow)
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    @override
    def send_400_response(self, msg: str) -> None:
        if self.count is not None:
            self.count("malformed")
        super().send_400_response(msg)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)
        if self.ended is not None:
            self.ended()

    def _too_slow(self) -> None:
        self._deadline = None
        if self.count is not None:
            self.count("slow")
        self.transport.abort()


def bound(connection: socket.socket) -> None:
    """Have the kernel end what takes nothing for a while (tcp(7)), and what is gone without a word."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MS)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, SILENT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
