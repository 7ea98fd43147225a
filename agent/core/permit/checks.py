"""The checks on one permit text, in their fixed order. The first that fails decides; every one made leaves its trace.

Nothing here raises on any bytes, and no detail ever repeats what an unsigned text says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.decision import Check, Reason
from agent.core.permit import base45, claims, cose, vin
from agent.core.permit.fields import ClaimsError
from agent.core.permit.keys import Algorithm
from agent.core.permit.trust import KeyStatus, Purpose

if TYPE_CHECKING:
    from agent.core.permit.claims import Permit
    from agent.core.permit.trust import TrustEntry, TrustList

PREFIX = b"GP1:"

_FAMILY = b"GP"
_VERSIONS = b"0123456789R"  # R: a reference to a declaration, not a signed permit
_ALL_ALGORITHMS = frozenset(identifier for algorithm in Algorithm for identifier in algorithm.identifiers)


@dataclass(frozen=True, slots=True)
class GateContext:
    """Where and when a permit is shown.

    `lane`: the lane's number from 1. `direction`: "export" or "import". `clock_skew_s`: how far the clocks of issuer
    and gate may be apart. `max_text`: longest text looked at, in bytes. `list_grace_s`: how long after its expiry a
    trust list may still be used, for a gate that is offline.
    """

    site: int
    lane: int
    direction: str
    clock_trusted: bool
    clock_skew_s: int
    max_text: int = 700
    list_grace_s: int = 86_400


@dataclass(frozen=True, slots=True)
class PermitResult:
    """What the checks said of one text.

    `reason`: OK, or that of the first check that failed, which is the last of `checks`. `permit`: there as soon as its
    signature and its claims hold, also when a later check failed.
    """

    checks: tuple[Check, ...]
    permit: Permit | None
    reason: Reason


class _FailedError(Exception):
    """A check failed; the trail has it."""


class _Trail:
    """The checks made so far."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.permit: Permit | None = None

    def require(self, reason: Reason, ok: bool, detail: str = "") -> None:
        self.checks.append(Check(reason, ok, detail))
        if not ok:
            raise _FailedError

    def fail(self, reason: Reason, detail: str) -> _FailedError:
        self.checks.append(Check(reason, ok=False, detail=detail))
        return _FailedError()


def verify_permit(payload: bytes, context: GateContext, trust: TrustList, utc: float) -> PermitResult:
    """Make every check on the bytes of one QR code at one time (Unix seconds). Never raises on any bytes."""
    trail = _Trail()
    try:
        signed = _open(payload, context.max_text, trail)
        entry = _authenticate(signed, context, trust, utc, trail)
        permit = trail.permit = _claims(signed, entry, trail)
        _admit_time(permit, context, utc, trail)
        _admit_place(permit, entry, context, trail)
        _admit_data(trust, context, utc, trail)
    except _FailedError:
        return PermitResult(tuple(trail.checks), trail.permit, trail.checks[-1].reason)
    return PermitResult(tuple(trail.checks), trail.permit, Reason.OK)


def _open(payload: bytes, max_text: int, trail: _Trail) -> cose.Signed:
    size = len(payload)
    trail.require(Reason.PAYLOAD_TOO_LARGE, size <= max_text, f"{size} of {max_text} bytes")
    kind = payload[len(_FAMILY) : len(_FAMILY) + 1]
    known = payload.startswith(_FAMILY) and payload[3:4] == b":" and kind != b"" and kind in _VERSIONS
    trail.require(Reason.NOT_A_PERMIT, known)
    trail.require(Reason.VERSION_UNSUPPORTED, payload.startswith(PREFIX), f"version {kind.decode('ascii')}")
    try:
        data = base45.decode(payload[len(PREFIX) :])
    except base45.Base45Error as error:
        raise trail.fail(Reason.ENCODING_INVALID, str(error)) from None
    trail.require(Reason.ENCODING_INVALID, ok=True)
    try:
        signed = cose.parse(data)
    except cose.CoseError as error:
        raise trail.fail(Reason.STRUCTURE_INVALID, str(error)) from None
    trail.require(Reason.STRUCTURE_INVALID, ok=True)
    return signed


def _authenticate(signed: cose.Signed, context: GateContext, trust: TrustList, utc: float, trail: _Trail) -> TrustEntry:
    entry = trust.find(signed.key_id, Purpose.PERMITS)
    name = f"key {signed.key_id.hex()}, trust list {trust.version}"
    allowed = _ALL_ALGORITHMS if entry is None else entry.key.algorithm.identifiers
    trail.require(Reason.ALG_NOT_ALLOWED, signed.algorithm in allowed)
    if entry is None:
        raise trail.fail(Reason.KEY_UNKNOWN, name)
    trail.require(Reason.KEY_UNKNOWN, ok=True, detail=name)
    _key_time(entry, context, utc, trail)
    trail.require(Reason.KEY_REVOKED, entry.status is KeyStatus.ACTIVE, f"{entry.status} {entry.reason}".rstrip())
    trail.require(Reason.SIGNATURE_INVALID, signed.holds(entry.key))
    return entry


def _key_time(entry: TrustEntry, context: GateContext, utc: float, trail: _Trail) -> None:
    if not context.clock_trusted:
        # A wrong clock must not call a good key expired; CLOCK_UNTRUSTED stops every such text further on.
        trail.require(Reason.KEY_EXPIRED, ok=True, detail="not judged, the clock is not trusted")
        return
    skew = context.clock_skew_s
    ok = entry.not_before - skew <= utc <= entry.not_after + skew
    trail.require(Reason.KEY_EXPIRED, ok, f"valid from {entry.not_before} to {entry.not_after}")


def _claims(signed: cose.Signed, entry: TrustEntry, trail: _Trail) -> Permit:
    try:
        permit = claims.decode(signed.payload, signed.key_id)
    except ClaimsError as error:
        raise trail.fail(Reason.CLAIMS_INVALID, str(error)) from None
    trail.require(Reason.CLAIMS_INVALID, permit.issuer == entry.issuer, _claims_detail(permit, entry))
    return permit


def _claims_detail(permit: Permit, entry: TrustEntry) -> str:
    if permit.issuer != entry.issuer:
        return "the issuer is not the one that the key belongs to"
    return "the check digit of the VIN differs" if vin.check_digit_differs(permit.vin) else ""


def _admit_time(permit: Permit, context: GateContext, utc: float, trail: _Trail) -> None:
    skew = context.clock_skew_s
    trail.require(Reason.CLOCK_UNTRUSTED, context.clock_trusted)
    trail.require(Reason.NOT_YET_VALID, utc >= permit.not_before - skew, f"from {permit.not_before}")
    trail.require(Reason.EXPIRED, utc < permit.expires_at + skew, f"until {permit.expires_at}")


def _admit_place(permit: Permit, entry: TrustEntry, context: GateContext, trail: _Trail) -> None:
    entitled = not entry.sites or permit.site in entry.sites
    detail = f"for site {permit.site}" if entitled else f"for site {permit.site}, where the key does not hold"
    trail.require(Reason.WRONG_SITE, entitled and permit.site == context.site, detail)
    trail.require(Reason.WRONG_LANE, permit.allows_lane(context.lane), f"lane mask {permit.lane_mask:#x}")
    trail.require(Reason.WRONG_DIRECTION, permit.direction == context.direction, f"for {permit.direction}")


def _admit_data(trust: TrustList, context: GateContext, utc: float, trail: _Trail) -> None:
    fresh = utc < trust.expires_at + context.list_grace_s
    trail.require(Reason.DATA_TOO_OLD, fresh, f"trust list {trust.version} until {trust.expires_at}")
