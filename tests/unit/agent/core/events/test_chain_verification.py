"""Proving a chain: the first bad record is named, whatever was done to it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.events.chain import Point, beginning
from agent.core.events.chain_verification import ChainFault, verify
from tests.support.store.journals import STREAM, sealed_chain

CHAIN = [one.payload for one in sealed_chain(8)]
POINTS = [Point(STREAM, one.seq, one.digest) for one in sealed_chain(8)]
HEAD = POINTS[-1]
START = beginning(STREAM)
FOREIGN = [one.payload for one in sealed_chain(8, stream="another")]


def where(found):
    return None if found.flaw is None else (found.flaw.index, found.flaw.fault)


def test_a_whole_chain_is_proven_to_its_head():
    found = verify(CHAIN, anchor=START, head=HEAD)
    assert (found.whole, found.records, found.proven, found.first, found.last) == (True, 8, 8, POINTS[0], HEAD)


def test_without_a_head_the_last_record_is_proven_by_nothing():
    assert verify(CHAIN).proven == 7


@pytest.mark.parametrize("begin", range(8))
def test_a_start_in_the_middle_is_taken_or_held_against_its_anchor(begin):
    anchor = POINTS[begin - 1] if begin else START
    assert verify(CHAIN[begin:], head=HEAD).whole
    assert verify(CHAIN[begin:], anchor=anchor, head=HEAD).proven == 8 - begin
    wrong = Point(anchor.stream, anchor.seq, "0" * 64)
    assert where(verify(CHAIN[begin:], anchor=wrong, head=HEAD)) == (0, ChainFault.ALTERED)


def test_nothing_at_all_is_whole():
    assert verify([]).whole
    assert verify([], anchor=START, head=START).whole
    assert verify([], head=START).whole
    assert verify([], anchor=HEAD, head=HEAD).whole
    assert where(verify([], head=HEAD)) == (0, ChainFault.CUT_OFF)


ORDERS = {
    "one missing": ([0, 1, 3, 4], (2, ChainFault.GAP)),
    "three missing": ([0, 4, 5], (1, ChainFault.GAP)),
    "one twice": ([0, 1, 1, 2], (2, ChainFault.DUPLICATE)),
    "two swapped": ([0, 2, 1, 3], (1, ChainFault.GAP)),
    "back to the start": ([0, 1, 2, 0, 1], (3, ChainFault.OUT_OF_ORDER)),
}


@pytest.mark.parametrize(("order", "expected"), ORDERS.values(), ids=ORDERS)
def test_a_wrong_order_is_named_at_the_record_that_breaks_it(order, expected):
    assert where(verify([CHAIN[index] for index in order])) == expected


def test_records_missing_at_the_end_show_against_the_head():
    found = verify(CHAIN[:5], head=HEAD)
    assert where(found) == (5, ChainFault.CUT_OFF)
    assert found.flaw.seq == 6


def test_a_record_of_another_stream_is_named():
    assert where(verify([*CHAIN[:3], FOREIGN[3], *CHAIN[4:]])) == (3, ChainFault.FOREIGN_STREAM)
    assert where(verify(FOREIGN, anchor=START)) == (0, ChainFault.FOREIGN_STREAM)


@pytest.mark.parametrize(
    "record",
    [b"", b"{", b"\xff\xfe", b"[1]", b"null", b"{}", b"[" * 100_000, b'{"seq":' + b"9" * 5000 + b"}"],
    ids=["empty", "torn", "not UTF-8", "list", "null", "bare", "deep", "huge number"],
)
def test_bytes_that_are_no_event_are_named(record):
    for index in (0, 3, 7):
        broken = [*CHAIN[:index], record, *CHAIN[index + 1 :]]
        found = verify(broken, anchor=START, head=HEAD)
        assert where(found) == (index, ChainFault.NOT_AN_EVENT)
        assert found.proven <= index


@pytest.mark.parametrize(
    "changes",
    [
        {"seq": 0},
        {"seq": -1},
        {"seq": True},
        {"seq": 4.0},
        {"seq": "4"},
        {"seq": None},
        {"seq": 2**31},
        {"stream": ""},
        {"stream": 5},
        {"prev": "0" * 63},
        {"prev": "A" * 64},
        {"prev": None},
    ],
    ids=str,
)
def test_a_record_without_its_place_is_no_event(changes):
    record = json.dumps({**json.loads(CHAIN[3]), **changes}).encode()
    assert where(verify([*CHAIN[:3], record, *CHAIN[4:]])) == (3, ChainFault.NOT_AN_EVENT)


@pytest.mark.parametrize("index", range(8))
@pytest.mark.parametrize(
    "attribute", ["id", "source", "type", "time", "stream", "boot", "seq", "clocksynced", "prev", "data"]
)
def test_an_altered_attribute_names_its_record(attribute, index):
    event = json.loads(CHAIN[index])
    event[attribute] = {
        "seq": event["seq"] + 1,
        "clocksynced": False,
        "prev": "ab" * 32,
        "data": {**event["data"], "detail": "another"},
    }.get(attribute, "altered")
    altered = json.dumps(event, separators=(",", ":")).encode()
    found = verify([*CHAIN[:index], altered, *CHAIN[index + 1 :]], anchor=START, head=HEAD)
    assert where(found) == (index, ChainFault.ALTERED)
    assert found.proven <= index


@given(data=st.data())
def test_any_altered_byte_names_its_record(data):
    index = data.draw(st.integers(0, len(CHAIN) - 1))
    at = data.draw(st.integers(0, len(CHAIN[index]) - 1))
    byte = data.draw(st.integers(1, 255))
    altered = bytearray(CHAIN[index])
    altered[at] ^= byte
    found = verify([*CHAIN[:index], bytes(altered), *CHAIN[index + 1 :]], anchor=START, head=HEAD)
    assert found.flaw is not None
    assert found.flaw.index == index
    assert found.proven <= index


@given(data=st.data())
def test_two_altered_records_never_make_the_first_one_proven(data):
    first = data.draw(st.integers(0, 6))
    second = data.draw(st.integers(first + 1, 7))
    records = [bytearray(record) for record in CHAIN]
    for index in (first, second):
        records[index][data.draw(st.integers(0, len(records[index]) - 1))] ^= 1
    found = verify(map(bytes, records), anchor=START, head=HEAD)
    assert found.flaw is not None
    assert found.proven <= first


def test_without_a_head_an_altered_end_is_said_to_be_one_of_two():
    event = json.loads(CHAIN[7])
    event["prev"] = "ab" * 32
    found = verify([*CHAIN[:7], json.dumps(event).encode()])
    assert found.flaw is not None
    assert "one of them was altered" in found.flaw.detail
    assert found.proven == 6


def test_a_chain_forged_anew_from_some_record_on_does_not_reach_the_head():
    forged = [one.payload for one in sealed_chain(5, after=Point(STREAM, 3, POINTS[2].digest))]
    other = forged[0].replace(b"event 0", b"forged!")
    assert not verify([*CHAIN[:3], other, *forged[1:]], anchor=START, head=HEAD).whole


def test_no_more_than_one_record_after_the_flaw_is_read():
    def endless():
        yield from (CHAIN[0], CHAIN[2], CHAIN[3])
        pytest.fail("it read on")

    assert where(verify(endless())) == (1, ChainFault.GAP)
