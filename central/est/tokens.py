"""One-time tokens: what a technician types, or shows as a code, to have a gate enrolled.

A token is the number of its site and 20 letters of Crockford's Base32, 100 random bits: nobody guesses it, so a plain
SHA-256 keeps it. The text stands nowhere but on the paper of the technician.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUPS: Final = 4
GROUP_LETTERS: Final = 5
LONGEST: Final = 64
_CONTEXT: Final = b"gate enrolment token 1:"
_READ_AS: Final = str.maketrans("OIL", "011")
_FORM: Final = re.compile(rf"(?P<site>[0-9]{{1,10}})-(?P<secret>[{LETTERS}-]+)")


def new_token(site: int) -> str:
    """A new token of this site, such as 7-K3M0A-..."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(GROUP_LETTERS)) for _ in range(GROUPS))
    return "-".join((str(site), *groups))


def token_digest(text: str) -> bytes | None:
    """The digest under which a token is kept; None for a text that is no token.

    Small letters, spaces and missing hyphens after the site's number are put right, and O, I and L read as 0 and 1.
    """
    found = _read(text)
    if found is None:
        return None
    site, secret = found
    return hashlib.sha256(_CONTEXT + f"{site}:{secret}".encode()).digest()


def token_site(text: str) -> int | None:
    """The number of the site that a token names; None for a text that is no token."""
    found = _read(text)
    return None if found is None else found[0]


def _read(text: str) -> tuple[int, str] | None:
    if len(text) > LONGEST or not text.isascii():
        return None
    found = _FORM.fullmatch("".join(text.split()).upper().translate(_READ_AS))
    if found is None:
        return None
    secret = found["secret"].replace("-", "")
    return (int(found["site"]), secret) if len(secret) == GROUPS * GROUP_LETTERS else None
