"""Receivers of notices: a small HTTPS server that does as it is told, and a real SMTP server."""

import asyncio
import socket
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from aiosmtpd.smtp import SMTP, AuthResult

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the standard's own example
USER, PASSWORD = "gate", "pa ss"


class WebhookServer:
    """Takes what is posted to it. `answers`: what it says next, status and headers; 204 when there is none."""

    def __init__(self, authority):
        self.answers = []
        self.requests = []
        certificate, key = authority.issue("localhost", hosts=["localhost", "127.0.0.1"])
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)

    @contextmanager
    def running(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((self.path, dict(self.headers), body))
                status, headers = outer.answers.pop(0) if outer.answers else (204, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args):
                pass

        class Server(HTTPServer):
            def handle_error(self, *_args):
                """A client that does not like the certificate is none of its business."""

        server = Server(("127.0.0.1", 0), Handler)
        server.socket = self._context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def url(self, path="/gate?key=1"):
        return f"https://localhost:{self.port}{path}"


class _Taken:
    """Keeps the mail, and refuses whom it is told to."""

    def __init__(self):
        self.mails = []
        self.refused = set()

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        if address in self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.mails.append((session.ssl is not None, envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content))
        return "250 taken"


class MailServerPeer:
    """A real SMTP server on a free port: aiosmtpd. `implicit`: TLS from the first byte."""

    def __init__(self, authority=None, *, implicit=False, login=False):
        self.taken = _Taken()
        context = None
        if authority is not None:
            certificate, key = authority.issue("localhost", hosts=["localhost", "127.0.0.1"])
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)

        def authenticate(_server, _session, _envelope, _mechanism, data):
            good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
            return AuthResult(success=good, handled=good)

        more = {"authenticator": authenticate, "auth_required": True} if login else {}
        if context is not None and not implicit:
            more |= {"tls_context": context, "require_starttls": True}
        if login and (context is None or implicit):
            more |= {"auth_require_tls": False}
        self._more = more
        self._implicit = context if implicit else None

    @contextmanager
    def running(self):
        loop = asyncio.new_event_loop()
        made = loop.create_server(
            lambda: SMTP(self.taken, loop=loop, hostname="peer", **self._more),
            "127.0.0.1",
            0,
            ssl=self._implicit,
        )
        server = loop.run_until_complete(made)
        self.port = server.sockets[0].getsockname()[1]
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            server.close()
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()


@contextmanager
def peer_that(speaks):
    """A peer on a free port that does with each connection what `speaks` says: the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def serve():
            listener.settimeout(0.05)
            while not ended.is_set():
                try:
                    sock, _address = listener.accept()
                except TimeoutError:
                    continue
                with sock:
                    try:
                        speaks(sock, ended)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ended.set()
            thread.join()


def silent(sock, ended):
    """Accepts, and never says a word."""
    del sock
    ended.wait()


def dripping(sock, ended):
    """Says its greeting a byte at a time, and never ends it."""
    sock.sendall(b"220-")
    while not ended.wait(0.02):
        sock.sendall(b"x")


def rambling(sock, ended):
    """Says line after line of a greeting that never ends."""
    while not ended.wait(0.02):
        sock.sendall(b"220-still here\r\n")


def babbling(sock, _ended):
    """Says what is no SMTP."""
    sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def stalling(sock, ended):
    """Takes the greeting, then stalls."""
    sock.sendall(b"220 ready\r\n")
    sock.recv(1000)
    ended.wait()
