"""The UsernameToken of an emulated ONVIF camera, judged by code of its own: not by that of the drivers."""

from __future__ import annotations

import base64
import calendar
import hashlib
import re
import time
from typing import Final
from xml.sax.saxutils import unescape

_CLOCK_MAY_DIFFER_S: Final = 5.0


class TokenGuard:
    """Knows one user. `wrong`: how many tokens were wrong."""

    def __init__(self, user: str, password: str) -> None:
        self.wrong = 0
        self._user = user
        self._password = password
        self._nonces: set[str] = set()

    def is_good(self, text: str, clock: float) -> bool:
        """Whether the token in a request is right, new, and made at this time, Unix seconds."""
        is_good = self._judged(text, clock)
        self.wrong += not is_good
        return is_good

    def _judged(self, text: str, clock: float) -> bool:
        nonce, created = word_in(text, "Nonce"), word_in(text, "Created")
        try:
            at = time.strptime(created.partition(".")[0].removesuffix("Z"), "%Y-%m-%dT%H:%M:%S")
            secret = base64.b64decode(nonce, validate=True) + created.encode() + self._password.encode()
        except ValueError:
            return False
        digest = base64.b64encode(hashlib.sha1(secret, usedforsecurity=False).digest()).decode()
        is_now = abs(calendar.timegm(at) - clock) <= _CLOCK_MAY_DIFFER_S
        is_right = (word_in(text, "Username"), word_in(text, "Password")) == (self._user, digest)
        is_new = nonce not in self._nonces
        self._nonces.add(nonce)
        return is_now and is_right and is_new


def word_in(text: str, name: str) -> str:
    """The text of the first element of this name, whatever its prefix; "" where there is none."""
    found = re.search(rf"<(?:\w+:)?{name}(?:\s[^>]*)?>([^<]*)<", text)
    return unescape(found[1].strip(), {"&quot;": '"', "&apos;": "'"}) if found else ""
