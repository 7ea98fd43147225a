"""The parts of a multipart body (RFC 2046) that has no end, as cameras send their events. Pure: bytes in, parts out.

However the bytes are split on their way, the same parts come out. Lines may end in CR LF or in LF, parts may tell their
length or not. What is too long is refused as soon as it is: nothing is kept of a body that nobody could use.
(The library of forms, python-multipart, takes neither a bare LF nor a part whose length is told.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from drivers.text import Text
from drivers.untrusted_text import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    WholeBody = Callable[[bytes], bool]
    """Says of the body of a part whose length is not told whether it is whole by its own form."""

_MOST_BOUNDARY: Final = 70
"""RFC 2046, 5.1.1."""
_LONGEST_DELIMITER: Final = 256
_MOST_HEADERS: Final = 32
_MOST_BLANKS: Final = 64
_BLANKS: Final = b"\r\n \t"
_HEADERS_END: Final = re.compile(rb"\r?\n\r?\n")
_LINE_END: Final = re.compile(rb"\r?\n")
_HEADER: Final = re.compile(rb"([A-Za-z0-9!#$%&'*+.^_`|~-]{1,64})[ \t]*:[ \t]*(.*)", re.DOTALL)
_LENGTH: Final = re.compile(r"[0-9]{1,10}")
_BOUNDARY: Final = re.compile(r';\s*boundary\s*=\s*(?:"([^"]*)"|([^\s;"]+))', re.IGNORECASE)
_FILE_NAME: Final = re.compile(r'(?:file)?name\s*=\s*"?([^";]*)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PartLimits:
    """The most bytes of a part: its headers, its body, and its body where it is a picture."""

    headers: int = 4096
    text: int = 64 * 1024
    picture: int = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One part. The names of `headers` are in small letters."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """As `text/plain`, in small letters and without parameters; empty where it is not told."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_picture(self) -> bool:
        """Whether it says that it is one."""
        return self.media_type.startswith("image/")

    @property
    def file_name(self) -> str:
        """The name that it has in a form, in small letters; empty where it has none."""
        names = _FILE_NAME.findall(self.headers.get("content-disposition", ""))
        return names[-1].strip().lower() if names else ""


class _Place(Enum):
    BEFORE = auto()
    HEADERS = auto()
    BODY = auto()
    AFTER = auto()
    ENDED = auto()


def boundary_of(content_type: str) -> str:
    """The boundary that the header Content-Type names. Raises DocumentError where the body is no multipart."""
    found = _BOUNDARY.search(content_type) if content_type.strip().lower().startswith("multipart/") else None
    name = (found[1] or found[2] or "").strip() if found else ""
    if not name.strip("-") or len(name) > _MOST_BOUNDARY or not (name.isascii() and name.isprintable()):
        raise DocumentError(Text("expected a stream of parts, multipart with a boundary"))
    return name


