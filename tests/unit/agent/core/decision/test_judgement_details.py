"""What each check writes down beside its reason: an officer acts on it, and years later a court reads it."""

from dataclasses import replace

import pytest

from agent.core.decision.checks.random_sample import drawn
from agent.core.decision.decision import Decision
from agent.core.decision.judgement import judge
from agent.core.decision.judgement_rules import JudgementRules
from agent.core.decision.knowledge import PermitUses, subjects_of
from agent.core.decision.permit_choice import AssessmentContext, TransactionEvidence, assess
from agent.core.lists.freshness import DataState
from agent.core.model.instant import Instant
from agent.core.model.list_rows import Subject, Watched
from agent.core.model.reasons import Check, Reason, Verdict
from agent.core.plates.match import match
from agent.core.plates.vote import vote
from agent.core.site.claim_answers import ClaimAnswer, ClaimCode
from agent.core.site.permit_uses import OtherExit
from tests.support.lane.judging import (
    CONTEXT,
    DATA,
    GOOD,
    KNOWN,
    PERMIT,
    PLATE,
    READ,
    TRUST,
    check,
    decide,
    declared,
    read,
    shown,
    text,
)
from tests.support.pki.permits import NOW
from tests.unit.agent.core.decision.test_judgement_reasons import ROWS

SCORE = f"score {match(vote(READ), PLATE).score:.2f} from 3 frames"
UNSURE, OTHER = (
    f"score {match(vote(each), PLATE).score:.2f} from 3 frames" for each in (read(sure=0.5), read("京B98765"))
)
NO_PLATE = text(plate=None, plate_kind=None)
EXIT = OtherExit(b"another.", "", NOW)


def known(**changes):
    return replace(KNOWN, **changes)


def claimed(code, gate="gate-2", detail=""):
    return {"known": known(claim=ClaimAnswer(code, gate=gate, detail=detail))}


FAILED = {
    "not declared": "this lane requires it",
    "not known of late": "the lists are so old that it is required",
    "not released": "declared",
    "cancelled": "cancelled",
    "held": "held",
    "declared otherwise": "different VIN",
    "no plate read": "0 readings",
    "no plate declared": "the permit declares no plate",
    "hardly read": UNSURE,
    "another plate": OTHER,
    "a wrong check digit": "the check digit of the VIN differs",
    "gone under another permit": f"under permit 616e6f746865722e at gate-2 at {NOW - 86_400}",
    "gone, says the home gate": "vin already exited, at gate-2",
    "another kind of plate": "read trailer, declared civil",
    "used up": "used 2 of 2 times",
    "used up at another gate": "at gate-2",
    "used, says the home gate": "used at other gate, at gate-2",
    "in use, says the home gate": "reserved elsewhere, at gate-2",
    "no home gate": "ledger unreachable, at gate-2",
    "just gone": "passed in this direction 5 s ago, less than 60 s ago",
    "watched": "listed by its vin: look under it",
    "drawn": "one in 2",
}


@pytest.mark.parametrize("name", FAILED)
def test_a_check_that_fails_says_what_it_saw(name):
    reason, given, *_ = ROWS[name]
    assert decide(final=True, **given).checks[-1] == Check(reason, ok=False, detail=FAILED[name])


OTHERWISE = {
    "reserved": (
        Reason.ALREADY_USED,
        {"known": known(use=PermitUses(open_reservation="t0"))},
        "reserved by t0",
    ),
    "reserved before a restart": (
        Reason.ALREADY_USED,
        {"known": known(use=PermitUses(open_reservation="t0", in_doubt=True))},
        "reserved by t0, and it is not known whether that vehicle passed",
    ),
    "gone through a gate that has no name here": (
        Reason.VIN_ALREADY_EXITED,
        {"known": known(other_exit=EXIT), "already_exited_s": 9.0},
        f"under permit 616e6f746865722e at {NOW}",
    ),
    "watched without a word": (
        Reason.WATCHLIST_HOLD,
        {"known": known(watched=Watched(Subject.PLATE, PLATE))},
        "listed by its plate",
    ),
    "nobody to ask": (
        Reason.LEDGER_UNREACHABLE,
        claimed(ClaimCode.LEDGER_UNREACHABLE, "", "no broker"),
        "ledger unreachable, no broker",
    ),
    "one frame of a plate alone": (
        Reason.PLATE_UNSURE,
        {"readings": read(frames=1), "require": "plate", "active": (declared(),)}
        | {"known": known(declaration=declared())},
        (
            f"score {match(vote(read(frames=1)), PLATE).score:.2f} from 1 frames; "
            "a decision by plate alone needs 2 equal readings"
        ),
    ),
    **{
        f"another {word}": (
            Reason.DECLARATION_MISMATCH,
            {"known": known(declaration=declared(**changes))},
            f"different {word}",
        )
        for word, changes in {
            "issuer": {"issuer": "ANOTHER"},
            "declaration number": {"declaration": PERMIT.declaration + 1},
            "site": {"site": 9412},
            "direction": {"direction": "import"},
        }.items()
    },
}  # fmt: skip


