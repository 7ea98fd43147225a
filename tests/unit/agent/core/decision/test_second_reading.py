"""What is read once more before a permit may pass, and what the pictures must show of it."""

from dataclasses import replace

import pytest

from agent.core.decision.judgement import judge
from agent.core.decision.judgement_rules import JudgementRules
from agent.core.decision.permit_choice import (
    Assessment,
    AssessmentContext,
    TransactionEvidence,
    assess,
    assess_plate,
)
from agent.core.decision.second_reading import (
    MOST_PLATES,
    MOST_VINS,
    PicturesShown,
    PlateShown,
    ToBeConfirmed,
    VinShown,
    compared,
    to_be_confirmed,
)
from agent.core.decision.second_reading_result import SecondVerdict
from agent.core.model.instant import Instant
from agent.core.model.observations import Presentation, VinSource
from agent.core.model.reasons import Reason, Verdict
from tests.support.lane.judging import (
    CONTEXT,
    GOOD,
    KNOWN,
    PERMIT,
    PLATE,
    TRUST,
    declared,
    printed,
    read,
    text,
    vins_read,
)
from tests.support.lane.kept_pictures import shown_by
from tests.support.pki.permits import NOW

BOTH, CODE_ALONE = JudgementRules(), JudgementRules(require="permit")
APART = JudgementRules(require_two_cameras=True)
CONFIRMED, UNCLEAR, DIFFERENT, FAILED = SecondVerdict


def pictured(camera="front", payload=GOOD, at=0.0, picture="code", *, legible=True):
    return Presentation(payload, "test", camera, 1, at, picture=picture, legible=legible)


def plates(*pictures, camera="front", plate=PLATE, **how):
    """Readings of one plate, each with its picture."""
    found = read(plate, frames=len(pictures), **how)
    return tuple(replace(one, camera=camera, picture=name) for one, name in zip(found, pictures, strict=True))


def assessed(presentations, readings=(), two_cameras=False, vins=()):
    evidence = TransactionEvidence("t1", tuple(presentations), tuple(readings), vins=tuple(vins))
    ground = AssessmentContext(CONTEXT, TRUST, two_cameras=two_cameras)
    found = assess(evidence, ground, Instant(0.0, NOW))
    assert found.reason is Reason.OK
    return found


def asked(assessment, rules=BOTH, held=("code", "p0", "p1", "p2", "p3"), scanners=(), all_plates=False):
    return to_be_confirmed(assessment, rules, set(held), set(scanners), all_plates=all_plates)


# ------------------------------------------------------------------------------------------------ what is asked for


def test_code_and_plate_are_read_in_the_pictures_that_are_kept_of_them():
    found = asked(assessed([pictured()], plates("p0", "p1")))
    assert (found.code, found.code_picture, found.plate, found.missing) == (GOOD, "code", PLATE, "")
    assert found.pictures == ("code", "p0")
    assert [one.picture for one in found.readings] == ["p0"]


def test_where_the_best_picture_is_not_more_than_enough_all_are_read():
    found = asked(assessed([pictured()], plates("p0", "p1", sure=0.6)))
    assert [one.picture for one in found.readings] == ["p0", "p1"]


def test_where_one_picture_was_not_clear_all_are_read():
    found = asked(assessed([pictured()], plates("p0", "p1")), all_plates=True)
    assert [one.picture for one in found.readings] == ["p0", "p1"]


def test_where_a_permit_alone_is_asked_for_no_plate_is_read():
    found = asked(assessed([pictured()], plates("p0")), CODE_ALONE)
    assert (found.plate, found.readings, found.pictures) == (None, (), ("code",))


def test_where_the_plate_leads_no_code_is_read():
    seen = Assessment(TransactionEvidence("t1", (), plates("p0")), (), None, Reason.QR_NONE)
    seen = replace(seen, voted=assessed([pictured()], plates("p0", "p1")).voted)
    found = asked(assess_plate(seen, [declared()], CONTEXT, NOW), JudgementRules(require="plate"))
    assert (found.code, found.code_picture, found.plate, found.pictures) == (None, None, PLATE, ("p0",))


