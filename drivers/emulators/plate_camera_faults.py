"""What may be wrong with an emulated camera that reads plates, and how one that is well writes what it says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


class CameraFault(StrEnum):
    """What is wrong with a camera.

    `wrong_login`, `forbidden`, `not_there`, `elsewhere`, `busy`: its answer is 401, 403, 404, 302 or 503. `basic`: it
    offers Basic alone. `html`: a web page in place of the stream. `not_http`: another service at its port. `drip`: its
    headers come byte by byte, without end. `late`: it does not answer.

    In the stream: `silence`: nothing, not even heartbeats. `slow`: a part that comes byte by byte. `endless_part`,
    `endless_headers`, `endless_preamble`: what never ends. `too_large`: a part that says it is larger than any may be.
    `wrong_boundary`: another than it said. `bad_length`: a length that is no number. `short_length`: a part longer than
    it said. `bomb`: a document that would grow when it is read. `garbage`: a document that is none. `binary`: bytes in
    its place. `twice`: a document that says the plate twice, and not the same. `reset`: the connection is reset in the
    middle of a part. `ends`: the stream is ended as it should be.
    """

    WRONG_LOGIN = "wrong_login"
    FORBIDDEN = "forbidden"
    NOT_THERE = "not_there"
    ELSEWHERE = "elsewhere"
    BUSY = "busy"
    BASIC = "basic"
    HTML = "html"
    NOT_HTTP = "not_http"
    DRIP = "drip"
    LATE = "late"
    SILENCE = "silence"
    SLOW = "slow"
    ENDLESS_PART = "endless_part"
    ENDLESS_HEADERS = "endless_headers"
    ENDLESS_PREAMBLE = "endless_preamble"
    TOO_LARGE = "too_large"
    WRONG_BOUNDARY = "wrong_boundary"
    BAD_LENGTH = "bad_length"
    SHORT_LENGTH = "short_length"
    BOMB = "bomb"
    GARBAGE = "garbage"
    BINARY = "binary"
    TWICE = "twice"
    RESET = "reset"
    ENDS = "ends"


STATUSES: Final[Mapping[CameraFault, int]] = {
    CameraFault.FORBIDDEN: 403,
    CameraFault.NOT_THERE: 404,
    CameraFault.ELSEWHERE: 302,
    CameraFault.BUSY: 503,
}
"""The answers of HTTP that are faults."""


@dataclass(frozen=True, slots=True)
class WrongStream:
    """Bytes that are sent once, and what comes then: these again and again, nothing, or the end."""

    once: bytes = b""
    then: Literal["waits", "repeats", "resets", "ends"] = "waits"
    again: bytes = b""
    slowly: bool = False


BOUNDARY: Final = "boundary"
_HEAD: Final = b"--boundary\r\nContent-Type: text/plain\r\n"
WRONG_STREAMS: Final[Mapping[CameraFault, WrongStream]] = {
    CameraFault.SILENCE: WrongStream(),
    CameraFault.SLOW: WrongStream(_HEAD + b"Content-Length: 60000\r\n\r\n", "repeats", b"x", slowly=True),
    CameraFault.ENDLESS_PART: WrongStream(_HEAD + b"\r\n", "repeats", b"x" * 4096),
    CameraFault.ENDLESS_HEADERS: WrongStream(_HEAD, "repeats", b"X-Header: more of them\r\n"),
    CameraFault.ENDLESS_PREAMBLE: WrongStream(b"", "repeats", b"no part at all\r\n"),
    CameraFault.TOO_LARGE: WrongStream(_HEAD + b"Content-Length: 4000000000\r\n\r\nx"),
    CameraFault.WRONG_BOUNDARY: WrongStream(b"", "repeats", _HEAD.replace(b"boundary", b"another") + b"\r\nx\r\n"),
    CameraFault.BAD_LENGTH: WrongStream(_HEAD + b"Content-Length: -1\r\n\r\nx"),
    CameraFault.SHORT_LENGTH: WrongStream(_HEAD + b"Content-Length: 4\r\n\r\nHeartbeat\r\n"),
    CameraFault.RESET: WrongStream(_HEAD + b"Content-Length: 100\r\n\r\nhalf", "resets"),
    CameraFault.ENDS: WrongStream(b"--boundary--\r\n", "ends"),
}
"""Streams that are wrong whatever the kind of camera."""


@dataclass(frozen=True, slots=True)
class CameraForm:
    """How a camera that is well writes what it says; models and firmware differ in it.

    `line_end`: of the lines round a part. `lengths`: whether parts tell their length; some say 0 of all. `hyphens`:
    whether the boundary is named with the hyphens that stand before it. `chunked`: HTTP's chunks. `algorithm`: of the
    login. `qop`: whether it asks for a count and a nonce of the client. `stale_after`: so many requests a nonce is good
    for; 0: for ever. `says_stale`: whether it says so of one that is not good any more. `next_nonce`: each answer names
    another one.
    """

    line_end: bytes = b"\r\n"
    lengths: Literal["told", "zero", "none"] = "told"
    hyphens: bool = False
    chunked: bool = False
    algorithm: Literal["MD5", "SHA-256"] = "MD5"
    qop: bool = True
    stale_after: int = 0
    says_stale: bool = True
    next_nonce: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A part to be sent: its body, its type, and the name that it has in a form."""

    body: bytes
    media_type: str
    name: str = ""

    def framed(self, form: CameraForm) -> bytes:
        """As it goes out."""
        end, headers = form.line_end, [f"Content-Type: {self.media_type}"]
        if self.name:
            headers.append(f'Content-Disposition: form-data; name="{self.name}"; filename="{self.name}"')
        if form.lengths != "none":
            headers.append(f"Content-Length: {len(self.body) if form.lengths == 'told' else 0}")
        lines = [f"--{BOUNDARY}".encode(), *(header.encode() for header in headers), b""]
        return end.join([*lines, self.body, b""])
