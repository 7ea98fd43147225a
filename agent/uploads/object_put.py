"""One PUT to an object store, on a connection of its own, bounded in time and memory whatever the store does.

A redirect is never followed: it would lead to a host that nobody allowed. Of an answer the head is read, and of a
refusal the first bytes, for the code that stores give there.
"""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import h11

from agent.core.model import UploadFault
from agent.service.cleanup import on_failure
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.uploads.presigned_url import SignedPlace

PIECE_BYTES: Final = 16_384
HEAD_BYTES: Final = 16_384
REFUSAL_BYTES: Final = 2_048
CONNECT_S: Final = 10.0
STEP_S: Final = 1.0
"""So long one call waits at most, so that a stop is heard soon."""
LAST_WORD_S: Final = 2.0
"""How long a store that ended the connection while it was being sent to is listened to: it may have said why."""
MAY_PASS: Final = frozenset({408, 425, 429})
"""Refusals that another try may not meet."""
_STORE_CODE: Final = re.compile(rb"<Code>([A-Za-z0-9.]{1,64})</Code>")
_MD5: Final = re.compile(r'"?([0-9a-f]{32})"?')
_OTHER_ETAG: Final = ("x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-customer-algorithm")
"""With these an ETag is no digest of the bytes."""


class PutError(Exception):
    """It is not known to be there; the message says why, without the URL. `again`: another try may help."""

    def __init__(self, code: UploadFault, detail: str, *, again: bool) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.again = again


class PutStoppedError(Exception):
    """It was given up because the agent stops."""


@dataclass(frozen=True, slots=True)
class Freight:
    """What is put, whole."""

    content: bytes
    content_type: str


def put(
    place: SignedPlace,
    context: ssl.SSLContext | None,
    freight: Freight,
    deadline_s: float,
    goes_on: Callable[[], bool] = lambda: True,
) -> None:
    """Put it there; returns when the store has said that it has it. `context`: for TLS; None over plain HTTP.

    `goes_on` is asked every second or so; where it says no, PutStoppedError is raised. Raises PutError, and ValueError
    for a place that needs TLS without a context.
    """
    if place.tls is not (context is not None):
        raise ValueError("a place over TLS needs a context, and no other has one")
    exchange = _Exchange(place, freight, time.monotonic() + deadline_s, goes_on)
    try:
        with _connected(place, context, min(deadline_s, CONNECT_S)) as sock:
            exchange.run(sock)
    except ssl.SSLCertVerificationError as error:
        raise PutError(
            UploadFault.TLS, Text("its certificate is not valid: {why}", why=error.verify_message), again=True
        ) from None
    except ssl.SSLError as error:
        raise PutError(UploadFault.TLS, Text("TLS failed: {why}", why=error.reason or "-"), again=True) from None
    except TimeoutError:
        raise PutError(UploadFault.TIMED_OUT, Text("it did not finish in time"), again=True) from None
    except (OSError, UnicodeError) as error:
        said = Text("the store cannot be reached: {why}", why=reason(error) if isinstance(error, OSError) else error)
        raise PutError(UploadFault.UNREACHABLE, said, again=True) from None


def _connected(place: SignedPlace, context: ssl.SSLContext | None, timeout_s: float) -> socket.socket:
    plain = socket.create_connection((place.host.host, place.host.port), timeout=timeout_s)
    if context is None:
        return plain
    with on_failure(plain.close):
        return context.wrap_socket(plain, server_hostname=place.host.host)


