"""What events store about the text of a code: its length and a digest. The text may not be a permit at all."""

from __future__ import annotations

import hashlib

_HEX_DIGITS = 16


def digest_of_code(text: bytes) -> str:
    """The first 8 bytes of the SHA-256 of a code's text, in hex: the same code is known again, its text is not kept."""
    return hashlib.sha256(text).hexdigest()[:_HEX_DIGITS]
