"""Requests of HTTP to one camera: sent, logged in by digest where it asks for that, and answered within bounds."""

from __future__ import annotations

import secrets
import socket
import ssl
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import h11

from drivers.api import DeviceUnavailableError
from drivers.http_digest import BasicAloneError, Login, LoginError, next_nonce_of
from drivers.http_exchange import HttpExchange, header, why
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drivers.camera.onvif.service_address import ServiceAddress

AGENT: Final = "gate-agent"
_TRIES: Final = 3
"""Without a login, with one, and with one whose nonce was too old."""
_CNONCE_BYTES: Final = 16
_UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came. `refusal`: why the login of HTTP is of no use; None where it was not asked for, or was taken."""

    status: int
    body: bytes
    refusal: Text | None = None


class OnvifTransport:
    """Asks one camera, over a connection a request. Not thread-safe.

    `patience_s`: for each request from connecting to the last byte. The certificate of a camera with https is not
    proved: nobody has told this machine which one is right. So no password is sent, on either, in a form that can be
    read: digests only.
    """

    def __init__(self, user: str, password: str, patience_s: float) -> None:
        self._user = user
        self._password = password
        self._patience_s = patience_s
        self._logins: dict[tuple[str, int], Login] = {}

    def post(self, at: ServiceAddress, action: str, envelope: bytes, most_bytes: int, *, login: bool) -> HttpAnswer:
        """The answer to an envelope of SOAP. `login`: whether HTTP's may be used.

        Raises DeviceUnavailableError.
        """
        content = f'application/soap+xml; charset=utf-8; action="{action}"'
        headers = [("Content-Type", content), ("Content-Length", str(len(envelope)))]
        return self._exchanged("POST", at, headers, envelope, most_bytes, login=login)

    def get(self, at: ServiceAddress, most_bytes: int) -> HttpAnswer:
        """The answer to a request for a picture. Raises DeviceUnavailableError."""
        return self._exchanged("GET", at, [], b"", most_bytes, login=True)

    def _exchanged(
        self,
        method: str,
        at: ServiceAddress,
        headers: list[tuple[str, str]],
        body: bytes,
        most_bytes: int,
        *,
        login: bool,
    ) -> HttpAnswer:
        login = login and bool(self._user)
        answered = False
        deadline = time.monotonic() + self._patience_s
        for _ in range(_TRIES):
            known = self._logins.get((at.host, at.port)) if login else None
            authorization = None if known is None else known.authorization(method, at.target)
            sent = [*headers, *([("Authorization", authorization)] if authorization else [])]
            response, received = self._once(method, at, sent, body, most_bytes, deadline)
            offered = [value.decode("latin-1") for name, value in response.headers if name == b"www-authenticate"]
            if response.status_code != _UNAUTHORIZED or not login or not offered:
                return HttpAnswer(response.status_code, received)
            refusal = self._challenged(at, offered, answered=answered)
            if refusal is not None:
                return HttpAnswer(response.status_code, received, refusal)
            answered = True
        return HttpAnswer(_UNAUTHORIZED, b"", Text("it keeps asking for the login"))

    def _challenged(self, at: ServiceAddress, offered: Sequence[str], *, answered: bool) -> Text | None:
        """Take the challenge; why that is of no use, or None."""
        login = self._logins.setdefault(
            (at.host, at.port), Login(self._user, self._password, lambda: secrets.token_hex(_CNONCE_BYTES))
        )
        try:
            challenge = login.challenged(offered)
        except BasicAloneError:
            del self._logins[at.host, at.port]
            return Text("it offers only Basic, which would send the password in readable form; set it to digest")
        except LoginError as error:
            del self._logins[at.host, at.port]
            return Text.of(str(error))
        if answered and not challenge.is_stale:
            del self._logins[at.host, at.port]
            return Text("a wrong name or password, or a user that is locked for a while")
        return None

    def _once(
        self,
        method: str,
        at: ServiceAddress,
        headers: list[tuple[str, str]],
        body: bytes,
        most_bytes: int,
        deadline: float,
    ) -> tuple[h11.Response, bytes]:
        own = [("Host", at.place), ("User-Agent", AGENT), ("Accept", "*/*"), ("Connection", "close")]
        request = h11.Request(method=method, target=at.target, headers=[*own, *headers])
        with closing(HttpExchange(_connected(at, deadline), at.place)) as exchange:
            response = exchange.ask(request, deadline, body)
            info = next_nonce_of(header(response, b"authentication-info"))
            if info is not None and (at.host, at.port) in self._logins:
                self._logins[at.host, at.port].next_nonce(info)
            return response, exchange.whole(deadline, most_bytes)


def _connected(at: ServiceAddress, deadline: float) -> socket.socket:
    try:
        plain = socket.create_connection((at.host, at.port), max(0.001, deadline - time.monotonic()))
    except OSError as error:
        raise DeviceUnavailableError(Text("no connection to {place}: {why}", place=at.place, why=why(error))) from None
    if not at.secure:
        return plain
    with ExitStack() as undo:
        undo.callback(plain.close)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            secure = context.wrap_socket(plain, server_hostname=at.host)
        except OSError as error:
            raise DeviceUnavailableError(Text("no TLS with {place}: {why}", place=at.place, why=why(error))) from None
        undo.pop_all()
        return secure
