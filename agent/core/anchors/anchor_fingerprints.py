"""Trust anchors as people compare them: fingerprints of keys and certificates, and all other values unchanged."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from agent.core.anchors.anchor_keys import CA_KEYS
from agent.core.anchors.held_anchors import public_key
from agent.core.model.printable import printable

if TYPE_CHECKING:
    from pydantic import JsonValue

    from agent.core.anchors.held_anchors import HeldAnchors

_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----", re.ASCII)
"""In one way alone, whatever it is tried on: somebody else may have written it."""


@dataclass(frozen=True, slots=True)
class AnchorDifference:
    """An anchor that is, or would be, another. `before`, `after`: the fingerprints of its entries; empty: it has none.

    Entries that are in both are in both tuples.
    """

    key: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def fingerprints(key: str, value: JsonValue) -> tuple[str, ...]:
    """What people compare of an anchor, an entry each.

    A public key is the SHA-256 of its 32 bytes in hex; a certificate is that of its DER, as openssl shows it without
    colons; all else is JSON, each entry one line of characters that are shown. Raises ValueError for a value that is
    not of its form.
    """
    if value is None:
        return ()
    if key in CA_KEYS.values():
        return tuple(f"sha256:{sha256(b64decode(found)).hexdigest()}" for found in _CERTIFICATE.findall(str(value)))
    return tuple(map(_entry, value)) if isinstance(value, list) else (_entry(value),)


def differences(before: HeldAnchors | None, after: HeldAnchors) -> tuple[AnchorDifference, ...]:
    """The anchors in which two differ, in the order of the keys; all that the second has where there is no first."""
    old = {} if before is None else before.values
    keys = dict.fromkeys((*old, *after.values))
    return tuple(
        AnchorDifference(key, fingerprints(key, old.get(key)), fingerprints(key, after.values.get(key)))
        for key in keys
        if old.get(key) != after.values.get(key) and (before is not None or fingerprints(key, after.values.get(key)))
    )


def _entry(value: JsonValue) -> str:
    match value:
        case str() if re.fullmatch("[0-9a-f]{64}", value):
            return f"sha256:{sha256(public_key(value).raw).hexdigest()}"
        case dict() if "public_key" in value:
            others = [_plain(inner) for name, inner in value.items() if name != "public_key"]
            return " ".join((*others, _entry(value["public_key"])))
        case _:
            return _plain(value)


def _plain(value: JsonValue) -> str:
    if isinstance(value, list):
        return ",".join(map(_plain, value))
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
