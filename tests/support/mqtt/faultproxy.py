"""A TCP proxy on 127.0.0.1 that behaves as badly as it is told."""

import contextlib
import select
import socket
import struct
import threading

from tests.support.waiting import PATIENCE_S

CUT_AFTER_BYTES = 500
DELAY_S = 0.4
SLOW_BYTES_A_S = 2_000
TURN_S = 0.02
PIECE_BYTES = 4096
LOOK_MS = 50


class FaultProxy:
    """Forwards to a port.

    `mode`: pass; blackhole (take and forward nothing); rst (reset); cut (end in mid-packet); delay (hold each piece for
    a while); slow (a few bytes at a time). What a mode holds back goes on when it is over.
    """

    def __init__(self, target_port):
        self.mode = "pass"
        self._target_port = target_port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._closing = threading.Event()
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._acceptor.start()
        return self

    def __exit__(self, *_):
        self._closing.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        self._acceptor.join(PATIENCE_S)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                self._sockets.append(near)
                if self.mode == "rst":
                    _reset(near)
                    continue
                try:
                    far = socket.create_connection(("127.0.0.1", self._target_port))
                except OSError:
                    _reset(near)
                    continue
                self._sockets.append(far)
                for source, sink, up in ((near, far, True), (far, near, False)):
                    threading.Thread(target=self._pump, args=(source, sink, up), daemon=True).start()

    def _pump(self, source, sink, up):
        with contextlib.suppress(OSError):
            # No time-out of the socket: it would hold for what the other direction sends on it too.
            waiting = select.poll()
            waiting.register(source, select.POLLIN)
            while self._forward(waiting, source, sink, up):
                pass
        for sock in (source, sink):
            _reset(sock) if self.mode == "rst" else _shut(sock)

    def _forward(self, waiting, source, sink, up):
        """Pass on one piece; whether to go on."""
        if not waiting.poll(LOOK_MS):
            return self.mode != "rst" and not self._closing.is_set()
        data = source.recv(PIECE_BYTES)
        while self.mode == "blackhole" and not self._closing.wait(TURN_S):
            pass
        if self.mode == "delay":
            self._closing.wait(DELAY_S)
        if not data or self.mode == "rst" or self._closing.is_set():
            return False
        if self.mode == "cut" and up:
            sink.sendall(data[: min(len(data) // 2, CUT_AFTER_BYTES)])
            return False
        return self._deliver(sink, data)

    def _deliver(self, sink, data):
        """Send one piece on, at the speed of the mode; whether to go on."""
        step = int(SLOW_BYTES_A_S * TURN_S)
        while data and self.mode == "slow" and not self._closing.wait(TURN_S):
            sink.sendall(data[:step])
            data = data[step:]
        sink.sendall(data)
        return True


def _shut(sock):
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _reset(sock):
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
