"""The network side of an emulated camera: an HTTP server on loopback whose cable can be pulled."""

from __future__ import annotations

import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import TYPE_CHECKING, Final

from typing_extensions import override

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
_LOOK_S: Final = 0.02


class CameraRequest(BaseHTTPRequestHandler):
    """One request, and what is answered to it. The connection is closed then."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Have the camera answer."""
        assert isinstance(self.server, _Server)  # noqa: S101 - made by it
        self.close_connection = True
        self.server.answer(self)

    def do_POST(self) -> None:
        """As for GET; `body` is what was sent with it."""
        self.do_GET()

    def body(self, most_bytes: int) -> bytes:
        """What was sent with the request, of at most so many bytes; may be asked for once."""
        told = self.headers.get("Content-Length", "0")
        return self.rfile.read(min(int(told), most_bytes)) if told.isdigit() else b""

    def reply(self, status: int, body: bytes = b"", headers: Sequence[tuple[str, str]] = ()) -> None:
        """A whole answer."""
        self.begin(status, [("Content-Length", str(len(body))), *headers])
        self.write(body)

    def begin(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        """The head of an answer."""
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def write(self, data: bytes) -> None:
        """Bytes as they are. Raises OSError when the client is gone."""
        self.wfile.write(data)

    def write_chunk(self, data: bytes) -> None:
        """Bytes as one of HTTP's chunks."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def reset(self) -> None:
        """Have the connection reset, not ended, once the answer returns, as a camera does that has crashed."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: who runs the camera sees what is shown."""


class CameraServer:
    """Listens from `start` to `stop`, each as often as one likes, at one port. `answer`: called in a thread a client.

    `before_stop` must make it return. `port`: 0 before the first start, where a free one is taken.
    """

    def __init__(
        self, answer: Callable[[CameraRequest], None], before_stop: Callable[[], None], tls: ssl.SSLContext | None
    ) -> None:
        self.port = 0
        self._answer = answer
        self._before_stop = before_stop
        self._tls = tls
        self._running: tuple[_Server, threading.Thread] | None = None

    def start(self) -> None:
        """Begin to listen."""
        server = _Server(self.port, self._answer, self._tls)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": _LOOK_S})
        thread.start()
        self._running = server, thread

    def stop(self) -> None:
        """Cut all connections and listen no more. May be called again."""
        running, self._running = self._running, None
        if running is None:
            return
        server, thread = running
        server.shutdown()
        thread.join()
        server.socket.close()
        self._before_stop()
        server.cut_all()
        server.server_close()


class _Server(ThreadingTCPServer):
    allow_reuse_address = True

    def __init__(self, port: int, answer: Callable[[CameraRequest], None], tls: ssl.SSLContext | None) -> None:
        self.answer = answer
        self._tls = tls
        self._lock = threading.Lock()
        self._connections: list[socket.socket] = []
        super().__init__(("127.0.0.1", port), CameraRequest)

    def cut_all(self) -> None:
        with self._lock:
            for connection in self._connections:
                _cut(connection)

    @override
    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Close it, and no more: a shutdown before would end a connection that is to be reset."""
        self.close_request(request)

    @override
    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        assert isinstance(request, socket.socket)  # noqa: S101 - TCP
        with self._lock:
            self._connections.append(request)
        try:
            connection = request if self._tls is None else self._tls.wrap_socket(request.dup(), server_side=True)
            try:
                CameraRequest(connection, client_address, self)
            finally:
                if connection is not request:
                    connection.close()
        except (OSError, ValueError):
            return  # the client is gone, or the cable was pulled
        finally:
            with self._lock:
                self._connections.remove(request)


def _cut(connection: socket.socket) -> None:
    """End a connection, and whatever its thread waits for."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is over already
