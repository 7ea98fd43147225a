"""A webhook as https://www.standardwebhooks.com defines it: its address, its secret, and its message signature."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from drivers.text import Text

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - every secret begins so
LEAST_BYTES: Final = 24
MOST_BYTES: Final = 64
PORT: Final = 443
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class WebhookAddress:
    """Where a webhook is. `target`: path and query, as the request has them."""

    host: str
    port: int
    target: str

    @classmethod
    def parse(cls, url: str) -> WebhookAddress:
        """Read `https://HOST[:PORT][/PATH][?QUERY]`. Raises ValueError with what to fix."""
        expected = Text('expected an address such as "https://alarms.example/gate"')
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError(expected) from None
        if not url.isascii() or not url.isprintable() or len(url) > _LONGEST or any(one in url for one in ' "\\'):
            raise ValueError(expected)
        if parts.scheme != "https" or not parts.hostname or parts.fragment or port == 0:
            raise ValueError(expected)
        if parts.username is not None or parts.password is not None:
            raise ValueError(Text("expected no user name and no password in the address: the secret proves the sender"))
        query = f"?{parts.query}" if parts.query else ""
        return cls(parts.hostname, PORT if port is None else port, f"{parts.path or '/'}{query}")


def webhook_key(secret: str) -> bytes:
    """The key that a secret holds, 24 to 64 bytes. Raises ValueError with what to fix, without the secret."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(
            Text(
                "expected whsec_ and the base64 of {least} to {most} random bytes; see `gate-agent notify secret`",
                least=LEAST_BYTES,
                most=MOST_BYTES,
            )
        )
    return key


def webhook_signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: HMAC-SHA256 over id, Unix seconds and body, with dots between them."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"
