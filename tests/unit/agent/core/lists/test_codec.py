"""Rows of the lists as bytes."""

from __future__ import annotations

from dataclasses import fields, replace

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.lists import codec
from agent.core.lists.codec import decode_row, encode_row, kind_of, row_key
from agent.core.lists.errors import ListError, ListFault
from agent.core.model.list_kinds import ListKind
from agent.core.model.list_rows import Declaration, DeclarationStatus, Revocation, Subject, Watched
from agent.core.model.trace_context import TraceContext
from agent.core.permit import claims, declared_values
from agent.core.permit.claims import PLATE_KINDS, Permit
from agent.core.permit.fields import ClaimsError
from agent.core.plates.formats import STRICT, PlateKind, normalise
from tests.support.lists.lists import DECLARATIONS, REVOCATIONS, WATCH, declarations
from tests.support.pki.permits import NOW

ROW = Declaration(
    permit_id=bytes(range(8)),
    status=DeclarationStatus.RELEASED,
    issuer="KHE",
    not_before=NOW - 3600,
    expires_at=NOW + 72 * 3600,
    declaration=941120260000012345,
    vin="LSVAA49J132047371",
    plate="新A12345",
    plate_kind=PlateKind.CIVIL,
    energy=1,
    site=9411,
    lane_mask=0b101,
    direction="export",
    max_uses=3,
    reference=bytes(range(16)),
    exporter="Khorgos Auto Export",
    model="Tiggo 8",
    colour="white",
    trace=TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 1),
)
BARE = replace(
    ROW,
    plate=None,
    plate_kind=None,
    energy=None,
    lane_mask=0,
    max_uses=1,
    reference=None,
    exporter="",
    model="",
    colour="",
    trace=None,
)
REVOKED = Revocation(bytes(range(8)), NOW + 3600, "stolen")
WATCHED = Watched(Subject.PLATE, "新A12345", "look under the seat", NOW + 3600)
ROWS = [
    ROW,
    BARE,
    replace(ROW, status=DeclarationStatus.HELD),
    replace(ROW, declaration=941120261000012345, direction="import"),
    REVOKED,
    replace(REVOKED, cause=""),
    WATCHED,
    Watched(Subject.PERMIT, "00ff" * 4),
    Watched(Subject.VIN, "LSVAA49J132047371"),
    Watched(Subject.DECLARATION, "000120260000012345"),
]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_comes_back_as_it_was_and_has_one_encoding(row):
    data = encode_row(row)
    assert decode_row(kind_of(row), data) == row
    assert encode_row(decode_row(kind_of(row), data)) == data
    assert cbor2.dumps(cbor2.loads(data), canonical=True) == data


@pytest.mark.parametrize("wrong", [b"", b"\1" * 24, bytes(16) + b"\1" * 9, b"\1" * 16 + bytes(9), 1, "00-a-b-c"])
def test_a_trace_that_is_not_right_is_left_out_and_the_row_holds(wrong):
    said = cbor2.loads(encode_row(BARE)) | {19: wrong}
    assert decode_row(DECLARATIONS, cbor2.dumps(said, canonical=True)) == BARE


def test_thousands_of_rows_come_back_as_they_were():
    rows = declarations(2000)
    assert [decode_row(DECLARATIONS, encode_row(row)) for row in rows] == rows
    assert (
        len({row_key(row) for row in rows})
        == len({row.vin for row in rows})
        == len({row.plate for row in rows})
        == 2000
    )


def test_a_row_of_the_wire_is_the_map_that_the_page_shows():
    assert cbor2.loads(encode_row(ROW)) == {
        1: bytes(range(8)),
        2: 2,
        3: "KHE",
        4: NOW - 3600,
        5: NOW + 72 * 3600,
        6: 941120260000012345,
        7: "LSVAA49J132047371",
        8: "新A12345",
        9: 1,
        10: 1,
        11: 9411,
        12: 0b101,
        13: 1,
        14: 3,
        15: bytes(range(16)),
        16: "Khorgos Auto Export",
        17: "Tiggo 8",
        18: "white",
        19: ROW.trace.octets,
    }
    assert sorted(cbor2.loads(encode_row(BARE))) == [1, 2, 3, 4, 5, 6, 7, 11, 13]
    assert cbor2.loads(encode_row(REVOKED)) == {1: bytes(range(8)), 2: NOW + 3600, 3: "stolen"}
    assert cbor2.loads(encode_row(WATCHED)) == {1: 3, 2: "新A12345", 3: "look under the seat", 4: NOW + 3600}


def test_a_row_is_known_by_its_permit_or_by_whom_it_names():
    assert row_key(ROW) == row_key(REVOKED) == bytes(range(8))
    assert row_key(WATCHED) == "plate:新A12345".encode()


WRONG = [
    {"permit_id": bytes(7)},
    {"permit_id": "00000000"},
    {"issuer": ""},
    {"issuer": "x" * 65},
    {"issuer": " KHE"},
    {"not_before": 0},
    {"not_before": ROW.expires_at},
    {"expires_at": 1 << 40},
    {"declaration": -1},
    {"declaration": 10**18},
    {"declaration": 941119990000012345},
    {"direction": "import"},
    {"direction": "out"},
    {"vin": "LSVAA49J13204737"},
    {"vin": "LSVAA49J13204737O"},
    {"vin": "lsvaa49j132047371"},
    {"plate": None},
    {"plate_kind": None},
    {"plate": "新A·12345"},
    {"plate": "新a12345"},
    {"plate": "新A1234O"},
    {"plate": "AAA"},
    {"plate_kind": PlateKind.NEW_ENERGY_SMALL},
    {"plate_kind": "bicycle"},
    {"energy": 0},
    {"energy": 6},
    {"site": 0},
    {"site": 1 << 32},
    {"lane_mask": 1 << 32},
    {"lane_mask": -1},
    {"max_uses": 0},
    {"max_uses": 1001},
    {"reference": bytes(15)},
    {"exporter": "x" * 65},
    {"model": "a\nb"},
    {"colour": "\ud800"},
]


