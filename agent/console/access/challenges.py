"""Challenges for passkeys: each is for one browser, for a while, and for one answer.

They are kept nowhere until they are answered: a flood of pages takes no memory.
"""

from __future__ import annotations

import hmac
import secrets
import struct
import threading
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

LIFE_S: Final = 900.0
NONCE_BYTES: Final = 16
MARK_BYTES: Final = 16
_END: Final = struct.Struct(">d")
LENGTH: Final = NONCE_BYTES + _END.size + MARK_BYTES


class Challenges:
    """Makes challenges and spends them. For all threads; those of before a restart are void."""

    def __init__(self, at: Callable[[], float]) -> None:
        """`at`: monotonic seconds."""
        self._at = at
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._spent: dict[bytes, float] = {}

    def make(self, browser: str) -> bytes:
        """A challenge for a browser, by the secret to which its forms are bound."""
        begun = secrets.token_bytes(NONCE_BYTES) + _END.pack(self._at() + LIFE_S)
        return begun + self._mark(begun, browser)

    def spend(self, challenge: bytes, browser: str) -> bool:
        """Whether it was made for this browser, not too long ago, and not spent before; then it is spent now."""
        if len(challenge) != LENGTH:
            return False
        begun, mark = challenge[:-MARK_BYTES], challenge[-MARK_BYTES:]
        if not hmac.compare_digest(mark, self._mark(begun, browser)):
            return False
        (until_at,) = _END.unpack(begun[NONCE_BYTES:])
        now = self._at()
        with self._lock:
            self._spent = {one: at for one, at in self._spent.items() if at >= now}
            if now > until_at or challenge in self._spent:
                return False
            self._spent[challenge] = until_at
            return True

    def _mark(self, begun: bytes, browser: str) -> bytes:
        return hmac.digest(self._key, begun + browser.encode(), "sha256")[:MARK_BYTES]


def handle_of(user: str) -> bytes:
    """What a passkey holds to tell the users of a gate apart: no name (WebAuthn, section 14.6.1)."""
    return sha256(f"user of the console: {user}".encode()).digest()
