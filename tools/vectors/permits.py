"""Vectors of permits: each form that holds, and texts for each check that refuses one."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from agent.core.crypto import JwsType, cbor, cose, jws
from agent.core.model import Declaration, DeclarationStatus, Reason
from agent.core.permit import (
    PLATE_KINDS,
    GateContext,
    Permit,
    PermitForm,
    base45,
    claims,
    declaration_of,
    digest_of,
    issue_jws,
    reference_of,
    verify_permit,
)
from agent.core.permit.issue import issue
from agent.core.plates import PlateKind
from tools.vectors import example_keys as keys
from tools.vectors import trust_lists
from tools.vectors.jws_texts import signed_text
from tools.vectors.trust_lists import AT, DAY_S, SITE

if TYPE_CHECKING:
    from agent.core.crypto import SigningKey

FORMS: Final = frozenset({PermitForm.SIGNED, PermitForm.JWS, PermitForm.REFERENCE})
CONTEXT: Final = GateContext(SITE, 1, "export", clock_trusted=True, clock_skew_s=60, forms=FORMS)
SECRET: Final = bytes(range(10))
PERMIT: Final = Permit(
    permit_id=bytes.fromhex("5e0c41b7a92d8f36"),
    issuer="KHE",
    key_id=keys.ISSUER.public.key_id,
    not_before=AT - 3600,
    expires_at=AT + DAY_S,
    issued_at=AT - 7200,
    declaration=941120260000012345,
    vin="LSVAA49J132047371",
    plate="新A12345",
    plate_kind=PlateKind.CIVIL,
    energy=None,
    site=SITE,
    lane_mask=0,
    direction="export",
    max_uses=1,
)
FULL: Final = replace(PERMIT, energy=2, lane_mask=0b101, max_uses=3, driver_hmac=bytes(range(12)))
BARE: Final = replace(PERMIT, plate=None, plate_kind=None)
DECLARATION: Final = declaration_of(PERMIT, DeclarationStatus.RELEASED, digest_of(SECRET))
REFERENCES: Final = {digest_of(SECRET): DECLARATION}


def sign1(payload: bytes, key: SigningKey, header: cbor.Value | None = None, unprotected: cbor.Value = None) -> bytes:
    """A COSE_Sign1 with any header. The product's own signer makes only the one shape that is accepted."""
    own: cbor.Value = {1: key.algorithm.identifiers[0], 4: key.public.key_id}
    named = own if header is None else header
    protected = cbor.encode(named)
    signature = key.sign(cbor.encode(["Signature1", protected, b"", payload]))
    return b"\xd2" + cbor.encode([protected, {} if unprotected is None else unprotected, payload, signature])


def _gp1(data: bytes) -> str:
    return "GP1:" + base45.encode(data).decode("ascii")


def _claimed(change: dict[int | str, Any], vehicle: dict[int | str, Any] | None = None) -> str:
    """A permit that is signed and says what no issuer says; a value None takes a claim away."""
    said = cbor.decode(claims.encode(PERMIT))
    if not isinstance(said, dict) or not isinstance(inner := said[-65537], dict):
        raise TypeError("the claims of a permit are no map in a map")
    inner |= vehicle or {}
    said |= change
    kept: dict[int | str, cbor.Value] = {key: value for key, value in said.items() if value is not None}
    return _gp1(sign1(cbor.encode(kept), keys.ISSUER))


def _jwt(header: dict[str, Any], payload: bytes) -> str:
    return signed_text(header, payload, keys.ISSUER)


