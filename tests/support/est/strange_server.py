"""A TLS server that answers every request with given bytes, or not at all."""

import socket
import ssl
import threading
from contextlib import contextmanager, suppress

from tests.support.waiting import PATIENCE_S


@contextmanager
def strange_server(certificate, key, answer):
    """`answer`: takes the TLS socket after the request's head. Yields the URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def serve():
        while not stopping.is_set():
            plain, _ = listener.accept()
            with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as tls:
                asked = b""
                while b"\r\n\r\n" not in asked and (part := tls.recv(4096)):
                    asked += part
                if asked and not stopping.is_set():
                    answer(tls)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{listener.getsockname()[1]}"
    finally:
        stopping.set()
        with suppress(OSError):
            socket.create_connection(listener.getsockname(), timeout=1).close()
        thread.join(PATIENCE_S)
        listener.close()
