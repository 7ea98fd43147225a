"""Sealing: the form of an event, and that its bytes depend on nothing but what went in."""

import hashlib
import json
import re
import uuid
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.events.chain import RANDOM_BYTES, ClockReading, Point, Writer, beginning, seal, uuid7
from agent.core.events.event_types import AlarmRaised, DeviceChanged, Draft
from agent.core.model.sequence import SEQ_MAX
from tests.support.store.journals import GATE, STREAM, UTC, device, present, sealed_chain

WRITER = Writer(GATE, STREAM, "boot-1")
CLOCK = ClockReading(UTC, True, 12.3)
RANDOM = bytes(range(RANDOM_BYTES))
CONTEXT = {"specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "data"}


def sealed(draft, *, writer=WRITER, before=None, clock=CLOCK):
    return seal(draft, writer, before or beginning(writer.stream), clock, RANDOM)


def test_an_event_is_sealed_into_exactly_these_bytes():
    one = sealed(Draft(DeviceChanged(device="relay", family="relay", state="up"), "1", "t1", 1_795_000_000.123))
    assert one.payload.decode() == (
        '{"specversion":"1.0","id":"01a1ee56-5e7b-7001-8203-040506070809","source":"/gate/khorgos-03",'
        '"type":"device.changed","time":"2026-11-18T11:06:40.123Z","datacontenttype":"application/json",'
        '"dataschema":"urn:gate-agent:event:device.changed:1","stream":"5d0b9f1e-1111-4222-8333-944445555666",'
        '"boot":"boot-1","seq":1,"lane":"1","transaction":"t1","clocksynced":true,"clockerrorms":13,'
        f'"prev":"{hashlib.sha256(STREAM.encode()).hexdigest()}",'
        '"data":{"device":"relay","family":"relay","state":"up","detail":""}}'
    )
    assert (one.seq, one.type, one.digest) == (1, "device.changed", hashlib.sha256(one.payload).hexdigest())


def test_every_attribute_is_a_legal_cloudevents_one():
    for event in (sealed(present()), sealed(device(), clock=ClockReading(UTC, False))):
        for name, value in json.loads(event.payload).items():
            assert re.fullmatch(r"[a-z0-9]{1,20}", name)
            if name not in CONTEXT:
                assert isinstance(value, str | bool | int)
                assert not isinstance(value, int) or -(2**31) <= value < 2**31


def test_what_has_no_value_is_left_out():
    attributes = json.loads(sealed(device(), clock=ClockReading(UTC, False)).payload)
    assert not {"lane", "transaction", "clockerrorms"} & set(attributes)
    assert attributes["clocksynced"] is False


@given(utc_ms=st.integers(0, 253_402_300_799_000), random=st.binary(min_size=10, max_size=10))
def test_an_id_is_a_uuid_of_version_7_that_holds_its_time(utc_ms, random):
    made = uuid.UUID(uuid7(utc_ms, random))
    assert (made.version, made.variant, made.int >> 80) == (7, uuid.RFC_4122, utc_ms)


@given(utc=st.floats(0, 253_402_300_799))
def test_the_time_is_rfc_3339_in_milliseconds(utc):
    text = json.loads(sealed(device(utc=utc)).payload)["time"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    assert datetime.fromisoformat(text).timestamp() == pytest.approx(utc, abs=0.0006)


@given(detail=st.text(max_size=60))
def test_any_text_comes_back_as_it_was(detail):
    one = sealed(device(detail))
    assert json.loads(one.payload)["data"]["detail"] == detail
    assert b"\n" not in one.payload
    assert sealed(device(detail)) == one


def test_texts_are_utf_8_and_not_escaped():
    assert (
        "京A·12345".encode() in sealed(Draft(AlarmRaised(alarm="blocked", detail="京A·12345"), None, None, UTC)).payload
    )


def test_a_gate_id_is_escaped_in_the_source():
    assert b'"source":"/gate/a%20b%2F%C3%A9"' in sealed(device(), writer=Writer("a b/é", STREAM, "b")).payload


def test_an_event_names_the_hash_of_the_bytes_before_it():
    first, second = sealed_chain(2)
    assert json.loads(second.payload)["prev"] == hashlib.sha256(first.payload).hexdigest()


@pytest.mark.parametrize(
    ("draft", "before"),
    [
        (device(utc=float("nan")), None),
        (device(utc=float("inf")), None),
        (device(utc=-1.0), None),
        (device(utc=253_402_300_800.0), None),
        (device(), Point(STREAM, SEQ_MAX, "00" * 32)),
        (device(), beginning("another")),
    ],
    ids=["not a number", "endless", "before 1970", "after 9999", "stream used up", "of another stream"],
)
def test_what_has_no_place_is_refused(draft, before):
    with pytest.raises((ValueError, OverflowError)):
        sealed(draft, before=before)


def test_an_id_needs_all_its_random_bytes():
    with pytest.raises(ValueError, match="10 random bytes"):
        uuid7(0, b"123")