def _texts() -> list[tuple[str, str, Reason, dict[str, Any]]]:
    text = issue(PERMIT, keys.ISSUER)
    data = base45.decode(text[4:].encode())
    payload = claims.encode(PERMIT)
    token = issue_jws(PERMIT, keys.ISSUER)
    own = keys.ISSUER.public.key_id
    ok, structure, invalid = Reason.OK, Reason.STRUCTURE_INVALID, Reason.CLAIMS_INVALID
    twice = b"\xa2\x01" + cbor.encode("KHE") + b"\x01" + cbor.encode("KHE")
    return [
        ("it holds", text, ok, {}),
        ("everything that a permit can say", issue(FULL, keys.ISSUER), ok, {}),
        ("a car without a plate", issue(BARE, keys.ISSUER), ok, {}),
        ("signed by ES256", issue(PERMIT, keys.ISSUER_P256), ok, {}),
        ("the older identifier of EdDSA, -8", _gp1(sign1(payload, keys.ISSUER, {1: -8, 4: own})), ok, {}),
        ("a JWS holds", token, ok, {}),
        ("a JWS by ES256", issue_jws(FULL, keys.ISSUER_P256), ok, {}),
        ("a JWS that names Ed25519", _jwt(_header("Ed25519"), _said(token)), ok, {}),
        ("a reference holds", reference_of(SECRET), ok, {}),
        ("at its end, within the allowance", text, ok, {"at": AT + DAY_S + 59}),
        ("before its begin, within the allowance", text, ok, {"at": AT - 3660}),
        ("longer than a gate looks at", text + "0" * 700, Reason.PAYLOAD_TOO_LARGE, {}),
        ("a link", "https://example.com/permit", Reason.NOT_A_PERMIT, {}),
        ("nothing", "", Reason.NOT_A_PERMIT, {}),
        ("a small prefix", "gp1:" + text[4:], Reason.NOT_A_PERMIT, {}),
        ("a later version", "GP2:" + text[4:], Reason.VERSION_UNSUPPORTED, {}),
        ("a form that this gate does not take", token, Reason.VERSION_UNSUPPORTED, {"forms": ["signed"]}),
        ("a small letter", text[:-1] + "a", Reason.ENCODING_INVALID, {}),
        ("a length that no encoder makes", text[:-1], Reason.ENCODING_INVALID, {}),
        ("three characters above 65535", "GP1::::", Reason.ENCODING_INVALID, {}),
        ("a JWS with padding", token + "=", Reason.ENCODING_INVALID, {}),
        ("a reference in small letters", reference_of(SECRET).replace("G", "g", 1).lower(), Reason.NOT_A_PERMIT, {}),
        ("a reference with a letter that there is not", reference_of(SECRET)[:-1] + "U", Reason.ENCODING_INVALID, {}),
        ("a byte behind it", _gp1(data + b"\x00"), structure, {}),
        ("without its tag", _gp1(data[1:]), structure, {}),
        ("an unprotected header", _gp1(sign1(payload, keys.ISSUER, unprotected={4: own})), structure, {}),
        ("a third header field", _gp1(sign1(payload, keys.ISSUER, {1: -19, 4: own, 3: "x"})), structure, {}),
        ("a header of its own in a JWS", _jwt({**_header("EdDSA"), "crit": []}, _said(token)), structure, {}),
        ("an algorithm of another key", _gp1(sign1(payload, keys.ISSUER, {1: -7, 4: own})), Reason.ALG_NOT_ALLOWED, {}),
        ("a JWS of no algorithm", _jwt(_header("none"), _said(token)), Reason.ALG_NOT_ALLOWED, {}),
        ("a key that is not in the trust list", issue(PERMIT, keys.STRANGER), Reason.KEY_UNKNOWN, {}),
        ("a key for lists", issue(PERMIT, keys.LISTS), Reason.KEY_UNKNOWN, {}),
        ("a key past its time", issue(PERMIT, keys.EXPIRED), Reason.KEY_EXPIRED, {}),
        ("a key that was revoked", issue(PERMIT, keys.REVOKED), Reason.KEY_REVOKED, {}),
        ("the signature of another key", issue(PERMIT, keys.STRANGER, own), Reason.SIGNATURE_INVALID, {}),
        ("one bit of the signature", _gp1(data[:-1] + bytes([data[-1] ^ 1])), Reason.SIGNATURE_INVALID, {}),
        (
            "signed as a trust list is",
            _gp1(cose.sign(payload, keys.ISSUER, trust_lists.CONTEXT)),
            Reason.SIGNATURE_INVALID,
            {},
        ),
        ("a claim that there is not", _claimed({8: 1}), invalid, {}),
        ("no permit id", _claimed({7: None}), invalid, {}),
        ("a claim twice", _gp1(sign1(twice, keys.ISSUER)), invalid, {}),
        ("a VIN with an I", _claimed({}, {3: "LSVAA49J13204737I"}), invalid, {}),
        ("a plate that is not in its normal form", _claimed({}, {4: "新a12345"}), invalid, {}),
        ("a plate without its kind", _claimed({-65537: _without(5)}), invalid, {}),
        ("a plate of another kind", _claimed({}, {5: 17}), invalid, {}),
        ("a declaration number of an import", _claimed({}, {1: 941120261000012345}), invalid, {}),
        ("an issuer to whom the key does not belong", issue(replace(PERMIT, issuer="ALT"), keys.ISSUER), invalid, {}),
        ("a clock that is not trusted", text, Reason.CLOCK_UNTRUSTED, {"clock_trusted": False}),
        ("too early", text, Reason.NOT_YET_VALID, {"at": AT - 3661}),
        ("past its end", text, Reason.EXPIRED, {"at": AT + DAY_S + 60}),
        ("for another site", issue(replace(PERMIT, site=9412), keys.ISSUER_P256), Reason.WRONG_SITE, {}),
        (
            "for a site where its key does not hold",
            issue(replace(PERMIT, site=9412), keys.ISSUER),
            Reason.WRONG_SITE,
            {"site": 9412},
        ),
        ("for other lanes", issue(FULL, keys.ISSUER), Reason.WRONG_LANE, {"lane": 2}),
        ("for the other direction", text, Reason.WRONG_DIRECTION, {"direction": "import"}),
        ("a reference that no declaration has", reference_of(bytes(10)), Reason.DECLARATION_UNKNOWN, {}),
    ]


