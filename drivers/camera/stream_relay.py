"""Stands between the video library and a network camera.

So each picture is decoded when it has come, not when the next begins.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import threading
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from drivers.camera.frame_boundaries import FrameSplitter
from drivers.camera.source import host_and_port
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

_CHUNK_BYTES: Final = 64 * 1024
_BUFFER_BYTES: Final = 256 * 1024
"""As little as will do: what waits here for a decoder that is too slow is the past."""
_STOP_S: Final = 1.0


@cache
def _listener() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    # Two may see one connection come, a relay that ends and the one after it. Who comes second must not wait in accept,
    # to take the next connection, which is not for it.
    listener.settimeout(0)
    return listener


def relay_port() -> int:
    """The TCP port of 127.0.0.1 at which this process finds its cameras; it listens there from the first call on.

    One for the life of the process: a sandbox may let it open no other later.
    """
    port: int = _listener().getsockname()[1]
    return port


class StreamRelay:
    """One connection to an RTSP camera over TCP, made when the video library connects to `url`.

    One at a time may wait for that. Passes everything on in both directions, and marks the ends of pictures on the way
    from the camera. Where the camera cannot be reached or goes, the library's connection ends too.
    """

    def __init__(self, url: str, connect_timeout_s: float) -> None:
        """Begin to wait. `url`: the camera's, rtsp://, with its credentials if it has any."""
        parts = urlsplit(url)
        before, at, _ = parts.netloc.rpartition("@")
        self.url = parts._replace(netloc=f"{before}{at}127.0.0.1:{relay_port()}").geturl()
        self.answered = False
        """Whether the camera has sent anything."""
        self._camera = host_and_port(url)
        self._connect_timeout_s = connect_timeout_s
        self._stopping = threading.Event()
        self._wake, self._waker = os.pipe()
        _turn_away_strangers()
        self._thread = threading.Thread(target=self._run, name="stream relay", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End both connections; may be called again. The video library should have let go before."""
        if not self._stopping.is_set():
            self._stopping.set()
            os.close(self._waker)
        self._thread.join(_STOP_S)
        if self._thread.is_alive():
            log.debug("a connection to a camera is still being made; it ends by itself")

    def _run(self) -> None:
        try:
            with self._library() as library:
                self._serve(library)
        except OSError as error:
            log.debug("the connection to a camera has ended: %s", error)
        finally:
            os.close(self._wake)

    def _serve(self, library: socket.socket) -> None:
        with socket.create_connection(self._camera, self._connect_timeout_s) as camera:
            camera.settimeout(None)
            for one in (library, camera):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            library.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
            splitter = FrameSplitter()
            for end in self._readable(library, camera):
                data = end.recv(_CHUNK_BYTES)
                if not data:
                    return
                if end is library:
                    camera.sendall(data)
                else:
                    self.answered = True
                    library.sendall(splitter.fed(data))

    @contextlib.contextmanager
    def _library(self) -> Iterator[socket.socket]:
        """The connection of the video library. Raises OSError when it is time to stop before there is one."""
        for _ in self._readable(_listener()):
            library = _accepted()
            if library is None:
                continue
            with library:
                yield library
            return
        raise ConnectionAbortedError(Text("nobody connected"))

    def _readable(self, *ends: socket.socket) -> Iterator[socket.socket]:
        """The sockets as they become readable, until it is time to stop."""
        while not self._stopping.is_set():
            waited_for: list[socket.socket | int] = [*ends, self._wake]
            readable, _, _ = select.select(waited_for, [], [])
            if self._wake in readable:
                return
            yield from (end for end in ends if end in readable)


def _turn_away_strangers() -> None:
    """Close connections that came while nobody waited: the library's own comes after this."""
    while (stranger := _accepted()) is not None:
        stranger.close()


def _accepted() -> socket.socket | None:
    """The next connection that has come; None where there is none any more."""
    try:
        connection, _ = _listener().accept()
    except BlockingIOError:
        return None
    connection.settimeout(None)
    return connection
