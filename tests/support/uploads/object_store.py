"""A small object store for tests: takes what is PUT, whole, or does what a bad one does."""

import hashlib
import socket
import ssl
import threading
from contextlib import contextmanager, suppress

from tests.support.waiting import PATIENCE_S

HEAD_LIMIT = 65_536


class ObjectStore:
    """`faults`: what each next request meets, in order, as a function of a Visit; none left: it is taken.

    `objects`: what was taken, by path. `requests`: the head of every request, as text.
    """

    def __init__(self, context=None):
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.faults = []
        self.objects = {}
        self.requests = []
        self._open = []
        self._closing = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @contextmanager
    def running(self):
        self._thread.start()
        try:
            yield self
        finally:
            self._closing = True
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            self._thread.join(PATIENCE_S)

    def url(self, name, scheme=None):
        scheme = scheme or ("http" if self._context is None else "https")
        return f"{scheme}://{self.host}/gates/{name}?X-Amz-Expires=900&X-Amz-Signature=s3cret"

    def taken(self, name):
        return self.objects.get(f"/gates/{name}")

    def _serve(self):
        while not self._closing:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(plain)
            threading.Thread(target=self._visit, args=(plain,), daemon=True).start()

    def _visit(self, plain):
        with suppress(OSError, ssl.SSLError):
            sock = plain
            if self._context is not None:
                sock = self._context.wrap_socket(plain, server_side=True)
                self._open.append(sock)
            visit = Visit(self, sock)
            fault = self.faults.pop(0) if self.faults else taken
            visit.read_head()
            if visit.head:  # else it went without a word
                fault(visit)
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


class Visit:
    """One request, which is read and answered by hand."""

    def __init__(self, store, sock):
        self.store = store
        self.sock = sock
        self.head = ""
        self.rest = b""

    def read_head(self):
        raw = b""
        while b"\r\n\r\n" not in raw and len(raw) < HEAD_LIMIT:
            piece = self.sock.recv(4096)
            if not piece:
                return
            raw += piece
        head, _, self.rest = raw.partition(b"\r\n\r\n")
        self.head = head.decode("latin-1")
        self.store.requests.append(self.head)

    @property
    def path(self):
        return self.head.split(" ")[1].partition("?")[0]

    def header(self, name):
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None

    def read_body(self):
        size = int(self.header("content-length"))
        body = self.rest
        while len(body) < size:
            piece = self.sock.recv(min(65_536, size - len(body)))
            if not piece:
                break
            body += piece
        return body

    def answer(self, status, headers=(), body=b""):
        lines = [
            f"HTTP/1.1 {status} X",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers),
        ]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)


# What a request meets.


def taken(visit):
    body = visit.read_body()
    visit.store.objects[visit.path] = body
    visit.answer(200, [("ETag", f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"')])


def refusing(status, code=""):
    def fault(visit):
        visit.read_body()
        visit.answer(status, body=f"<Error><Code>{code}</Code></Error>".encode() if code else b"")

    return fault


def refusing_early(visit):
    visit.answer(403, body=b"<Error><Code>AccessDenied</Code></Error>")


def redirecting(to):
    def fault(visit):
        visit.read_body()
        visit.answer(307, [("Location", to)])

    return fault


def lying_early(visit):
    """Says that it has all of it before it has read anything."""
    visit.answer(200)
    visit.read_body()


def giving_no_etag(visit):
    """As a page does that answers whatever is asked."""
    visit.read_body()
    visit.answer(200)


def keeping_half(visit):
    body = visit.read_body()
    half = body[: len(body) // 2]
    visit.answer(200, [("ETag", f'"{hashlib.md5(half, usedforsecurity=False).hexdigest()}"')])


def with_own_etag(visit):
    visit.store.objects[visit.path] = visit.read_body()
    kms = [("x-amz-server-side-encryption-aws-kms-key-id", "k")]
    visit.answer(200, [("ETag", f'"{"0" * 32}"'), *kms])


def talking_nonsense(visit):
    visit.read_body()
    visit.sock.sendall(b"SMTP ready\r\n\r\n")


def endless_head(visit):
    visit.read_body()
    visit.sock.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000)


def hanging_up(visit):
    visit.sock.close()


def silent(visit):
    visit.read_body()
    while visit.sock.recv(4096):
        pass