def _header(algorithm: str) -> dict[str, Any]:
    return {"alg": algorithm, "kid": keys.ISSUER.public.key_id.hex(), "typ": JwsType.PERMIT.value}


def _said(token: str) -> bytes:
    return jws.read(token, JwsType.PERMIT).payload


def _without(key: int) -> dict[int | str, Any]:
    said = cbor.decode(claims.encode(PERMIT))
    inner = said[-65537] if isinstance(said, dict) else None
    if not isinstance(inner, dict):
        raise TypeError("the claims of a permit are no map in a map")
    return {name: value for name, value in inner.items() if name != key}


def written(permit: Permit) -> dict[str, Any]:
    """A permit as JSON: byte strings in hexadecimal digits, the kind of plate as its number."""
    codes = {kind.value: code for code, kind in PLATE_KINDS.items()}
    said = {name: value.hex() if isinstance(value, bytes) else value for name, value in asdict(permit).items()}
    said["declaration"] = permit.declaration_number
    said["plate_kind"] = None if permit.plate_kind is None else codes[permit.plate_kind]
    return said


def context_of(change: dict[str, Any]) -> tuple[GateContext, float]:
    """The gate of a case, and the time there."""
    changed = {name: value for name, value in change.items() if name != "at"}
    if "forms" in changed:
        changed["forms"] = frozenset(map(PermitForm, changed["forms"]))
    return replace(CONTEXT, **changed), change.get("at", AT)


def verdict(text: str, change: dict[str, Any]) -> dict[str, Any]:
    """What a gate says to the text."""
    context, at = context_of(change)
    result = verify_permit(text.encode(), context, trust_lists.TRUST, at, REFERENCES)
    permit = {"permit": written(result.permit)} if result.reason is Reason.OK and result.permit else {}
    return {"reason": result.reason.value, **permit}


def vectors() -> dict[str, Any]:
    """What `permits.json` holds. Raises ValueError where the gate says something else than is expected."""
    cases = []
    for name, text, reason, change in _texts():
        said = verdict(text, change)
        if said["reason"] != reason:
            raise ValueError(f"permit, {name}: {said}")
        cases.append({"name": name, "text": text, **({"gate": change} if change else {}), "expect": said})
    declared: Declaration = DECLARATION
    return {
        "about": "Texts of permits at a gate, and the reason of the first check that fails there. OK: no check fails. "
        "`gate` of a case names what differs there.",
        "gate": {
            "site": SITE,
            "lane": CONTEXT.lane,
            "direction": CONTEXT.direction,
            "at": AT,
            "clock_trusted": True,
            "clock_skew_s": CONTEXT.clock_skew_s,
            "max_text": CONTEXT.max_text,
            "forms": sorted(form.value for form in FORMS),
        },
        "trust_list": trust_lists.TEXT.decode("ascii"),
        "references": {
            digest_of(SECRET).hex(): written(
                replace(PERMIT, issued_at=declared.not_before, key_id=b"", form=PermitForm.REFERENCE)
            )
        },
        "cases": cases,
    }
