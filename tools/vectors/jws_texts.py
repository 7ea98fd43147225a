"""Compact JWS with any header and payload. The product's own signer makes only the one shape that is accepted."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.core.crypto import SigningKey


def base64url(raw: bytes) -> str:
    """The base64url of bytes, without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def signed_text(header: dict[str, Any], payload: bytes, key: SigningKey) -> str:
    """The text that this key signs, with exactly this header."""
    message = f"{base64url(json.dumps(header, separators=(',', ':')).encode())}.{base64url(payload)}"
    return f"{message}.{base64url(key.sign(message.encode()))}"
