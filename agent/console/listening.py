"""The web server itself: uvicorn, one for each kind of door, in one event loop."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING, Final

import uvicorn
from typing_extensions import override

from agent.console.access.guards import DOOR
from agent.console.access.person import LOCAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

CONNECTIONS: Final = 100
GRACE_S: Final = 1
KEEP_ALIVE_S: Final = 20
BACKLOG: Final = 64
HEADER_BYTES: Final = 16_384
TICK_S: Final = 1.0


class Listening:
    """Answers at open sockets until stopped, which any thread may ask for at any time, also before it serves."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = False
        # Uvicorn's words about its own starting and stopping are not the gate's.
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)

    async def serve(self, sockets: Sequence[socket.socket]) -> None:
        """Serve, and close the sockets at the end."""
        self._loop = asyncio.get_running_loop()
        if self._stopped:
            self._stopping.set()
        network = [each for each in sockets if each.family != socket.AF_UNIX]
        local = [each for each in sockets if each.family == socket.AF_UNIX]
        await asyncio.gather(
            _Server(self._application, self._stopping).serve(network),
            _Server(_Door(self._application), self._stopping).serve(local),
        )

    def stop(self) -> None:
        """Ask it to end."""
        self._stopped = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)


class _Door:
    """Marks what comes through the machine's own socket."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._application({**scope, DOOR: LOCAL}, receive, send)


class _Server(uvicorn.Server):
    """Waits for the end instead of looking ten times a second whether it has come."""

    def __init__(self, application: ASGIApp, stopping: asyncio.Event) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
                limit_concurrency=CONNECTIONS,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=GRACE_S,
                h11_max_incomplete_event_size=HEADER_BYTES,
            )
        )
        self._stopping = stopping

    @override
    async def main_loop(self) -> None:
        while not self._stopping.is_set():
            await self.on_tick(0)
            try:
                await asyncio.wait_for(self._stopping.wait(), TICK_S)
            except TimeoutError:
                continue
