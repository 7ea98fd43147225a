"""One request over HTTPS and its answer, bounded in time and size whatever the server does."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import h11

from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.enrolment.endpoint import Endpoint

ANSWER_BYTES: Final = 262_144
"""A chain of some ten certificates with RSA keys has 30 kB."""
HEAD_BYTES: Final = 16_384
RECEIVE_BYTES: Final = 16_384
TIMEOUT_S: Final = 30.0


class ExchangeError(Exception):
    """No usable answer came; the message says why in words."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said. Names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def exchange(  # noqa: PLR0913 - one argument a part of the request
    endpoint: Endpoint,
    context: ssl.SSLContext,
    method: str,
    path: str,
    *,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    timeout_s: float = TIMEOUT_S,
    now: Callable[[], float] = time.monotonic,
) -> Answer:
    """Ask once, on a connection of its own.

    Takes `timeout_s` at most beside the resolver's time, and ANSWER_BYTES of an answer. Raises ExchangeError.
    """
    deadline = now() + timeout_s
    try:
        with (
            socket.create_connection((endpoint.host, endpoint.port), timeout=timeout_s) as plain,
            _handshaken(plain, endpoint, context, deadline - now()) as tls,
        ):
            return _asked(tls, endpoint, _Request(method, path, tuple(headers), body), lambda: deadline - now())
    except h11.RemoteProtocolError as error:
        raise ExchangeError(Text("the server's answer is not HTTP: {error}", error=error)) from error
    except TimeoutError as error:
        raise ExchangeError(Text("no complete answer within {timeout_s} s", timeout_s=f"{timeout_s:g}")) from error
    except ssl.SSLError as error:
        raise ExchangeError(_tls_words(error)) from error
    except (OSError, UnicodeError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise ExchangeError(Text("the server cannot be reached: {why}", why=why)) from error


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def _handshaken(plain: socket.socket, endpoint: Endpoint, context: ssl.SSLContext, left_s: float) -> ssl.SSLSocket:
    plain.settimeout(max(0.001, left_s))
    return context.wrap_socket(plain, server_hostname=endpoint.host)


def _asked(tls: ssl.SSLSocket, endpoint: Endpoint, asked: _Request, left_s: Callable[[], float]) -> Answer:
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
    headers = [
        ("Host", endpoint.authority),
        ("Accept", "*/*"),
        ("Connection", "close"),
        ("Content-Length", str(len(asked.body))),
        *asked.headers,
    ]
    sent = http.send(h11.Request(method=asked.method, target=endpoint.path + asked.path, headers=headers)) or b""
    sent += http.send(h11.Data(data=asked.body)) or b""
    sent += http.send(h11.EndOfMessage()) or b""
    _within(tls, left_s)
    tls.sendall(sent)
    head: h11.Response | None = None
    body = b""
    while True:
        match http.next_event():
            case h11.NEED_DATA:
                _within(tls, left_s)
                http.receive_data(tls.recv(RECEIVE_BYTES))
            case h11.Response() as head:
                pass
            case h11.Data(data=data):
                body += bytes(data)
                if len(body) > ANSWER_BYTES:
                    raise ExchangeError(Text("the answer is larger than {most} bytes", most=ANSWER_BYTES))
            case h11.EndOfMessage() if head is not None:
                return Answer(head.status_code, _named(head), body)
            case h11.InformationalResponse():
                pass
            case _:
                raise ExchangeError(Text("the server ended the connection before its answer was complete"))


def _named(head: h11.Response) -> Mapping[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head.headers}


def _within(tls: ssl.SSLSocket, left_s: Callable[[], float]) -> None:
    """Have the next call wait for what is left of the time. Raises TimeoutError where nothing is."""
    left = left_s()
    if left <= 0:
        raise TimeoutError
    tls.settimeout(left)


def _tls_words(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Text(
            "the server's certificate is not valid: {why}; check the clock of this gate, the address, "
            "and the authority or fingerprint of the server",
            why=error.verify_message,
        )
    return Text("the TLS handshake with the server failed: {why}", why=error.reason or error)
