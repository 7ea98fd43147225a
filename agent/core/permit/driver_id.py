"""The driver's id in a permit: only a keyed hash, which no one can search without the site's key."""

from __future__ import annotations

import hmac
import unicodedata
from typing import Final

SITE_KEY_BYTES: Final = 16
DRIVER_HMAC_BYTES: Final = 12
_SEPARATORS: Final = frozenset(" -./\u00b7")


def driver_hmac(site_key: bytes, driver_id: str) -> bytes:
    """The first 12 bytes of HMAC-SHA256 (RFC 2104) of a passport or licence number under the site's secret key.

    However the number is typed (full width, lower case, with spaces, hyphens or points), the bytes are the same. A
    plain hash would not do: all passport numbers of one form are tried in a minute. Raises ValueError for a key of
    fewer than 16 bytes, and for a number without a letter or digit; the number itself never stands in the error.
    """
    if len(site_key) < SITE_KEY_BYTES:
        raise ValueError(f"the site's key must have at least {SITE_KEY_BYTES} bytes, not {len(site_key)}")
    plain = unicodedata.normalize("NFKC", driver_id).upper()
    number = "".join(one for one in plain if one not in _SEPARATORS)
    if not number or not number.isalnum():
        raise ValueError("a driver's id is made of letters and digits")
    return hmac.digest(site_key, number.encode(), "sha256")[:DRIVER_HMAC_BYTES]
