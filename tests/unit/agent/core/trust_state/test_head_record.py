"""The signed record of the gate's head."""

import pytest

from agent.core.crypto import JwsType, SigningKey, jws
from agent.core.trust_state import HeadFault, HeadRecord, HeadRecordError, opened_head, signed_head, unproven_head

KEY, OTHER = SigningKey.from_seed(b"k" * 32), SigningKey.from_seed(b"o" * 32)
RECORD = HeadRecord(
    gate="khorgos-03",
    stream="s",
    seq=9,
    digest="ab" * 32,
    rows=4,
    utc_ms=1_795_000_000_000,
    lists={"trust": 2},
    orders={"in": ("officer", "")},
    former={"r": 7},
)


def test_a_record_is_read_back():
    assert opened_head(signed_head(RECORD, KEY), KEY.public) == RECORD


def test_one_of_another_key_raises_a_doubt_and_lays_none():
    text = signed_head(RECORD, OTHER)
    with pytest.raises(HeadRecordError) as refused:
        opened_head(text, KEY.public)
    assert refused.value.fault is HeadFault.SIGNATURE_INVALID
    assert unproven_head(text) == RECORD


def test_no_other_text_of_the_same_key_is_taken_for_one():
    payload = RECORD.model_dump_json().encode()
    for kind in set(JwsType) - {JwsType.HEAD}:
        with pytest.raises(HeadRecordError) as refused:
            opened_head(jws.sign(payload, KEY, "k", kind), KEY.public)
        assert refused.value.fault is HeadFault.NOT_A_RECORD


@pytest.mark.parametrize("place", range(0, 400, 37))
def test_every_changed_letter_is_refused(place):
    text = signed_head(RECORD, KEY)
    changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
    with pytest.raises(HeadRecordError):
        opened_head(changed, KEY.public)


@pytest.mark.parametrize("text", ["", "a.b.c", "x" * 10_000, "..", "é.é.é"])
def test_what_is_no_record_is_refused(text):
    with pytest.raises(HeadRecordError):
        unproven_head(text)


def test_one_that_would_be_too_long_goes_without_its_orders():
    many = RECORD.model_copy(update={"orders": {f"lane-{n}": ("o" * 60, "") for n in range(200)}})
    assert opened_head(signed_head(many, KEY), KEY.public).orders is None
