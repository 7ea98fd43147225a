"""Connections of the console: how many there may be, and how long each may take."""

from __future__ import annotations

import socket
import time
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
OVERDUE_S: Final = 0.5
"""By then a request has come whole; one that is half-open for longer is the first to go where there is no place."""


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How many connections there may be.

    `strangers`: those by which nobody known has come yet; the rest is kept for the others.
    """

    most: int
    most_of_one: int
    strangers: int
    strangers_of_one: int


@dataclass(eq=False, slots=True)
class ConnectionSlot:
    """The place of one connection. `who`: its address.

    `known`: a session has come by it, or a browser by which somebody has logged in before.
    `since_at`: when it was taken in, monotonic. `waits`: whether nothing that came by it is being answered.
    `half_open`: whether its request has not come whole, or its answer is not taken. `end`: ends the connection.
    """

    who: str
    since_at: float = 0.0
    known: bool = False
    waits: Callable[[], bool] = lambda: False
    half_open: Callable[[], bool] = lambda: False
    end: Callable[[], object] = lambda: None

    def know(self) -> None:
        """Note that somebody known has come by this connection."""
        self.known = True


class ConnectionPool:
    """The connections that there are, each counted before it is read.

    When there is no place for a new connection, a stranger's connection that has no request in progress is ended. One
    that has been half-open for OVERDUE_S goes first, then the oldest one of the address that has the most. If there is
    no such stranger and all places are taken, a known connection is chosen the same way; its browser connects again. If
    none can be ended, the new connection is refused.
    """

    def __init__(
        self, limits: PoolLimits, count: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`count`: counts a refusal by its reason. `clock`: monotonic seconds."""
        self._limits = limits
        self._clock = clock
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
        place = ConnectionSlot(who, self._clock())
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
        overdue_at = self._clock() - OVERDUE_S

        def weight(place: ConnectionSlot) -> tuple[bool, bool, int]:
            overdue = place.since_at < overdue_at and place.half_open()
            return not place.known, overdue, held[place.known, place.who]

        oldest = max((place for place in some if place.waits()), key=weight, default=None)
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
        """Whether nothing is being answered: it is half-open, or the last request has its answer."""
        return self.half_open or self.cycle.response_complete

    @property
    def half_open(self) -> bool:
        """Whether no request has come whole yet, or the other end takes nothing of the answer.

        Who does either could hold a place for as long as he likes.
        """
        cycle: Any = self.cycle  # None before the first request, which uvicorn's type does not say
        return cycle is None or cycle.more_body or self.flow.write_paused

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
