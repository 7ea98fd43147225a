"""The enrolment code: all that a gate needs to be enrolled, as one text, which a QR code can carry.

`GAE1,URL,TOKEN,SHA256`: the EST server, the one-time token, and the fingerprint of the server's authority in hex.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.enrolment.endpoint import Endpoint
from agent.enrolment.server_trust import fingerprint
from drivers.text import Text

MARK: Final = "GAE1"
LONGEST: Final = 1024
_PARTS: Final = 4


class CodeError(ValueError):
    """A text is no enrolment code; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class EnrolmentCode:
    """What an enrolment code says. `fingerprint`: the SHA-256 of the authority's certificate."""

    url: str
    token: str
    fingerprint: bytes

    @property
    def text(self) -> str:
        """The code as text."""
        return f"{MARK},{self.url},{self.token},{self.fingerprint.hex()}"

    @classmethod
    def parse(cls, text: str) -> EnrolmentCode:
        """Read a code. Raises CodeError."""
        parts = text.strip().split(",")
        if len(text) > LONGEST or parts[0] != MARK or len(parts) != _PARTS:
            raise CodeError(Text("an enrolment code is {form}", form=f"{MARK},URL,TOKEN,SHA256"))
        _, url, token, digits = parts
        if not token or not token.isascii() or not token.isprintable():
            raise CodeError(Text("an enrolment code is {form}", form=f"{MARK},URL,TOKEN,SHA256"))
        try:
            Endpoint.parse(url)
            return cls(url, token, fingerprint(digits))
        except ValueError as error:
            raise CodeError(str(error)) from error
