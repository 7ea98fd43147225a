"""The worker's end of the socket to its parent."""

from __future__ import annotations

import select
import threading
from typing import TYPE_CHECKING

from agent.vision.worker.wire import Decoder, encoded

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from agent.vision.worker.protocol import FromWorker
    from agent.vision.worker.wire import Envelope

_CHUNK_BYTES = 64 * 1024


class ParentGoneError(Exception):
    """The parent has closed its end or died: there is nobody left to work for."""


class ParentConnection:
    """Send from any thread; receive from one."""

    def __init__(self, socket_: socket.socket) -> None:
        self._socket = socket_
        self._sending = threading.Lock()
        self._decoder = Decoder(from_worker=False)

    def send(self, message: FromWorker, pictures: Sequence[bytes] = ()) -> None:
        """Send one message; waits while the parent is behind. Raises ParentGoneError and ProtocolError."""
        data = encoded(message, pictures)
        try:
            with self._sending:
                self._socket.sendall(data)
        except OSError as error:
            raise ParentGoneError from error

    def send_if_room(self, message: FromWorker, pictures: Sequence[bytes] = ()) -> bool:
        """Send a message that nobody misses, but only where the parent follows and no other thread is sending.

        Returns whether it was sent. Raises as `send` does.
        """
        data = encoded(message, pictures)
        if not self._sending.acquire(blocking=False):
            return False
        try:
            # The kernel calls a socket of this family writable while no more than a quarter of its buffer is taken.
            _, writable, _ = select.select([], [self._socket], [], 0)
            if not writable:
                return False
            self._socket.sendall(data)
        except OSError as error:
            raise ParentGoneError from error
        finally:
            self._sending.release()
        return True

    def receive(self, timeout_s: float) -> list[Envelope]:
        """Wait up to `timeout_s` for words of the parent; empty when none came.

        Raises ParentGoneError, and ProtocolError for words that cannot be understood.
        """
        readable, _, _ = select.select([self._socket], [], [], max(0.0, timeout_s))
        if not readable:
            return []
        try:
            data = self._socket.recv(_CHUNK_BYTES)
        except OSError as error:
            raise ParentGoneError from error
        if not data:
            raise ParentGoneError
        return self._decoder.feed(data)
