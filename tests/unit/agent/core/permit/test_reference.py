"""References: a secret that only its declaration turns into a permit."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model.list_rows import Declaration, DeclarationStatus
from agent.core.model.reasons import Reason
from agent.core.permit import reference
from agent.core.permit.claims import PermitForm
from agent.core.permit.issue import Issuer, trust_list
from agent.core.permit.permit_verification import GateContext, verify_permit
from tests.support.pki.permits import KEY, NOW, PERMIT

SECRET = bytes(range(10))
TEXT = reference.reference_of(SECRET)
TRUST = trust_list([Issuer("KHE", KEY)], NOW - 60)
FORMS = frozenset({PermitForm.SIGNED, PermitForm.REFERENCE})
CONTEXT = GateContext(9411, 1, "export", clock_trusted=True, clock_skew_s=60, forms=FORMS)
DECLARATION = Declaration(
    permit_id=PERMIT.permit_id,
    status=DeclarationStatus.RELEASED,
    issuer="KHE",
    not_before=PERMIT.not_before,
    expires_at=PERMIT.expires_at,
    declaration=PERMIT.declaration,
    vin=PERMIT.vin,
    plate=None,
    plate_kind=None,
    energy=1,
    site=9411,
    lane_mask=0b1,
    direction="export",
    max_uses=2,
    reference=reference.digest_of(SECRET),
)
WANTED = [
    Reason.PAYLOAD_TOO_LARGE,
    Reason.NOT_A_PERMIT,
    Reason.VERSION_UNSUPPORTED,
    Reason.ENCODING_INVALID,
    Reason.CLOCK_UNTRUSTED,
    Reason.NOT_YET_VALID,
    Reason.EXPIRED,
    Reason.WRONG_SITE,
    Reason.WRONG_LANE,
    Reason.WRONG_DIRECTION,
]


def check(text=TEXT, declaration=DECLARATION, context=CONTEXT, utc=NOW):
    references = {} if declaration is None else {declaration.reference: declaration}
    shown = text.encode() if isinstance(text, str) else text
    return verify_permit(shown, context, TRUST, utc, references)


def test_a_known_reference_becomes_the_permit_of_its_declaration_without_any_check_of_keys():
    result = check()
    assert result.reason is Reason.OK
    assert [made.reason for made in result.checks] == WANTED
    assert result.permit == replace(
        PERMIT, key_id=b"", issued_at=PERMIT.not_before, lane_mask=0b1, form=PermitForm.REFERENCE
    )


def test_an_unknown_reference_is_an_unknown_declaration():
    result = check(declaration=None)
    assert (result.reason, result.permit) == (Reason.DECLARATION_UNKNOWN, None)
    assert result.checks[-1].reason is Reason.DECLARATION_UNKNOWN
    assert check(reference.reference_of(bytes(10))).reason is Reason.DECLARATION_UNKNOWN


@pytest.mark.parametrize(
    ("declaration", "context", "utc", "reason"),
    [
        ({}, {"clock_trusted": False}, NOW, Reason.CLOCK_UNTRUSTED),
        ({}, {}, PERMIT.not_before - 61, Reason.NOT_YET_VALID),
        ({}, {}, PERMIT.expires_at + 60, Reason.EXPIRED),
        ({"site": 9412}, {}, NOW, Reason.WRONG_SITE),
        ({}, {"lane": 2}, NOW, Reason.WRONG_LANE),
        ({}, {"direction": "import"}, NOW, Reason.WRONG_DIRECTION),
        ({}, {"forms": frozenset({PermitForm.SIGNED})}, NOW, Reason.VERSION_UNSUPPORTED),
        ({}, {"max_text": 19}, NOW, Reason.PAYLOAD_TOO_LARGE),
    ],
)
def test_time_and_place_are_checked_as_those_of_any_permit(declaration, context, utc, reason):
    assert (
        check(declaration=replace(DECLARATION, **declaration), context=replace(CONTEXT, **context), utc=utc).reason
        is reason
    )


@pytest.mark.parametrize(
    "text",
    [
        *("GPR:", TEXT[:-1], TEXT + "0", TEXT + "\n", TEXT.lower().replace("gpr", "GPR"), TEXT[:-1] + "U"),
        *("GPR:" + "I" * 16, "GPR:" + "O" * 16, "GPR:" + "L" * 16, "GPR:" + "-" * 16, "GPR:" + " " * 16),
        *("GPR:" + "0" * 15 + "\x00", "GPR:" + "０" * 16, "GPR:GPR:0123456789AB"),  # noqa: RUF001 - on purpose
    ],
    ids=ascii,
)
def test_another_spelling_is_no_reference(text):
    assert check(text).reason is Reason.ENCODING_INVALID
    assert reference.digest_of_reference(text.encode()) is None


@pytest.mark.parametrize("text", [b"", b"GPR", b"gpr:0123456789ABCDEF", b"GP1:0123456789ABCDEF", b"0123456789ABCDEF"])
def test_other_texts_have_no_digest(text):
    assert reference.digest_of_reference(text) is None


@given(st.binary(min_size=10, max_size=10))
def test_each_secret_has_one_text_and_each_text_one_digest(secret):
    text = reference.reference_of(secret)
    assert len(text) == 20
    assert reference.digest_of_reference(text.encode()) == reference.digest_of(secret)


@given(st.binary(max_size=30))
def test_no_bytes_make_a_reference_raise(data):
    for shown in (data, b"GPR:" + data):
        assert check(shown).reason is not Reason.OK


def test_the_list_does_not_give_the_code_away():
    assert reference.digest_of(SECRET) != SECRET
    assert len(reference.digest_of(SECRET)) == 16
    assert SECRET.hex() not in repr(DECLARATION)


@pytest.mark.parametrize("length", [0, 9, 11])
def test_a_secret_of_another_length_is_refused(length):
    with pytest.raises(ValueError, match="10 bytes"):
        reference.reference_of(secrets.token_bytes(length))


def test_a_plate_leads_to_the_permit_of_its_declaration_too():
    assert reference.permit_of(DECLARATION, PermitForm.PLATE).form is PermitForm.PLATE
