"""The claims of a permit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Permit:
    """The declared right of one vehicle to pass. Times are Unix seconds; `permit_id` is its only identity."""

    permit_id: bytes
    issuer: str
    key_id: bytes
    not_before: int
    expires_at: int
    issued_at: int
    declaration: int
    vin: str
    plate: str | None
    plate_kind: str | None
    energy: int | None
    site: int
    lane_mask: int
    direction: str
    max_uses: int
    driver_hmac: bytes | None = None
