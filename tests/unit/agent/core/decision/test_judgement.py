"""The whole decision: which text counts, the plate, the use of the permit, and what happens when something breaks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.crypto.keys import SigningKey
from agent.core.decision.judgement import judge
from agent.core.decision.judgement_rules import JudgementRules
from agent.core.decision.knowledge import Knowledge, PermitUses
from agent.core.decision.permit_choice import Assessment, AssessmentContext, TransactionEvidence, assess
from agent.core.lists.freshness import DataStanding, DataState
from agent.core.model.instant import Instant
from agent.core.model.observations import Presentation, Reading
from agent.core.model.reasons import Check, Reason, Verdict
from agent.core.permit.claims import Permit
from agent.core.permit.issue import DAY_S, Issuer, issue, trust_list
from agent.core.permit.permit_verification import GateContext
from agent.core.plates.match import MatchVerdict

NOW = 1_795_000_000
KEY = SigningKey.from_seed(b"e" * 32)
STRANGER = SigningKey.from_seed(b"s" * 32)
TRUST = trust_list([Issuer("KHE", KEY)], NOW - DAY_S)
CONTEXT = GateContext(site=9411, lane=1, direction="export", clock_trusted=True, clock_skew_s=60)
PLATE = "新A12345"
PERMIT = Permit(
    permit_id=bytes(range(8)),
    issuer="KHE",
    key_id=KEY.public.key_id,
    not_before=NOW - 3600,
    expires_at=NOW + 3 * DAY_S,
    issued_at=NOW - 7200,
    declaration=941120260000012345,
    vin="LSVAA49J132047371",
    plate=PLATE,
    plate_kind="civil",
    energy=1,
    site=9411,
    lane_mask=0,
    direction="export",
    max_uses=2,
)


ORDER = {reason: place for place, reason in enumerate(Reason)}


def text(key=KEY, **changes):
    return issue(replace(PERMIT, **changes), key).encode()


GOOD = text()
SECOND = text(permit_id=b"another.")
EXPIRED = text(expires_at=NOW - 100)
ELSEWHERE = text(site=9412)
FORGED = issue(PERMIT, STRANGER, KEY.public.key_id).encode()
NO_PLATE = text(plate=None, plate_kind=None)
ADDRESS = b"https://example.com"
BROKEN = GOOD[:-1]


def shown(*payloads):
    return tuple(Presentation(payload, "test", "front", frame, float(frame)) for frame, payload in enumerate(payloads))


def read(plate, frames=3, sure=0.99):
    """Frames that all read this plate, each character with the same probability."""
    positions = tuple(((character, sure), ("#", (1 - sure) / 2)) for character in plate)
    return tuple(
        Reading(plate, positions, "civil", sure ** len(plate), "front", frame, frame / 10, (100, 100, 140, 44))
        for frame in range(frames)
    )


READ = read(PLATE)
FRESH = DataStanding(DataState.FRESH, None, {}, TRUST.version)


def decide(payloads=(GOOD,), readings=READ, use=None, *, final=False, rules=None, context=CONTEXT, keys=TRUST):
    """Take both steps as a caller does, and hold the promises that every decision makes."""
    evidence = TransactionEvidence("t1", shown(*payloads), readings)
    assessment = assess(evidence, AssessmentContext(context, keys), Instant(0.0, NOW))
    decision = judge(assessment, rules or JudgementRules(), Knowledge(FRESH, use or PermitUses()), final=final)
    assert all(check.ok for check in decision.checks[:-1])
    assert decision.checks[-1].ok == (decision.verdict is Verdict.PASS)
    assert decision.reason is (Reason.OK if decision.checks[-1].ok else decision.checks[-1].reason)
    assert (decision.reason is Reason.OK) == (decision.verdict is Verdict.PASS)
    assert not (final and decision.verdict is Verdict.RETRY)
    order = [ORDER[check.reason] for check in decision.checks]
    assert order == sorted(order)
    return decision


def between(first, last):
    """The reasons from one to another, both included."""
    reasons = list(Reason)
    return reasons[reasons.index(first) : reasons.index(last) + 1]


def test_a_good_permit_and_its_plate_pass_with_every_check_on_record():
    decision = decide()
    assert (decision.verdict, decision.reason) == (Verdict.PASS, Reason.OK)
    assert decision.permit == PERMIT
    assert decision.match is not None
    assert decision.match.verdict is MatchVerdict.MATCH
    assert [check.reason for check in decision.checks] == [
        Reason.QR_NONE,
        Reason.QR_MULTIPLE,
        *between(Reason.PAYLOAD_TOO_LARGE, Reason.DECLARATION_UNKNOWN),
        *between(Reason.DATA_TOO_OLD, Reason.PLATE_UNREADABLE),
        *between(Reason.PLATE_UNSURE, Reason.PLATE_OTHER_PERMIT),
        *between(Reason.VIN_CHECKSUM, Reason.VIN_CHECKSUM),
        *between(Reason.VEHICLE_CLASS_MISMATCH, Reason.STATE_NOT_WHOLE),
    ]
    assert decision.data == FRESH


RETRY, DENY, MANUAL, PASS = Verdict.RETRY, Verdict.DENY, Verdict.MANUAL, Verdict.PASS

TEXTS = {
    "nothing": ((), RETRY, DENY, Reason.QR_NONE),
    "an address": ((ADDRESS,), RETRY, DENY, Reason.NOT_A_PERMIT),
    "a large text": ((b"x" * 701,), RETRY, DENY, Reason.PAYLOAD_TOO_LARGE),
    "the next version": ((b"GP2:ABC",), RETRY, DENY, Reason.VERSION_UNSUPPORTED),
    "a broken text": ((BROKEN,), RETRY, DENY, Reason.ENCODING_INVALID),
    "a text without a message": ((b"GP1:",), RETRY, DENY, Reason.STRUCTURE_INVALID),
    "the newest of two that are no permit": ((BROKEN, ADDRESS), RETRY, DENY, Reason.NOT_A_PERMIT),
    "a forged permit": ((FORGED,), DENY, DENY, Reason.SIGNATURE_INVALID),
    "a permit of a stranger": ((text(key=STRANGER),), DENY, DENY, Reason.KEY_UNKNOWN),
    "an expired permit": ((EXPIRED,), DENY, DENY, Reason.EXPIRED),
    "a permit for elsewhere": ((ELSEWHERE,), DENY, DENY, Reason.WRONG_SITE),
    "two valid permits": ((GOOD, SECOND), MANUAL, MANUAL, Reason.QR_MULTIPLE),
    "two valid permits and an address": ((GOOD, ADDRESS, SECOND), MANUAL, MANUAL, Reason.QR_MULTIPLE),
    "the same permit twice": ((GOOD, GOOD), PASS, PASS, Reason.OK),
    "one permit id in two texts": ((GOOD, text(max_uses=3)), PASS, PASS, Reason.OK),
    "a permit and then an address": ((GOOD, ADDRESS), PASS, PASS, Reason.OK),
    "an address and then a permit": ((ADDRESS, GOOD), PASS, PASS, Reason.OK),
    "the expired permit and then the right one": ((EXPIRED, GOOD), PASS, PASS, Reason.OK),
    "the right permit and then the expired one": ((GOOD, EXPIRED), PASS, PASS, Reason.OK),
    "a refused permit and then an address": ((EXPIRED, ADDRESS), DENY, DENY, Reason.EXPIRED),
    "the newer of two refused permits": ((EXPIRED, ELSEWHERE), DENY, DENY, Reason.WRONG_SITE),
    "the newer of two refused permits, seen again": ((ELSEWHERE, EXPIRED, ELSEWHERE), DENY, DENY, Reason.WRONG_SITE),
}


@pytest.mark.parametrize(
    ("payloads", "first", "last", "reason"), [pytest.param(*row, id=name) for name, row in TEXTS.items()]
)
def test_the_texts_that_were_shown_decide(payloads, first, last, reason):
    for final, verdict in ((False, first), (True, last)):
        decision = decide(payloads, final=final)
        assert (decision.verdict, decision.reason) == (verdict, reason)


def test_a_newer_text_of_the_same_permit_replaces_the_older():
    assert decide((GOOD, text(max_uses=3))).permit == replace(PERMIT, max_uses=3)


def test_texts_that_were_left_aside_are_named_by_their_reason_only():
    decision = decide((ADDRESS, EXPIRED, GOOD))
    note = next(check for check in decision.checks if check.reason is Reason.QR_MULTIPLE)
    assert note == Check(Reason.QR_MULTIPLE, ok=True, detail="ignored: EXPIRED, NOT_A_PERMIT")


@pytest.mark.parametrize("final", [False, True])
def test_what_the_gate_does_not_know_is_for_an_officer(final):
    unsure = decide(context=replace(CONTEXT, clock_trusted=False), final=final)
    assert (unsure.verdict, unsure.reason) == (MANUAL, Reason.CLOCK_UNTRUSTED)


PLATES = {
    "nothing read": ((), RETRY, MANUAL, Reason.PLATE_UNREADABLE),
    "the plate, once": (read(PLATE, frames=1), PASS, PASS, Reason.OK),
    "the plate, hardly readable": (read(PLATE, sure=0.5), RETRY, MANUAL, Reason.PLATE_UNSURE),
    "a neighbour's plate": (read("新A12346"), DENY, DENY, Reason.PLATE_MISMATCH),
    "a neighbour's plate, once": (read("新A12346", frames=1), RETRY, MANUAL, Reason.PLATE_UNSURE),
    "another plate": (read("京B98765"), DENY, DENY, Reason.PLATE_MISMATCH),
}


@pytest.mark.parametrize(
    ("readings", "first", "last", "reason"), [pytest.param(*row, id=name) for name, row in PLATES.items()]
)
def test_the_plate_that_was_read_decides(readings, first, last, reason):
    for final, verdict in ((False, first), (True, last)):
        decision = decide(readings=readings, final=final)
        assert (decision.verdict, decision.reason) == (verdict, reason)
        assert decision.permit == PERMIT
        assert (decision.match is None) == (not readings)


@pytest.mark.parametrize("readings", [(), READ])
def test_the_lane_says_what_becomes_of_a_permit_without_a_plate(readings):
    asked = decide((NO_PLATE,), readings)
    assert (asked.verdict, asked.reason) == (MANUAL, Reason.PLATE_UNREADABLE)
    let = decide((NO_PLATE,), readings, rules=JudgementRules(without_plate="pass"))
    assert (let.verdict, let.match) == (PASS, None)


def test_a_lane_that_passes_vehicles_without_plates_still_reads_the_plates_of_others():
    rules = JudgementRules(without_plate="pass")
    assert decide(readings=read("新A12346"), rules=rules).reason is Reason.PLATE_MISMATCH
    assert decide(readings=(), rules=rules).reason is Reason.PLATE_UNREADABLE


USES = {
    "never used": (PermitUses(), PASS),
    "used once of twice": (PermitUses(used=1), PASS),
    "used twice of twice": (PermitUses(used=2), DENY),
    "used more often than it may": (PermitUses(used=3), DENY),
    "reserved by this transaction": (PermitUses(open_reservation="t1"), PASS),
    "reserved by another": (PermitUses(open_reservation="t0"), DENY),
    "reserved before a restart": (PermitUses(open_reservation="t0", in_doubt=True), MANUAL),
    "reserved before a restart by the same name": (PermitUses(open_reservation="t1", in_doubt=True), MANUAL),
    "used up and reserved before a restart": (PermitUses(used=2, open_reservation="t0", in_doubt=True), DENY),
}


@pytest.mark.parametrize("final", [False, True])
@pytest.mark.parametrize(("use", "verdict"), [pytest.param(*row, id=name) for name, row in USES.items()])
def test_the_ledger_decides_after_the_plate(use, verdict, final):
    decision = decide(use=use, final=final)
    assert decision.verdict is verdict
    assert decision.reason is (Reason.OK if verdict is PASS else Reason.ALREADY_USED)
    assert Reason.ALREADY_USED in [check.reason for check in decision.checks]


def test_the_first_check_that_fails_decides_though_more_would():
    used = PermitUses(used=9)
    assert decide((ELSEWHERE,), (), used).reason is Reason.WRONG_SITE
    assert decide((GOOD,), (), used).reason is Reason.PLATE_UNREADABLE
    assert decide((GOOD,), READ, used).reason is Reason.ALREADY_USED


def test_an_unverified_text_has_no_permit_to_ask_the_ledger_for():
    for payloads in ((), (ADDRESS,), (FORGED,), (GOOD, SECOND)):
        assert (
            assess(
                TransactionEvidence("t1", shown(*payloads)), AssessmentContext(CONTEXT, TRUST), Instant(0.0, NOW)
            ).permit
            is None
        )
    assert (
        assess(TransactionEvidence("t1", shown(EXPIRED)), AssessmentContext(CONTEXT, TRUST), Instant(0.0, NOW)).permit
        is not None
    )


# ------------------------------------------------------------------------------------------------ what breaks


def test_a_fault_in_the_verification_is_for_an_officer():
    assessment = assess(TransactionEvidence("t1", shown(GOOD)), AssessmentContext(CONTEXT, None), Instant(0.0, NOW))
    assert (assessment.permit, assessment.reason) == (None, Reason.INTERNAL_ERROR)
    decision = judge(assessment, JudgementRules(), Knowledge(FRESH), final=False)
    assert (decision.verdict, decision.reason) == (MANUAL, Reason.INTERNAL_ERROR)
    assert decision.checks == (Check(Reason.INTERNAL_ERROR, ok=False, detail="AttributeError"),)


def test_a_fault_in_the_judgement_is_for_an_officer_and_keeps_the_checks_before_it():
    assessment = assess(
        TransactionEvidence("t1", shown(GOOD), READ), AssessmentContext(CONTEXT, TRUST), Instant(0.0, NOW)
    )
    decision = judge(assessment, JudgementRules(), Knowledge(FRESH, use=None), final=False)
    assert (decision.verdict, decision.reason) == (MANUAL, Reason.INTERNAL_ERROR)
    assert decision.permit == PERMIT
    assert decision.checks[: len(assessment.checks)] == assessment.checks
    assert decision.checks[-2].reason is Reason.VEHICLE_CLASS_MISMATCH, "the last before the fault"
    assert decision.checks[-1] == Check(Reason.INTERNAL_ERROR, ok=False, detail="AttributeError")


def test_an_assessment_that_contradicts_itself_never_passes():
    decision = judge(
        Assessment(TransactionEvidence("t1"), (), None, Reason.OK), JudgementRules(), Knowledge(FRESH), final=True
    )
    assert (decision.verdict, decision.reason) == (MANUAL, Reason.INTERNAL_ERROR)
    assert decision.checks[-1].detail == "ValueError"


def test_nonsense_readings_never_pass():
    broken = replace(READ[0], positions=())
    decision = decide(readings=(broken,))
    assert decision.verdict is not PASS