class MultipartReader:
    """Take in the bytes of a body, in whatever pieces they come. Holds one part at most.

    `whole`: for parts that do not tell their length, or tell 0 as some cameras do: without it such a part ends where
    the next one begins, which may be a heartbeat later. After a DocumentError it must not be used any more.
    """

    def __init__(self, boundary: str, limits: PartLimits | None = None, whole: WholeBody | None = None) -> None:
        self._limits = limits or PartLimits()
        self._whole = whole
        # Some cameras name the boundary with the hyphens that stand before it on its line, some without.
        line = rb"-{2,80}" + re.escape(boundary.lstrip("-").encode()) + rb"(--)?[ \t]{0,8}\r?\n"
        self._delimiter = re.compile(rb"(?:^|\r?\n)" + line)
        self._delimiter_after_blanks = re.compile(rb"[\r\n \t]{0,%d}" % _MOST_BLANKS + line)
        self._place = _Place.BEFORE
        self._buffer = bytearray()
        self._searched = 0
        self._headers: Mapping[str, str] = {}
        self._length: int | None = None

    @property
    def ended(self) -> bool:
        """Whether the last boundary has come. What follows it is dropped."""
        return self._place is _Place.ENDED

    def feed(self, data: bytes) -> list[Part]:
        """The parts that are complete with these bytes. Raises DocumentError."""
        self._buffer += data
        parts: list[Part] = []
        while self._advance(parts):
            pass
        return parts

    def _advance(self, parts: list[Part]) -> bool:
        """Go one step on; False where more bytes are needed."""
        match self._place:
            case _Place.BEFORE:
                return self._begin()
            case _Place.HEADERS:
                return self._read_headers()
            case _Place.BODY:
                length = self._length
                return self._read_until_boundary(parts) if length is None else self._read_length(parts, length)
            case _Place.AFTER:
                return self._read_boundary()
            case _Place.ENDED:
                self._buffer.clear()
                return False

    def _begin(self) -> bool:
        found = self._delimiter.search(self._buffer)
        before = len(self._buffer) - _LONGEST_DELIMITER if found is None else found.start()
        if before > self._limits.headers:
            raise DocumentError(Text("its parts have another boundary than announced"))
        if found is None:
            return False
        self._pass(found)
        return True

    def _read_headers(self) -> bool:
        first = _LINE_END.match(self._buffer)
        end = first or _HEADERS_END.search(self._buffer, 0, self._limits.headers)
        if end is None:
            if len(self._buffer) >= self._limits.headers:
                raise DocumentError(Text("a part with more than {most} bytes of headers", most=self._limits.headers))
            return False
        self._headers = _headers(bytes(self._buffer[: 0 if first else end.start()]))
        self._length = _told_length(self._headers)
        del self._buffer[: end.end()]
        if self._length is not None:
            self._refuse_longer(self._length)
        self._place, self._searched = _Place.BODY, 0
        return True

    def _read_length(self, parts: list[Part], length: int) -> bool:
        if len(self._buffer) < length:
            return False
        self._complete(parts, length)
        self._place = _Place.AFTER
        return True

    def _read_until_boundary(self, parts: list[Part]) -> bool:
        # `^` is the first byte of the body, wherever the search begins.
        found = self._delimiter.search(self._buffer, max(0, self._searched - _LONGEST_DELIMITER))
        if found is not None:
            self._refuse_longer(found.start())
            self._complete(parts, found.start(), found.end())
            self._go_past(found)
            return True
        self._searched = len(self._buffer)
        self._refuse_longer(len(self._buffer) - _LONGEST_DELIMITER)
        if self._whole is None or self._is_picture or not self._whole(bytes(self._buffer)):
            return False
        self._complete(parts, len(self._buffer))
        self._place = _Place.AFTER
        return True

    def _read_boundary(self) -> bool:
        found = self._delimiter_after_blanks.match(self._buffer)
        if found is not None:
            self._pass(found)
            return True
        rest = self._buffer.lstrip(_BLANKS)
        blanks = len(self._buffer) - len(rest)
        if blanks > _MOST_BLANKS or (rest and not rest.startswith(b"-")):
            raise DocumentError(Text("a part is longer than announced"))
        if b"\n" in rest or len(rest) > _LONGEST_DELIMITER:
            raise DocumentError(Text("its parts have another boundary than announced"))
        return False

    def _complete(self, parts: list[Part], length: int, past: int | None = None) -> None:
        """Give out a part whose body is so many bytes, and forget these or those before `past`."""
        body = bytes(self._buffer[:length])
        if self._length is None and not self._is_picture:
            # Whether the end of its last line is its own or the boundary's depends on who sends it.
            body = body.rstrip(_BLANKS)
        parts.append(Part(self._headers, body))
        del self._buffer[: length if past is None else past]

    def _pass(self, delimiter: re.Match[bytes]) -> None:
        del self._buffer[: delimiter.end()]
        self._go_past(delimiter)

    def _go_past(self, delimiter: re.Match[bytes]) -> None:
        # Of a match in bytes that have changed since, only the places still hold.
        self._place = _Place.HEADERS if delimiter.start(1) < 0 else _Place.ENDED

    @property
    def _is_picture(self) -> bool:
        return Part(self._headers, b"").is_picture

    def _refuse_longer(self, length: int) -> None:
        most = self._limits.picture if self._is_picture else self._limits.text
        if length > most:
            said = Text("a picture of more than {most} bytes; set the camera to smaller pictures", most=most)
            raise DocumentError(said if self._is_picture else Text("a text of more than {most} bytes", most=most))


def _headers(data: bytes) -> dict[str, str]:
    lines = [line for line in _LINE_END.split(data) if line]
    if len(lines) > _MOST_HEADERS:
        raise DocumentError(Text("a part with more than {most} headers", most=_MOST_HEADERS))
    found: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise DocumentError(Text("a part with invalid headers"))
        name, value = header[1].decode("ascii").lower(), header[2].decode("utf-8", "replace").strip()
        if found.setdefault(name, value) != value:
            raise DocumentError(Text("a part with the same header twice"))
    return found


def _told_length(headers: Mapping[str, str]) -> int | None:
    told = headers.get("content-length")
    if told is None:
        return None
    if not _LENGTH.fullmatch(told):
        raise DocumentError(Text("a part whose length is not a number"))
    # A camera was seen to say 0 of every part that it sends.
    return int(told) or None
