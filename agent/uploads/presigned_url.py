"""Where a presigned URL leads, judged before anything is connected: a host that is allowed, over TLS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from agent.core.model import StoreHost, UploadFault
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Collection

LONGEST: Final = 2_048
HTTP_PORT: Final = 80
HTTPS_PORT: Final = 443


class PlaceRefusedError(ValueError):
    """The gate sends nothing there; the message says why, without the URL."""

    def __init__(self, code: UploadFault, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class SignedPlace:
    """A place that may be written to. `netloc`: as the Host header must have it, since that is signed too.

    `target`: path and query. Who knows it may write there, so nothing shows it.
    """

    host: StoreHost
    tls: bool
    netloc: str
    target: str = field(repr=False)

    @classmethod
    def parse(cls, url: str, allowed: Collection[str]) -> SignedPlace:
        """Read a presigned URL. `allowed`: the hosts of the configuration. Raises PlaceRefusedError."""
        if len(url) > LONGEST or not url.isascii() or not url.isprintable() or any(sign in url for sign in ' \\"<>#'):
            raise _invalid(
                Text(
                    "it is longer than {longest} characters, or has a character that a URL cannot have", longest=LONGEST
                )
            )
        try:
            parts = urlsplit(url)
        except ValueError:
            raise _invalid(Text("it cannot be read as a URL")) from None
        if parts.scheme not in {"https", "http"} or "@" in parts.netloc or not parts.path.startswith("/"):
            raise _invalid(Text("expected https://HOST/PATH, without a user"))
        tls = parts.scheme == "https"
        try:
            host = StoreHost.parse(parts.netloc, HTTPS_PORT if tls else HTTP_PORT)
        except ValueError:
            raise _invalid(Text("it has no host name")) from None
        if host.text not in allowed:
            message = Text("{host} is not in uploads.hosts of this gate: nothing is sent there", host=host.text)
            raise PlaceRefusedError(UploadFault.HOST_NOT_ALLOWED, message)
        if not tls and not host.is_loopback:
            raise _invalid(Text("expected https: {host} is another computer", host=host.text))
        return cls(host, tls, parts.netloc, f"{parts.path}?{parts.query}" if parts.query else parts.path)


def _invalid(why: str) -> PlaceRefusedError:
    return PlaceRefusedError(UploadFault.URL_INVALID, Text("the gate may not write there: {why}", why=why))
