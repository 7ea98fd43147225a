"""The web server itself: uvicorn's protocol at doors that count who comes in before anything is read.

At an encrypted door a connection that does not begin with a TLS handshake gets another application, without the pages.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import uvicorn
from typing_extensions import override

from agent.console.access.address_limits import household
from agent.console.access.guards import DOOR, KNOW
from agent.console.access.roles import LOCAL
from agent.console.web.connections import ConnectionPool, ConnectionSlot, PoolLimits, Protocol, bound
from agent.service.cleanup import on_failure

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger(__name__)

NETWORK: Final = PoolLimits(most=120, most_of_one=32, strangers=80, strangers_of_one=8)
LOCAL_CONNECTIONS: Final = 16
GRACE_S: Final = 1
KEEP_ALIVE_S: Final = 20
HANDSHAKE_S: Final = 5.0
"""For the first byte, and then for the handshake."""
HEADER_BYTES: Final = 16_384
TICK_S: Final = 1.0
CHORES_EVERY_S: Final = 5.0
NO_ROOM_S: Final = 1.0
TLS_HANDSHAKE: Final = b"\x16"
"""The type of the record that a TLS client begins with (RFC 8446, 5.1); no HTTP method begins so."""


Opener: TypeAlias = "Callable[[], Sequence[Endpoint]]"
"""Opens doors, however long that takes; a thread calls it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An open socket, and how it is encrypted; None: not."""

    listener: socket.socket
    tls: ssl.SSLContext | None = None

    @property
    def is_local(self) -> bool:
        """Whether it is the computer's own socket."""
        return self.listener.family == socket.AF_UNIX


class HttpServer:
    """Answers at open doors until stopped, which any thread may ask for at any time, also before it serves."""

    def __init__(
        self, application: ASGIApp, plain: ASGIApp, count: Callable[[str], None], chores: Callable[[], None]
    ) -> None:
        """`plain`: answers what comes unencrypted to an encrypted door. `count`: counts a refusal by its reason.

        `chores`: done by a thread now and every few seconds.
        """
        self._application = application
        self._plain = plain
        self._chores = chores
        self._network = ConnectionPool(NETWORK, count)
        self._local = ConnectionPool(PoolLimits(*[LOCAL_CONNECTIONS] * 4), count)
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = False
        # Uvicorn tells of its own starting, of each bad request, and a second time of what the pages' own handler told.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)

    @property
    def connections(self) -> int:
        """How many there are at the addresses of the network now."""
        return self._network.inside

    async def serve(self, open_own: Opener, open_network: Opener) -> None:
        """Serve at the computer's own doors and at those of the network, each as soon as they are open.

        They are closed at the end.
        """
        self._loop = asyncio.get_running_loop()
        if self._stopped:
            self._stopping.set()
        await asyncio.gather(
            self._serve(_Local(self._application), open_own, self._local),
            self._serve(self._application, open_network, self._network),
            self._do_chores(),
        )

    async def _serve(self, application: ASGIApp, opener: Opener, room: ConnectionPool) -> None:
        doors = await asyncio.to_thread(opener)
        await _Server(application, self._plain, doors, room, self._stopping).serve()

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


def _with_place(application: Any, place: ConnectionSlot) -> ASGIApp:
    """The application, for the requests of one connection: it can say that a session has come by it."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await application({**scope, KNOW: place.know}, receive, send)

    return answer


class _Server(uvicorn.Server):
    """Takes connections in by itself, so that each is counted before its TLS handshake, and waits for the end."""

    def __init__(
        self,
        application: ASGIApp,
        plain: ASGIApp,
        doors: Sequence[Endpoint],
        room: ConnectionPool,
        stopping: asyncio.Event,
    ) -> None:
        super().__init__(_config(application))
        self._plain = _config(plain)
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

    async def _take_in(self, door: Endpoint) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(door.listener)
            except OSError as error:
                if error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}:
                    await asyncio.sleep(NO_ROOM_S)
                continue
            place = self._room.enter(LOCAL if door.is_local else household(peer[0]))
            if place is None:
                connection.close()
            else:
                self._begin(self._connect(connection, None if door.is_local else peer[:2], door, place))
                # It begins to wait before the next one comes in, which may need its place: many may come at once.
                await asyncio.sleep(0)

    async def _connect(
        self, connection: socket.socket, peer: tuple[str, int] | None, door: Endpoint, place: ConnectionSlot
    ) -> None:
        loop = asyncio.get_running_loop()
        leave = partial(self._room.leave, place)
        task = asyncio.current_task()
        if task is not None:
            place.waits = place.half_open = lambda: True
            place.end = task.cancel

        def protocol(config: uvicorn.Config) -> Protocol:
            made = Protocol(config, self.server_state, {}, loop)
            made.app = _with_place(made.app, place)
            made.peer, made.ended, made.count, made.access_log = peer, leave, self._room.count, False
            return made

        try:
            with on_failure(leave), on_failure(connection.close):
                if not door.is_local:
                    bound(connection)
                config, tls = await self._spoken(connection, door)
                transport, made = await loop.connect_accepted_socket(
                    partial(protocol, config),
                    connection,
                    ssl=tls,
                    ssl_handshake_timeout=None if tls is None else HANDSHAKE_S,
                )
                place.waits, place.half_open = lambda: made.waits, lambda: made.half_open
                place.end = transport.abort
        except OSError:  # an end of the connection, of the handshake, or of its time: its own affair
            self._room.count("handshake")

    async def _spoken(self, connection: socket.socket, door: Endpoint) -> tuple[uvicorn.Config, ssl.SSLContext | None]:
        """What is to answer, and how it is encrypted. Raises OSError where nothing is heard in time."""
        if door.tls is None or await _begins_handshake(connection):
            return self.config, door.tls
        self._room.count("handshake")
        return self._plain, None


async def _begins_handshake(connection: socket.socket) -> bool:
    """Whether it begins with a TLS handshake; the byte stays to be read. Raises OSError where none comes in time."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(HANDSHAKE_S):
        while True:
            readable = asyncio.Event()
            loop.add_reader(connection, readable.set)
            try:
                await readable.wait()
            finally:
                loop.remove_reader(connection)
            with contextlib.suppress(BlockingIOError):
                if not (first := connection.recv(1, socket.MSG_PEEK)):
                    raise ConnectionAbortedError
                return first == TLS_HANDSHAKE


def _config(application: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        loop="asyncio",
        http=Protocol,
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
