"""The things that a gate relies on and that can expire."""

from __future__ import annotations

from enum import StrEnum


class ExpiryKind(StrEnum):
    """What expires, in `expiries` of `health`."""

    CERTIFICATE = "certificate"
    AUTHORITY = "authority"
    TRUST_LIST = "trust_list"
    ISSUER_KEY = "issuer_key"