def test_what_a_scanner_read_needs_no_picture():
    by_scanner = pictured("desk", picture=None)
    assert asked(assessed([by_scanner]), CODE_ALONE, scanners=["desk"]) is None
    assert asked(assessed([pictured(), by_scanner]), CODE_ALONE, scanners=["desk"]) is None
    found = asked(assessed([by_scanner], plates("p0")), scanners=["desk"])
    assert (found.code, found.plate) == (None, PLATE)


def test_another_text_that_a_scanner_read_proves_nothing_of_this_one():
    found = asked(assessed([pictured("desk", text(issuer="OTHER"), picture=None), pictured()]), CODE_ALONE)
    assert found.code == GOOD


def test_the_newest_picture_counts_that_is_held_and_shows_the_code():
    seen = [
        pictured(at=0.0, picture="first"),
        pictured(at=1.0, picture="second"),
        pictured(at=2.0, picture="gone"),
        pictured(at=3.0, picture="blurred", legible=False),
        pictured(at=4.0, picture=None),
    ]
    assert asked(assessed(seen), CODE_ALONE, held=["first", "second", "blurred"]).code_picture == "second"


def test_what_no_picture_is_kept_of_is_said():
    assert "the code" in asked(assessed([pictured(legible=False)]), CODE_ALONE).missing
    assert "the plate" in asked(assessed([pictured()], plates("gone"))).missing
    illegible = [replace(one, legible=False) for one in plates("p0")]
    assert "the plate" in asked(assessed([pictured()], illegible)).missing
    assert "the plate" in asked(assessed([pictured()], [replace(one, picture=None) for one in plates("p0")])).missing


def test_no_more_plates_are_read_than_the_lane_can_wait_for():
    found = asked(assessed([pictured()], plates("p0", "p1", "p2", "p3")), all_plates=True)
    assert len(found.readings) == MOST_PLATES == 3


def test_where_two_cameras_are_asked_for_code_and_plate_are_read_in_pictures_of_two():
    front, side = plates("p0", "p1"), plates("p2", "p3", camera="side")
    both = [pictured("side", at=0.0, picture="code2"), pictured("front", at=1.0)]
    held = ("code", "code2", "p0", "p1", "p2", "p3")
    found = asked(assessed(both, (*front, *side), two_cameras=True), APART, held)
    assert (found.code_picture, {one.camera for one in found.readings}) == ("code", {"side"})
    found = asked(assessed(both, front, two_cameras=True), APART, held)
    assert (found.code_picture, {one.camera for one in found.readings}) == ("code2", {"front"})


def test_where_two_cameras_are_asked_for_plates_of_the_one_that_read_the_permit_do_not_count():
    found = assessed([pictured()], (*plates("p0", "p1"), *plates("p2", camera="side")), two_cameras=True)
    assert {one.camera for one in found.evidence.readings} == {"side"}
    assert found.voted.frames == 1
    assert found.evidence.plates_seen == "1 readings; 2 more by the camera that read the permit do not count"
    alone = assessed([pictured()], plates("p0", "p1"), two_cameras=True)
    assert alone.voted is None


# --------------------------------------------------------------------------------------------- what the pictures show

ASKED = ToBeConfirmed(GOOD, "code", "front", PLATE, plates("p0", "p1", "p2"))
SAME = tuple(shown_by(one) for one in ASKED.readings)


def plate(number, sure=0.99):
    return shown_by(read(number, frames=1, sure=sure)[0])


