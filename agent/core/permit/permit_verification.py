"""The checks on one permit text, in their fixed order. The first that fails decides, and the result lists all that ran.

Nothing here raises, whatever the bytes are. No detail repeats the content of an unsigned text.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from agent.core.model import Check, Reason
from agent.core.permit import parse, reference, vin
from agent.core.permit.check_results import CheckFailedError, CheckList
from agent.core.permit.claims import PermitForm
from agent.core.permit.fields import ClaimsError
from agent.core.permit.trust import KeyStatus, Purpose
from drivers.text import Text, joined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.model import Declaration
    from agent.core.permit.claims import Permit
    from agent.core.permit.parse import OpenedPermit
    from agent.core.permit.trust import TrustEntry, TrustList

MAX_TEXT: Final = 700
"""The longest text that a gate looks at, in bytes, unless it is configured otherwise."""

_VERSIONS = b"0123456789R"  # what may stand in `GP?:`; R: a reference to a declaration, not a signed permit
_FORMS: Mapping[bytes, PermitForm] = {
    parse.PREFIX: PermitForm.SIGNED,
    reference.PREFIX: PermitForm.REFERENCE,
}
_FORM_BYTES = len(parse.PREFIX)
_NO_REFERENCES: Mapping[bytes, Declaration] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class GateContext:
    """Where and when a permit is shown.

    `lane`: the lane's number from 1. `direction`: "export" or "import". `clock_skew_s`: how far the clocks of issuer
    and gate may be apart. `max_text`: longest text looked at, in bytes. `forms`: those that this gate accepts.
    `longest_life_s`: for so long from its beginning a permit holds at most, whatever it says; a gate that forgets the
    uses of permits must not meet one again that it has forgotten.
    """

    site: int
    lane: int
    direction: str
    clock_trusted: bool
    clock_skew_s: int
    max_text: int = MAX_TEXT
    forms: frozenset[PermitForm] = frozenset({PermitForm.SIGNED})
    longest_life_s: float = inf


@dataclass(frozen=True, slots=True)
class PermitResult:
    """What the checks said of one text.

    `reason`: OK, or that of the first check that failed, which is the last of `checks`. `permit`: there as soon as its
    signature and its claims hold, also when a later check failed; of a reference as soon as its declaration is found.
    """

    checks: tuple[Check, ...]
    permit: Permit | None
    reason: Reason


def verify_permit(
    payload: bytes,
    context: GateContext,
    trust: TrustList,
    utc: float,
    references: Mapping[bytes, Declaration] = _NO_REFERENCES,
) -> PermitResult:
    """Make every check on the bytes of one QR code at one time (Unix seconds). Never raises on any bytes.

    `references`: the declarations that the gate holds for `reference.digest_of_reference` of the texts that have one. A
    reference has no key and no signature to check: its declaration came signed, and an unknown one is
    DECLARATION_UNKNOWN.
    """
    check_list = CheckList()
    try:
        form = _form(payload, context, check_list)
        if form is PermitForm.REFERENCE:
            entry, permit = None, _declared(payload, references, check_list)
        else:
            entry, permit = _signed(payload, form, context, trust, utc, check_list)
        check_list.permit = permit
        _admit_time(permit, context, utc, check_list)
        _admit_place(permit, entry, context, check_list)
    except CheckFailedError:
        return PermitResult(tuple(check_list.checks), check_list.permit, check_list.checks[-1].reason)
    return PermitResult(tuple(check_list.checks), check_list.permit, Reason.OK)


def verify_declared(declaration: Declaration, form: PermitForm, context: GateContext, utc: float) -> PermitResult:
    """Make the checks of time and place on the permit of a declaration that something else than a text leads to."""
    return admission(reference.permit_of(declaration, form), context, utc)


def admission(permit: Permit, context: GateContext, utc: float) -> PermitResult:
    """Make the checks of time and place alone on a permit that holds by itself (Unix seconds).

    For which sites the key may sign that signed it is not judged here.
    """
    check_list = CheckList()
    check_list.permit = permit
    try:
        _admit_time(permit, context, utc, check_list)
        _admit_place(permit, None, context, check_list)
    except CheckFailedError:
        return PermitResult(tuple(check_list.checks), check_list.permit, check_list.checks[-1].reason)
    return PermitResult(tuple(check_list.checks), check_list.permit, Reason.OK)


def _form(payload: bytes, context: GateContext, check_list: CheckList) -> PermitForm:
    size = len(payload)
    check_list.require(
        Reason.PAYLOAD_TOO_LARGE,
        size <= context.max_text,
        Text("{size} of {max_text} bytes", size=size, max_text=context.max_text),
    )
    version = payload[2:3]
    ours = payload.startswith(b"GP") and payload[3:_FORM_BYTES] == b":" and version != b"" and version in _VERSIONS
    check_list.require(Reason.NOT_A_PERMIT, ours or parse.is_jws(payload))
    form = PermitForm.JWS
    if ours:
        found = _FORMS.get(payload[:_FORM_BYTES])
        if found is None:
            raise check_list.failure(
                Reason.VERSION_UNSUPPORTED, Text("version {version}", version=version.decode("ascii"))
            )
        form = found
    accepted = form in context.forms
    check_list.require(
        Reason.VERSION_UNSUPPORTED,
        accepted,
        joined([Text("form {form}", form=form), *([] if accepted else [Text("not accepted here")])]),
    )
    return form


def _declared(payload: bytes, references: Mapping[bytes, Declaration], check_list: CheckList) -> Permit:
    digest = reference.digest_of_reference(payload)
    if digest is None:
        raise check_list.failure(Reason.ENCODING_INVALID, Text("not the 16 characters of a reference"))
    check_list.require(Reason.ENCODING_INVALID, ok=True)
    declaration = references.get(digest)
    if declaration is None:
        raise check_list.failure(Reason.DECLARATION_UNKNOWN, Text("no declaration has this reference"))
    return reference.permit_of(declaration, PermitForm.REFERENCE)


def _signed(
    payload: bytes, form: PermitForm, context: GateContext, trust: TrustList, utc: float, check_list: CheckList
) -> tuple[TrustEntry, Permit]:
    opened = _open(payload, form, check_list)
    entry = _authenticate(opened, context, trust, utc, check_list)
    return entry, _claims(opened, entry, check_list)


def _open(payload: bytes, form: PermitForm, check_list: CheckList) -> OpenedPermit:
    try:
        opened = parse.open_text(payload, form)
    except parse.EncodingError as error:
        raise check_list.failure(Reason.ENCODING_INVALID, str(error)) from None
    except parse.StructureError as error:
        check_list.require(Reason.ENCODING_INVALID, ok=True)
        raise check_list.failure(Reason.STRUCTURE_INVALID, str(error)) from None
    check_list.require(Reason.ENCODING_INVALID, ok=True)
    check_list.require(Reason.STRUCTURE_INVALID, ok=True)
    return opened


def _authenticate(
    opened: OpenedPermit, context: GateContext, trust: TrustList, utc: float, check_list: CheckList
) -> TrustEntry:
    entry = trust.find(opened.key_id, Purpose.PERMITS)
    name = Text("key {key_id}, trust list {version}", key_id=opened.key_id.hex(), version=trust.version)
    allowed = bool(opened.algorithms) if entry is None else entry.key.algorithm in opened.algorithms
    check_list.require(Reason.ALG_NOT_ALLOWED, allowed)
    if entry is None:
        raise check_list.failure(Reason.KEY_UNKNOWN, name)
    check_list.require(Reason.KEY_UNKNOWN, ok=True, detail=name)
    _key_time(entry, context, utc, check_list)
    check_list.require(
        Reason.KEY_REVOKED,
        entry.status is KeyStatus.ACTIVE,
        joined([entry.status, *([entry.reason] if entry.reason else [])], " "),
    )
    check_list.require(Reason.SIGNATURE_INVALID, opened.holds(entry.key))
    return entry


def _key_time(entry: TrustEntry, context: GateContext, utc: float, check_list: CheckList) -> None:
    if not context.clock_trusted:
        # A wrong clock must not call a good key expired; CLOCK_UNTRUSTED stops every such text further on.
        check_list.require(Reason.KEY_EXPIRED, ok=True, detail=Text("not checked, the clock is not reliable"))
        return
    skew = context.clock_skew_s
    ok = entry.not_before - skew <= utc <= entry.not_after + skew
    check_list.require(
        Reason.KEY_EXPIRED,
        ok,
        Text("valid from {not_before} to {not_after}", not_before=entry.not_before, not_after=entry.not_after),
    )


def _claims(opened: OpenedPermit, entry: TrustEntry, check_list: CheckList) -> Permit:
    try:
        permit = opened.permit()
    except ClaimsError as error:
        raise check_list.failure(Reason.CLAIMS_INVALID, str(error)) from None
    check_list.require(Reason.CLAIMS_INVALID, permit.issuer == entry.issuer, _claims_detail(permit, entry))
    return permit


def _claims_detail(permit: Permit, entry: TrustEntry) -> str:
    if permit.issuer != entry.issuer:
        return Text("the key belongs to another issuer")
    return Text("the check digit of the VIN differs") if vin.check_digit_differs(permit.vin) else ""


def _admit_time(permit: Permit, context: GateContext, utc: float, check_list: CheckList) -> None:
    skew = context.clock_skew_s
    check_list.require(Reason.CLOCK_UNTRUSTED, context.clock_trusted)
    check_list.require(
        Reason.NOT_YET_VALID, utc >= permit.not_before - skew, Text("from {not_before}", not_before=permit.not_before)
    )
    longest = permit.not_before + context.longest_life_s
    check_list.require(Reason.EXPIRED, utc < min(permit.expires_at, longest) + skew, _end_detail(permit, longest))


def _end_detail(permit: Permit, longest: float) -> str:
    if permit.expires_at <= longest:
        return Text("until {expires_at}", expires_at=permit.expires_at)
    return Text(
        "valid until {expires_at}, but accepted here only until {longest}, because the gate keeps no uses after that",
        expires_at=permit.expires_at,
        longest=f"{longest:.0f}",
    )


def _admit_place(permit: Permit, entry: TrustEntry | None, context: GateContext, check_list: CheckList) -> None:
    entitled = entry is None or not entry.sites or permit.site in entry.sites
    detail = (
        Text("for site {site}", site=permit.site)
        if entitled
        else Text("for site {site}, where the key is not valid", site=permit.site)
    )
    check_list.require(Reason.WRONG_SITE, entitled and permit.site == context.site, detail)
    check_list.require(
        Reason.WRONG_LANE,
        permit.allows_lane(context.lane),
        Text("lane mask {lane_mask}", lane_mask=f"{permit.lane_mask:#x}"),
    )
    check_list.require(
        Reason.WRONG_DIRECTION,
        permit.direction == context.direction,
        Text("for {direction}", direction=permit.direction),
    )
