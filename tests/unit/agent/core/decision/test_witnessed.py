"""What a judgement makes of cameras that read plates by themselves: every standing beside everything that is read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.decision.judgement import judge
from agent.core.decision.judgement_rules import JudgementRules
from agent.core.decision.permit_choice import AssessmentContext, TransactionEvidence, assess
from agent.core.decision.second_reading import PicturesShown, compared, to_be_confirmed
from agent.core.decision.second_reading_result import SecondVerdict
from agent.core.model.instant import Instant
from agent.core.model.observations import Presentation
from agent.core.model.reasons import Reason, Verdict
from agent.core.plates.match import MatchVerdict
from agent.core.plates.witness_plate_match import WitnessRules, WitnessStanding
from tests.support.lane.judging import (
    CONTEXT,
    GOOD,
    KNOWN,
    PLATE,
    TRUST,
    check,
    decide,
    declared,
    hold_promises,
    read,
    text,
    vins_read,
    witness_said,
)
from tests.support.lane.kept_pictures import shown_by
from tests.support.pki.permits import NOW

PASS, DENY, MANUAL, RETRY = Verdict
STRANGE = "京B98765"
HERE = declared()
NO_PLATE = text(plate=None, plate_kind=None)
RAISING = WitnessRules(raise_nats=3.0)

SAID = {
    "silent": (),
    "a word that is no plate": (witness_said("- ·"),),
    "unclear": (witness_said(STRANGE, confidence=0.5),),
    "agrees": (witness_said(),),
    "contradicts": (witness_said(STRANGE),),
    "both": (witness_said(), witness_said(STRANGE, at=0.5, witness="behind")),
}
NONE, EQUAL, UNSURE, OTHER = (), read(), read(sure=0.5), read(STRANGE)
AGAIN = (RETRY, MANUAL)
PASSES, OFFICER = (PASS, PASS, Reason.OK), (MANUAL, MANUAL, Reason.PLATE_DISPUTED)
UNREADABLE, NOT_SURE = (*AGAIN, Reason.PLATE_UNREADABLE), (*AGAIN, Reason.PLATE_UNSURE)
REFUSED, BESIDE_THE_VIN = (DENY, DENY, Reason.PLATE_MISMATCH), (MANUAL, MANUAL, Reason.PLATE_MISMATCH)

# What the gate's own cameras read and what the rules ask for; what follows while the witnesses are silent or not sure,
# where one agrees, and where one contradicts.
ROWS = {
    "nothing": ({"readings": NONE}, UNREADABLE, UNREADABLE, UNREADABLE),
    "the declared plate": ({"readings": EQUAL}, PASSES, PASSES, OFFICER),
    "hardly": ({"readings": UNSURE}, NOT_SURE, NOT_SURE, OFFICER),
    "another plate": ({"readings": OTHER}, REFUSED, OFFICER, REFUSED),
    "nothing, beside the VIN": (
        {"readings": NONE, "vins": vins_read(), "second_factor": "either"},
        PASSES,
        PASSES,
        OFFICER,
    ),
    "hardly, beside the VIN": (
        {"readings": UNSURE, "vins": vins_read(), "second_factor": "either"},
        PASSES,
        PASSES,
        OFFICER,
    ),
    "nothing, where the VIN decides": (
        {"readings": NONE, "vins": vins_read(), "second_factor": "vin"},
        PASSES,
        PASSES,
        OFFICER,
    ),
    "another plate, where the VIN decides": (
        {"readings": OTHER, "vins": vins_read(), "second_factor": "vin"},
        BESIDE_THE_VIN,
        OFFICER,
        BESIDE_THE_VIN,
    ),
    "the declared plate, both asked for": (
        {"readings": EQUAL, "vins": vins_read(), "second_factor": "both"},
        PASSES,
        PASSES,
        OFFICER,
    ),
    "another plate, a permit alone asked for": ({"readings": OTHER, "require": "permit"}, PASSES, PASSES, PASSES),
    "no plate declared": ({"payloads": (NO_PLATE,), "without_plate": "pass"}, PASSES, PASSES, PASSES),
    "by plate alone": (
        {"readings": EQUAL, "require": "plate", "active": (HERE,), "known": replace(KNOWN, declaration=HERE)},
        PASSES,
        PASSES,
        OFFICER,
    ),
}


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("row", ROWS)
def test_a_contradiction_goes_to_an_officer_and_agreement_passes_nobody(row, said):
    given, without, agreed, contradicted = ROWS[row]
    wanted = {"agrees": agreed, "contradicts": contradicted, "both": contradicted}.get(said, without)
    for final in (False, True):
        decision = decide(final=final, witnessed=SAID[said], **given)
        assert (decision.verdict, decision.reason) == (wanted[final], wanted[2])


@pytest.mark.parametrize("said", ["unclear", "agrees", "contradicts"])
def test_the_check_says_who_said_what_and_names_no_plate(said):
    decision = decide(witnessed=SAID[said])
    made = check(decision, Reason.PLATE_DISPUTED)
    assert (
        made.detail
        == {
            "unclear": "beside clearly read no other plate",
            "agrees": "beside read the declared plate",
            "contradicts": "beside read another plate",
        }[said]
    )
    assert made.ok == (said != "contradicts")
    assert decision.witnessed.witness == "beside"
    assert decision.witnessed.standing is WitnessStanding(said)


@pytest.mark.parametrize("said", ["silent", "a word that is no plate"])
def test_where_nothing_was_said_no_check_is_made(said):
    assert Reason.PLATE_DISPUTED not in [made.reason for made in decide(witnessed=SAID[said]).checks]


def test_what_was_read_stays_beside_what_the_witnesses_made_of_it():
    decision = decide(witnessed=SAID["contradicts"])
    assert (decision.match.verdict, decision.own_match.verdict) == (MatchVerdict.UNSURE, MatchVerdict.MATCH)
    nothing_read = decide(readings=NONE, witnessed=SAID["contradicts"])
    assert (nothing_read.match, nothing_read.own_match) == (None, None)


def assessed(readings, said=()):
    shown = (Presentation(GOOD, "test", "front", 1, 0.0, picture="code", legible=True),)
    pictured = tuple(replace(one, picture=f"p{number}") for number, one in enumerate(readings))
    evidence = TransactionEvidence("t1", shown, pictured, witnessed=said)
    return assess(evidence, AssessmentContext(CONTEXT, TRUST), Instant(0.0, NOW))


@pytest.mark.parametrize("rules", [JudgementRules(), JudgementRules(witness=RAISING)], ids=["as it comes", "raising"])
def test_judged_once_more_the_word_of_a_witness_counts_once(rules):
    found = assessed(EQUAL, SAID["agrees"])
    first = judge(found, rules, KNOWN, final=False)
    again = judge(found, rules, KNOWN, final=False, before=first)
    hold_promises(again, final=False)
    assert again == first
    assert again.match.score == pytest.approx(again.own_match.score + rules.witness.raise_nats)


def test_a_witness_that_speaks_between_two_judgements_is_heard():
    first = judge(assessed(EQUAL), JudgementRules(), KNOWN, final=False)
    assert first.verdict is PASS
    later = judge(assessed(EQUAL, SAID["contradicts"]), JudgementRules(), KNOWN, final=False, before=first)
    assert (later.verdict, later.reason) == (MANUAL, Reason.PLATE_DISPUTED)
    silent_now = judge(assessed(EQUAL), JudgementRules(), KNOWN, final=False, before=later)
    assert silent_now == later, "a contradiction is not forgotten because the witness says no more"


# ------------------------------------------------------------------------------------------------ the second reading

NEARLY = tuple(replace(one, positions=(*one.positions[:-1], (("5", 0.55), ("6", 0.44)))) for one in read(frames=2))
"""Read as the declared plate, and lacking little for a match."""


def second(readings, said, rules):
    """What a second reading of the same pictures comes to."""
    asked = to_be_confirmed(assessed(readings, said), rules, {"code", "p0", "p1", "p2"}, frozenset())
    return compared(asked, PicturesShown((GOOD,), tuple(map(shown_by, asked.readings))), rules)


def test_the_second_reading_hears_the_witnesses_as_the_first_does():
    raising = JudgementRules(witness=WitnessRules(raise_nats=99.0))
    found = assessed(NEARLY, SAID["agrees"])
    assert judge(found, JudgementRules(), KNOWN, final=True).reason is Reason.PLATE_UNSURE
    assert judge(found, raising, KNOWN, final=True).verdict is PASS
    assert second(NEARLY, SAID["agrees"], JudgementRules()).verdict is SecondVerdict.UNCLEAR
    assert second(NEARLY, SAID["agrees"], raising).verdict is SecondVerdict.CONFIRMED
    assert second(NEARLY, SAID["silent"], raising).verdict is SecondVerdict.UNCLEAR
    assert second(EQUAL, SAID["silent"], raising).verdict is SecondVerdict.CONFIRMED
    assert second(EQUAL, SAID["contradicts"], raising).verdict is SecondVerdict.UNCLEAR


def test_the_declared_plate_of_these_tests_is_the_one_that_is_read():
    assert {one.text for one in (*EQUAL, *NEARLY)} == {PLATE}
