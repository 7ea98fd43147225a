"""Who may change trust anchors."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace

import pytest

from agent.core.anchors import (
    AnchorFault,
    AnchorRefusedError,
    Authority,
    Sender,
    judge_change,
    sealed,
    sign_document,
)
from tests.support.anchors.people import UTC, document, held, jws_of, key, signed

AIGUL, BOLAT, CENTRAL = "person:aigul", "person:bolat", "central:central"


def judged(signatures, sender=Sender.SERVICE, anchors=None, utc=UTC):
    return judge_change(anchors or held(), signatures, sender, utc)


def fault(*arguments, **named):
    with pytest.raises(AnchorRefusedError) as refused:
        judged(*arguments, **named)
    assert str(refused.value)
    return refused.value.fault


def test_two_persons_change_anchors_and_their_order_is_theirs():
    payload = document(held())
    for signers in ((AIGUL, BOLAT), (BOLAT, AIGUL)):
        found = judged(signed(payload, *signers))
        assert found.authority is Authority.PERSONS
        assert found.by == tuple(one.removeprefix("person:") for one in signers)
        assert found.document.cause == "a new issuer"


def test_one_person_alone_changes_nothing_however_often_he_signs():
    payload = document(held())
    assert fault(signed(payload, AIGUL)) is AnchorFault.SECOND_PERSON_NEEDED
    assert fault(signed(payload, AIGUL, AIGUL)) is AnchorFault.SECOND_PERSON_NEEDED


def test_one_person_and_root_at_the_computer_are_two():
    found = judged(signed(document(held()), BOLAT), Sender.ROOT)
    assert (found.authority, found.by) == (Authority.PERSON_AND_ROOT, ("bolat",))


def test_root_alone_changes_nothing_with_what_nobody_signed():
    assert fault((), Sender.ROOT) is AnchorFault.NOT_SIGNED


def test_a_document_of_central_needs_nobody_else_and_may_skip_numbers():
    anchors = held()
    for changed in ({}, {"before": None}, {"number": 4711, "before": None}):
        found = judged(signed(document(anchors, **changed), CENTRAL))
        assert (found.authority, found.by) == (Authority.CENTRAL, ("central",))


def test_a_command_key_that_is_not_named_for_it_signs_no_documents():
    assert fault(signed(document(held()), "central:office")) is AnchorFault.SIGNER_UNKNOWN
    assert fault(signed(document(held()), "central:nobody")) is AnchorFault.SIGNER_UNKNOWN


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"gate": "gate-8"}, AnchorFault.WRONG_GATE),
        ({"number": 5}, AnchorFault.NUMBER_USED),
        ({"number": 2}, AnchorFault.NUMBER_USED),
        ({"before": "0" * 64}, AnchorFault.OTHER_ANCHORS),
        ({"iat": int(UTC) + 301}, AnchorFault.NOT_YET_VALID),
        ({"exp": int(UTC)}, AnchorFault.EXPIRED),
        ({"exp": int(UTC) + 31 * 86_400}, AnchorFault.EXPIRED),
        ({"changes": {}}, AnchorFault.DOCUMENT_INVALID),
        ({"cause": ""}, AnchorFault.DOCUMENT_INVALID),
        ({"cause": "a new issuer\n  permits.root_keys = sha256:0000"}, AnchorFault.DOCUMENT_INVALID),
        ({"cause": "a new\u2028issuer"}, AnchorFault.DOCUMENT_INVALID),
        ({"cause": "\u202ereussi wen a"}, AnchorFault.DOCUMENT_INVALID),
        ({"number": True}, AnchorFault.DOCUMENT_INVALID),
        ({"number": "6"}, AnchorFault.DOCUMENT_INVALID),
    ],
)
@pytest.mark.parametrize("signers", [(AIGUL, BOLAT), (CENTRAL,)], ids=["persons", "central"])
def test_a_document_that_is_not_for_these_anchors_or_not_for_now_is_refused(changed, expected, signers):
    assert fault(signed(document(held(), **changed), *signers)) is expected


@pytest.mark.parametrize("changed", [{"before": None}, {"number": 7}])
def test_persons_name_the_anchors_that_they_saw_and_the_next_number(changed):
    assert fault(signed(document(held(), **changed), AIGUL, BOLAT)) is AnchorFault.OTHER_ANCHORS


def test_a_change_that_was_made_cannot_be_made_again():
    anchors = held()
    signatures = signed(document(anchors), AIGUL, BOLAT)
    judged(signatures, anchors=anchors)
    assert fault(signatures, anchors=replace(anchors, number=6)) is AnchorFault.NUMBER_USED
    back = replace(anchors, number=7)  # the same values again, later
    assert fault(signatures, anchors=back) is AnchorFault.NUMBER_USED


def test_two_signatures_are_of_one_document():
    one, other = document(held()), document(held(), cause="another")
    assert fault((*signed(one, AIGUL), *signed(other, BOLAT))) is AnchorFault.DIFFERENT_DOCUMENTS


def test_somebody_elses_key_under_a_name_is_refused():
    payload = document(held())
    forged = sign_document(payload, key("aigul"), BOLAT)
    assert fault((*signed(payload, AIGUL), forged)) is AnchorFault.SIGNATURE_INVALID


def test_what_was_signed_for_something_else_is_no_change():
    payload = document(held())
    for header in (
        {"kid": AIGUL},
        {"kid": AIGUL, "typ": "gate-command"},
        {"typ": "gate-anchors+jwt"},
        {"kid": "aigul"},
    ):
        assert fault((jws_of(payload, key("aigul"), header),)) is AnchorFault.NOT_SIGNED


def test_every_changed_byte_of_a_signed_text_is_refused():
    (text,) = signed(document(held()), CENTRAL)
    for part in range(3):
        raw = bytearray(urlsafe_b64decode(text.split(".")[part] + "=="))
        for at in range(0, len(raw), 7):
            spoilt = bytes([*raw[:at], raw[at] ^ 1, *raw[at + 1 :]])
            parts = text.split(".")
            parts[part] = urlsafe_b64encode(spoilt).rstrip(b"=").decode()
            assert fault((".".join(parts),)) in {
                AnchorFault.NOT_SIGNED,
                AnchorFault.SIGNER_UNKNOWN,
                AnchorFault.SIGNATURE_INVALID,
            }


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "x" * 60_000, "é.é.é", "{}"])
def test_garbage_is_refused_in_words(text):
    assert fault((text,)) is AnchorFault.NOT_SIGNED


def test_more_texts_than_anybody_needs_are_not_looked_at():
    assert fault(signed(document(held()), *[AIGUL] * 5)) is AnchorFault.NOT_SIGNED


def test_a_gate_without_anchors_of_its_own_takes_no_change():
    with pytest.raises(AnchorRefusedError) as refused:
        judge_change(None, signed(document(held()), CENTRAL), Sender.ROOT, UTC)
    assert refused.value.fault is AnchorFault.NOT_ADOPTED


def test_a_gate_that_nobody_could_change_any_more_is_not_sealed():
    with pytest.raises(AnchorRefusedError) as refused:
        sealed(held(persons=[], document_keys=[], sealed=False))
    assert refused.value.fault is AnchorFault.NOBODY_LEFT
    assert sealed(held(persons=[], sealed=False)).sealed
    assert sealed(held(document_keys=[], sealed=False)).sealed
