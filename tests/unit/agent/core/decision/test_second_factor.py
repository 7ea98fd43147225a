"""What ties a permit to its vehicle, plate and VIN: every rule against everything that can be declared and be read."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from agent.core.decision.judgement import judge
from agent.core.decision.judgement_rules import JudgementRules
from agent.core.decision.permit_choice import AssessmentContext, TransactionEvidence, assess
from agent.core.decision.second_factor import Tie, tie_of
from agent.core.model.instant import Instant
from agent.core.model.observations import VinSource
from agent.core.model.reasons import Reason, Verdict
from agent.core.permit.claims import PermitForm
from tests.support.lane.judging import (
    CONTEXT,
    KNOWN,
    PERMIT,
    TRUST,
    answer,
    check,
    decide,
    declared,
    hold_promises,
    printed,
    read,
    shown,
    text,
    vins_read,
)
from tests.support.pki.permits import NOW

PASS, DENY, MANUAL, RETRY = Verdict
OK = (PASS, Reason.OK)
OTHER_VIN = "LSVAA4182E2184847"
NEIGHBOUR_PLATE, STRANGE_PLATE = "新A12346", "京B98765"

REQUIRES = ("permit_and_plate", "permit", "plate", "either")
FACTORS = ("plate", "vin", "either", "both")
WITHOUT = ("manual", "vin", "pass")

# ------------------------------------------------------------------------------------------------ what is asked for

TIES = {
    # of a permit that is shown and declares a plate, by second_factor, where a permit and its plate are asked for
    **{("permit_and_plate", factor, without, True): Tie(factor) for factor in FACTORS for without in WITHOUT},
    # of one that declares none, by without_plate; it never needs less than one that has a plate
    **{("permit_and_plate", factor, "manual", False): Tie.OFFICER for factor in FACTORS},
    **{("permit_and_plate", factor, "vin", False): Tie.VIN for factor in FACTORS},
    ("permit_and_plate", "plate", "pass", False): Tie.NOTHING,
    ("permit_and_plate", "vin", "pass", False): Tie.VIN,
    ("permit_and_plate", "either", "pass", False): Tie.NOTHING,
    ("permit_and_plate", "both", "pass", False): Tie.VIN,
    # elsewhere a permit that is shown is enough
    **{
        (require, factor, without, plate): Tie.NOTHING
        for require in ("permit", "plate", "either")
        for factor in FACTORS
        for without in WITHOUT
        for plate in (True, False)
    },
}
BY_PLATE = {"plate": Tie.PLATE, "vin": Tie.BOTH, "either": Tie.PLATE, "both": Tie.BOTH}
"""Of a permit that the plate alone led to."""


def test_the_table_of_ties_is_whole():
    assert set(TIES) == set(product(REQUIRES, FACTORS, WITHOUT, (True, False)))


@pytest.mark.parametrize(("cell", "wanted"), TIES.items(), ids=lambda one: "-".join(map(str, one)) if one else "")
def test_each_rule_asks_for_its_factors(cell, wanted):
    require, factor, without, has_plate = cell
    permit = PERMIT if has_plate else replace(PERMIT, plate=None, plate_kind=None)
    rules = JudgementRules(require=require, second_factor=factor, without_plate=without)
    assert tie_of(permit, rules) is wanted
    for form in (PermitForm.JWS, PermitForm.REFERENCE):
        assert tie_of(replace(permit, form=form), rules) is wanted


@pytest.mark.parametrize(("factor", "wanted"), BY_PLATE.items())
def test_a_plate_that_led_to_the_permit_is_always_asked_for(factor, wanted):
    for require, without in product(("plate", "either"), WITHOUT):
        rules = JudgementRules(require=require, second_factor=factor, without_plate=without)
        assert tie_of(replace(PERMIT, form=PermitForm.PLATE), rules) is wanted


# ------------------------------------------------------------------------------------------------ what follows

PLATES = {
    "none": (),
    "equal": read(),
    "unsure": read(sure=0.5),
    "other": read(STRANGE_PLATE),
    # looks like the declared one, and as much like another one that is declared too
    "like a rival": tuple(replace(one, positions=(*one.positions[:-1], (("5", 0.55), ("6", 0.44)))) for one in read()),
    # the plate of another declaration
    "a rival": read(NEIGHBOUR_PLATE),
}
VINS = {
    "none": (),
    "equal": vins_read(),
    "equal in print": printed(),
    "equal beside other": (*vins_read(), *vins_read(OTHER_VIN, VinSource.QR, first=5)),
    "unsure": printed(doubts=((16, "1"), (15, "1"))),
    "other": vins_read(OTHER_VIN),
    "other in print": printed(OTHER_VIN),
}
EQUAL = ("equal", "equal in print", "equal beside other")

AGAIN = (RETRY, MANUAL)
"""While more may come, and once nothing will."""
NOW_ = (MANUAL, MANUAL)

PLATE_FAILS = {
    "none": (*AGAIN, Reason.PLATE_UNREADABLE),
    "unsure": (*AGAIN, Reason.PLATE_UNSURE),
    "other": (DENY, DENY, Reason.PLATE_MISMATCH),
    "like a rival": (*AGAIN, Reason.PLATE_OTHER_PERMIT),
    "a rival": (*AGAIN, Reason.PLATE_OTHER_PERMIT),
}
"""As it was before VINs were read."""
VIN_FAILS = {
    "none": (*AGAIN, Reason.VIN_UNREADABLE),
    "unsure": (*AGAIN, Reason.VIN_UNSURE),
    "other": (*AGAIN, Reason.VIN_MISMATCH),
    "other in print": (*AGAIN, Reason.VIN_MISMATCH),
}
NO_VIN_DECLARED = (*NOW_, Reason.VIN_UNREADABLE)
CONTRADICTION = {
    "other": (*NOW_, Reason.PLATE_MISMATCH),
    "a rival": (*AGAIN, Reason.PLATE_OTHER_PERMIT),
}
"""A plate that is surely another's is no less so beside the declared VIN: a label can be printed by anybody."""
PASSES = (PASS, PASS, Reason.OK)


