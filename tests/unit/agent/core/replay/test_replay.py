"""Past vehicles judged by other rules: what these rules would have answered then, or that it is not known."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from agent.core.decision.decision import Decision
from agent.core.decision.knowledge import PermitUses
from agent.core.decision.second_reading_result import SecondVerdict
from agent.core.events.judged_facts import ClaimRecord, FactsRecord
from agent.core.lane.event_drafts import decision_event
from agent.core.lists.freshness import FreshnessRules
from agent.core.model.list_rows import DeclarationStatus
from agent.core.model.reasons import Check, Reason, Verdict
from agent.core.permit.claims import PermitForm
from agent.core.permit.issue import DAY_S
from agent.core.replay import NotJudged, compared, recorded_vehicle
from agent.core.replay.recorded import NotJudgedError
from agent.core.replay.rejudgement import judged_again
from agent.core.site.claim_answers import ClaimCode
from agent.core.site.permit_uses import OtherExit
from tests.support.lane.judging import GOOD, PERMIT, READ, REFERENCE, declared, vins_read, witness_said
from tests.support.lane.past_vehicles import (
    LANE,
    RULES,
    TRANSACTION,
    Situation,
    answered,
    any_rules,
    any_situation,
    by,
    event,
    recorded,
    shown,
)
from tests.support.pki.permits import NOW

PASS, DENY, MANUAL, RETRY = Verdict
SIGNED_ALONE = frozenset({PermitForm.SIGNED})
GOOD_CAR = Situation(shown(GOOD), READ, declaration=declared())


def now(vehicle, rules):
    found = compared(vehicle, {LANE: rules})
    assert found.not_judged is None, found.not_judged
    return found.now.verdict, found.now.reason


def again(decision, rules):
    """The answer by other rules, or why it is not known."""
    try:
        return judged_again(decision, TRANSACTION, rules)
    except NotJudgedError as error:
        return error.cause


# ------------------------------------------------------------------------------------------------ the whole of it


@pytest.mark.parametrize("seed", range(8))
def test_a_replay_answers_what_these_rules_would_have_answered_then_or_says_that_it_is_not_known(seed):
    """The first rules make the record, the second ones judge it: as if they had been there."""
    random, seen = Random(seed), Counter()  # noqa: S311 -- a run that can be repeated
    for _ in range(60):
        situation = any_situation(random)
        before = any_rules(random)
        first = answered(situation, before)
        (decision,) = recorded(first).decisions
        for rules in (before, any_rules(random)):
            found = again(decision, rules)
            if isinstance(found, NotJudged):
                assert rules is not before, f"by the same rules all is known, {found} too"
                seen["not checked"] += 1
                continue
            truth = answered(situation, rules, proven=not found.unproven)
            assert (found.verdict, found.reason) == (truth.verdict, truth.reason), (situation, before, rules)
            assert [(one.reason, one.ok) for one in found.checks] == [(one.reason, one.ok) for one in truth.checks]
            assert rules is not before or not found.unproven
            seen[found.verdict] += 1
    assert set(seen) == {*Verdict, "not checked"}, "everything was met"


# -------------------------------------------------------------------------------------------------- differences


@pytest.mark.parametrize(
    ("situation", "before", "after", "wanted"),
    [
        (replace(GOOD_CAR, declaration=None), RULES, by(declaration="required"), (DENY, Reason.DECLARATION_UNKNOWN)),
        (replace(GOOD_CAR, readings=(), final=True), RULES, by(require="permit"), (PASS, Reason.OK)),
        (
            replace(GOOD_CAR, last_exit=OtherExit(b"another.", "gate-2", NOW - DAY_S)),
            by(already_exited_s=0.0),
            by(already_exited_s=30.0 * DAY_S),
            (MANUAL, Reason.VIN_ALREADY_EXITED),
        ),
        (
            replace(GOOD_CAR, last_exit=OtherExit(b"another.", "gate-2", NOW - DAY_S)),
            by(already_exited_s=30.0 * DAY_S),
            by(already_exited_s=3600.0),
            (PASS, Reason.OK),
        ),
        (replace(GOOD_CAR, use=PermitUses(passed_s=60.0)), RULES, by(anti_passback_s=600.0), (DENY, Reason.PASSBACK)),
        (GOOD_CAR, RULES, by(require_two_cameras=True), (RETRY, Reason.PLATE_UNREADABLE)),
        (GOOD_CAR, RULES, replace(RULES, freshness=FreshnessRules(1, 2, 3)), (MANUAL, Reason.DATA_TOO_OLD)),
        (GOOD_CAR, RULES, replace(RULES, context=replace(RULES.context, lane=2)), (PASS, Reason.OK)),
        (
            GOOD_CAR,
            RULES,
            replace(RULES, context=replace(RULES.context, direction="import")),
            (DENY, Reason.WRONG_DIRECTION),
        ),
        (
            GOOD_CAR,
            RULES,
            replace(RULES, context=replace(RULES.context, forms=frozenset({PermitForm.JWS}))),
            (RETRY, Reason.VERSION_UNSUPPORTED),
        ),
        (
            replace(GOOD_CAR, clock_trusted=False),
            RULES,
            replace(RULES, require_clock=True),
            (MANUAL, Reason.CLOCK_UNTRUSTED),
        ),
        (
            replace(GOOD_CAR, vins=vins_read("LSVAA4182E2184841"), final=True),
            by(second_factor="vin"),
            by(second_factor="plate"),
            (PASS, Reason.OK),
        ),
        (
            replace(GOOD_CAR, declaration=declared(status=DeclarationStatus.HELD)),
            RULES,
            by(require="permit"),
            (MANUAL, Reason.DECLARATION_NOT_RELEASED),
        ),
    ],
)
def test_a_rule_that_changes_the_answer_is_found(situation, before, after, wanted):
    assert now(recorded(answered(situation, before)), after) == wanted


def test_a_witness_that_said_another_plate_is_heard_again():
    disputed = replace(GOOD_CAR, witnessed=(witness_said("京B98765"),))
    vehicle = recorded(answered(disputed, RULES))
    assert now(vehicle, RULES) == (MANUAL, Reason.PLATE_DISPUTED)
    assert now(vehicle, by(require="permit")) == (PASS, Reason.OK)


def test_a_difference_names_the_check_that_makes_it_with_what_it_saw_then_and_now():
    vehicle = recorded(answered(replace(GOOD_CAR, declaration=None), RULES))
    found = compared(vehicle, {LANE: by(declaration="required")})
    assert found.differs
    assert (found.then.verdict, found.now.verdict, found.check) == (PASS, DENY, Reason.DECLARATION_UNKNOWN)
    assert found.detail(found.then) == "it has not arrived, and is not required"
    assert found.detail(found.now) == "this lane requires it"
    back = compared(recorded(answered(replace(GOOD_CAR, declaration=None), by(declaration="required"))), {LANE: RULES})
    assert (back.now.verdict, back.check, back.now.unproven) == (PASS, Reason.DECLARATION_UNKNOWN, True)


def test_the_same_rules_make_no_difference():
    found = compared(recorded(answered(GOOD_CAR, RULES)), {LANE: RULES})
    assert (found.differs, found.check, found.now.unproven) == (False, None, False)
    assert (found.now.verdict, found.now.reason) == (PASS, Reason.OK)


# ------------------------------------------------------------------------------------------------ what is not known


@pytest.mark.parametrize(
    ("situation", "before", "after", "cause"),
    [
        (GOOD_CAR, RULES, by(require="plate"), NotJudged.DECLARED_PLATES),
        (GOOD_CAR, by(require="plate"), RULES, NotJudged.CODES),
        (GOOD_CAR, by(require="plate"), by(require="either"), NotJudged.CODES),
        (
            replace(GOOD_CAR, presentations=shown(REFERENCE), final=True),
            by(replace(RULES, context=replace(RULES.context, forms=SIGNED_ALONE)), require="either"),
            by(require="either"),
            NotJudged.FORM,
        ),
        (
            replace(GOOD_CAR, presentations=shown(REFERENCE)),
            replace(RULES, context=replace(RULES.context, forms=SIGNED_ALONE)),
            RULES,
            NotJudged.FORM,
        ),
        (GOOD_CAR, by(require="permit"), RULES, NotJudged.OTHER_PLATES),
        (GOOD_CAR, RULES, by(second_factor="vin"), NotJudged.VINS),
        (GOOD_CAR, by(require_two_cameras=True), RULES, NotJudged.PLATES_LEFT_OUT),
        (
            replace(GOOD_CAR, readings=(READ[0], replace(READ[1], camera="rear"))),
            RULES,
            by(require_two_cameras=True),
            NotJudged.PLATES_OF_CAMERA,
        ),
        (
            GOOD_CAR,
            replace(RULES, context=replace(RULES.context, direction="import")),
            RULES,
            NotJudged.LISTS_AND_LEDGER,
        ),
        (replace(GOOD_CAR, second=SecondVerdict.UNCLEAR), RULES, by(require="permit"), NotJudged.SECOND_READING),
        (
            replace(GOOD_CAR, claim=ClaimCode.VIN_ALREADY_EXITED),
            by(already_exited_s=DAY_S),
            by(already_exited_s=0.0),
            NotJudged.HOME_GATE,
        ),
    ],
)
def test_what_was_not_recorded_is_said_and_never_guessed(situation, before, after, cause):
    found = compared(recorded(answered(situation, before)), {LANE: after})
    assert (found.not_judged, found.now, found.differs) == (cause, None, False)


def test_a_decision_of_an_earlier_version_is_not_judged():
    old = replace(answered(GOOD_CAR, RULES), facts=None)
    found = compared(recorded(old), {LANE: RULES})
    assert (found.not_judged, found.then.verdict) == (NotJudged.EARLIER_VERSION, PASS)


def test_a_decision_of_a_later_version_is_read_without_its_new_fields_or_not_at_all():
    data = decision_event(answered(GOOD_CAR, RULES), ()).model_dump(mode="json")
    newer = [event("vehicle.present", {}), event("access.decided", data | {"mood": "sunny"})]
    assert now(recorded_vehicle(newer), RULES) == (PASS, Reason.OK)
    newer[1]["data"] = data | {"reason": "MOON_TOO_BRIGHT"}
    assert compared(recorded_vehicle(newer), {LANE: RULES}).not_judged is NotJudged.UNREADABLE
    newer[1]["data"] = data | {"facts": data["facts"] | {"tide": "low"}}
    assert compared(recorded_vehicle(newer), {LANE: RULES}).not_judged is NotJudged.UNREADABLE


def test_a_lane_that_the_configuration_does_not_have_is_said():
    vehicle = recorded(answered(GOOD_CAR, RULES), lane="old-lane")
    assert compared(vehicle, {LANE: RULES}).not_judged is NotJudged.NO_SUCH_LANE


# ------------------------------------------------------------------------------------------- the lane, and its turns


def test_what_kept_a_vehicle_back_that_no_rule_asks_for_stays():
    waits = replace(answered(GOOD_CAR, RULES), verdict=RETRY, reason=Reason.INTERLOCKED)
    assert now(recorded(waits), RULES) == (RETRY, Reason.INTERLOCKED)
    assert now(recorded(waits), by(anti_passback_s=600.0)) == (RETRY, Reason.INTERLOCKED)
    refused = replace(RULES, freshness=FreshnessRules(1, 2, 3))
    assert now(recorded(waits), refused) == (MANUAL, Reason.DATA_TOO_OLD)
    dark = Decision(MANUAL, Reason.GATE_FAULT, (Check(Reason.GATE_FAULT, ok=False, detail="no trust list"),))
    assert now(recorded(dark), RULES) == (MANUAL, Reason.GATE_FAULT)


def test_the_draw_is_not_repeated_and_ends_with_its_rule():
    drawn = answered(GOOD_CAR, by(sample_share=1.0))
    assert (drawn.verdict, drawn.reason) == (MANUAL, Reason.SAMPLED)
    assert now(recorded(drawn), by(sample_share=0.01)) == (MANUAL, Reason.SAMPLED)
    assert now(recorded(drawn), RULES) == (PASS, Reason.OK)
    assert now(recorded(answered(GOOD_CAR, RULES)), by(sample_share=1.0)) == (PASS, Reason.OK)


def test_the_first_answer_that_lets_pass_or_refuses_counts_and_before_it_an_officer():
    unread = answered(replace(GOOD_CAR, readings=()), RULES)
    good = answered(GOOD_CAR, RULES)
    assert unread.verdict is RETRY
    assert now(recorded(unread, good), RULES) == (PASS, Reason.OK)
    assert now(recorded(unread, good), by(require="permit")) == (PASS, Reason.OK)
    late = compared(recorded(unread, good), {LANE: by(declaration="required", already_exited_s=1.0)})
    assert (late.then.verdict, late.now.verdict) == (PASS, PASS)
    manual = answered(replace(GOOD_CAR, readings=(), final=True), RULES)
    assert manual.verdict is MANUAL
    assert now(recorded(manual, good), RULES) == (PASS, Reason.OK)
    assert now(recorded(unread, manual), RULES) == (MANUAL, Reason.PLATE_UNREADABLE)
    assert now(recorded(unread), RULES) == (RETRY, Reason.PLATE_UNREADABLE)


def test_a_vehicle_without_a_decision_has_nothing_to_judge():
    found = compared(recorded(), {LANE: RULES})
    assert (found.then, found.now, found.not_judged, found.differs) == (None, None, None, False)


def test_an_officers_grant_is_told_with_the_vehicle():
    opened = recorded_vehicle(
        [event("vehicle.present", {}), event("access.granted", {"grant": "g", "by": "operator", "operator": "Li"})]
    )
    assert opened.by_officer
    assert not recorded(answered(GOOD_CAR, RULES)).by_officer


# --------------------------------------------------------------------------------------------------- what is recorded


def test_no_text_of_a_code_and_no_word_of_an_officer_is_recorded():
    told = decision_event(answered(replace(GOOD_CAR, watched=True), RULES), ()).facts.model_dump_json()
    assert GOOD.decode() not in told
    assert "look" not in told
    assert PERMIT.vin not in told


def test_the_words_for_claims_are_those_of_the_site():
    allowed = ClaimRecord.model_json_schema()["properties"]["code"]["enum"]
    assert allowed == [code.value for code in ClaimCode]
    (second, _) = FactsRecord.model_json_schema()["properties"]["second"]["anyOf"]
    assert set(second["enum"]) == {one.value for one in SecondVerdict}
