"""Taking secrets out of texts that people will read: logs, error messages, support bundles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "********"
_SHORTEST_SECRET = 4

# scheme://user:password@host: greedy up to the last @ before a space, quote or slash, since passwords hold @ as well.
_URL_PASSWORD = re.compile(r"(?P<before>[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@\"'<>]*):(?P<secret>[^\s\"'<>/]+)@")
_SECRET_WORD = r"(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|api_?key|credentials?)"  # noqa: S105 - a pattern
# What makes a URL of an object store worth having: S3 and those that speak as it does, and Google's, with Azure's sig.
_SIGNED_WORD = r"(?:X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token)|AWSAccessKeyId|Signature|sig)"
_URL_PARAMETER = re.compile(
    rf"(?P<before>[?&;](?:{_SECRET_WORD}|{_SIGNED_WORD})=)(?P<secret>[^&;\s\"'<>]+)", re.IGNORECASE
)
# Of the gate's own keys, anti_passback_s and pass_reasons hold none.
_SECRET_NAME = re.compile(
    r"pass(?!back|_reasons)|pas+w|pwd|psw|secret|token|credential|private|api_?key", re.IGNORECASE
)


def masked_urls(text: str) -> str:
    """Return the text with the passwords of all URLs in it masked; the user names stay."""
    if "://" not in text:
        return text
    text = _URL_PASSWORD.sub(rf"\g<before>:{MASK}@", text)
    return _URL_PARAMETER.sub(rf"\g<before>{MASK}", text)


def url_secrets(text: str) -> list[str]:
    """What `masked_urls` masks in the text, in the order of their places."""
    if "://" not in text:
        return []
    found = [*_URL_PASSWORD.finditer(text), *_URL_PARAMETER.finditer(text)]
    return [one["secret"] for one in sorted(found, key=lambda one: one.start("secret"))]


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text with the passwords of URLs and every one of `secrets` masked.

    Secrets of fewer than four characters are left: masking them would eat ordinary words and hide nothing.
    """
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    return masked_urls(text)


def sounds_secret(name: str) -> bool:
    """Say whether a key of this name is likely to hold a secret, misspellings included."""
    return _SECRET_NAME.search(name) is not None
