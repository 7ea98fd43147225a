"""What the checks on a permit text write down, the seconds at which they part, and the permits of declarations."""

from dataclasses import replace

import pytest

from agent.core.model.list_rows import Declaration, DeclarationStatus
from agent.core.model.reasons import Check, Reason
from agent.core.permit import reference
from agent.core.permit.claims import PermitForm
from agent.core.permit.issue import DAY_S, issue
from agent.core.permit.permit_verification import verify_declared, verify_permit
from agent.core.permit.trust import KeyStatus
from tests.unit.agent.core.permit.test_permit_verification import (
    CONTEXT,
    KEY,
    NOW,
    PERMIT,
    STRANGER,
    TRUST,
    entry,
    signed,
    text,
)

SKEW_S = CONTEXT.clock_skew_s
LISTED = f"key {KEY.public.key_id.hex()}, trust list {TRUST.version}"
ALWAYS = f"valid from {NOW - DAY_S} to {TRUST.entries[0].not_after}"
UNTIL = PERMIT.expires_at
LIFE_S = PERMIT.expires_at - PERMIT.not_before
DECLARATION = Declaration(
    permit_id=PERMIT.permit_id,
    status=DeclarationStatus.RELEASED,
    issuer="KHE",
    not_before=PERMIT.not_before,
    expires_at=PERMIT.expires_at,
    declaration=PERMIT.declaration,
    vin=PERMIT.vin,
    plate=PERMIT.plate,
    plate_kind=PERMIT.plate_kind,
    energy=1,
    site=9411,
    lane_mask=0b1,
    direction="export",
    max_uses=2,
)


def made(shown, context=CONTEXT, keys=TRUST, utc=NOW):
    return verify_permit(shown, context, keys, utc).checks


HELD = [
    (Reason.VERSION_UNSUPPORTED, "form signed"),
    (Reason.ENCODING_INVALID, ""),
    (Reason.STRUCTURE_INVALID, ""),
    (Reason.ALG_NOT_ALLOWED, ""),
    (Reason.KEY_UNKNOWN, LISTED),
    (Reason.KEY_EXPIRED, ALWAYS),
    (Reason.KEY_REVOKED, "active"),
    (Reason.SIGNATURE_INVALID, ""),
    (Reason.CLAIMS_INVALID, ""),
    (Reason.CLOCK_UNTRUSTED, ""),
    (Reason.NOT_YET_VALID, f"from {PERMIT.not_before}"),
    (Reason.EXPIRED, f"until {UNTIL}"),
    (Reason.WRONG_SITE, "for site 9411"),
    (Reason.WRONG_LANE, "lane mask 0x0"),
    (Reason.WRONG_DIRECTION, "for export"),
]


def test_checks_that_hold_say_what_they_saw():
    assert list(made(text()))[2:] == [Check(reason, ok=True, detail=detail) for reason, detail in HELD]


FAILED = {
    "no encoding": (text()[:-1], {}, Reason.ENCODING_INVALID, "262 characters is not a valid length of Base45"),
    "no structure": (b"GP1:", {}, Reason.STRUCTURE_INVALID, "not tagged as COSE_Sign1"),
    "a stranger's": (
        text(key=STRANGER),
        {},
        Reason.KEY_UNKNOWN,
        f"key {STRANGER.public.key_id.hex()}, trust list {TRUST.version}",
    ),
    "a key of yesterday": (
        text(),
        {"keys": entry(not_after=NOW - 61)},
        Reason.KEY_EXPIRED,
        f"valid from {NOW - DAY_S} to {NOW - 61}",
    ),
    "a revoked key": (text(), {"keys": entry(status=KeyStatus.REVOKED)}, Reason.KEY_REVOKED, "revoked"),
    "no claims": (signed(b"\x01"), {}, Reason.CLAIMS_INVALID, "no map of claims"),
    "another issuer": (
        text(issuer="HSM"),
        {},
        Reason.CLAIMS_INVALID,
        "the key belongs to another issuer",
    ),
    "too early": (text(not_before=NOW + 61, issued_at=NOW), {}, Reason.NOT_YET_VALID, f"from {NOW + 61}"),
    "too late": (text(expires_at=NOW - 60), {}, Reason.EXPIRED, f"until {NOW - 60}"),
    "longer than uses are remembered": (
        text(),
        {"context": replace(CONTEXT, longest_life_s=3000.0)},
        Reason.EXPIRED,
        (
            f"valid until {UNTIL}, but accepted here only until {PERMIT.not_before + 3000}, "
            "because the gate keeps no uses after that"
        ),
    ),
    "just as long as uses are remembered": (
        text(),
        {"context": replace(CONTEXT, longest_life_s=float(LIFE_S)), "utc": UNTIL + SKEW_S},
        Reason.EXPIRED,
        f"until {UNTIL}",
    ),
    "another site": (text(site=9412), {"keys": entry(sites=())}, Reason.WRONG_SITE, "for site 9412"),
    "another site than the key's": (
        text(),
        {"keys": entry(sites=(9412,))},
        Reason.WRONG_SITE,
        "for site 9411, where the key is not valid",
    ),
    "another lane": (text(lane_mask=0b110), {}, Reason.WRONG_LANE, "lane mask 0x6"),
    "the other way": (
        text(direction="import", declaration=941120261000012345),
        {},
        Reason.WRONG_DIRECTION,
        "for import",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("shown", "where", "reason", "detail"), FAILED.values(), ids=FAILED)
def test_a_check_that_fails_says_what_it_saw(shown, where, reason, detail):
    assert made(shown, **where)[-1] == Check(reason, ok=False, detail=detail)


def test_the_time_of_a_key_is_not_judged_by_a_clock_that_is_not_trusted():
    checks = made(text(), replace(CONTEXT, clock_trusted=False))
    assert Check(Reason.KEY_EXPIRED, ok=True, detail="not checked, the clock is not reliable") in checks
    assert checks[-1] == Check(Reason.CLOCK_UNTRUSTED, ok=False)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"not_before": NOW + SKEW_S}, Reason.OK),
        ({"not_before": NOW + SKEW_S + 1}, Reason.KEY_EXPIRED),
        ({"not_after": NOW - SKEW_S}, Reason.OK),
        ({"not_after": NOW - SKEW_S - 1}, Reason.KEY_EXPIRED),
    ],
)
def test_a_key_holds_from_and_to_the_second_with_the_skew_of_the_clocks(changes, reason):
    assert verify_permit(text(), CONTEXT, entry(**changes), NOW).reason is reason