@pytest.mark.parametrize(
    ("verdict", "codes", "found"),
    [
        (CONFIRMED, [GOOD], SAME),
        (CONFIRMED, [b"GP1:ANOTHER", GOOD], SAME),
        (CONFIRMED, [GOOD], (None, *SAME[1:])[::-1]),
        (CONFIRMED, [GOOD], (plate("新A12346", sure=0.8), *SAME[1:])),
        (DIFFERENT, [], SAME),
        (DIFFERENT, [b"GP1:ANOTHER"], SAME),
        (DIFFERENT, [GOOD + b" "], SAME),
        (DIFFERENT, [GOOD], (plate("京B98765"), *SAME[1:])),
        (DIFFERENT, [GOOD], (plate("新A12999"),) * 3),
        (DIFFERENT, [GOOD], (plate("新A123456"),) * 3),
        (UNCLEAR, [GOOD], (plate("新A12346"),) * 3),
        (UNCLEAR, [GOOD], (plate("京B98765", sure=0.8),) * 3),
    ],
)
def test_what_the_pictures_show_is_held_against_what_was_told(verdict, codes, found):
    # A picture that surely shows nothing is another matter: here the first one was told of without being sure.
    first = replace(ASKED.readings[0], confidence=0.5)
    last = replace(ASKED.readings[2], confidence=0.5)
    told = replace(ASKED, readings=(first, ASKED.readings[1], last))
    assert compared(told, PicturesShown(tuple(codes), tuple(found)), BOTH).verdict is verdict


def test_a_plate_that_was_surely_read_and_whose_picture_shows_none_is_a_lie():
    assert compared(ASKED, PicturesShown((GOOD,), (None, None, None)), BOTH).verdict is DIFFERENT
    unsure = replace(ASKED, readings=tuple(replace(one, confidence=0.5) for one in ASKED.readings))
    assert compared(unsure, PicturesShown((GOOD,), (None, None, None)), BOTH).verdict is UNCLEAR


def test_the_camera_is_named_whose_picture_is_different():
    told = replace(ASKED, code_camera="front", readings=(ASKED.readings[0], *plates("p1", "p2", camera="side")))
    by_code = compared(told, PicturesShown((), SAME), BOTH)
    by_plate = compared(told, PicturesShown((GOOD,), (SAME[0], plate("京B98765"), SAME[2])), BOTH)
    assert (by_code.camera, by_plate.camera) == ("front", "side")
    assert by_code.detail == "front: the picture of the code shows no code"
    assert by_plate.detail == "side: the picture of a plate shows another plate"
    assert asked(assessed([pictured()], plates("p0"))).code_camera == "front"


def test_what_is_not_asked_for_is_not_looked_at():
    code, of_plate = replace(ASKED, plate=None, readings=()), replace(ASKED, code=None, code_picture=None)
    assert compared(code, PicturesShown((GOOD,)), BOTH).verdict is CONFIRMED
    assert compared(of_plate, PicturesShown((), SAME), BOTH).verdict is CONFIRMED


def test_a_picture_that_is_missing_is_never_confirmed():
    for missing in (replace(ASKED, code_picture=None), replace(ASKED, readings=())):
        found = compared(missing, PicturesShown((GOOD,), SAME[: len(missing.readings)]), BOTH)
        assert (found.verdict, found.detail) == (UNCLEAR, missing.missing)


def test_a_reader_with_other_positions_than_text_is_not_taken_for_one_that_agrees():
    odd = PlateShown(PLATE, (), 0.99)
    assert compared(ASKED, PicturesShown((GOOD,), (odd,) * 3), BOTH).verdict is UNCLEAR


# ------------------------------------------------------------------------------------------------------------ the VIN

BY_VIN = JudgementRules(second_factor="vin")
EITHER, TWO = JudgementRules(second_factor="either"), JudgementRules(second_factor="both")
OTHER_VIN = "LSVAA4182E2184847"


def label(picture="v0", **how):
    """Readings of the declared VIN by its code, in one picture."""
    return vins_read(picture=picture, **how)


def lines(*pictures, **how):
    """Readings of the declared VIN in print, each with its picture."""
    found = printed(frames=len(pictures), **how)
    return tuple(replace(one, picture=name) for one, name in zip(found, pictures, strict=True))


