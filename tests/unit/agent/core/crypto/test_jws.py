"""Signed texts: one algorithm, one spelling, and the same to other implementations."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent.core.crypto import jws
from agent.core.crypto.jws import JwsError, JwsFault
from agent.core.crypto.jws_type import ISSUED_UNTYPED, JwsType
from agent.core.crypto.keys import Algorithm, PublicKey, SigningKey

KEY = SigningKey.from_seed(bytes(range(32)))
OTHER = SigningKey.from_seed(bytes(32))
KID = jws.kid_of(KEY.public)
KIND = JwsType.COMMAND
TEXT = jws.sign(b'{"seq":7}', KEY, KID, KIND)

# RFC 8037, appendix A.4 and A.5.
RFC_KEY = PublicKey(
    Algorithm.ED25519, bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
)
RFC_SECRET = SigningKey.from_seed(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
RFC_TEXT = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)


def unpadded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw_of(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def signed_by_hand(header, payload, key=KEY):
    """A text with this header; where it names no type, that of the tests, and none where it says None."""
    header = {name: value for name, value in ({"typ": KIND.value} | header).items() if (name, value) != ("typ", None)}
    message = f"{unpadded(json.dumps(header).encode())}.{unpadded(payload)}"
    return f"{message}.{unpadded(key.sign(message.encode()))}"


def fault_of(text, key=KEY.public, kind=KIND):
    with pytest.raises(JwsError) as caught:
        jws.verified(text, key, kind)
    return caught.value.fault


def test_a_signed_text_gives_its_payload_to_its_key_and_names_it():
    assert jws.verified(TEXT, KEY.public, KIND) == b'{"seq":7}'
    assert jws.key_named_by(TEXT, KIND) == KID
    assert len(KID) == 16


def test_the_example_of_the_standard_verifies_and_is_written_alike():
    untyped = JwsType.CHECKPOINT
    assert jws.verified(RFC_TEXT, RFC_KEY, untyped) == b"Example of Ed25519 signing"
    assert jws.key_named_by(RFC_TEXT, untyped) == ""
    assert RFC_SECRET.public == RFC_KEY
    assert signed_by_hand({"alg": "EdDSA"}, b"x").split(".")[1:2] == [unpadded(b"x")]


def test_our_text_verifies_by_hand_over_its_raw_bytes():
    message, _, signature = TEXT.rpartition(".")
    Ed25519PublicKey.from_public_bytes(KEY.public.raw).verify(raw_of(signature), message.encode())
    header, payload = (raw_of(part) for part in message.split("."))
    assert json.loads(header) == {"alg": "EdDSA", "kid": KID, "typ": "gate-command+jwt"}
    assert payload == b'{"seq":7}'


@pytest.mark.parametrize("algorithm", jws.ALGORITHMS)
def test_both_names_of_the_algorithm_are_read(algorithm):
    assert jws.verified(signed_by_hand({"alg": algorithm}, b"x"), KEY.public, KIND) == b"x"


@pytest.mark.parametrize("kind", JwsType)
@pytest.mark.parametrize("other", [*JwsType, "JOSE", "JWT", "", "application/{}", "{} ", None, 5, ["{}"]], ids=str)
def test_a_text_is_opened_only_as_the_kind_that_it_says_it_is(kind, other):
    named = other.format(kind.value) if isinstance(other, str) else [kind.value] if isinstance(other, list) else other
    text = signed_by_hand({"alg": "EdDSA", "kid": KID, "typ": named}, b"x")
    if named == kind or (named is None and kind in ISSUED_UNTYPED):
        assert jws.verified(text, KEY.public, kind) == b"x"
        assert jws.key_named_by(text, kind) == KID
        assert jws.read(text, kind).payload == b"x"
        return
    assert fault_of(text, kind=kind) is JwsFault.WRONG_TYPE
    for look in (jws.key_named_by, jws.read):
        with pytest.raises(JwsError) as caught:
            look(text, kind)
        assert caught.value.fault is JwsFault.WRONG_TYPE


def test_only_what_was_recorded_before_there_were_types_may_be_without():
    assert {JwsType.CHECKPOINT, JwsType.EXPORT} == ISSUED_UNTYPED


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256", "Ed448", "eddsa", "", 5, None, ["EdDSA"]], ids=str)
def test_no_other_algorithm_is_read(algorithm):
    assert fault_of(signed_by_hand({"alg": algorithm}, b"x")) is JwsFault.ALG_NOT_ALLOWED


@pytest.mark.parametrize("extra", [{"crit": ["exp"]}, {"b64": False}, {"jwk": {}}, {"kid": "a", "x5u": "b"}], ids=str)
def test_a_header_that_names_more_is_refused(extra):
    assert fault_of(signed_by_hand({"alg": "EdDSA", **extra}, b"x")) is JwsFault.NOT_A_JWS


def test_a_key_id_that_is_no_text_names_no_key():
    with pytest.raises(JwsError):
        jws.key_named_by(signed_by_hand({"alg": "EdDSA", "kid": 5}, b"x"), KIND)


def test_the_signature_of_another_key_is_invalid():
    assert fault_of(TEXT, OTHER.public) is JwsFault.SIGNATURE_INVALID
    assert fault_of(TEXT.rpartition(".")[0] + ".", KEY.public) is JwsFault.SIGNATURE_INVALID


def test_any_altered_character_is_noticed():
    for at, letter in enumerate(TEXT):
        for mask in (1, 2, 4, 8, 16, 32, 64, 128):
            fault_of(f"{TEXT[:at]}{chr(ord(letter) ^ mask)}{TEXT[at + 1 :]}")


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "..", "a.b", "a.b.c.d", "e30.e30.", "bnVsbA.e30.AA", "W10.e30.AA", "MQ.e30.AA"),
        *("\ud800.b.c", "\u00e9.b.c", f"{TEXT}=", f"{TEXT} ", f"{TEXT}\n", f" {TEXT}", f"{TEXT}."),
        f"{unpadded(b'[' * 3000)}.e30.AA",
    ],
    ids=ascii,
)
def test_what_is_no_signed_text_is_refused(text):
    assert fault_of(text) is JwsFault.NOT_A_JWS


def test_only_an_ed25519_key_signs():
    with pytest.raises(ValueError, match="Ed25519"):
        jws.sign(b"x", SigningKey.from_seed(bytes(range(32)), Algorithm.ES256), "a", KIND)