@pytest.mark.parametrize("version", "023456789R")
def test_permits_of_versions_to_come_are_told_from_other_texts(version):
    check = made(f"GP{version}:ABC".encode())[-1]
    assert (check.reason, check.ok) == (Reason.VERSION_UNSUPPORTED, False)


# --------------------------------------------------------------------------------------------- permits of declarations

PLACES = {
    "here and now": ({}, {}, NOW, Reason.OK),
    "an untrusted clock": ({}, {"clock_trusted": False}, NOW, Reason.CLOCK_UNTRUSTED),
    "the first second": ({}, {}, PERMIT.not_before - SKEW_S, Reason.OK),
    "too early": ({}, {}, PERMIT.not_before - SKEW_S - 1, Reason.NOT_YET_VALID),
    "the last second": ({}, {}, UNTIL + SKEW_S - 1, Reason.OK),
    "too late": ({}, {}, UNTIL + SKEW_S, Reason.EXPIRED),
    "another site": ({"site": 9412}, {}, NOW, Reason.WRONG_SITE),
    "another lane": ({}, {"lane": 2}, NOW, Reason.WRONG_LANE),
    "the other way": ({"direction": "import"}, {}, NOW, Reason.WRONG_DIRECTION),
}


@pytest.mark.parametrize("form", [PermitForm.PLATE, PermitForm.REFERENCE])
@pytest.mark.parametrize(("declared", "where", "utc", "reason"), PLACES.values(), ids=PLACES)
def test_a_declaration_that_something_else_leads_to_is_for_a_time_and_a_place(declared, where, utc, reason, form):
    declaration = replace(DECLARATION, **declared)
    result = verify_declared(declaration, form, replace(CONTEXT, **where), utc)
    order = [one for one, _ in HELD[HELD.index((Reason.CLOCK_UNTRUSTED, "")) :]]
    made_up_to = len(order) if reason is Reason.OK else order.index(reason) + 1
    assert [check.reason for check in result.checks] == order[:made_up_to]
    assert [check.ok for check in result.checks] == [True] * (made_up_to - 1) + [reason is Reason.OK]
    assert (result.reason, result.permit) == (reason, reference.permit_of(declaration, form))


@pytest.mark.parametrize("form", PermitForm)
def test_the_permit_of_a_declaration_says_all_that_the_declaration_says(form):
    permit = reference.permit_of(replace(DECLARATION, energy=5, lane_mask=0b10), form)
    wanted = replace(
        PERMIT, key_id=b"", issued_at=PERMIT.not_before, energy=5, lane_mask=0b10, max_uses=2, form=form
    )  # fmt: skip
    assert permit == wanted


@pytest.mark.parametrize(
    ("secret", "characters"),
    [
        (bytes(10), "0000000000000000"),
        (b"\xff" * 10, "ZZZZZZZZZZZZZZZZ"),
        (bytes(range(10)), "000G40R40M30E209"),
        (b"\x80" + bytes(9), "G000000000000000"),
        (bytes(9) + b"\x01", "0000000000000001"),
    ],
)
def test_a_secret_is_written_five_bits_a_character_the_highest_first(secret, characters):
    assert reference.reference_of(secret) == "GPR:" + characters
    assert reference.digest_of_reference(b"GPR:" + characters.encode()) == reference.digest_of(secret)


def test_a_signed_text_is_not_asked_for_its_declaration():
    shown = issue(PERMIT, KEY).encode()
    assert verify_permit(shown, CONTEXT, TRUST, NOW, {b"digest": DECLARATION}).permit == PERMIT


def test_a_permit_and_its_declaration_say_the_same():
    made = reference.declaration_of(PERMIT, DeclarationStatus.HELD, b"r" * 16)
    assert (made.status, made.reference, made.exporter) == (DeclarationStatus.HELD, b"r" * 16, "")
    back = reference.permit_of(made, PERMIT.form)
    unsaid = {"key_id": PERMIT.key_id, "issued_at": PERMIT.issued_at, "driver_hmac": PERMIT.driver_hmac}
    assert replace(back, **unsaid) == PERMIT
