"""A decision, its reason and the checks behind it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.core.lists.freshness import DataStanding
    from agent.core.permit.claims import Permit
    from agent.core.plates.match import PlateMatch


class Verdict(StrEnum):
    """What a decision says."""

    PASS = "PASS"  # noqa: S105
    DENY = "DENY"
    MANUAL = "MANUAL"
    RETRY = "RETRY"


class Reason(StrEnum):
    """Why. The order is the order of the checks: the first that fails decides."""

    OK = "OK"
    QR_NONE = "QR_NONE"
    QR_MULTIPLE = "QR_MULTIPLE"
    QR_UNSTABLE = "QR_UNSTABLE"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    NOT_A_PERMIT = "NOT_A_PERMIT"
    VERSION_UNSUPPORTED = "VERSION_UNSUPPORTED"
    ENCODING_INVALID = "ENCODING_INVALID"
    STRUCTURE_INVALID = "STRUCTURE_INVALID"
    ALG_NOT_ALLOWED = "ALG_NOT_ALLOWED"
    KEY_UNKNOWN = "KEY_UNKNOWN"
    KEY_EXPIRED = "KEY_EXPIRED"
    KEY_REVOKED = "KEY_REVOKED"
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    CLAIMS_INVALID = "CLAIMS_INVALID"
    CLOCK_UNTRUSTED = "CLOCK_UNTRUSTED"
    NOT_YET_VALID = "NOT_YET_VALID"
    EXPIRED = "EXPIRED"
    WRONG_SITE = "WRONG_SITE"
    WRONG_LANE = "WRONG_LANE"
    WRONG_DIRECTION = "WRONG_DIRECTION"
    PERMIT_REVOKED = "PERMIT_REVOKED"
    DECLARATION_UNKNOWN = "DECLARATION_UNKNOWN"
    DECLARATION_NOT_RELEASED = "DECLARATION_NOT_RELEASED"
    DECLARATION_MISMATCH = "DECLARATION_MISMATCH"
    DATA_TOO_OLD = "DATA_TOO_OLD"
    PLATE_UNREADABLE = "PLATE_UNREADABLE"
    PLATE_UNSURE = "PLATE_UNSURE"
    PLATE_MISMATCH = "PLATE_MISMATCH"
    PLATE_OTHER_PERMIT = "PLATE_OTHER_PERMIT"
    VIN_CHECKSUM = "VIN_CHECKSUM"
    VIN_ALREADY_EXITED = "VIN_ALREADY_EXITED"
    VEHICLE_CLASS_MISMATCH = "VEHICLE_CLASS_MISMATCH"
    ALREADY_USED = "ALREADY_USED"
    USED_AT_OTHER_GATE = "USED_AT_OTHER_GATE"
    RESERVED_ELSEWHERE = "RESERVED_ELSEWHERE"
    LEDGER_UNREACHABLE = "LEDGER_UNREACHABLE"
    PASSBACK = "PASSBACK"
    RATE_LIMITED = "RATE_LIMITED"
    WATCHLIST_HOLD = "WATCHLIST_HOLD"
    SAMPLED = "SAMPLED"
    INTERLOCKED = "INTERLOCKED"
    LANE_LOCKED = "LANE_LOCKED"
    GATE_FAULT = "GATE_FAULT"
    INTERNAL_ERROR = "INTERNAL_ERROR"


@dataclass(frozen=True, slots=True)
class Check:
    """One check that was made: the reason it would give, whether it held, and what it saw."""

    reason: Reason
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one transaction at one time.

    `checks`: every check made, in order; the last one is the first that failed. `permit`: the verified permit, None
    when the text failed before its signature held. `match`: the plate match, None when none was made. `data`: how fresh
    the lists behind it were, None where they were not asked.
    """

    verdict: Verdict
    reason: Reason
    checks: tuple[Check, ...]
    permit: Permit | None = None
    match: PlateMatch | None = None
    data: DataStanding | None = None