def asked_to_pass(assessment, rules, held=("code", "p0", "p1", "v0", "v1", "v2", "v3"), scanners=()):
    """What is to be read once more of what these rules let pass."""
    decision = judge(assessment, rules, KNOWN, final=True)
    assert decision.verdict is Verdict.PASS
    return to_be_confirmed(assessment, rules, set(held), set(scanners), decision)


@pytest.mark.parametrize(
    ("rules", "readings", "plate", "vin"),
    [
        (BOTH, plates("p0", "p1"), PLATE, None),
        (BY_VIN, plates("p0", "p1"), None, PERMIT.vin),
        (TWO, plates("p0", "p1"), PLATE, PERMIT.vin),
        (EITHER, plates("p0", "p1"), PLATE, None),
        (EITHER, plates("p0", "p1", sure=0.5), None, PERMIT.vin),
        (EITHER, (), None, PERMIT.vin),
        (CODE_ALONE, plates("p0", "p1"), None, None),
    ],
    ids=["plate", "vin", "both", "either, by the plate", "either, by the VIN", "either, no plate", "a permit alone"],
)
def test_what_a_pass_rests_on_is_read_once_more_and_nothing_else(rules, readings, plate, vin):
    found = asked_to_pass(assessed([pictured()], readings, vins=label()), rules)
    assert (found.code, found.plate, found.vin) == (GOOD, plate, vin)
    assert [one.picture for one in found.readings] == (["p0"] if plate else [])
    assert {one.picture for one in found.vins} == ({"v0"} if vin else set())
    assert found.pictures == ("code", *(("p0",) if plate else ()), *(("v0",) if vin else ()))


def test_a_vehicle_without_a_plate_is_read_once_more_by_its_vin():
    bare = text(plate=None, plate_kind=None)
    found = asked_to_pass(assessed([pictured(payload=bare)], (), vins=label()), JudgementRules(without_plate="vin"))
    assert (found.code, found.plate, found.vin, found.missing) == (bare, None, PERMIT.vin, "")


def test_a_vin_that_a_scanner_read_needs_no_picture():
    scanned = vins_read(source=VinSource.SCANNER, camera="desk", frames=1)
    by_scanner = asked_to_pass(assessed([pictured()], (), vins=(*label(), *scanned)), BY_VIN, scanners=["desk"])
    assert (by_scanner.code, by_scanner.vin) == (GOOD, None)
    alone = assessed([pictured("desk", picture=None)], (), vins=scanned)
    assert asked_to_pass(alone, BY_VIN, scanners=["desk"]) is None


def test_who_only_says_that_it_is_a_scanner_needs_a_picture():
    lying = vins_read(source=VinSource.SCANNER, camera="front", frames=1)
    found = asked_to_pass(assessed([pictured()], (), vins=lying), BY_VIN, scanners=["desk"])
    assert found.vin == PERMIT.vin
    assert "the VIN" in found.missing


def test_a_vin_without_a_picture_that_is_kept_is_never_confirmed():
    for seen in (label(picture=None), label("gone"), [replace(one, legible=False) for one in label()]):
        found = asked_to_pass(assessed([pictured()], (), vins=seen), BY_VIN)
        assert found.missing == "no picture of the VIN is kept"
        assert compared(found, PicturesShown((GOOD,), (), ()), BY_VIN).verdict is UNCLEAR


def test_of_print_the_pictures_count_that_show_it_best_and_no_more_than_the_lane_can_wait_for():
    found = asked_to_pass(assessed([pictured()], (), vins=lines("v0", "v1", "v2", "v3")), BY_VIN)
    assert len(found.vins) == MOST_VINS == 3