@pytest.mark.parametrize("lane", [{}, {"require": "plate"}], ids=["permit and plate", "plate"])
def test_where_no_plate_counts_the_decision_tells_of_those_that_were_set_aside(lane):
    decision = decide(readings=(), set_aside=2, final=True, **lane)
    detail = "0 readings, plates ignored as those of other vehicles: 2"
    assert decision.checks[-1] == Check(Reason.PLATE_UNREADABLE, ok=False, detail=detail)


@pytest.mark.parametrize(("reason", "given", "detail"), OTHERWISE.values(), ids=OTHERWISE)
def test_one_reason_has_more_than_one_story(reason, given, detail):
    assert decide(final=True, **given).checks[-1] == Check(reason, ok=False, detail=detail)


HELD = {
    "not needed": (Reason.DECLARATION_UNKNOWN, {}, "it has not arrived, and is not required"),
    "released": (Reason.DECLARATION_NOT_RELEASED, {"known": known(declaration=declared())}, "released"),
    "plate": (Reason.PLATE_UNREADABLE, {}, "3 readings"),
    "no plate": (
        Reason.PLATE_UNREADABLE,
        {"payloads": (NO_PLATE,), "without_plate": "pass"},
        "not checked, the permit declares no plate",
    ),
    "sure": (Reason.PLATE_UNSURE, {}, SCORE),
    "alike": (Reason.PLATE_MISMATCH, {}, SCORE),
    "a check digit": (Reason.VIN_CHECKSUM, {}, ""),
    "a wrong check digit": (
        Reason.VIN_CHECKSUM,
        {"payloads": (text(vin="LSVAA49J132047372"),)},
        "the check digit of the VIN differs",
    ),
    "never gone": (Reason.VIN_ALREADY_EXITED, {"already_exited_s": 9.0}, ""),
    "used before": (Reason.ALREADY_USED, {"known": known(use=PermitUses(used=1))}, "used 1 of 2 times"),
    "used before, elsewhere": (
        Reason.USED_AT_OTHER_GATE,
        {"known": known(use=PermitUses(used=1, used_at="gate-2"))},
        "",
    ),
    "a home gate was not asked": (Reason.LEDGER_UNREACHABLE, {}, ""),
    "a home gate": (
        Reason.LEDGER_UNREACHABLE,
        claimed(ClaimCode.GRANTED, detail="use 1"),
        "granted, at gate-2, use 1",
    ),
    "never here": (Reason.PASSBACK, {"anti_passback_s": 60.0}, ""),
    "long ago": (
        Reason.PASSBACK,
        {"known": known(use=PermitUses(passed_s=60.0)), "anti_passback_s": 60.0},
        "passed in this direction 60 s ago",
    ),
    "not watched": (Reason.WATCHLIST_HOLD, {}, ""),
    "not drawn": (Reason.SAMPLED, {"sample_share": 1e-9}, ""),
}


@pytest.mark.parametrize(("reason", "given", "detail"), HELD.values(), ids=HELD)
def test_a_check_that_holds_says_what_it_saw_too(reason, given, detail):
    decision = decide(final=True, **given)
    assert decision.verdict is Verdict.PASS
    assert check(decision, reason) == Check(reason, ok=True, detail=detail)


def test_lists_that_are_too_old_are_not_asked_for_a_declaration():
    decision = decide(known=known(data=replace(DATA, state=DataState.TOO_OLD)), declaration="required")
    assert check(decision, Reason.DECLARATION_UNKNOWN).detail == "not checked, the lists are too old"


