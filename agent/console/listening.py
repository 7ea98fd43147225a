"""The web server itself: uvicorn's protocol at doors that count who comes in before anything is read."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from agent.console.access.address_limits import household
from agent.console.access.guards import DOOR
from agent.console.access.person import LOCAL

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger(__name__)

CONNECTIONS: Final = 120
CONNECTIONS_OF_ONE: Final = 32
LOCAL_CONNECTIONS: Final = 16
GRACE_S: Final = 1
KEEP_ALIVE_S: Final = 20
HANDSHAKE_S: Final = 5.0
REQUEST_S: Final = 10.0
STALLED_MS: Final = 20_000
SILENT_S: Final = 30
HEADER_BYTES: Final = 16_384
TICK_S: Final = 1.0
CHORES_EVERY_S: Final = 5.0
NO_ROOM_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Door:
    """An open socket, and how it is encrypted; None: not."""

    listener: socket.socket
    tls: ssl.SSLContext | None = None

    @property
    def is_local(self) -> bool:
        """Whether it is the computer's own socket."""
        return self.listener.family == socket.AF_UNIX


class Listening:
    """Answers at open doors until stopped, which any thread may ask for at any time, also before it serves."""

    def __init__(self, application: ASGIApp, count: Callable[[str], None], chores: Callable[[], None]) -> None:
        """`count`: counts a refusal by its reason. `chores`: done by a thread now and every few seconds."""
        self._application = application
        self._chores = chores
        self._count = count
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = False
        # Uvicorn tells of its own starting, of each bad request, and a second time of what the pages' own handler told.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)

    async def serve(self, doors: Sequence[Door]) -> None:
        """Serve, and close the doors at the end."""
        self._loop = asyncio.get_running_loop()
        if self._stopped:
            self._stopping.set()
        network = _Room(CONNECTIONS, CONNECTIONS_OF_ONE, self._count)
        local = _Room(LOCAL_CONNECTIONS, LOCAL_CONNECTIONS, self._count)
        await asyncio.gather(
            _Server(self._application, [each for each in doors if not each.is_local], network, self._stopping).serve(),
            _Server(
                _Local(self._application), [each for each in doors if each.is_local], local, self._stopping
            ).serve(),
            self._do_chores(),
        )

    async def _do_chores(self) -> None:
        while not self._stopping.is_set():
            await asyncio.to_thread(self._chores)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), CHORES_EVERY_S)

    def stop(self) -> None:
        """Ask it to end."""
        self._stopped = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)


class _Local:
    """Marks what comes through the computer's own socket."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._application({**scope, DOOR: LOCAL}, receive, send)


class _Room:
    """How many connections there are, in all and from each address; one too many is closed before it is read."""

    def __init__(self, most: int, most_of_one: int, count: Callable[[str], None]) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._inside: Counter[str] = Counter()
        self.count = count

    def enter(self, who: str) -> bool:
        if self._inside.total() >= self._most or self._inside[who] >= self._most_of_one:
            self.count("connections")
            return False
        self._inside[who] += 1
        return True

    def leave(self, who: str) -> None:
        self._inside[who] -= 1
        if self._inside[who] <= 0:
            del self._inside[who]


class _Protocol(H11Protocol):
    """HTTP/1.1 that does not wait for ever for a request's head, and says when the connection has ended."""

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


class _Server(uvicorn.Server):
    """Takes connections in by itself, so that each is counted before its TLS handshake, and waits for the end."""

    def __init__(self, application: ASGIApp, doors: Sequence[Door], room: _Room, stopping: asyncio.Event) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                loop="asyncio",
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=GRACE_S,
                h11_max_incomplete_event_size=HEADER_BYTES,
            )
        )
        self._doors = doors
        self._room = room
        self._stopping = stopping
        self._tasks: set[asyncio.Task[None]] = set()

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.servers = []
        for door in self._doors:
            door.listener.settimeout(0)
            self._begin(self._take_in(door))
        self.started = True

    @override
    async def main_loop(self) -> None:
        while not self._stopping.is_set():
            await self.on_tick(0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), TICK_S)

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for door in self._doors:
            door.listener.close()
        await super().shutdown()
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    def _begin(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take_in(self, door: Door) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(door.listener)
            except OSError as error:
                if error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}:
                    await asyncio.sleep(NO_ROOM_S)
                continue
            who = LOCAL if door.is_local else household(peer[0])
            if self._room.enter(who):
                self._begin(self._connect(connection, door, who))
            else:
                connection.close()

    async def _connect(self, connection: socket.socket, door: Door, who: str) -> None:
        loop = asyncio.get_running_loop()
        inside = [who]

        def leave() -> None:
            if inside:
                self._room.leave(inside.pop())

        def protocol() -> _Protocol:
            made = _Protocol(self.config, self.server_state, {}, loop)
            made.ended, made.count, made.access_log = leave, self._room.count, False
            return made

        try:
            if not door.is_local:
                _bound(connection)
            await loop.connect_accepted_socket(
                protocol,
                connection,
                ssl=door.tls,
                ssl_handshake_timeout=None if door.tls is None else HANDSHAKE_S,
            )
        except OSError:  # an end of the connection, of the handshake, or of its time: its own affair
            self._room.count("handshake")
            connection.close()
            leave()
        except BaseException:
            connection.close()
            leave()
            raise


def _bound(connection: socket.socket) -> None:
    """Have the kernel end what takes nothing for a while (tcp(7)), and what is gone without a word."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MS)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, SILENT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
