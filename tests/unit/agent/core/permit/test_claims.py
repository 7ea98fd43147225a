"""The claims of a permit and the form of a VIN."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.crypto import cbor
from agent.core.permit import claims, vin
from agent.core.permit.claims import Permit
from agent.core.permit.fields import ClaimsError
from agent.core.plates.formats import PlateKind

VIN_VECTORS = Path(__file__).resolve().parents[6] / "shared" / "data" / "permits" / "vin" / "vectors.json"

PERMIT = Permit(
    permit_id=bytes(range(8)),
    issuer="KHE",
    key_id=b"abcd",
    not_before=1_795_000_000,
    expires_at=1_795_259_200,
    issued_at=1_794_990_000,
    declaration=941120260000012345,
    vin="LSVAA49J132047371",
    plate="新A12345",
    plate_kind="civil",
    energy=1,
    site=9411,
    lane_mask=0b101,
    direction="export",
    max_uses=1,
    driver_hmac=bytes(12),
)


def change(**changes):
    return replace(PERMIT, **changes)


GOOD = {
    "all there is": PERMIT,
    "as little as may be": change(plate=None, plate_kind=None, energy=None, driver_hmac=None, lane_mask=0),
    "an import": change(direction="import", declaration=941120261000012345),
    "a customs office that begins with 0": change(declaration=10120260000012345),
    "a battery car": change(plate="新AD12345", plate_kind="new_energy_small"),
    "a yellow plate": change(plate_kind="civil_yellow"),
    "a temporary plate": change(plate="新A1234", plate_kind="temporary"),
    "a plate of Kazakhstan": change(plate="123ABC02", plate_kind="kazakhstan"),
    "another Latin plate": change(plate="AB1234CD", plate_kind="latin"),
    "a name in Chinese": change(issuer="霍尔果斯出口商"),
    "every lane": change(lane_mask=(1 << 32) - 1),
}

BAD = {
    "a permit id of 7 bytes": change(permit_id=bytes(7)),
    "a permit id of 9 bytes": change(permit_id=bytes(9)),
    "no issuer": change(issuer=""),
    "an issuer of 65 characters": change(issuer="A" * 65),
    "an issuer with a line end": change(issuer="A\nB"),
    "an issuer with a terminal code": change(issuer="A\x1b[2J"),
    "an issuer that turns the text around": change(issuer="A\u202eB"),
    "an issuer with a space at its end": change(issuer="KHE "),
    "an end at the beginning": change(not_before=PERMIT.expires_at),
    "an end before the beginning": change(not_before=PERMIT.expires_at + 1),
    "an issue after the end": change(issued_at=PERMIT.expires_at),
    "a time in milliseconds": change(expires_at=PERMIT.expires_at * 1000),
    "a time before 2020": change(issued_at=1_500_000_000),
    "a negative time": change(issued_at=-1),
    "a declaration of 19 digits": change(declaration=9411202600000123450),
    "a declaration of 17 digits": change(declaration=94112026000001234),
    "a negative declaration": change(declaration=-941120260000012345),
    "a declaration of the other direction": change(declaration=941120261000012345),
    "a declaration of no direction": change(declaration=941120262000012345),
    "a declaration of the year 1999": change(declaration=941119990000012345),
    "a VIN of 16 characters": change(vin=PERMIT.vin[:-1]),
    "a VIN with an O": change(vin="LSVAA49O132047371"),
    "a VIN in small letters": change(vin=PERMIT.vin.lower()),
    "a VIN in other digits": change(vin="LSVAA49J13204737\uff11"),
    "a plate without its kind": change(plate_kind=None),
    "a kind without its plate": change(plate=None),
    "a plate that is not normal": change(plate="新A·12345"),
    "a plate in small letters": change(plate="新a12345"),
    "a plate of another form than its kind": change(plate_kind="new_energy_small"),
    "a kind that nobody knows": change(plate_kind="spaceship"),
    "an energy of 0": change(energy=0),
    "an energy of 6": change(energy=6),
    "site 0": change(site=0),
    "a site beyond 32 bits": change(site=1 << 32),
    "a lane mask beyond 32 lanes": change(lane_mask=1 << 32),
    "a direction that nobody knows": change(direction="up"),
    "no uses": change(max_uses=0),
    "1001 uses": change(max_uses=1001),
    "uses that are true": change(max_uses=True),
    "a driver code of 7 bytes": change(driver_hmac=bytes(7)),
    "a driver code of 17 bytes": change(driver_hmac=bytes(17)),
    "an issuer that is no Unicode": change(issuer="\ud800"),
    "a time beyond 64 bits": change(expires_at=1 << 64),
}


def named(table):
    return [pytest.param(value, id=name) for name, value in table.items()]


@pytest.mark.parametrize("permit", named(GOOD))
def test_a_permit_survives_its_claims(permit):
    payload = claims.encode(permit)
    assert claims.decode(payload, permit.key_id) == permit
    assert cbor2.dumps(cbor2.loads(payload), canonical=True) == payload


@pytest.mark.parametrize("permit", named(BAD))
def test_a_permit_that_no_gate_would_take_is_not_written(permit):
    with pytest.raises(ClaimsError):
        claims.encode(permit)


def _raw(permit=PERMIT):
    return cbor2.loads(claims.encode(permit))


def _with(path, value):
    raw = _raw()
    target = raw
    for key in path[:-1]:
        target = target[key]
    if value is ...:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return cbor.encode(raw)


MISSING = [(key,) for key in (1, 4, 5, 6, 7, -65537)] + [(-65537, key) for key in (1, 3, 4, 7, 8, 9, 10)]


@pytest.mark.parametrize("path", MISSING, ids=str)
def test_a_claim_that_is_missing_is_refused(path):
    with pytest.raises(ClaimsError, match="missing"):
        claims.decode(_with(path, ...), b"abcd")


WRONG = [*MISSING, (-65537, 5), (-65537, 6), (-65537, 11)]


@pytest.mark.parametrize("value", [None, True, "", b"x", -1, 1 << 63, [], {}], ids=repr)
@pytest.mark.parametrize("path", WRONG, ids=str)
def test_a_claim_of_another_type_is_refused(path, value):
    with pytest.raises(ClaimsError):
        claims.decode(_with(path, value), b"abcd")


@pytest.mark.parametrize("path", [(2,), (3,), (8,), ("x",), (-65537, 2), (-65537, 12), (-65537, "x")], ids=str)
def test_a_claim_that_nobody_knows_is_refused(path):
    with pytest.raises(ClaimsError, match="unknown"):
        claims.decode(_with(path, 1), b"abcd")


@pytest.mark.parametrize(
    "payload", [b"", b"\x01", b"\x80", b"\xa0\x00", b"\xbf\xff", cbor2.dumps({7: 1, 1: 1})], ids=repr
)
def test_a_payload_that_is_no_claims_set_is_refused(payload):
    with pytest.raises(ClaimsError):
        claims.decode(payload, b"abcd")


@given(st.binary(max_size=200))
def test_no_bytes_make_the_claims_raise_anything_else(payload):
    with pytest.raises(ClaimsError):
        claims.decode(payload, b"abcd")


@given(st.data())
def test_claims_with_a_changed_byte_are_another_permit_or_none(data):
    payload = bytearray(claims.encode(PERMIT))
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        permit = claims.decode(bytes(payload), PERMIT.key_id)
    except ClaimsError:
        return
    assert permit != PERMIT
    assert claims.encode(permit) == bytes(payload)


def test_claims_errors_name_the_claim_and_not_what_it_says():
    with pytest.raises(ClaimsError) as raised:
        claims.decode(_with((-65537, 3), "SECRET"), b"abcd")
    assert str(raised.value) == "vehicle claim 3 is not a printable text of the right length"


def test_every_plate_kind_has_its_number():
    assert set(claims.PLATE_KINDS.values()) == set(PlateKind)
    assert sorted(claims.PLATE_KINDS) == list(range(1, len(PlateKind) + 1))


def test_a_declaration_number_is_written_with_its_leading_zeros():
    assert GOOD["a customs office that begins with 0"].declaration_number == "010120260000012345"


@pytest.mark.parametrize(
    ("mask", "lanes"), [(0, {0, 1, 2, 32, 99}), (0b101, {1, 3}), (1 << 31, {32})], ids=["any", "1 and 3", "32"]
)
def test_the_lane_mask_says_which_lanes(mask, lanes):
    permit = change(lane_mask=mask)
    assert all(permit.allows_lane(lane) == (not mask or lane in lanes) for lane in (-1, 0, 1, 2, 3, 32, 33, 99))


# ------------------------------------------------------------------------------------------------------- the VIN


@pytest.mark.skipif(not VIN_VECTORS.exists(), reason="the published vectors are not on this machine")
def test_published_vins_get_the_known_answer():
    vectors = json.loads(VIN_VECTORS.read_text())
    for number, *_ in vectors["valid"]:
        assert vin.check_digit(number) == number[8]
        assert not vin.check_digit_differs(number)
    for number, *_ in vectors["check_digit_mismatch"]:
        assert vin.check_digit(number) != number[8]
        assert vin.check_digit_differs(number) == (number[0] in "LH")
    for number, *_ in vectors["no_check_digit_scheme"]:
        assert vin.is_well_formed(number)
        assert not vin.check_digit_differs(number)
    for entry in vectors["bad_structure"]:
        assert not vin.is_well_formed(entry if isinstance(entry, str) else entry[0])


@pytest.mark.parametrize(
    ("number", "digit"),
    [("1M8GDM9AXKP042788", "X"), ("11111111111111111", "1"), ("LSVAA49J132047371", "1"), ("5TFEV54198X063405", "6")],
)
def test_the_check_digit_is_that_of_the_standard(number, digit):
    assert vin.check_digit(number) == digit


@pytest.mark.parametrize(
    "number", ["", "LSVAA49J13204737", "LSVAA49J1320473711", "LSVAA49I132047371", "lsvaa49j132047371"]
)
def test_a_text_that_is_no_vin_has_no_check_digit(number):
    assert not vin.is_well_formed(number)
    with pytest.raises(ValueError, match="VIN"):
        vin.check_digit(number)


@pytest.mark.parametrize(
    ("seen", "meant"), ["8B", "0D", "5S", "2Z", "1L", "6G", "17", "UV", "MN", "CG", "A4", "EF", "PR", "KX"]
)
def test_the_check_digit_sees_the_usual_misreadings(seen, meant):
    for place in set(range(17)) - {8}:
        number = "LSVAA49J132047371"
        right = number[:place] + meant + number[place + 1 :]
        wrong = number[:place] + seen + number[place + 1 :]
        assert vin.check_digit(right) != vin.check_digit(wrong)
