"""People who look at a lane's page, without a browser: each takes the live picture and the news, as a page does."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Self

from tests.support.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

SOCKET = "console.sock"
_PICTURE = b"Content-Type: image/jpeg"


class DriverScreen:
    """A screen at the post, with the driver page of a lane open. `parts`: how much came."""

    def __init__(self, folder: Path, lane: str) -> None:
        self._door, self._path = folder / SOCKET, f"/driver/{lane}/news"
        self.parts = 0

    def __enter__(self) -> Self:
        eventually(self._door.exists, what="the console's socket")
        self._socket = _asked(self._door, self._path)
        threading.Thread(target=self._read, daemon=True).start()
        eventually(lambda: self.parts, what="the first news")
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _read(self) -> None:
        try:
            while self._socket.recv(1 << 16):
                self.parts += 1
        except OSError:
            return


class Viewers:
    """Open so many pages of a lane through the computer's own socket; `pictures` counts what came to each."""

    def __init__(self, folder: Path, lane: str, camera: str, count: int) -> None:
        self._door = folder / SOCKET
        self._paths = (f"/live/camera/{lane}/{camera}/pictures", f"/live/lane/{lane}/news")
        self._sockets: list[socket.socket] = []
        self.pictures = [0] * count

    def __enter__(self) -> Self:
        if self.pictures:
            eventually(self._door.exists, what="the console's socket")
        for number in range(len(self.pictures)):
            for path in self._paths:
                connection = _asked(self._door, path)
                self._sockets.append(connection)
                threading.Thread(target=self._read, args=(connection, number), daemon=True).start()
        eventually(lambda: all(self.pictures), what="the first pictures")
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._sockets:
            each.close()

    def _read(self, connection: socket.socket, number: int) -> None:
        kept = b""
        try:
            while data := connection.recv(1 << 16):
                text = kept + data
                self.pictures[number] += text.count(_PICTURE)
                # A mark that is cut in two is counted once, with its second half.
                kept = text[-(len(_PICTURE) - 1) :]
        except OSError:
            return


def _asked(door: Path, path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(door))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    status = connection.recv(12, socket.MSG_WAITALL)
    if status != b"HTTP/1.1 200":
        message = f"{path}: {status!r}"
        raise RuntimeError(message)
    return connection
