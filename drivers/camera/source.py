"""What a camera's address means, and how to write it into a message without its password."""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from drivers.text import Text

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")
_SECRET_VALUE = re.compile(r"(?i)([?&;][^=&;#]*(?:pass|pwd|pw|psw|token|auth|secret|key|sig)[^=&;#]*=)[^&;#]*")
_DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


class SourceKind(StrEnum):
    """How a source is read."""

    RTSP = "rtsp"
    HTTP = "http"
    DEVICE = "device"
    FILE = "file"


def source_kind(url: str) -> SourceKind:
    """The kind of a source by its address.

    Raises ValueError, with a text that says what to write instead and never the address itself, for anything else.
    """
    if url.startswith("/dev/"):
        return SourceKind.DEVICE
    if not url.strip() or "\0" in url:
        raise ValueError(Text("write the camera's address, such as rtsp://192.168.1.64/stream1"))
    if url.isdigit():
        raise ValueError(Text("write a USB camera as its stable path below /dev/v4l/by-path/, not as a number"))
    scheme = _SCHEME.match(url)
    if scheme is None:
        return SourceKind.FILE
    match scheme.group(1).lower():
        case "rtsp" | "rtsps":
            kind = SourceKind.RTSP
        case "http" | "https":
            kind = SourceKind.HTTP
        case _:
            raise ValueError(
                Text("an address starts with rtsp://, rtsps://, http:// or https://; a file is a plain path")
            )
    _require_host(url)
    return kind


def host_and_port(url: str) -> tuple[str, int]:
    """Where a network source listens; the scheme's own port when none is written."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme.lower()]


def is_address(host: str) -> bool:
    """Whether a host is written as an IP address, so that no name must be looked up."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def without_credentials(url: str) -> str:
    """The address without user and password, as it stands in the first line of a request."""
    parts = urlsplit(url)
    return SplitResult(parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, "").geturl()


def has_credentials(url: str) -> bool:
    """Whether a user or password is written in the address."""
    return "@" in urlsplit(url).netloc


def redacted(url: str) -> str:
    """The address fit for a message: `user:***@`, and *** for query values whose name sounds like a secret.

    All that stands before the last `@` is hidden: a password with a bare `/` or `@` must not show up in part.
    """
    scheme = _SCHEME.match(url)
    if scheme is None:
        return url
    before, at, rest = url[scheme.end() :].rpartition("@")
    user = before.partition(":")[0] + ":***@" if at else ""
    return scheme.group(0) + user + _SECRET_VALUE.sub(r"\1***", rest)


def _require_host(url: str) -> None:
    message = Text("the host in the address is not valid; write / @ : # in a user or password as %2F %40 %3A %23")
    try:
        parts = urlsplit(url)
        host, _ = host_and_port(url)
    except ValueError:
        raise ValueError(message) from None
    if not host or "@" in parts.path:
        raise ValueError(message)