def test_of_two_cameras_code_and_vin_are_read_in_pictures_of_two():
    rules = replace(BY_VIN, require_two_cameras=True)
    both = [pictured("side", at=0.0, picture="code2"), pictured("front", at=1.0)]
    seen = assessed(both, (), two_cameras=True, vins=(*label("v0"), *label("v1", camera="side")))
    found = asked_to_pass(seen, rules, ("code", "code2", "v0", "v1"))
    assert (found.code_picture, {one.camera for one in found.vins}) == ("code", {"side"})
    found = asked_to_pass(assessed(both, (), two_cameras=True, vins=label("v0")), rules, ("code", "code2", "v0"))
    assert (found.code_picture, {one.camera for one in found.vins}) == ("code2", {"front"})


def vin_shown(vin=PERMIT.vin, source=VinSource.CODE_128):
    return VinShown(vin, source)


def line_shown(vin=PERMIT.vin, **how):
    (one,) = printed(vin, frames=1, **how)
    return VinShown(one.text, one.source, one.positions, one.confidence, one.columns)


CODE_ASKED = ToBeConfirmed(GOOD, "code", "front", vin=PERMIT.vin, vins=label(frames=1))
LINES_ASKED = ToBeConfirmed(GOOD, "code", "front", vin=PERMIT.vin, vins=lines("v0", "v1"))


@pytest.mark.parametrize(
    ("verdict", "told", "found"),
    [
        (CONFIRMED, CODE_ASKED, [(vin_shown(),)]),
        (CONFIRMED, CODE_ASKED, [(vin_shown(OTHER_VIN), vin_shown(source=VinSource.CODE_39))]),
        (DIFFERENT, CODE_ASKED, [()]),
        (DIFFERENT, CODE_ASKED, [(vin_shown(OTHER_VIN),)]),
        (DIFFERENT, CODE_ASKED, [(line_shown(),)]),
        (CONFIRMED, LINES_ASKED, [(line_shown(),), (line_shown(),)]),
        (CONFIRMED, LINES_ASKED, [(line_shown(), line_shown(OTHER_VIN)), (line_shown(),)]),
        (DIFFERENT, LINES_ASKED, [(line_shown(),), ()]),
        (DIFFERENT, LINES_ASKED, [(line_shown(OTHER_VIN),), (line_shown(),)]),
        (UNCLEAR, LINES_ASKED, [(line_shown(PERMIT.vin[:-1] + "2"),)] * 2),
        (UNCLEAR, LINES_ASKED, [(line_shown(OTHER_VIN, sure=0.9),)] * 2),
    ],
)
def test_what_the_pictures_show_of_a_vin_is_held_against_what_was_told(verdict, told, found):
    assert compared(told, PicturesShown((GOOD,), (), tuple(found)), BY_VIN).verdict is verdict


def test_print_that_nobody_was_sure_of_and_is_not_there_is_no_lie():
    unsure = replace(LINES_ASKED, vins=tuple(replace(one, confidence=0.5) for one in LINES_ASKED.vins))
    found = compared(unsure, PicturesShown((GOOD,), (), ((), ())), BY_VIN)
    assert (found.verdict, found.detail) == (UNCLEAR, "the pictures of the VIN show no VIN")


def test_a_second_reader_that_reads_no_vins_confirms_none():
    found = compared(CODE_ASKED, PicturesShown((GOOD,)), BY_VIN)
    assert (found.verdict, found.detail) == (FAILED, "the second reading covers no VINs")
    decided = judge(assessed([pictured()], (), vins=label()), BY_VIN, replace(KNOWN, second=found), final=False)
    assert (decided.verdict, decided.reason) == (Verdict.MANUAL, Reason.PICTURE_UNCONFIRMED)


def test_the_camera_is_named_whose_picture_of_a_vin_is_different():
    told = replace(CODE_ASKED, vins=label(frames=1, camera="side"))
    found = compared(told, PicturesShown((GOOD,), (), ((),)), BY_VIN)
    assert (found.camera, found.detail) == ("side", "side: the picture of the VIN does not show its code")


def test_without_a_decision_a_plate_that_is_asked_for_is_read_once_more():
    assert asked(assessed([pictured()], plates("p0", "p1")), EITHER).plate == PLATE
