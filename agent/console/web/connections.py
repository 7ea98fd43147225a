"""Connections of the console: how many there may be, and how long each may take."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable  # noqa: TC003 - the dataclass reads it
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

REQUEST_S: Final = 10.0
STALLED_MS: Final = 20_000
SILENT_S: Final = 30


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How many connections there may be.

    `strangers`: those of which no session is known yet; the rest is kept for the others.
    """

    most: int
    most_of_one: int
    strangers: int
    strangers_of_one: int


@dataclass(eq=False, slots=True)
class ConnectionSlot:
    """The place of one connection. `who`: its address. `known`: a session has come by it.

    `waits`: whether it is half-open: nothing that came by it is being answered. `end`: ends the connection.
    """

    who: str
    known: bool = False
    waits: Callable[[], bool] = lambda: False
    end: Callable[[], object] = lambda: None

    def know(self) -> None:
        """Note that a session has come by this connection."""
        self.known = True


class ConnectionPool:
    """The connections that there are, each counted before it is read.

    Where there is no place for a new one, the oldest half-open one of a stranger is ended for it, of an address that
    has the most: an address that sends halves of requests loses its own places first. Where all places are taken and no
    stranger can go, one that is known goes so, and its browser connects again. Where nobody can be ended, the new one
    is refused.
    """

    def __init__(self, limits: PoolLimits, count: Callable[[str], None]) -> None:
        """`count`: counts a refusal by its reason."""
        self._limits = limits
        self._places: dict[ConnectionSlot, None] = {}  # oldest first
        self.count = count

    @property
    def inside(self) -> int:
        """How many there are."""
        return len(self._places)

    def enter(self, who: str) -> ConnectionSlot | None:
        """Take one in; None where there is no place. Who was let in must `leave`."""
        full = self._full(who)
        if full is not None:
            self.count("connections")
            if not self._end_one(full):
                return None
        place = ConnectionSlot(who)
        self._places[place] = None
        return place

    def leave(self, place: ConnectionSlot) -> None:
        """Note that it has ended; more than once is not a fault."""
        self._places.pop(place, None)

    def _full(self, who: str) -> list[ConnectionSlot] | None:
        """Those of whom one must go before another of this address comes in; None where there is a place."""
        limits, strangers = self._limits, [place for place in self._places if not place.known]
        own = [place for place in strangers if place.who == who]
        of_one = sum(place.who == who for place in self._places)
        if of_one >= limits.most_of_one or len(own) >= limits.strangers_of_one:
            return own
        if len(strangers) >= limits.strangers:
            return strangers
        return list(self._places) if len(self._places) >= limits.most else None

    def _end_one(self, some: list[ConnectionSlot]) -> bool:
        held = Counter((place.known, place.who) for place in some)
        waiting = (place for place in some if place.waits())
        oldest = max(waiting, key=lambda place: (not place.known, held[place.known, place.who]), default=None)
        if oldest is None:
            return False
        self.leave(oldest)
        oldest.end()
        return True


class Protocol(H11Protocol):
    """HTTP/1.1 that does not wait for ever for a request's head.

    `peer`: the other end, as it was when the connection was accepted; one that has been reset cannot be asked any more.
    `ended`: called when the connection has ended. `count`: counts a refusal by its reason.
    """

    peer: tuple[str, int] | None = None
    ended: Callable[[], None] | None = None
    count: Callable[[str], None] | None = None
    _deadline: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.client = self.peer
        self._deadline = self.loop.call_later(REQUEST_S, self._too_slow)

    @property
    def waits(self) -> bool:
        """Whether nothing is being answered: no request has come whole yet, or the last one has its answer.

        So it is where the other end takes nothing of the answer: it could hold its place for as long as it likes.
        """
        cycle: Any = self.cycle  # None before the first request, which uvicorn's type does not say
        return cycle is None or cycle.response_complete or cycle.more_body or self.flow.write_paused

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