@pytest.mark.parametrize("change", WRONG, ids=str)
def test_a_row_that_a_gate_would_refuse_is_not_written(change):
    with pytest.raises(ListError) as caught:
        encode_row(replace(ROW, **change))
    assert caught.value.fault is ListFault.CONTENT_INVALID


@pytest.mark.parametrize(
    "change", [change for change in WRONG if not set(change) & {"reference", "exporter", "model", "colour"}], ids=str
)
def test_a_permit_is_held_to_the_same_as_its_declaration(change):
    shared = {field.name: getattr(ROW, field.name) for field in fields(Permit) if hasattr(ROW, field.name)}
    permit = Permit(**shared, key_id=b"abcd", issued_at=ROW.not_before)
    assert claims.decode(claims.encode(permit), b"abcd") == permit
    with pytest.raises(ClaimsError):
        claims.encode(replace(permit, **change))


@pytest.mark.parametrize(
    ("row", "change"),
    [
        (REVOKED, {"permit_id": b""}),
        (REVOKED, {"expires_at": 5}),
        (REVOKED, {"cause": "x" * 201}),
        (WATCHED, {"value": "新A·12345"}),
        (WATCHED, {"value": ""}),
        (WATCHED, {"value": "新A1"}),
        (WATCHED, {"note": "x" * 201}),
        (WATCHED, {"note": "\x1b[2J"}),
        (WATCHED, {"expires_at": 5}),
        (WATCHED, {"subject": Subject.VIN}),
        (WATCHED, {"subject": Subject.PERMIT}),
        (WATCHED, {"subject": Subject.PERMIT, "value": "00FF" * 4}),
        (WATCHED, {"subject": Subject.DECLARATION, "value": "1" * 17}),
        (WATCHED, {"subject": Subject.DECLARATION, "value": "\u0661" * 18}),
    ],
    ids=str,
)
def test_a_revocation_or_an_entry_that_no_gate_could_look_up_is_not_written(row, change):
    with pytest.raises(ListError) as caught:
        encode_row(replace(row, **change))
    assert caught.value.fault is ListFault.CONTENT_INVALID


@pytest.mark.parametrize(
    "change",
    [
        {20: 1},
        {8: None, 9: None},
        {12: 0},
        {14: 1},
        {15: None},
        {16: ""},
        {10: None},
        {2: 0},
        {2: 5},
        {13: 3},
        {9: 21},
        {2: True},
    ],
    ids=str,
)
def test_a_field_that_says_nothing_or_that_nobody_knows_is_refused(change):
    value = cbor2.loads(encode_row(ROW)) | change
    with pytest.raises(ListError, match="not well-formed"):
        decode_row(DECLARATIONS, cbor2.dumps(value, canonical=True))


def test_a_row_with_a_field_missing_is_refused():
    for row in (ROW, REVOKED, WATCHED):
        for key in cbor2.loads(encode_row(BARE if row is ROW else row)):
            value = cbor2.loads(encode_row(row))
            del value[key]
            if (row, key) in {(REVOKED, 3), (WATCHED, 3), (WATCHED, 4)}:
                continue  # these may be missing
            with pytest.raises(ListError):
                decode_row(kind_of(row), cbor2.dumps(value, canonical=True))


def test_a_row_of_one_list_is_none_of_another():
    for row in ROWS:
        for kind in ListKind:
            if kind is not kind_of(row):
                with pytest.raises(ListError):
                    decode_row(kind, encode_row(row))


def test_a_row_that_is_too_long_is_refused_unread():
    with pytest.raises(ListError) as caught:
        decode_row(WATCH, bytes(codec.MAX_ROW_BYTES + 1))
    assert caught.value.fault is ListFault.TOO_LARGE


def test_the_longest_row_fits():
    longest = replace(ROW, issuer="新" * 64, exporter="新" * 64, model="新" * 64, colour="新" * 64, max_uses=1000)
    assert decode_row(DECLARATIONS, encode_row(longest)) == longest
    assert decode_row(REVOCATIONS, encode_row(replace(REVOKED, cause="🚗" * 200))).cause == "🚗" * 200


@given(st.binary(max_size=300))
def test_random_bytes_are_refused_or_are_the_one_encoding_of_a_row(data):
    for kind in ListKind:
        try:
            row = decode_row(kind, data)
        except ListError:
            continue
        assert encode_row(row) == data


@given(st.data())
def test_a_changed_row_is_refused_or_says_something_else(data):
    row = data.draw(st.sampled_from(ROWS))
    encoded = bytearray(encode_row(row))
    for _ in range(data.draw(st.integers(1, 4))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decode_row(kind_of(row), bytes(encoded))
    except ListError:
        return
    assert encode_row(found) == bytes(encoded)


@given(st.sampled_from(STRICT), st.data())
def test_a_plate_of_a_strict_format_is_its_own_normal_form(plate_format, data):
    text = "".join(data.draw(st.sampled_from(place)) for place in plate_format.places)
    assert normalise(text) == text
    declared_values.check_vehicle(ROW.vin, text, plate_format.kind)


def test_every_kind_of_plate_has_a_number():
    assert set(PLATE_KINDS.values()) == set(PlateKind)
