"""The login of an emulated camera: HTTP digest, judged by code of its own.

Not by that of the drivers: what both misunderstood would not be found else.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import threading
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drivers.emulators.plate_camera_faults import CameraForm

REALM: Final = 'plate "camera"'
_FIELD: Final = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^",\s]*))')
_HASHES: Final = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class Judged(Enum):
    """What a request's login is."""

    GOOD = auto()
    STALE = auto()
    WRONG = auto()
    MISSING = auto()


class DigestGuard:
    """Knows one user. `wrong`: how many requests bore a login that was wrong. For all threads."""

    def __init__(self, user: str, password: str, form: CameraForm, realm: str = REALM) -> None:
        self._realm = realm
        self._user = user
        self._password = password
        self._form = form
        self._lock = threading.Lock()
        self._nonces: dict[str, int] = {}
        self._uses: dict[str, int] = {}
        self.wrong = 0

    def challenges(self, *, stale: bool, basic_alone: bool) -> Sequence[str]:
        """The headers WWW-Authenticate."""
        realm = self._realm.replace('"', r"\"")
        basic = f'Basic realm="{realm}"'
        if basic_alone:
            return (basic,)
        parts = [f'realm="{realm}"', f'nonce="{self._new_nonce()}"', f"algorithm={self._form.algorithm}"]
        parts += ['opaque="5ccc69"', *['qop="auth,auth-int"'] * self._form.qop, *["stale=TRUE"] * stale]
        return (basic, "Digest " + ", ".join(parts))

    def judge(self, authorization: str, method: str, target: str, *, basic: bool) -> Judged:
        """What the header Authorization of a request is worth. `basic`: whether Basic is taken too."""
        if not authorization:
            return Judged.MISSING
        scheme, _, rest = authorization.partition(" ")
        if scheme == "Basic":
            is_good = basic and base64.b64decode(rest).decode() == f"{self._user}:{self._password}"
            judged = Judged.GOOD if is_good else Judged.WRONG
        else:
            given = {name: plain or re.sub(r"\\(.)", r"\1", quoted) for name, quoted, plain in _FIELD.findall(rest)}
            judged = self._judge_digest(given, method, target)
        self.wrong += judged is Judged.WRONG
        return judged

    def info(self) -> str:
        """The header Authentication-Info; empty where none is sent."""
        if not self._form.next_nonce:
            return ""
        with self._lock:
            self._nonces.clear()
        return f'nextnonce="{self._new_nonce()}", qop=auth'

    def _judge_digest(self, given: dict[str, str], method: str, target: str) -> Judged:
        def hashed(*parts: str) -> str:
            return _HASHES[self._form.algorithm](":".join(parts).encode()).hexdigest()

        nonce, count = given.get("nonce", ""), given.get("nc", "0")
        of_client = [count, given.get("cnonce", ""), "auth"] if self._form.qop else []
        key = hashed(self._user, self._realm, self._password)
        wanted = {
            "username": self._user,
            "realm": self._realm,
            "uri": target,
            "response": hashed(key, nonce, *of_client, hashed(method, target)),
        }
        if any(given.get(name) != value for name, value in wanted.items()):
            return Judged.WRONG
        with self._lock:
            if nonce not in self._nonces or 0 < self._form.stale_after <= self._uses[nonce]:
                return Judged.STALE
            if self._form.qop and int(count, 16) <= self._nonces[nonce]:
                return Judged.WRONG  # heard before, and sent again
            self._nonces[nonce] = int(count, 16)
            self._uses[nonce] += 1
        return Judged.GOOD

    def _new_nonce(self) -> str:
        nonce = secrets.token_hex(8)
        with self._lock:
            self._nonces[nonce] = self._uses[nonce] = 0
        return nonce
