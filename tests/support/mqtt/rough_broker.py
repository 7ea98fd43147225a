"""A broker of a few lines that misbehaves as told; for what a real one does only once in a blue moon."""

import contextlib
import socket
import threading

from tests.support.waiting import PATIENCE_S

CONNECT, PUBLISH, SUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 8, 12, 14


class RoughBroker:
    """Listens on 127.0.0.1:`port`. `connections`: for each, the list of (topic, message id) that was published on it.

    `bodies`: of every PUBLISH on any of them, in order. `receive_maximum`: told in CONNACK. `pubacks`, `pings`,
    `connack`: whether it answers at all; `puback_delay_s`: how long it takes for each. `kick_on`: text in a PUBLISH
    over which it closes the connection without a word. `garbage`: sent right after CONNACK. `granted`: the code in its
    SUBACK.
    """

    def __init__(
        self,
        *,
        receive_maximum=100,
        pubacks=True,
        puback_delay_s=0.0,
        pings=True,
        connack=True,
        kick_on=None,
        garbage=b"",
        granted=0,
    ):
        self.connections: list[list[tuple[str, int]]] = []
        self.bodies: list[bytes] = []
        self.receive_maximum = receive_maximum
        self.pubacks, self.pings, self.connack = pubacks, pings, connack
        self._puback_delay_s = puback_delay_s
        self._closing = threading.Event()
        self.kick_on = kick_on
        self.garbage = garbage
        self.granted = granted
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._acceptor.start()
        return self

    def __exit__(self, *_):
        self._closing.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.drop_all()
        for thread in [self._acceptor, *self._threads]:
            thread.join(PATIENCE_S)

    def drop_all(self):
        """Cut all connections."""
        for sock in list(self._sockets):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._server.accept()
                self._sockets.append(sock)
                thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock):
        published: list[tuple[str, int]] = []
        self.connections.append(published)
        with contextlib.suppress(OSError, EOFError), sock, sock.makefile("rb") as stream:
            while True:
                kind, flags, body = _packet(stream)
                if kind == CONNECT and self.connack:
                    limit = self.receive_maximum
                    sock.sendall(bytes([0x20, 6, 0, 0, 3, 0x21, limit >> 8, limit & 255]) + self.garbage)
                elif kind == SUBSCRIBE:
                    sock.sendall(bytes([0x90, 4, body[0], body[1], 0, self.granted]))
                elif kind == PINGREQ and self.pings:
                    sock.sendall(bytes([0xD0, 0]))
                elif kind == DISCONNECT or (kind == PUBLISH and not self._take(sock, flags, body, published)):
                    return

    def _take(self, sock, flags, body, published):
        length = int.from_bytes(body[:2], "big")
        mid = int.from_bytes(body[2 + length : 4 + length], "big") if flags & 6 else 0
        published.append((body[2 : 2 + length].decode(), mid))
        self.bodies.append(body)
        if self.kick_on is not None and self.kick_on in body:
            return False
        if self.pubacks and flags & 6 and not self._closing.wait(self._puback_delay_s):
            sock.sendall(bytes([0x40, 2, mid >> 8, mid & 255]))
        return True


def _packet(stream):
    first = stream.read(1)
    if not first:
        raise EOFError
    length, shift = 0, 0
    while True:
        byte = stream.read(1)[0]
        length |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            break
    return first[0] >> 4, first[0] & 15, stream.read(length)
