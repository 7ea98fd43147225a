"""Sessions: who is logged in, proved by a token that only his browser and nobody's disk holds."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from agent.console.access.person import Role

TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody's stay. `key`: the hash by which it is kept."""

    key: str
    user: str
    role: Role


class Sessions:
    """The open sessions. For all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Session] = {}

    def open(self, user: str, role: Role) -> str:
        """Begin one; returns its token, 43 letters of base64url."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        key = _key(token)
        with self._lock:
            self._open[key] = Session(key, user, role)
        return token

    def find(self, token: str) -> Session | None:
        """The session of a token; None: there is none."""
        with self._lock:
            return self._open.get(_key(token))

    def close(self, token: str) -> None:
        """End it."""
        with self._lock:
            self._open.pop(_key(token), None)


def csrf_token(token: str) -> str:
    """What proves that a form came from a page of ours: bound to the session, and of no use to find its token."""
    return hmac.new(token.encode(), b"form of the console", hashlib.sha256).hexdigest()


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
