"""Stands between the video library and a network camera.

So each picture is decoded when it has come, not when the next begins, and only where somebody is to look at it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import threading
import time
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from drivers.camera.frame_boundaries import FrameSplitter
from drivers.camera.picture_gate import PictureGate
from drivers.camera.source import host_and_port
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

_CHUNK_BYTES: Final = 64 * 1024
_BUFFER_BYTES: Final = 256 * 1024
"""As little as will do: what waits here for a decoder that is too slow is the past."""
_MOST_UNKNOWN_BYTES: Final = 256 * 1024
"""With more to pass on, the camera must wait where its pictures cannot be told apart."""
_MOST_OUT_BYTES: Final = 16 * 1024 * 1024
"""And with more than that in any case."""
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
    from the camera. Where the camera cannot be reached or goes, the library's connection ends too. At rest it holds
    the pictures back, but for one now and then. Who takes the pictures says so with `took`, and asks for rest; all
    else may be called from any thread.
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
        self._gate = PictureGate()
        self._out = bytearray()
        self._changed = threading.Condition()
        self._ended = False
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        _turn_away_strangers()
        self._thread = threading.Thread(target=self._run, name="stream relay", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End both connections; may be called again. The video library should have let go before."""
        self._stopping.set()
        with self._changed:
            self._wake_up()
        self._thread.join(_STOP_S)
        if self._thread.is_alive():
            log.debug("a connection to a camera is still being made; it ends by itself")

    # ------------------------------------------------------------------------------------------------ for the driver

    @property
    def came(self) -> int:
        """How many pictures have come, decoded or not."""
        return self._gate.came

    @property
    def came_at(self) -> float | None:
        """The monotonic time at which the newest came; None before the first."""
        return self._gate.came_at

    @property
    def resting(self) -> bool:
        """Whether only some of the pictures are passed on."""
        return self._gate.resting

    @property
    def hindrance(self) -> str:
        """Why the stream cannot rest; "" where it can."""
        with self._changed:
            return self._gate.hindrance(time.monotonic())

    @property
    def key_gap_s(self) -> float:
        """By how much the last two key pictures came apart; inf before the second."""
        return self._gate.key_gap_s

    @property
    def waiting(self) -> int:
        """How many pictures were passed on and not taken yet."""
        return self._gate.waiting

    def rest(self) -> bool:
        """Pass on a picture now and then only, if that can be done; whether it is.

        For the thread that takes the pictures, and again before each.
        """
        with self._changed:
            return self._gate.rest(time.monotonic())

    def wake(self) -> None:
        """Pass on all pictures, those first that were held."""
        with self._changed:
            if self._gate.resting:
                self._pass_on(self._gate.wake())
                self._changed.notify_all()

    def asked(self) -> None:
        """Note that the library is asked for a picture now, and will give one as soon as it has one."""
        with self._changed:
            self._gate.asked(time.monotonic())

    def took(self, position_ms: float) -> float | None:
        """Note that a picture was taken which the library says is at this place of the stream.

        Returns its time in the stream in seconds, or None where it cannot be told which it is.
        """
        with self._changed:
            stamp_s, out = self._gate.took(position_ms, time.monotonic())
            self._pass_on(out)
        return stamp_s

    def await_picture(self, silence_s: float) -> bool:
        """Wait at rest for a picture to take. False where none came from the camera, to be decoded or not, for so long.

        Returns also where it rests no more, or the connection has ended.
        """
        begun_at = time.monotonic()
        with self._changed:
            while self._gate.resting and not self._gate.waiting and not self._ended:
                since = max(begun_at, self._gate.came_at or 0.0)
                left_s = since + silence_s - time.monotonic()
                if left_s <= 0:
                    return False
                self._changed.wait(left_s)
        return True

    # ------------------------------------------------------------------------------------------------ the thread

    def _run(self) -> None:
        try:
            with self._library() as library:
                self._serve(library)
        except OSError as error:
            log.debug("the connection to a camera has ended: %s", error)
        finally:
            with self._changed:
                self._ended = True
                os.close(self._wake)
                self._changed.notify_all()

    def _serve(self, library: socket.socket) -> None:
        with socket.create_connection(self._camera, self._connect_timeout_s) as camera:
            camera.settimeout(None)
            for one in (library, camera):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            library.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
            splitter = FrameSplitter()
            for end, writable in self._ready(library, camera, splitter):
                if writable:
                    self._write(library)
                    continue
                data = end.recv(_CHUNK_BYTES)
                if not data:
                    self._write_the_rest(library)
                    return
                if end is library:
                    camera.sendall(data)
                else:
                    self._take(splitter, data)
                    self._write(library)

    def _take(self, splitter: FrameSplitter, data: bytes) -> None:
        self.answered = True
        at = time.monotonic()
        with self._changed:
            before = self._gate.waiting
            known = splitter.codec is not None
            for one in splitter.split(data):
                self._out += one if isinstance(one, bytes) else self._gate.fed(one, at)
            if known and splitter.codec is None:
                self._out += self._gate.lost()
            if self._gate.waiting > before or not self._gate.resting:
                self._changed.notify_all()

    def _write(self, library: socket.socket) -> None:
        with self._changed, contextlib.suppress(BlockingIOError):
            if self._out:
                sent = library.send(self._out, socket.MSG_DONTWAIT)
                del self._out[:sent]

    def _write_the_rest(self, library: socket.socket) -> None:
        """What the camera said last: it may be why it has gone."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
            rest = bytes(self._out)
        library.sendall(rest)

    def _pass_on(self, data: bytes) -> None:
        """Have the thread pass this on; for who holds the lock."""
        if data:
            self._out += data
            self._wake_up()

    def _wake_up(self) -> None:
        if not self._ended:
            os.eventfd_write(self._wake, 1)

    @contextlib.contextmanager
    def _library(self) -> Iterator[socket.socket]:
        """The connection of the video library. Raises OSError when it is time to stop before there is one."""
        awaited: list[socket.socket | int] = [_listener(), self._wake]
        while not self._stopping.is_set():
            readable, _, _ = select.select(awaited, [], [])
            if _listener() not in readable:
                continue
            library = _accepted()
            if library is None:
                continue
            with library:
                yield library
            return
        raise ConnectionAbortedError(Text("no one connected"))

    def _ready(
        self, library: socket.socket, camera: socket.socket, splitter: FrameSplitter
    ) -> Iterator[tuple[socket.socket, bool]]:
        """The sockets that can be read, or with True be written to, until it is time to stop."""
        while not self._stopping.is_set():
            with self._changed:
                most = _MOST_UNKNOWN_BYTES if splitter.codec is None else _MOST_OUT_BYTES
                full = self._gate.full or len(self._out) > most
                out = bool(self._out)
            read: list[socket.socket | int] = [library, self._wake] if full else [library, camera, self._wake]
            readable, writable, _ = select.select(read, [library] if out else [], [])
            if self._wake in readable:
                os.eventfd_read(self._wake)
            if self._stopping.is_set():
                return
            yield from ((end, True) for end in writable)
            yield from ((end, False) for end in (library, camera) if end in readable)


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
