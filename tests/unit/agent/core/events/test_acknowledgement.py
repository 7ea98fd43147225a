"""Central's acknowledgement on bytes: who is believed, and that nothing unproved is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.crypto import Algorithm, JwsType, SigningKey, jws
from agent.core.events.acknowledgement import (
    ACK_BYTES_LIMIT,
    AckFault,
    AckPolicy,
    ReadAck,
    RefusedAck,
    read_ack,
    sign_ack,
)
from agent.core.events.chain import Point, beginning

GATE = "khorgos-03"
STREAM = "5d0b9f1e-1111-4222-8333-944445555666"
KEY = SigningKey.from_seed(bytes(range(32)))
NEXT = SigningKey.from_seed(b"n" * 32)
POINT = Point(STREAM, 4711, "ab" * 32)
POLICY = AckPolicy(GATE, {"central": KEY.public, "next": NEXT.public})
SIGNED = sign_ack(GATE, POINT, KEY, "central")


def statement(**changes):
    return {"gate": GATE, "stream": STREAM, "seq": 4711, "digest": "ab" * 32} | changes


def worn(said, *, outside=None, key=KEY, kid="central"):
    payload = said if isinstance(said, bytes) else json.dumps(said).encode()
    signature = jws.sign(payload, key, kid, JwsType.ACKNOWLEDGEMENT)
    return json.dumps((outside or {"stream": STREAM, "seq": 4711}) | {"signature": signature}).encode()


def fault(payload, policy=POLICY):
    found = read_ack(payload, policy)
    return found.fault if isinstance(found, RefusedAck) else None


@pytest.mark.parametrize(("key", "kid"), [(KEY, "central"), (NEXT, "next")])
def test_what_central_signs_is_read_and_names_its_key(key, kid):
    assert read_ack(sign_ack(GATE, POINT, key, kid), POLICY) == ReadAck(STREAM, 4711, "ab" * 32, kid)


def test_before_the_first_event_the_stream_itself_is_signed():
    start = beginning(STREAM)
    assert read_ack(sign_ack(GATE, start, KEY, "central"), POLICY) == ReadAck(STREAM, 0, start.digest, "central")


def test_a_reader_that_does_not_verify_finds_stream_and_seq_as_before():
    assert json.loads(SIGNED) | {"signature": ""} == {"stream": STREAM, "seq": 4711, "signature": ""}
    assert read_ack(SIGNED, AckPolicy(GATE)) == ReadAck(STREAM, 4711)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"", AckFault.MALFORMED),
        (b"{", AckFault.MALFORMED),
        (b"[]", AckFault.MALFORMED),
        (b"[" * 1000, AckFault.MALFORMED),
        (json.dumps({"stream": "", "seq": 1}).encode(), AckFault.MALFORMED),
        (json.dumps({"stream": STREAM, "seq": -1}).encode(), AckFault.MALFORMED),
        (json.dumps({"stream": STREAM, "seq": "1"}).encode(), AckFault.MALFORMED),
        (json.dumps({"stream": STREAM, "seq": True}).encode(), AckFault.MALFORMED),
        (json.dumps({"stream": STREAM, "seq": 1, "signature": 5}).encode(), AckFault.MALFORMED),
        (json.dumps({"stream": STREAM, "seq": 1, "signature": ""}).encode(), AckFault.MALFORMED),
        (json.dumps({"stream": STREAM, "seq": 1, "signature": "a.b.c"}).encode(), AckFault.MALFORMED),
        (SIGNED + b" " * ACK_BYTES_LIMIT, AckFault.MALFORMED),
        (json.dumps({"stream": STREAM, "seq": 1}).encode(), AckFault.UNSIGNED),
        (json.dumps({"stream": STREAM, "seq": 1, "signature": None}).encode(), AckFault.UNSIGNED),
        (worn(statement(), kid="before"), AckFault.KEY_UNKNOWN),
        (worn(statement(), key=NEXT), AckFault.SIGNATURE_INVALID),
        (worn(statement(gate="khorgos-04")), AckFault.FOREIGN_GATE),
        (worn(statement(), outside={"stream": STREAM, "seq": 4712}), AckFault.MALFORMED),
        (worn(statement(), outside={"stream": "another", "seq": 4711}), AckFault.MALFORMED),
        (worn(b"{}"), AckFault.MALFORMED),
        (worn(b"not JSON"), AckFault.MALFORMED),
        (worn(statement(digest="AB" * 32)), AckFault.MALFORMED),
        (worn(statement(digest=None)), AckFault.MALFORMED),
        (worn(statement(seq="4711")), AckFault.MALFORMED),
    ],
)
def test_what_is_not_proved_is_refused_by_the_first_check_that_fails(payload, expected):
    assert fault(payload) is expected


def test_fields_of_later_versions_are_left_alone():
    payload = worn(statement(more=1), outside={"stream": STREAM, "seq": 4711, "more": 2})
    assert read_ack(payload, POLICY) == ReadAck(STREAM, 4711, "ab" * 32, "central")


def test_where_no_signature_may_be_checked_now_it_is_not_believed():
    asked = []
    found = read_ack(SIGNED, POLICY, lambda: bool(asked.append(1)))
    assert (found, asked) == (RefusedAck(AckFault.RATE_LIMITED, STREAM, 4711), [1])
    read_ack(worn(statement(), kid="before"), POLICY, lambda: bool(asked.append(2)))
    assert asked == [1]


@pytest.mark.parametrize(
    ("policy", "signed_only"),
    [
        (AckPolicy(GATE), False),
        (AckPolicy(GATE, unsigned=True), False),
        (POLICY, True),
        (AckPolicy(GATE, POLICY.keys, unsigned=True), False),
    ],
)
def test_only_a_pinned_key_and_no_exception_make_signatures_a_must(policy, signed_only):
    assert policy.signed_only is signed_only
    unsigned = json.dumps({"stream": STREAM, "seq": 7}).encode()
    assert read_ack(unsigned, policy) == (
        RefusedAck(AckFault.UNSIGNED, STREAM, 7) if signed_only else ReadAck(STREAM, 7)
    )


def test_where_unsigned_ones_are_let_in_a_wrong_signature_is_none_the_less_wrong():
    policy = AckPolicy(GATE, POLICY.keys, unsigned=True)
    assert fault(worn(statement(), key=NEXT), policy) is AckFault.SIGNATURE_INVALID


def test_every_altered_byte_is_noticed():
    for at, byte in enumerate(SIGNED):
        for mask in (1, 4, 32, 128):
            payload = SIGNED[:at] + bytes([byte ^ mask]) + SIGNED[at + 1 :]
            found = read_ack(payload, POLICY)
            assert not isinstance(found, ReadAck) or (found.seq, found.digest) == (4711, "ab" * 32)


@given(st.binary(max_size=300))
def test_no_bytes_escape(payload):
    assert isinstance(read_ack(payload, POLICY), RefusedAck)
    assert isinstance(read_ack(payload, AckPolicy(GATE)), RefusedAck | ReadAck)


def test_only_an_ed25519_key_signs():
    with pytest.raises(ValueError, match="Ed25519"):
        sign_ack(GATE, POINT, SigningKey.from_seed(bytes(range(32)), Algorithm.ES256), "central")
