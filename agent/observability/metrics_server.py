"""Serves the metrics on a port of their own, for Prometheus to fetch: GET /metrics, and nothing else.

Nothing behind it names a vehicle or a person. It has no login: everyone who reaches the port may read.
"""

from __future__ import annotations

import logging
import socket
import sys
import threading
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import make_wsgi_app
from typing_extensions import override

from agent.service.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from prometheus_client import CollectorRegistry

    _Request = socket.socket | tuple[bytes, socket.socket]

log = logging.getLogger(__name__)

PATH: Final = "/metrics"
MOST_CLIENTS: Final = 8
CLIENT_TIMEOUT_S: Final = 5.0
STOP_TIMEOUT_S: Final = 5.0
LIMIT_S: Final = 60.0
_POLL_S: Final = 0.1


class MetricsServer:
    """Listens from `start` to `stop`.

    A port that cannot be had is told in the log and tried no more: the gate runs on.
    """

    def __init__(self, registry: CollectorRegistry, address: str, port: int) -> None:
        """`port` 0 takes any that is free; `port` then says which."""
        self._registry = registry
        self._address, self._asked_port = address, port
        self._server: _Server | None = None
        self.worker = Worker("metrics", self._serve, limit_s=LIMIT_S)

    @property
    def port(self) -> int | None:
        """The port that it listens on; None while it does not."""
        return None if self._server is None else self._server.server_port

    def start(self) -> None:
        """Begin to listen."""
        try:
            self._server = _server(self._address, self._asked_port)
        except OSError as error:
            log.error(  # noqa: TRY400 - no bug
                "the metrics cannot be served at %s port %d: %s; change [metrics] listen or port",
                self._address,
                self._asked_port,
                error.strerror or error,
            )
            return
        self._server.set_app(_only_metrics(make_wsgi_app(self._registry)))
        self.worker.start()
        log.info("metrics are served at %s port %d", self._address, self._server.server_port)

    def stop(self) -> bool:
        """Stop listening, within a bounded time; whether the thread has ended.

        A client that is being answered may be cut off.
        """
        server = self._server
        if server is None:
            return True
        ended = self.worker.stop(STOP_TIMEOUT_S)
        server.server_close()
        self._server = None
        return ended

    def _serve(self) -> None:
        server = self._server
        while server is not None and not self.worker.stopping:
            self.worker.touch()
            server.handle_request()


class _Handler(WSGIRequestHandler):
    timeout = CLIENT_TIMEOUT_S

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request: there is one every few seconds."""


class _Server(ThreadingMixIn, WSGIServer):
    """A thread a client, of a bounded number; who comes while all are busy is turned away."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = MOST_CLIENTS
    timeout = _POLL_S

    def __init__(self, family: socket.AddressFamily, address: tuple[str, int]) -> None:
        self.address_family = family
        self._free = threading.BoundedSemaphore(MOST_CLIENTS)
        super().__init__(address, _Handler)

    @override
    def server_bind(self) -> None:
        """Take the address without asking any name server for its name, which may hang."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    @override
    def process_request(self, request: _Request, client_address: object) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    @override
    def process_request_thread(self, request: _Request, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    @override
    def handle_error(self, request: _Request, client_address: object) -> None:
        """Say in short that a client went away or spoke no HTTP."""
        log.debug("a client of the metrics failed: %s", sys.exc_info()[1])


def _server(address: str, port: int) -> _Server:
    """Raises OSError."""
    family, _, _, _, place = socket.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICHOST
    )[0]
    return _Server(family, (str(place[0]), int(place[1])))


def _only_metrics(
    app: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]],
) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """The application at its one path; all else is not there."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH:
            start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
            return [f"the metrics are at {PATH}\n".encode()]
        return app(environ, start_response)

    return answer
