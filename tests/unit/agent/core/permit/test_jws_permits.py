"""Permits as JSON Web Signatures: one header, strict claims, the algorithm that the key has, and other tools agree."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey, OKPKey

from agent.core.crypto.keys import Algorithm, SigningKey
from agent.core.model.reasons import Reason
from agent.core.permit import json_claims
from agent.core.permit.claims import PermitForm
from agent.core.permit.fields import ClaimsError
from agent.core.permit.issue import DAY_S, Issuer, issue, issue_jws, trust_list
from agent.core.permit.permit_verification import GateContext, verify_permit
from tests.support.pki.permits import KEY, NOW, PERMIT

EC = SigningKey.from_seed(b"c" * 32, Algorithm.ES256)
STRANGER = SigningKey.from_seed(b"s" * 32)
TRUST = trust_list([Issuer("KHE", KEY), Issuer("HSM", EC)], NOW - DAY_S)
FORMS = frozenset({PermitForm.SIGNED, PermitForm.JWS})
CONTEXT = GateContext(9411, 1, "export", clock_trusted=True, clock_skew_s=60, forms=FORMS)
FULL = replace(PERMIT, plate="新AD12345", plate_kind="new_energy_small", driver_hmac=bytes(12), lane_mask=5, max_uses=3)
KID = KEY.public.key_id.hex()
HEADER = {"alg": "EdDSA", "kid": KID, "typ": "gate-permit+jwt"}
CLAIMS = json.loads(json_claims.encode(PERMIT))


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def raw(header, payload, key=KEY):
    """A signed text of any bytes as header and payload."""
    message = b64(header) + b"." + b64(payload)
    return message + b"." + b64(key.sign(message))


def signed(header=None, claims=None, key=KEY):
    return raw(
        json.dumps(HEADER | (header or {})).encode(), json.dumps(CLAIMS if claims is None else claims).encode(), key
    )


def without(name):
    return {field: value for field, value in HEADER.items() if field != name}


def vehicle(**changes):
    return CLAIMS | {"vehicle": CLAIMS["vehicle"] | changes}


def reason(text, context=CONTEXT):
    return verify_permit(text, context, TRUST, NOW).reason


@pytest.mark.parametrize("permit", [PERMIT, FULL], ids=["small", "full"])
@pytest.mark.parametrize(("key", "issuer"), [(KEY, "KHE"), (EC, "HSM")], ids=["Ed25519", "ES256"])
def test_a_permit_as_jws_passes_with_the_same_checks_and_claims(permit, key, issuer):
    permit = replace(permit, issuer=issuer)
    result = verify_permit(issue_jws(permit, key).encode(), CONTEXT, TRUST, NOW)
    other = verify_permit(issue(permit, key).encode(), CONTEXT, TRUST, NOW)
    assert (result.reason, other.reason) == (Reason.OK, Reason.OK)
    assert [made.reason for made in result.checks] == [made.reason for made in other.checks]
    assert result.permit == replace(other.permit, form=PermitForm.JWS)


def test_a_gate_that_takes_no_jws_says_so():
    shown = issue_jws(PERMIT, KEY).encode()
    assert reason(shown, replace(CONTEXT, forms=frozenset({PermitForm.SIGNED}))) is Reason.VERSION_UNSUPPORTED


def test_the_newer_name_of_the_algorithm_is_taken_too():
    assert reason(signed({"alg": "Ed25519"})) is Reason.OK


# ------------------------------------------------------------------------------------------------ what is refused

TEXT = issue_jws(PERMIT, KEY).encode()
HEAD, PAYLOAD, SIGNATURE = TEXT.split(b".")
PUBLIC_PEM = KEY.public.to_pem()
HMAC_MESSAGE = b64(json.dumps(HEADER | {"alg": "HS256"}).encode()) + b"." + PAYLOAD

REFUSED = {
    "two parts": (HEAD + b"." + PAYLOAD, Reason.NOT_A_PERMIT),
    "four parts": (TEXT + b".x", Reason.NOT_A_PERMIT),
    "a space before it": (b" " + TEXT, Reason.NOT_A_PERMIT),
    "a newline behind it": (TEXT + b"\n", Reason.ENCODING_INVALID),
    "padding": (TEXT + b"==", Reason.ENCODING_INVALID),
    "letters of the other Base64": (HEAD + b".+" + PAYLOAD[1:] + b"." + SIGNATURE, Reason.ENCODING_INVALID),
    "another letter for unused bits": (TEXT[:-1] + bytes([TEXT[-1] + 1]), Reason.ENCODING_INVALID),
    "letters beyond ASCII": (HEAD + b"." + "é".encode() + b"." + SIGNATURE, Reason.ENCODING_INVALID),
    "a zero byte": (HEAD + b".\x00." + SIGNATURE, Reason.ENCODING_INVALID),
    "alg none, unsigned": (
        b64(json.dumps(HEADER | {"alg": "none"}).encode()) + b"." + PAYLOAD + b".",
        Reason.ALG_NOT_ALLOWED,
    ),
    "HS256 keyed by the public key": (
        HMAC_MESSAGE + b"." + b64(hmac.digest(PUBLIC_PEM, HMAC_MESSAGE, "sha256")),
        Reason.ALG_NOT_ALLOWED,
    ),
    "HS256 keyed by its raw bytes": (
        HMAC_MESSAGE + b"." + b64(hmac.digest(KEY.public.raw, HMAC_MESSAGE, "sha256")),
        Reason.ALG_NOT_ALLOWED,
    ),
    "the algorithm of another key": (signed({"alg": "ES256"}), Reason.ALG_NOT_ALLOWED),
    "EdDSA under an ES256 key": (signed({"kid": EC.public.key_id.hex()}, key=EC), Reason.ALG_NOT_ALLOWED),
    "an algorithm in other letters": (signed({"alg": "eddsa"}), Reason.ALG_NOT_ALLOWED),
    "an algorithm that is a number": (signed({"alg": -19}), Reason.ALG_NOT_ALLOWED),
    "an algorithm that is a list": (signed({"alg": ["EdDSA"]}), Reason.ALG_NOT_ALLOWED),
    "no algorithm": (raw(json.dumps(without("alg")).encode(), b"{}"), Reason.STRUCTURE_INVALID),
    "no key id": (raw(json.dumps(without("kid")).encode(), b"{}"), Reason.STRUCTURE_INVALID),
    "no type": (raw(json.dumps(without("typ")).encode(), b"{}"), Reason.STRUCTURE_INVALID),
    "another type": (signed({"typ": "JWT"}), Reason.STRUCTURE_INVALID),
    "crit": (signed({"crit": ["exp"]}), Reason.STRUCTURE_INVALID),
    "b64 and crit": (signed({"b64": False, "crit": ["b64"]}), Reason.STRUCTURE_INVALID),
    "a key in the header": (signed({"jwk": {"kty": "OKP"}}), Reason.STRUCTURE_INVALID),
    "the address of a key": (signed({"jku": "https://example.com"}), Reason.STRUCTURE_INVALID),
    "a certificate": (signed({"x5c": ["MII"]}), Reason.STRUCTURE_INVALID),
    "the header's algorithm twice": (
        raw(b'{"alg":"none","alg":"EdDSA","kid":"%b","typ":"gate-permit+jwt"}' % KID.encode(), b"{}"),
        Reason.STRUCTURE_INVALID,
    ),
    "a key id in capitals": (signed({"kid": KID.upper()}), Reason.STRUCTURE_INVALID),
    "a key id of three bytes": (signed({"kid": KID[:6]}), Reason.STRUCTURE_INVALID),
    "a key id of an odd length": (signed({"kid": KID + "0"}), Reason.STRUCTURE_INVALID),
    "a key id that is a number": (signed({"kid": 5}), Reason.STRUCTURE_INVALID),
    "a header that is an array": (raw(b"[]", b"{}").replace(b64(b"[]"), b64(b"[]")), Reason.NOT_A_PERMIT),
    "a header deep in braces": (raw(b'{"a":' * 60 + b"1" + b"}" * 60, b"{}"), Reason.STRUCTURE_INVALID),
    "a header in UTF-16": (raw(json.dumps(HEADER).encode("utf-16-le"), b"{}"), Reason.NOT_A_PERMIT),
    "an unknown key": (signed({"kid": STRANGER.public.key_id.hex()}, key=STRANGER), Reason.KEY_UNKNOWN),
    "a stranger under the issuer's id": (signed(key=STRANGER), Reason.SIGNATURE_INVALID),
    "no signature": (HEAD + b"." + PAYLOAD + b".", Reason.SIGNATURE_INVALID),
    "half a signature": (HEAD + b"." + PAYLOAD + b"." + SIGNATURE[:40], Reason.SIGNATURE_INVALID),
    "a signature in DER": (
        HEAD + b"." + PAYLOAD + b"." + b64(b"\x30\x44" + bytes(68)),
        Reason.SIGNATURE_INVALID,
    ),
    "a permit around a permit": (raw(json.dumps(HEADER).encode(), TEXT[:250]), Reason.CLAIMS_INVALID),
    "a claim twice": (
        raw(json.dumps(HEADER).encode(), json.dumps(CLAIMS).encode()[:-1] + b',"iss":"KHE"}'),
        Reason.CLAIMS_INVALID,
    ),
    "a vehicle claim twice": (
        raw(json.dumps(HEADER).encode(), json.dumps(CLAIMS).encode()[:-2] + b',"uses":9}}'),
        Reason.CLAIMS_INVALID,
    ),
    "an unknown claim": (signed(claims=CLAIMS | {"sub": "x"}), Reason.CLAIMS_INVALID),
    "an audience": (signed(claims=CLAIMS | {"aud": "x"}), Reason.CLAIMS_INVALID),
    "an unknown vehicle claim": (signed(claims=vehicle(colour="red")), Reason.CLAIMS_INVALID),
    "a missing claim": (signed(claims={k: v for k, v in CLAIMS.items() if k != "nbf"}), Reason.CLAIMS_INVALID),
    "no vehicle": (signed(claims={k: v for k, v in CLAIMS.items() if k != "vehicle"}), Reason.CLAIMS_INVALID),
    "an end with a fraction": (signed(claims=CLAIMS | {"exp": NOW + 0.5}), Reason.CLAIMS_INVALID),
    "an end in another notation": (
        raw(
            json.dumps(HEADER).encode(),
            json.dumps(CLAIMS).encode().replace(b'"exp": 1795', b'"exp": 1795e0, "x": 1795'),
        ),
        Reason.CLAIMS_INVALID,
    ),
    "an end that is a text": (signed(claims=CLAIMS | {"exp": str(NOW)}), Reason.CLAIMS_INVALID),
    "an end that is true": (signed(claims=CLAIMS | {"exp": True}), Reason.CLAIMS_INVALID),
    "an end that is no number": (
        raw(json.dumps(HEADER).encode(), json.dumps(CLAIMS | {"exp": float("nan")}).encode()),
        Reason.CLAIMS_INVALID,
    ),
    "uses that are a text": (signed(claims=vehicle(uses="1")), Reason.CLAIMS_INVALID),
    "a declaration that is a number": (signed(claims=vehicle(decl=PERMIT.declaration)), Reason.CLAIMS_INVALID),
    "a declaration in other digits": (signed(claims=vehicle(decl="٩" * 18)), Reason.CLAIMS_INVALID),
    "a kind of plate that there is not": (signed(claims=vehicle(plate="新A12345", kind="best")), Reason.CLAIMS_INVALID),
    "a plate that is null": (signed(claims=vehicle(plate=None)), Reason.CLAIMS_INVALID),
    "a direction that there is not": (signed(claims=vehicle(dir="up")), Reason.CLAIMS_INVALID),
    "a permit id in capitals": (signed(claims=CLAIMS | {"jti": "AA" * 8}), Reason.CLAIMS_INVALID),
    "a permit id of seven bytes": (signed(claims=CLAIMS | {"jti": "aa" * 7}), Reason.CLAIMS_INVALID),
    "half a character as issuer": (signed(claims=CLAIMS | {"iss": "\ud800"}), Reason.CLAIMS_INVALID),
    "a byte order mark": (
        raw(json.dumps(HEADER).encode(), b"\xef\xbb\xbf" + json.dumps(CLAIMS).encode()),
        Reason.CLAIMS_INVALID,
    ),
    "claims in UTF-16": (
        raw(json.dumps(HEADER).encode(), json.dumps({"a": 1}).encode("utf-16-le")),
        Reason.CLAIMS_INVALID,
    ),
    "a number of 300 digits": (raw(json.dumps(HEADER).encode(), b"9" * 300), Reason.CLAIMS_INVALID),
    "arrays within arrays": (raw(json.dumps(HEADER).encode(), b"[" * 300), Reason.CLAIMS_INVALID),
    "the name of another issuer": (signed(claims=CLAIMS | {"iss": "HSM"}), Reason.CLAIMS_INVALID),
    "longer than gates look at": (signed(claims=CLAIMS | {"pad": "x" * 300}), Reason.PAYLOAD_TOO_LARGE),
}


@pytest.mark.parametrize(("text", "wanted"), [pytest.param(*row, id=name) for name, row in REFUSED.items()])
def test_a_jws_is_refused_by_the_first_check_that_fails(text, wanted):
    assert reason(text) is wanted


def test_whatever_the_claims_say_their_form_is_that_of_the_issuer_too():
    for wrong in ({"vin": "x"}, {"site": 0}, {"plate": "?", "plate_kind": "civil"}, {"expires_at": NOW - DAY_S}):
        with pytest.raises(ClaimsError):
            issue_jws(replace(PERMIT, **wrong), KEY)


def test_a_text_too_long_for_gates_is_not_issued():
    with pytest.raises(ClaimsError, match="700 at most"):
        issue_jws(replace(FULL, issuer="关" * 64), KEY)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_no_bytes_as_header_or_claims_make_the_checks_raise(header, payload):
    for text in (
        raw(header, payload),
        raw(json.dumps(HEADER).encode(), payload),
        b"eyJ" + header + b"." + payload + b".",
    ):
        assert reason(text) is not Reason.OK


# ------------------------------------------------------------------------------------------------ other tools


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # the older name, which other tools know
@pytest.mark.parametrize("key", [KEY, EC], ids=["Ed25519", "ES256"])
def test_another_library_reads_what_is_issued_here(key):
    jwk = (OKPKey if key is KEY else ECKey).import_key(key.public.to_pem())
    shown = issue_jws(PERMIT, key)
    algorithm = key.algorithm.names[0]
    read = joserfc_jws.deserialize_compact(shown, jwk, registry=joserfc_jws.JWSRegistry(algorithms=[algorithm]))
    assert json.loads(read.payload)["jti"] == PERMIT.permit_id.hex()
    assert read.headers()["typ"] == "gate-permit+jwt"


@pytest.mark.parametrize(("key", "issuer"), [(KEY, "KHE"), (EC, "HSM")], ids=["Ed25519", "ES256"])
def test_what_another_library_signs_passes_here(key, issuer):
    jwk = (OKPKey if key is KEY else ECKey).import_key(key.to_pem())
    names = {KEY: "Ed25519", EC: "ES256"}
    header = {"typ": "gate-permit+jwt", "kid": key.public.key_id.hex(), "alg": names[key]}
    registry = joserfc_jws.JWSRegistry(algorithms=[names[key]])
    payload = json.dumps(CLAIMS | {"iss": issuer}, indent=1)
    assert reason(joserfc_jws.serialize_compact(header, payload, jwk, registry=registry).encode()) is Reason.OK
