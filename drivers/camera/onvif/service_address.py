"""Where a service of a camera is, of the addresses that the camera itself names. Pure.

A camera may name any host in its answers. Only the one that is asked already is connected to: a stranger's answer must
not send this machine, with a login, to somebody else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import SplitResult, urlsplit

from drivers.text import Text, either
from drivers.untrusted_text import DocumentError

MOST_URL: Final = 2000
DEVICE_SERVICE: Final = "/onvif/device_service"
_PORTS: Final = {"http": 80, "https": 443}
_STREAM_PORTS: Final = {"rtsp": 554, "rtsps": 322}


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """A host (a number or a name), its TCP port, the target of requests (path and query), and whether it is https."""

    host: str
    port: int = 80
    target: str = DEVICE_SERVICE
    secure: bool = False

    @property
    def place(self) -> str:
        """As people write it: without the port where that is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.secure else "http"] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address; `typed` understands it."""
        return f"{'https' if self.secure else 'http'}://{self.place}{self.target}"

    @classmethod
    def typed(cls, text: str) -> ServiceAddress:
        """What a technician writes: `192.168.1.64`, `192.168.1.64:8080`, or the whole address of the device service.

        Raises DocumentError.
        """
        text = text.strip()
        address = service_address(text if "://" in text else f"http://{text}")
        return replace(address, target=DEVICE_SERVICE) if address.target == "/" else address

    def of(self, url: str, *, other_hosts: bool) -> ServiceAddress:
        """The address that a camera names, asked for at this one.

        Of one that names another host the target alone is taken, unless `other_hosts`. Raises DocumentError.
        """
        named = service_address(url)
        if other_hosts or named.host == self.host:
            return named
        return replace(self, target=named.target)


def service_address(url: str) -> ServiceAddress:
    """The parts of an http or https address. Raises DocumentError."""
    parts = _parts(url, _PORTS)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    secure = parts.scheme.lower() == "https"
    return ServiceAddress(parts.hostname or "", parts.port or _PORTS["https" if secure else "http"], target, secure)


def stream_address(url: str, host: str, *, other_hosts: bool) -> tuple[str, str]:
    """The rtsp address that a camera names, without a login, and the other host that it named; "" for none.

    At another host its own is put in, unless `other_hosts`. Raises DocumentError.
    """
    parts = _parts(url, _STREAM_PORTS)
    named = parts.hostname or ""
    netloc = parts.netloc.rpartition("@")[2]
    other = "" if named == host else named
    if other and not other_hosts:
        netloc = (f"[{host}]" if ":" in host else host) + (f":{parts.port}" if parts.port else "")
    return SplitResult(parts.scheme.lower(), netloc, parts.path, parts.query, "").geturl(), other


def _parts(url: str, schemes: dict[str, int]) -> SplitResult:
    url = url.strip()
    expected = Text("not an address; expected {schemes}", schemes=either(f"{one}://" for one in schemes))
    if not url.isprintable() or " " in url or not url.isascii() or len(url) > MOST_URL:
        raise DocumentError(expected)
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        raise DocumentError(expected) from None
    if parts.scheme.lower() not in schemes or not parts.hostname or "%" in parts.hostname:
        raise DocumentError(expected)
    return parts
