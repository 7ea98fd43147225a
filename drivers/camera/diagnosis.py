"""Why a camera could not be opened, in words that say what to do.

The video library only says no. One short connection of our own tells a cable from a password.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import stat
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from drivers.api import DeviceError, DeviceLockingError, DeviceMisconfiguredError, DeviceUnavailableError
from drivers.camera.source import SourceKind, has_credentials, host_and_port, redacted, without_credentials
from drivers.text import Text, prefixed

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONNECT_TIMEOUT_S = 0.7
_ANSWER_TIMEOUT_S = 1.0
_STATUS_LINE_MAX = 256

_UNAUTHORIZED, _FORBIDDEN = 401, 403
_FIRST_FAILURE = 300
_REFUSALS = {
    _UNAUTHORIZED: Text("requires a user and password; write them before the host, as in rtsp://user:password@host/"),
    _FORBIDDEN: Text("this user may not see the stream"),
    404: Text("no such stream; take the path from the camera's manual"),
}


def why_not_opened(url: str, kind: SourceKind) -> DeviceError:
    """The error to raise for a source that did not open. Takes at most about two seconds."""
    match kind:
        case SourceKind.RTSP | SourceKind.HTTP:
            return _network_cause(url, kind)
        case SourceKind.DEVICE:
            return _device_cause(url)
        case SourceKind.FILE:
            return DeviceMisconfiguredError(prefixed(url, _why_not_played(url)))


# ---------------------------------------------------------------------------------------------------- network


def _network_cause(url: str, kind: SourceKind) -> DeviceError:
    name = redacted(url)
    host, port = host_and_port(url)
    try:
        with _connection(url, host, port) as link:
            status = _status(link, url, kind)
    except OSError as error:
        return DeviceUnavailableError(prefixed(name, _why_unreached(error, host, port)))
    return _status_cause(name, status, given=has_credentials(url))


def _why_unreached(error: OSError, host: str, port: int) -> Text:
    match error:
        case socket.gaierror():
            return Text("the host name {host} is not known; write the camera's IP address", host=host)
        case ConnectionRefusedError():
            return Text(
                "{host} refused port {port}. Is the port right, and is the service running?", host=host, port=port
            )
        case ssl.SSLError():
            return Text(
                "no TLS with {host}:{port} ({reason}); is it rtsp:// or http://?",
                host=host,
                port=port,
                reason=error.reason,
            )
        case TimeoutError():
            return Text("{host} does not answer; check power, cable and address", host=host)
        case _:
            return Text(
                "{host} cannot be reached ({strerror}); check cable and network", host=host, strerror=error.strerror
            )


@contextlib.contextmanager
def _connection(url: str, host: str, port: int) -> Iterator[socket.socket]:
    with socket.create_connection((host, port), timeout=_CONNECT_TIMEOUT_S) as plain:
        plain.settimeout(_ANSWER_TIMEOUT_S)
        if urlsplit(url).scheme.lower() not in {"rtsps", "https"}:
            yield plain
            return
        # Cameras carry certificates of their own making; nothing secret is sent here.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with context.wrap_socket(plain, server_hostname=host) as link:
            yield link


def _status(link: socket.socket, url: str, kind: SourceKind) -> int | None:
    """The status number the server answers, or None when it answers nothing or something else."""
    bare = without_credentials(url)
    if kind is SourceKind.RTSP:
        request = f"DESCRIBE {bare} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"
    else:
        parts = urlsplit(bare)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
    line = b""
    try:
        link.sendall(request.encode("utf-8", "replace"))
        while b"\n" not in line and len(line) < _STATUS_LINE_MAX:
            more = link.recv(_STATUS_LINE_MAX)
            if not more:
                break
            line += more
    except OSError:
        return None
    words = line.split(maxsplit=2)
    is_status = len(words) > 1 and words[0].startswith((b"RTSP/", b"HTTP/")) and words[1].isdigit()
    return int(words[1]) if is_status else None


def _status_cause(name: str, status: int | None, *, given: bool) -> DeviceError:
    if status is None:
        return DeviceUnavailableError(
            prefixed(
                name,
                Text(
                    "accepts the connection but never answers; restart the camera, or check whether this is "
                    "another service"
                ),
            )
        )
    if status in _REFUSALS:
        cause = _REFUSALS[status]
        if status == _UNAUTHORIZED and given:
            cause = Text("the user or password is refused")
        may_lock = status in {_UNAUTHORIZED, _FORBIDDEN}
        return (DeviceLockingError if may_lock else DeviceMisconfiguredError)(f"{name}: {cause} ({status})")
    if status >= _FIRST_FAILURE:
        return DeviceUnavailableError(prefixed(name, Text("refuses the stream with status {status}", status=status)))
    return DeviceUnavailableError(
        prefixed(
            name, Text("answers, but sends no video that can be decoded; set the camera to H.264 and check transport")
        )
    )


# ----------------------------------------------------------------------------------------- devices and files


def _device_cause(path: str) -> DeviceError:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a device path is no file to work on
    except FileNotFoundError:
        return DeviceUnavailableError(
            prefixed(path, Text("no such device; is the camera plugged in? See ls /dev/v4l/by-path"))
        )
    except OSError as error:
        return DeviceUnavailableError(prefixed(path, Text("cannot be examined: {strerror}", strerror=error.strerror)))
    if not stat.S_ISCHR(mode):
        return DeviceMisconfiguredError(prefixed(path, Text("is not a camera device")))
    if not os.access(path, os.R_OK | os.W_OK):
        return DeviceMisconfiguredError(
            prefixed(path, Text("no permission; the agent's user must be in the group video"))
        )
    return DeviceUnavailableError(prefixed(path, Text("is not a video source, or another program has it open")))


def _why_not_played(path: str) -> Text:
    if not os.path.exists(path):  # noqa: PTH110 - the path is text all the way
        return Text("no such file")
    if not os.path.isfile(path):  # noqa: PTH113 - as above
        return Text("is not a file; for a folder of pictures take the kind folder")
    if not os.access(path, os.R_OK):
        return Text("no permission to read it")
    return Text("is not a video that can be decoded")