def wanted(asked, plate, vin, *, declares_vin):
    """The verdict while more may come, the last one, and the reason."""
    has_vin = vin in EQUAL and declares_vin
    vin_fails = NO_VIN_DECLARED if not declares_vin else VIN_FAILS.get(vin)
    match asked:
        case Tie.NOTHING | Tie.OFFICER:
            return PASSES if asked is Tie.NOTHING else (*NOW_, Reason.PLATE_UNREADABLE)
        case Tie.VIN:
            return CONTRADICTION.get(plate) or vin_fails or PASSES
        case Tie.EITHER if has_vin:
            return CONTRADICTION.get(plate, PASSES)
        case Tie.PLATE | Tie.EITHER:
            return PLATE_FAILS.get(plate, PASSES)
        case Tie.BOTH:
            return PLATE_FAILS.get(plate) or vin_fails or PASSES


RULES = tuple(product(REQUIRES, FACTORS, WITHOUT))
ASSESSED: dict[object, object] = {}


def assessed(plate, vin, *, has_plate, declares_vin, form=PermitForm.SIGNED):
    """The assessment of a permit that holds, beside what was read."""
    key = (plate, vin, has_plate, declares_vin, form)
    if key not in ASSESSED:
        declares = {} if has_plate else {"plate": None, "plate_kind": None}
        evidence = TransactionEvidence("t1", shown(text(**declares)), PLATES[plate], vins=VINS[vin])
        found = assess(evidence, AssessmentContext(CONTEXT, TRUST), Instant(0.0, NOW))
        assert found.reason is Reason.OK
        of_vin = {} if declares_vin else {"vin": ""}
        ASSESSED[key] = replace(found, permit=replace(found.permit, form=form, **of_vin))
    return ASSESSED[key]


def known(plate):
    """The other declarations of the gate: that of the neighbour, where the picture may show it."""
    return replace(KNOWN, others=(NEIGHBOUR_PLATE,)) if plate in {"like a rival", "a rival"} else KNOWN


@pytest.mark.parametrize(("require", "factor", "without"), RULES)
def test_each_rule_with_all_that_can_be_declared_and_be_read(require, factor, without):
    rules = JudgementRules(require=require, second_factor=factor, without_plate=without)
    for plate, vin, has_plate, declares_vin in product(PLATES, VINS, (True, False), (True, False)):
        assessment = assessed(plate, vin, has_plate=has_plate, declares_vin=declares_vin)
        asked = TIES[require, factor, without, has_plate]
        first, last, reason = wanted(asked, plate if has_plate else "none", vin, declares_vin=declares_vin)
        cell = f"plate {plate}, VIN {vin}, declares plate {has_plate}, VIN {declares_vin}"
        for final, verdict in ((False, first), (True, last)):
            decision = judge(assessment, rules, known(plate), final=final)
            assert (decision.verdict, decision.reason) == (verdict, reason), cell
            hold_promises(decision, final=final)


@pytest.mark.parametrize("factor", FACTORS)
def test_a_plate_alone_with_all_that_can_be_read_of_a_vin(factor):
    rules = JudgementRules(require="plate", second_factor=factor)
    for vin, declares_vin in product(VINS, (True, False)):
        assessment = assessed("equal", vin, has_plate=True, declares_vin=declares_vin, form=PermitForm.PLATE)
        first, last, reason = wanted(BY_PLATE[factor], "equal", vin, declares_vin=declares_vin)
        for final, verdict in ((False, first), (True, last)):
            here = replace(KNOWN, declaration=declared(assessment.permit))
            decision = judge(replace(assessment, by_plate=True), rules, here, final=final)
            assert (decision.verdict, decision.reason) == (verdict, reason)


