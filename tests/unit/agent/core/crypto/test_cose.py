"""Keys, algorithms and COSE_Sign1, against published vectors and another implementation."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import cbor2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cwt import COSE, COSEKey

from agent.core.crypto import cbor, cose
from agent.core.crypto.keys import Algorithm, KeyInvalidError, PublicKey, SigningKey, key_id

DATA = Path(__file__).resolve().parents[6] / "shared" / "data" / "permits"
ED = SigningKey.from_seed(bytes(range(32)))
EC = SigningKey.from_seed(bytes(range(1, 33)), Algorithm.ES256)
BOTH = pytest.mark.parametrize("key", [ED, EC], ids=["Ed25519", "ES256"])

needs_vectors = pytest.mark.skipif(not DATA.exists(), reason="the published vectors are not on this machine")


@needs_vectors
@pytest.mark.parametrize(
    ("file", "algorithm", "field"),
    [
        ("ed25519_test.json", Algorithm.ED25519, "pk"),
        ("ecdsa_secp256r1_sha256_p1363_test.json", Algorithm.ES256, "uncompressed"),
    ],
)
def test_every_wycheproof_vector_gets_the_published_answer(file, algorithm, field):
    groups = json.loads((DATA / "wycheproof" / file).read_text())["testGroups"]
    asked = 0
    for group in groups:
        key = PublicKey(algorithm, bytes.fromhex(group["publicKey"][field]))
        for case in group["tests"]:
            holds = key.verifies(bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            assert holds == (case["result"] == "valid"), case["tcId"]
            asked += 1
    assert asked >= 150


def _from_jwk(jwk: dict[str, str]) -> PublicKey:
    if jwk["kty"] == "OKP":
        return PublicKey(Algorithm.ED25519, bytes.fromhex(jwk["x_hex"]))
    if "x_hex" in jwk:
        return PublicKey(Algorithm.ES256, bytes.fromhex("04" + jwk["x_hex"] + jwk["y_hex"]))
    key = COSEKey.from_jwk(jwk).key
    raw = key.public_key() if hasattr(key, "public_key") else key
    encoding, form = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    return PublicKey(Algorithm.ES256, raw.public_bytes(encoding, form))


def _failing_examples():
    files = sorted((DATA / "cose").glob("*/*.json"))
    examples = [json.loads(file.read_text()) for file in files]
    return [example for example in examples if example.get("fail") and "sign0" in example["input"]]


@needs_vectors
@pytest.mark.parametrize("example", _failing_examples(), ids=lambda example: example["title"])
def test_no_failing_cose_example_is_ever_accepted(example):
    data = bytes.fromhex(example["output"]["cbor"])
    key = _from_jwk(example["input"]["sign0"]["key"])
    try:
        signed = cose.parse(data)
    except cose.CoseError:
        return
    assert not signed.holds(key)


HOLDING = (
    "CWT/A_3.json",
    "eddsa-examples/eddsa-sig-01.json",
    "sign1-tests/sign-pass-01.json",
    "sign1-tests/sign-pass-02.json",
    "sign1-tests/sign-pass-03.json",
)


@needs_vectors
@pytest.mark.parametrize("file", HOLDING, ids=str)
def test_the_signatures_of_passing_cose_examples_hold_and_their_looser_headers_are_refused(file):
    example = json.loads((DATA / "cose" / file).read_text())
    data = bytes.fromhex(example["output"]["cbor"])
    key = _from_jwk(example["input"]["sign0"]["key"])
    with pytest.raises(cose.CoseError):
        cose.parse(data)
    message = cbor2.loads(data)
    protected, unprotected, payload, signature = getattr(message, "value", message)
    outside = bytes.fromhex(example["input"]["sign0"].get("external", ""))
    protected = b"" if protected == b"\xa0" else protected  # RFC 9052 signs an empty header as no bytes at all
    algorithm = (unprotected | (cbor2.loads(protected) if protected else {}))[1]
    assert cose.Signed(protected, algorithm, b"1111", payload, signature).holds(key, outside)


@needs_vectors
def test_every_cose_example_is_one_of_those_that_hold_fail_or_are_no_sign1_of_a_known_curve():
    files = {str(file.relative_to(DATA / "cose")): json.loads(file.read_text()) for file in DATA.glob("cose/*/*.json")}
    failing = {name for name, example in files.items() if example.get("fail")}
    others = files.keys() - failing - set(HOLDING)
    assert (len(files), len(failing), len(others)) == (18, 6, 7)
    for name in others:
        with pytest.raises(cose.CoseError):
            cose.parse(bytes.fromhex(files[name]["output"]["cbor"]))


@needs_vectors
def test_the_payload_of_the_published_cwt_is_deterministic_cbor():
    example = json.loads((DATA / "cose" / "CWT" / "A_3.json").read_text())
    claims = cbor.decode(bytes.fromhex(example["input"]["plaintext_hex"]))
    assert claims[1] == "coap://as.example.com"
    assert cbor.encode(claims).hex() == example["input"]["plaintext_hex"]


@BOTH
def test_what_is_signed_can_be_read_and_holds(key):
    data = cose.sign(b"payload", key)
    signed = cose.parse(data)
    assert (signed.payload, signed.key_id) == (b"payload", key.public.key_id)
    assert signed.holds(key.public)
    assert not signed.holds(SigningKey.from_seed(b"x" * 32, key.algorithm).public)
    assert data == cose.sign(b"payload", key)


@BOTH
def test_a_signature_made_in_one_context_does_not_hold_in_another(key):
    signed = cose.parse(cose.sign(b"payload", key, b"a list"))
    assert signed.holds(key.public, b"a list")
    assert not signed.holds(key.public)
    assert not signed.holds(key.public, b"a lisT")


def _oracle_key(key: SigningKey) -> COSEKey:
    return COSEKey.from_pem(key.to_pem(), kid=key.public.key_id)


@BOTH
@pytest.mark.parametrize("context", [b"", b"a list"])
def test_another_implementation_accepts_what_is_signed_here(key, context):
    pem = key.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    # The other implementation knows Ed25519 by its older identifier only.
    protected = cbor.encode({1: key.algorithm.identifiers[-1], 4: key.public.key_id})
    body = cbor.encode(["Signature1", protected, context, b"payload"])
    data = b"\xd2" + cbor.encode([protected, {}, b"payload", key.sign(body)])
    oracle = COSEKey.from_pem(pem, kid=key.public.key_id)
    assert COSE.new().decode(data, oracle, external_aad=context) == b"payload"
    assert cose.parse(data).holds(key.public, context)


@BOTH
def test_what_another_implementation_signs_holds_here(key):
    data = COSE.new(deterministic_header=True).encode_and_sign(
        b"payload",
        _oracle_key(key),
        protected={1: key.algorithm.identifiers[-1], 4: key.public.key_id},
    )
    signed = cose.parse(data)
    assert signed.payload == b"payload"
    assert signed.holds(key.public)


@pytest.mark.parametrize(("key", "identifiers"), [(ED, {-19, -8}), (EC, {-7})], ids=["an Ed25519 key", "an ES256 key"])
def test_the_key_says_which_algorithms_it_takes(key, identifiers):
    for identifier in [*range(-60, 10), "Ed25519", "ES256", "none"]:
        protected = cbor.encode({1: identifier, 4: key.public.key_id})
        signature = key.sign(cbor.encode(["Signature1", protected, b"", b"payload"]))
        signed = cose.parse(b"\xd2" + cbor.encode([protected, {}, b"payload", signature]))
        assert signed.holds(key.public) == (identifier in identifiers), identifier


HEADER = cbor.encode({1: -19, 4: b"abcd"})
SIGNATURE = bytes(64)
MALFORMED = {
    "nothing": b"",
    "no tag": cbor.encode([HEADER, {}, b"", SIGNATURE]),
    "the tag of COSE_Sign": b"\xd8\x62" + cbor.encode([HEADER, {}, b"", SIGNATURE]),
    "the tag in a longer form": b"\xd8\x12" + cbor.encode([HEADER, {}, b"", SIGNATURE]),
    "the tag twice": b"\xd2\xd2" + cbor.encode([HEADER, {}, b"", SIGNATURE]),
    "the tag of a CWT around it": b"\xd8\x3d\xd2" + cbor.encode([HEADER, {}, b"", SIGNATURE]),
    "a map": b"\xd2" + cbor.encode({1: HEADER}),
    "three parts": b"\xd2" + cbor.encode([HEADER, {}, b""]),
    "five parts": b"\xd2" + cbor.encode([HEADER, {}, b"", SIGNATURE, b""]),
    "a detached payload": b"\xd2" + cbor.encode([HEADER, {}, None, SIGNATURE]),
    "an unprotected header": b"\xd2" + cbor.encode([HEADER, {4: b"abcd"}, b"", SIGNATURE]),
    "an unprotected header that is an array": b"\xd2" + cbor.encode([HEADER, [], b"", SIGNATURE]),
    "an unprotected header that is null": b"\xd2" + cbor.encode([HEADER, None, b"", SIGNATURE]),
    "a header that is no byte string": b"\xd2" + cbor.encode([{1: -19, 4: b"abcd"}, {}, b"", SIGNATURE]),
    "an empty header": b"\xd2" + cbor.encode([b"", {}, b"", SIGNATURE]),
    "a header without a key id": b"\xd2" + cbor.encode([cbor.encode({1: -19}), {}, b"", SIGNATURE]),
    "a header without an algorithm": b"\xd2" + cbor.encode([cbor.encode({4: b"abcd"}), {}, b"", SIGNATURE]),
    "a header with more": b"\xd2" + cbor.encode([cbor.encode({1: -19, 2: [9], 4: b"abcd"}), {}, b"", SIGNATURE]),
    "a header with bytes behind it": b"\xd2" + cbor.encode([HEADER + b"\x00", {}, b"", SIGNATURE]),
    "a key id of three bytes": b"\xd2" + cbor.encode([cbor.encode({1: -19, 4: b"abc"}), {}, b"", SIGNATURE]),
    "a key id of nine bytes": b"\xd2" + cbor.encode([cbor.encode({1: -19, 4: b"abcdefghi"}), {}, b"", SIGNATURE]),
    "a key id that is a text": b"\xd2" + cbor.encode([cbor.encode({1: -19, 4: "abcd"}), {}, b"", SIGNATURE]),
    "an algorithm that is true": b"\xd2" + cbor.encode([cbor.encode({1: True, 4: b"abcd"}), {}, b"", SIGNATURE]),
    "an algorithm that is null": b"\xd2" + cbor.encode([cbor.encode({1: None, 4: b"abcd"}), {}, b"", SIGNATURE]),
    "a signature of 63 bytes": b"\xd2" + cbor.encode([HEADER, {}, b"", SIGNATURE[1:]]),
    "no signature": b"\xd2" + cbor.encode([HEADER, {}, b"", b""]),
    "bytes behind it": b"\xd2" + cbor.encode([HEADER, {}, b"", SIGNATURE]) + b"\x00",
}


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in MALFORMED.items()])
def test_cose_refuses(data):
    with pytest.raises(cose.CoseError):
        cose.parse(data)


@BOTH
def test_a_key_survives_its_pem_and_never_shows_itself(key):
    pem = key.to_pem()
    again = SigningKey.from_pem(pem)
    assert again.public == key.public
    assert again.sign(b"m") == key.sign(b"m")
    assert repr(key) == "SigningKey()"
    assert key.public.key_id == key_id(key.public.raw) == key_id(key.public.raw, 8)[:4]


def _pem(key, encryption=None) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption or serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param(lambda: b"no pem", id="a text"),
        pytest.param(lambda: _pem(ED.private, serialization.BestAvailableEncryption(b"x")), id="an encrypted key"),
        pytest.param(lambda: _pem(ec.generate_private_key(ec.SECP384R1())), id="another curve"),
        pytest.param(lambda: _pem(ed448.Ed448PrivateKey.generate()), id="Ed448"),
        pytest.param(lambda: _pem(rsa.generate_private_key(65537, 2048)), id="RSA"),
    ],
)
def test_a_pem_of_another_kind_is_refused(pem):
    with pytest.raises(KeyInvalidError):
        SigningKey.from_pem(pem())


@pytest.mark.parametrize(
    ("algorithm", "raw"),
    [
        (Algorithm.ED25519, b""),
        (Algorithm.ED25519, bytes(31)),
        (Algorithm.ED25519, bytes(33)),
        (Algorithm.ES256, bytes(65)),
        (Algorithm.ES256, b"\x04" + bytes(range(64))),
        (Algorithm.ES256, b"\x02" + EC.public.raw[1:33]),
        (Algorithm.ES256, EC.public.raw[:-1]),
    ],
)
def test_bytes_that_are_no_public_key_are_refused(algorithm, raw):
    with pytest.raises(KeyInvalidError):
        PublicKey(algorithm, raw)


@pytest.mark.parametrize(
    ("algorithm", "seed"),
    [(Algorithm.ED25519, b"x" * 31), (Algorithm.ES256, bytes(32)), (Algorithm.ES256, b"\xff" * 32)],
)
def test_a_seed_that_makes_no_key_is_refused(algorithm, seed):
    with pytest.raises(KeyInvalidError):
        SigningKey.from_seed(seed, algorithm)


SMALL_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


def _forged_messages(raw):
    """How many of a hundred messages a signature made without any secret verifies for."""
    key = ed25519.Ed25519PublicKey.from_public_bytes(raw)
    forgery = b"\x01" + bytes(63)
    count = 0
    for number in range(100):
        with contextlib.suppress(InvalidSignature):
            key.verify(forgery, str(number).encode())
            count += 1
    return count


@pytest.mark.parametrize("raw", [bytes.fromhex(raw) for raw in SMALL_ORDER], ids=bytes.hex)
def test_a_public_key_under_which_anyone_can_sign_is_refused(raw):
    assert _forged_messages(raw) > 0
    with pytest.raises(KeyInvalidError, match="small order"):
        PublicKey(Algorithm.ED25519, raw)