class _Exchange:
    """Sends the request and reads the head of its answer."""

    def __init__(self, place: SignedPlace, freight: Freight, deadline: float, goes_on: Callable[[], bool]) -> None:
        self._freight = freight
        self._deadline = deadline
        self._goes_on = goes_on
        self._md5 = hashlib.md5(freight.content, usedforsecurity=False)
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
        headers = [
            ("Host", place.netloc),
            ("Content-Length", str(len(freight.content))),
            ("Content-Type", freight.content_type),
            ("Content-MD5", base64.b64encode(self._md5.digest()).decode()),
            ("Connection", "close"),
        ]
        self._request = h11.Request(method="PUT", target=place.target, headers=headers)

    def run(self, sock: socket.socket) -> None:
        """Do it on this connection. Raises PutError, PutStoppedError, OSError."""
        try:
            early = self._send_all(sock)
        except (BrokenPipeError, ConnectionResetError) as error:
            head = self._last_word(sock)
            if head is None:
                raise
            self._judge(sock, head, whole=False)
            raise PutError(UploadFault.ANSWER_INVALID, _EARLY, again=True) from error
        self._judge(sock, early or self._head(sock), whole=early is None)

    def _send_all(self, sock: socket.socket) -> h11.Response | None:
        """Send all of it; the answer, where one comes before that."""
        self._send(sock, self._http.send(self._request) or b"")
        content = memoryview(self._freight.content)
        for start in range(0, len(content), PIECE_BYTES):
            head = self._early_answer(sock)
            if head is not None:
                return head
            self._send(sock, self._http.send(h11.Data(data=bytes(content[start : start + PIECE_BYTES]))) or b"")
        self._send(sock, self._http.send(h11.EndOfMessage()) or b"")
        return None

    def _send(self, sock: socket.socket, raw: bytes) -> None:
        left = memoryview(raw)
        while left:
            sock.settimeout(self._step_s())
            try:
                sent = sock.send(left)
            except TimeoutError:
                continue
            left = left[sent:]

    def _early_answer(self, sock: socket.socket) -> h11.Response | None:
        sock.settimeout(0)
        try:
            raw = sock.recv(PIECE_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        if not raw:
            raise ConnectionResetError(Text("the store has ended the connection"))
        self._receive(raw)
        event = self._next()
        return event if isinstance(event, h11.Response) else None

    def _head(self, sock: socket.socket) -> h11.Response:
        while True:
            event = self._next()
            if isinstance(event, h11.Response):
                return event
            if event is h11.NEED_DATA:
                self._receive(self._recv(sock))
            elif not isinstance(event, h11.InformationalResponse):
                said = Text("it ended the connection without an answer")
                raise PutError(UploadFault.ANSWER_INVALID, said, again=True)

    def _recv(self, sock: socket.socket) -> bytes:
        while True:
            sock.settimeout(self._step_s())
            try:
                return sock.recv(PIECE_BYTES)
            except TimeoutError:
                continue

    def _last_word(self, sock: socket.socket) -> h11.Response | None:
        self._deadline = min(self._deadline, time.monotonic() + LAST_WORD_S)
        try:
            return self._head(sock)
        except (OSError, PutError):
            return None

    def _receive(self, raw: bytes) -> None:
        try:
            self._http.receive_data(raw)
        except (h11.RemoteProtocolError, RuntimeError) as error:
            raise _no_http(error) from None

    def _next(self) -> object:
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError as error:
            raise _no_http(error) from None

    def _judge(self, sock: socket.socket, head: h11.Response, *, whole: bool) -> None:
        """Raise PutError unless the store has said that it has all of it, and just that."""
        status = head.status_code
        if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110
            if not whole:
                raise PutError(UploadFault.ANSWER_INVALID, _EARLY, again=True)
            self._compare(head)
            return
        if 300 <= status < 400:  # noqa: PLR2004
            said = Text("the store answers {status} and names another address: nothing is sent there", status=status)
            raise PutError(UploadFault.REDIRECTED, said, again=False)
        answer = " ".join(filter(None, (str(status), self._store_code(sock))))
        said = Text("the store answers {answer}", answer=answer)
        failed = status >= 500  # noqa: PLR2004
        code = UploadFault.FAILED if failed else UploadFault.REFUSED
        raise PutError(code, said, again=failed or status in MAY_PASS)

    def _compare(self, head: h11.Response) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
        if "etag" not in headers:
            # Every store gives one. Without, somebody else has answered, or nothing was kept.
            raise PutError(UploadFault.ANSWER_INVALID, Text("it gives no ETag of the stored object"), again=True)
        found = _MD5.fullmatch(headers["etag"])
        if found is None or any(name in headers for name in _OTHER_ETAG):
            return
        if found[1] != self._md5.hexdigest():
            raise PutError(UploadFault.DIGEST_WRONG, Text("the store reports other bytes than were sent"), again=True)

    def _store_code(self, sock: socket.socket) -> str:
        """The code in the document with which S3 refuses; empty where none comes soon."""
        self._deadline = min(self._deadline, time.monotonic() + LAST_WORD_S)
        body = b""
        try:
            while len(body) < REFUSAL_BYTES:
                match self._next():
                    case h11.NEED_DATA:
                        self._receive(self._recv(sock))
                    case h11.Data(data=data):
                        body += bytes(data)
                    case _:
                        break
        except (OSError, PutError):
            return ""
        found = _STORE_CODE.search(body[:REFUSAL_BYTES])
        return "" if found is None else found[1].decode("ascii")

    def _step_s(self) -> float:
        """How long the next call may wait. Raises TimeoutError where no time is left, PutStoppedError on a stop."""
        if not self._goes_on():
            raise PutStoppedError
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError(Text("the time is over"))
        return min(STEP_S, left_s)


_EARLY: Final = Text("it confirmed the upload before everything was sent")


def _no_http(error: Exception) -> PutError:
    return PutError(
        UploadFault.ANSWER_INVALID, Text("the store's answer is not HTTP: {error}", error=error), again=True
    )
