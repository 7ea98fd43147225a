"""Base45 and deterministic CBOR."""

from __future__ import annotations

import io
import json
from pathlib import Path

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.crypto import cbor
from agent.core.permit import base45

VECTORS = Path(__file__).resolve().parents[6] / "shared" / "data" / "permits" / "base45" / "rfc9285_vectors.json"

needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason="the published vectors are not on this machine")

keys = st.one_of(st.integers(-(2**64), 2**64 - 1), st.text(max_size=5))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**64), 2**64 - 1), st.binary(max_size=70), st.text(max_size=30)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)
ROOMY = cbor.CborLimits(depth=32, items=4096)


@needs_vectors
def test_base45_follows_the_examples_of_the_standard():
    vectors = json.loads(VECTORS.read_text())
    for plain, text in vectors["good"]:
        assert base45.encode(bytes.fromhex(plain)) == text.encode()
        assert base45.decode(text.encode()) == bytes.fromhex(plain)
    for text in vectors["bad"]:
        with pytest.raises(base45.Base45Error):
            base45.decode(text.encode())


@pytest.mark.parametrize(
    "text", [b"A", b"BB8A", b"GGW", b"::", b":::", b"bb8", b"BB8\n", b"BB8\r\n", b" BB8\x00", b"BB8BB8BB_", b"\xff00"]
)
def test_base45_refuses_what_no_encoder_makes(text):
    with pytest.raises(base45.Base45Error):
        base45.decode(text)


@given(st.binary(max_size=200))
def test_base45_gives_back_what_was_encoded(data):
    assert base45.decode(base45.encode(data)) == data


@given(st.text(alphabet=base45.ALPHABET.decode(), max_size=30))
def test_no_two_base45_texts_stand_for_the_same_bytes(text):
    try:
        data = base45.decode(text.encode())
    except base45.Base45Error:
        return
    assert base45.encode(data) == text.encode()


def test_a_base45_error_never_repeats_the_text():
    with pytest.raises(base45.Base45Error) as raised:
        base45.decode(b"SECRETsecret")
    assert "secret" not in str(raised.value).lower()


@given(values)
def test_cbor_gives_back_what_was_encoded(value):
    assert cbor.decode(cbor.encode(value), ROOMY) == value


@given(values)
def test_cbor_encodes_as_another_implementation_reads(value):
    assert cbor2.loads(cbor.encode(value)) == value


@given(st.binary(max_size=60))
def test_what_cbor_accepts_it_would_write_the_same_way(data):
    try:
        value = cbor.decode(data)
    except cbor.CborError:
        return
    assert cbor.encode(value) == data
    assert cbor2.load(io.BytesIO(data)) == value


@given(values, st.data())
def test_one_changed_byte_is_another_value_or_none(value, data):
    encoded = bytearray(cbor.encode(value))
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    try:
        other = cbor.decode(bytes(encoded), ROOMY)
    except cbor.CborError:
        return
    assert cbor.encode(other) == bytes(encoded)


REFUSED = {
    "nothing": "",
    "a byte too many": "0000",
    "a number not in its shortest form, one byte": "1817",
    "a number not in its shortest form, two bytes": "1900ff",
    "a number not in its shortest form, four bytes": "1a0000ffff",
    "a number not in its shortest form, eight bytes": "1b00000000ffffffff",
    "a length not in its shortest form": "580141",
    "a reserved length": "1c",
    "a string of indefinite length": "5f4101ff",
    "a text of indefinite length": "7f6161ff",
    "an array of indefinite length": "9f01ff",
    "a map of indefinite length": "bf0101ff",
    "a lone break": "ff",
    "a tag": "c11a514b67b0",
    "a tag that compiles a pattern elsewhere": "d8236161",
    "a shared reference": "d81c81d81d00",
    "a half float": "f93c00",
    "a float": "fa47c35000",
    "a double": "fb3ff199999999999a",
    "undefined": "f7",
    "a simple value": "f0",
    "a long simple value": "f8ff",
    "a key twice": "a201010102",
    "keys out of order": "a202010101",
    "a negative key before a positive one": "a220010101",
    "a longer key before a shorter one of the same kind": "a26262620161610",
    "a byte string as a key": "a1410101",
    "an array as a key": "a18001",
    "a boolean as a key": "a1f501",
    "null as a key": "a1f601",
    "a text that is not UTF-8": "61ff",
    "a surrogate in a text": "63eda080",
    "a string that is cut short": "4401",
    "a string of exabytes": "5b7fffffffffffffff",
    "an array of exabytes": "9b7fffffffffffffff",
    "a map of exabytes": "bb7fffffffffffffff",
    "an array without its end": "8201",
    "a map without a value": "a101",
    "five levels": "818181818101",
    "sixty-five values": "9840" + "00" * 64,
}


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in REFUSED.items()])
def test_cbor_refuses(data):
    with pytest.raises(cbor.CborError):
        cbor.decode(bytes.fromhex(data if len(data) % 2 == 0 else data + "1"))


def test_cbor_takes_as_many_levels_and_values_as_the_limits_say():
    assert cbor.decode(bytes.fromhex("8181818101")) == [[[[1]]]]
    assert cbor.decode(bytes.fromhex("983f" + "00" * 63)) == [0] * 63
    assert cbor.decode(bytes.fromhex("8101"), cbor.CborLimits(1, 2)) == [1]
    with pytest.raises(cbor.CborError):
        cbor.decode(bytes.fromhex("8101"), cbor.CborLimits(0, 2))
    with pytest.raises(cbor.CborError):
        cbor.decode(bytes.fromhex("8101"), cbor.CborLimits(1, 1))


@pytest.mark.parametrize("value", [1 << 64, -(1 << 64) - 1, 1.5, (1,), {True: 1}, {b"a": 1}, "\ud800", {1: object()}])
def test_cbor_does_not_encode_what_it_would_not_read(value):
    with pytest.raises(cbor.CborError):
        cbor.encode(value)
