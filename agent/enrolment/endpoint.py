"""Where an EST server is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from drivers.text import Text

PORT: Final = 443


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an EST server is: host, port, and the path below which its operations are."""

    host: str
    port: int
    path: str = ""

    @classmethod
    def parse(cls, url: str) -> Endpoint:
        """Read `https://HOST[:PORT][/PATH]`. Raises ValueError with what to fix."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ValueError(Text("{url!r} cannot be read as an address: {error}", url=url, error=error)) from error
        if parts.scheme != "https" or not parts.hostname:
            raise ValueError(Text("{url!r} must be https://HOST:PORT", url=url))
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise ValueError(Text("{url!r} contains more than scheme, host, port and path", url=url))
        if not url.isascii() or not url.isprintable() or any(character in url for character in " ,\\\"'"):
            raise ValueError(Text("{url!r} has a character that an address cannot have", url=url))
        return cls(parts.hostname, PORT if port is None else port, parts.path.rstrip("/"))

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORT else f"{host}:{self.port}"
