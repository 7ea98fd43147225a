"""A TCP address in software, of a device with a network of its own or behind a converter: its cable can be pulled.

It offers what a pseudo-terminal offers (`drivers.emulators.pty.PtyLine`). The port stays the same after replugging.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
import time
from typing import TYPE_CHECKING

from drivers.emulators.pty import READ_SIZE, TAP_LENGTH, Transfer

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"


class TcpLine:
    """A listener on 127.0.0.1, read by a thread of its own that calls `receive` with what any client sends.

    `port`: 0 for any that is free. It is kept for as long as this lives.
    """

    def __init__(self, receive: Callable[[bytes], None], port: int = 0) -> None:
        self._receive = receive
        self._lock = threading.Condition(threading.RLock())
        self._tap: list[Transfer] = []
        self._kept = _bound(port)
        self.port: int = self._kept.getsockname()[1]
        self._listener: socket.socket | None = None
        self._clients: list[socket.socket] = []
        self._wake = (-1, -1)
        self._thread: threading.Thread | None = None

    @property
    def link(self) -> str:
        """The address, as people write it."""
        return f"{HOST}:{self.port}"

    @property
    def tap(self) -> tuple[Transfer, ...]:
        """All that passed so far."""
        with self._lock:
            return tuple(self._tap)

    def received(self) -> bytes:
        """All that clients have sent so far."""
        return b"".join(transfer.data for transfer in self.tap if transfer.direction == "in")

    def wait_received(self, count: int, timeout_s: float) -> bool:
        """Block until so many bytes have come in all; False when they have not within `timeout_s`."""
        with self._lock:
            return self._lock.wait_for(lambda: len(self.received()) >= count, timeout_s)

    @property
    def is_plugged(self) -> bool:
        """Whether the cable is in."""
        return self._listener is not None

    def plug(self) -> None:
        """Put the cable in: clients may connect."""
        with self._lock:
            if self.is_plugged:
                return
            listener = _bound(self.port)
            listener.listen()
            self._listener = listener
            self._wake = os.pipe()
            self._thread = threading.Thread(
                target=self._run, args=(listener, self._wake[0]), name=f"line {self.link}", daemon=True
            )
            self._thread.start()

    def unplug(self) -> None:
        """Pull the cable: connections end, and new ones are refused."""
        with self._lock:
            thread, listener, wake = self._thread, self._listener, self._wake
            if listener is None:
                return
            os.write(wake[1], b"x")
            self._listener, self._wake = None, (-1, -1)
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        with self._lock:
            for one in (listener, *self._clients):
                one.close()
            self._clients.clear()
        for descriptor in wake:
            os.close(descriptor)

    def close(self) -> None:
        """Pull the cable and give the port back."""
        self.unplug()
        self._kept.close()

    def send(self, data: bytes) -> None:
        """Send bytes to every client that is connected."""
        with self._lock:
            if self._clients:
                self._tap.append(Transfer(time.monotonic(), "out", data))
                del self._tap[:-TAP_LENGTH]
            for client in self._clients:
                with contextlib.suppress(OSError):  # it went meanwhile, or reads nothing
                    client.send(data)

    def _run(self, listener: socket.socket, wake: int) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(wake, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if wake in ready:
                    return
                for one in ready:
                    if one is listener:
                        self._accept(listener, selector)
                    elif isinstance(one, socket.socket):
                        self._read(one, selector)

    def _accept(self, listener: socket.socket, selector: selectors.BaseSelector) -> None:
        client, _ = listener.accept()
        client.settimeout(0.0)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._clients.append(client)
        selector.register(client, selectors.EVENT_READ)

    def _read(self, client: socket.socket, selector: selectors.BaseSelector) -> None:
        try:
            data = client.recv(READ_SIZE)
        except OSError:  # reset by the client
            data = b""
        if not data:
            selector.unregister(client)
            with self._lock:
                self._clients.remove(client)
            client.close()
            return
        with self._lock:
            self._tap.append(Transfer(time.monotonic(), "in", data))
            self._lock.notify_all()
        self._receive(data)


def _bound(port: int) -> socket.socket:
    """A socket with this port; several may have it as long as one listens."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((HOST, port))
    return one