@pytest.mark.parametrize("given", [row[1] for row in ROWS.values()], ids=ROWS)
def test_every_decision_says_how_old_its_lists_were(given):
    assert decide(**given).data == given.get("known", KNOWN).data


@pytest.mark.parametrize("name", ["another site", "too late", "the other way"])
def test_a_permit_that_holds_by_itself_is_told_with_what_it_was_refused_for(name):
    assert decide(**ROWS[name][1]).permit.permit_id == PERMIT.permit_id


# ------------------------------------------------------------------------------------------------ where answers part


@pytest.mark.parametrize(
    ("listed", "used", "reason"),
    [
        (2, 1, Reason.OK),
        (1, 1, Reason.USED_AT_OTHER_GATE),
        (2, 2, Reason.USED_AT_OTHER_GATE),
        (9, 2, Reason.USED_AT_OTHER_GATE),
    ],
)
def test_uses_at_another_gate_count_up_to_what_permit_and_declaration_allow(listed, used, reason):
    here = known(declaration=declared(max_uses=listed), use=PermitUses(used=used, used_at="gate-2"))
    assert decide(known=here).reason is reason


def test_the_draw_is_by_permit_use_and_salt():
    draws = {
        "permit": [drawn(bytes([number]) * 8, 1, 0.5, b"salt") for number in range(64)],
        "use": [drawn(b"permit..", use, 0.5, b"salt") for use in range(1, 65)],
        "salt": [drawn(b"permit..", 1, 0.5, bytes([number])) for number in range(64)],
    }
    for said in draws.values():
        assert 16 < sum(said) < 48
    assert len({tuple(said) for said in draws.values()}) == 3
    assert [drawn(PERMIT.permit_id, 1, share, b"") for share in (0.0, 1.0)] == [False, True]


def test_a_small_share_is_a_small_share_also_of_the_uses_of_one_permit():
    assert 4 <= sum(drawn(b"permit..", use, 1 / 1024, b"salt") for use in range(1, 8193)) <= 16


def test_an_undeclared_plate_is_refused_from_two_frames_alike_and_the_least_confidence_on():
    strange = read("京B98765", frames=2)
    options = {"readings": strange, "require": "plate", "final": True}
    rules = JudgementRules().match
    just = replace(rules, confident_mismatch=vote(strange).confidence)
    assert decide(**options, match=just).verdict is Verdict.DENY
    above = replace(rules, confident_mismatch=vote(strange).confidence + 1e-9)
    assert decide(**options, match=above).verdict is Verdict.MANUAL


def test_a_declared_plate_alone_passes_from_two_frames_alike_on():
    here = {"active": (declared(),), "known": known(declaration=declared()), "require": "plate"}
    assert decide(readings=read(frames=2), **here).verdict is Verdict.PASS


def test_the_match_that_was_made_before_is_not_made_again():
    assessment = assess(
        TransactionEvidence("t1", shown(GOOD), READ), AssessmentContext(CONTEXT, TRUST), Instant(0.0, NOW)
    )
    before = replace(match(vote(READ), PLATE), score=7.0)
    decided = Decision(Verdict.PASS, Reason.OK, (), match=before)
    assert judge(assessment, JudgementRules(), KNOWN, final=True, before=decided).match is before


SUBJECTS = (
    (Subject.PERMIT, PERMIT.permit_id.hex()),
    (Subject.VIN, PERMIT.vin),
    (Subject.DECLARATION, "941120260000012345"),
)


@pytest.mark.parametrize(
    ("declares", "reads", "plates"),
    [(PLATE, "京B98765", (PLATE, "京B98765")), (PLATE, PLATE, (PLATE,)), (PLATE, None, (PLATE,)),
     (None, PLATE, (PLATE,)), (None, None, ())],
)  # fmt: skip
def test_the_watch_list_is_asked_for_all_that_is_known_of_a_vehicle(declares, reads, plates):
    voted = vote(read(reads)) if reads else None
    found = subjects_of(replace(PERMIT, plate=declares), voted)
    assert found == (*SUBJECTS, *((Subject.PLATE, plate) for plate in plates))