def test_by_default_a_vin_changes_no_verdict_no_reason_and_no_check_but_for_a_note():
    for require, without, plate, has_plate in product(REQUIRES, ("manual", "pass"), PLATES, (True, False)):
        rules = JudgementRules(require=require, without_plate=without)
        for final in (False, True):
            bare = judge(
                assessed(plate, "none", has_plate=has_plate, declares_vin=True), rules, known(plate), final=final
            )
            assert not any(one.reason in VIN_REASONS for one in bare.checks)
            for vin in set(VINS) - {"none"}:
                beside = judge(
                    assessed(plate, vin, has_plate=has_plate, declares_vin=True), rules, known(plate), final=final
                )
                noted = [one for one in beside.checks if one.reason in VIN_REASONS]
                assert replace(beside, checks=bare.checks, vin=None) == bare
                assert tuple(one for one in beside.checks if one not in noted) == bare.checks
                assert all(one.ok and one.reason is Reason.VIN_MISMATCH for one in noted)


VIN_REASONS = {Reason.VIN_UNREADABLE, Reason.VIN_UNSURE, Reason.VIN_MISMATCH}


# ------------------------------------------------------------------------------------------------ what is written down


def test_the_vin_that_is_enough_is_told_where_the_plate_is_not():
    decision = decide(readings=(), vins=vins_read(), second_factor="either")
    assert (decision.verdict, decision.reason) == OK
    assert check(decision, Reason.PLATE_UNREADABLE).detail == "0 readings; the declared VIN was read, which is enough"
    assert check(decision, Reason.VIN_MISMATCH).detail == (
        "the declared VIN was read (code_128, score 99.00 from 2 frames); the VIN decides"
    )


def test_another_vin_beside_the_declared_one_is_a_note_and_the_vin_itself_is_not_in_the_words():
    decision = decide(vins=VINS["equal beside other"], second_factor="both")
    assert (decision.verdict, decision.reason) == OK
    assert check(decision, Reason.VIN_MISMATCH).detail == (
        "the declared VIN was read (code_128, score 99.00 from 2 frames); 1 other VIN is in view"
    )
    assert decision.vin.others == 1
    assert not any(vin in one.detail for one in decision.checks for vin in (OTHER_VIN, PERMIT.vin))


def test_a_wrong_check_digit_of_what_was_read_is_a_hint():
    misread = OTHER_VIN[:-1] + "8"
    decision = decide(vins=vins_read(misread), second_factor="vin", final=True)
    assert (decision.verdict, decision.reason) == (MANUAL, Reason.VIN_MISMATCH)
    assert check(decision, Reason.VIN_MISMATCH).detail.endswith("; a check digit differs, so one may be misread")


def test_what_was_not_read_and_not_declared_is_told_apart():
    decision = decide(second_factor="vin", final=True)
    assert check(decision, Reason.VIN_UNREADABLE).detail == "0 readings"
    assert check(decision, Reason.PLATE_UNREADABLE).detail == "not checked, the VIN decides"
    assessment = assessed("equal", "equal", has_plate=True, declares_vin=False)
    found = judge(assessment, JudgementRules(second_factor="vin"), KNOWN, final=False)
    assert check(found, Reason.VIN_UNREADABLE).detail == "the permit declares no VIN"
    assert found.vin is None, "nothing is held against a text that is no VIN"


def test_a_plate_that_contradicts_the_declared_vin_is_told_beside_it():
    decision = decide(readings=read(STRANGE_PLATE), vins=vins_read(), second_factor="either")
    assert (decision.verdict, decision.reason) == (MANUAL, Reason.PLATE_MISMATCH)
    assert check(decision, Reason.PLATE_MISMATCH).detail.endswith("; the declared VIN was read as well")


def test_under_vin_a_plate_of_another_kind_is_still_noted():
    permit = text(plate=None, plate_kind=None)
    options = {"vins": vins_read(), "without_plate": "vin"}
    assert answer((permit,), read(), **options) == OK
    assert answer((permit,), read(), **options, other_class="manual") == (MANUAL, Reason.VEHICLE_CLASS_MISMATCH)


def test_what_comes_after_the_vin_is_checked_all_the_same():
    options = {"vins": vins_read(), "second_factor": "vin"}
    held = replace(KNOWN, declaration=declared(max_uses=0))
    assert answer(known=held, **options)[0] is DENY
    assert answer(payloads=(), **options) == (RETRY, Reason.QR_NONE), "a VIN is no permit"


def test_of_two_cameras_the_vin_must_be_read_by_another_than_the_permit():
    evidence = TransactionEvidence("t1", shown(text()), (), vins=vins_read(camera="front"))
    ground = AssessmentContext(CONTEXT, TRUST, two_cameras=True)
    rules = JudgementRules(second_factor="vin", require_two_cameras=True)

    def decided(vins):
        return judge(assess(replace(evidence, vins=vins), ground, Instant(0.0, NOW)), rules, KNOWN, final=True)

    alone = decided(vins_read(camera="front"))
    assert (alone.verdict, alone.reason) == (MANUAL, Reason.VIN_UNREADABLE)
    assert check(alone, Reason.VIN_UNREADABLE).detail == (
        "0 readings; 2 more by the camera that read the permit do not count"
    )
    assert decided(vins_read(camera="side")).verdict is PASS
