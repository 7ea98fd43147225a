"""What each set of rules asks of a plate: beside a permit, not at all, or instead of one."""

from dataclasses import replace

import pytest

from agent.core.decision.knowledge import PermitUses
from agent.core.decision.permit_choice import weigh
from agent.core.decision.rate_limit import RefusedText, Texts
from agent.core.lists.freshness import DataState
from agent.core.model.reasons import Reason, Verdict
from agent.core.permit.claims import PermitForm
from agent.core.plates.frame_evidence import _around
from agent.core.plates.match import MatchVerdict
from agent.core.plates.plate_kinds import PlateKind
from agent.core.plates.vote import vote
from tests.support.lane.judging import (
    CONTEXT,
    DATA,
    GOOD,
    KNOWN,
    NOTHING_HERE,
    answer,
    check,
    decide,
    declared,
    read,
    text,
)
from tests.support.pki.permits import NOW

PASS, DENY, MANUAL, RETRY = Verdict
OK = (PASS, Reason.OK)
NO_PLATE = text(plate=None, plate_kind=None)
ADDRESS = b"https://example.com"
NEIGHBOUR, STRANGE = "新A12346", "京B98765"
HERE = declared()
KNOWN_HERE = replace(KNOWN, declaration=HERE)


# ------------------------------------------------------------------------------------------------ beside a permit


def test_another_declared_plate_that_the_picture_may_show_is_for_an_officer_and_is_never_told():
    near = tuple(replace(one, positions=(*one.positions[:-1], (("5", 0.55), ("6", 0.44)))) for one in read())
    for final, verdict in ((False, RETRY), (True, MANUAL)):
        decision = decide(readings=near, known=replace(KNOWN, others=(NEIGHBOUR,)), final=final)
        assert (decision.verdict, decision.reason) == (verdict, Reason.PLATE_OTHER_PERMIT)
        assert decision.match.rival
        assert not any(NEIGHBOUR in made.detail for made in decision.checks)


def test_a_plate_that_no_other_declaration_explains_passes_beside_many():
    decision = decide(known=replace(KNOWN, others=(NEIGHBOUR, STRANGE)))
    assert (decision.verdict, decision.reason) == OK
    assert check(decision, Reason.PLATE_OTHER_PERMIT).detail == "2 other declared plates are similar"


@pytest.mark.parametrize("readings", [(), read(), read(NEIGHBOUR), read(STRANGE), read(sure=0.5)])
def test_a_permit_alone_passes_whatever_the_plate_and_the_match_is_noted(readings):
    decision = decide(readings=readings, require="permit")
    assert (decision.verdict, decision.reason) == OK
    assert (decision.match is not None) == bool(readings)
    assert check(decision, Reason.PLATE_UNREADABLE).detail == "not checked, the lane requires only a permit"
    assert Reason.PLATE_MISMATCH not in [made.reason for made in decision.checks]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, Reason.OK),
        ({"payloads": (NO_PLATE,)}, Reason.PLATE_UNREADABLE),
        ({"payloads": ()}, Reason.QR_NONE),
        ({"payloads": (), "require": "plate", "final": True}, Reason.DECLARATION_UNKNOWN),
        ({"known": replace(KNOWN, use=None)}, Reason.INTERNAL_ERROR),
    ],
)
def test_the_plate_that_the_readings_point_to_is_known_whatever_is_decided(given, reason):
    decision = decide(**given)
    assert decision.reason is reason
    assert decision.voted is not None
    assert (decision.voted.text, decision.voted.readings) == (vote(read()).text, vote(read()).readings)
    assert decide(**given, readings=()).voted is None


def test_a_permit_alone_needs_a_permit():
    assert answer((), require="permit") == (RETRY, Reason.QR_NONE)
    assert answer((), require="permit", final=True) == (DENY, Reason.QR_NONE)


@pytest.mark.parametrize("require", ["permit", "either"])
def test_a_vehicle_without_a_plate_needs_none_where_a_permit_is_enough(require):
    assert answer((NO_PLATE,), (), require=require) == OK
    assert answer((NO_PLATE,), (), require="permit_and_plate") == (MANUAL, Reason.PLATE_UNREADABLE)


def test_what_was_weighed_before_a_decision_is_not_worked_out_again_and_changes_no_answer():
    readings = read("新A12347", kind="civil_blue")
    wanted = decide((text(plate="新A12347"),), readings)
    _around.cache_clear()
    weigh(readings)
    before = _around.cache_info().misses
    assert before == 1, "the three frames say the same"
    assert decide((text(plate="新A12347"),), readings) == wanted
    assert _around.cache_info().misses == before


def test_of_frames_that_read_different_texts_only_what_they_say_of_the_declared_plate_is_left_to_do():
    readings = tuple(
        replace(read(plate, frames=1)[0], frame=frame)
        for frame, plate in enumerate(("新A12341", "新A12347", "新A12348"))
    )
    _around.cache_clear()
    for frame in range(3):
        weigh(readings[frame : frame + 1], readings[:frame])
    before = _around.cache_info().misses
    decide((text(plate="新A12346"),), readings)
    assert _around.cache_info().misses == before + len(readings)


# -------------------------------------------------------------------------------------------------- its kind

KINDS = {
    "the same": ("civil", "civil", True),
    "a colour of it": ("civil", "civil_blue", True),
    "its colour not seen": ("civil_yellow", "civil", True),
    "another colour": ("civil_blue", "civil_yellow", False),
    "another kind": ("civil", "temporary", False),
    "no kind known": ("civil", "latin", True),
}


@pytest.mark.parametrize(("wanted", "found", "fits"), KINDS.values(), ids=KINDS)
def test_a_plate_of_another_kind_is_noted_or_shown_to_an_officer(wanted, found, fits):
    shown, readings = (text(plate_kind=wanted),), read(kind=found)
    noted = decide(shown, readings)
    assert noted.verdict is PASS
    detail = check(noted, Reason.VEHICLE_CLASS_MISMATCH).detail
    assert detail == (wanted if fits else f"read {found}, declared {wanted}")
    held = (MANUAL, Reason.VEHICLE_CLASS_MISMATCH)
    assert answer(shown, readings, other_class="manual") == (OK if fits else held)


def test_a_plate_where_none_is_declared_is_of_another_kind():
    options = {"payloads": (NO_PLATE,), "without_plate": "pass"}
    assert check(decide(**options), Reason.VEHICLE_CLASS_MISMATCH).detail == "a plate was read, but none is declared"
    assert answer(**options, other_class="manual") == (MANUAL, Reason.VEHICLE_CLASS_MISMATCH)
    assert answer(**options, readings=(), other_class="manual") == OK


def test_the_kind_of_another_vehicles_plate_says_nothing():
    assert answer(readings=read(STRANGE, kind="trailer"), require="permit", other_class="manual") == OK


# -------------------------------------------------------------------------------------------------- the plate alone


def by_plate(readings=None, *, active=(HERE,), known=KNOWN_HERE, require="plate", **options):
    return decide(
        readings=read() if readings is None else readings, active=active, known=known, require=require, **options
    )


def test_a_declared_plate_alone_passes_by_its_declaration():
    decision = by_plate()
    assert (decision.verdict, decision.reason) == OK
    assert (decision.permit.form, decision.permit.permit_id) == (PermitForm.PLATE, HERE.permit_id)
    assert decision.match.verdict is MatchVerdict.MATCH
    assert check(decision, Reason.QR_NONE).detail == "no permit is required, the plate decides"


def test_codes_are_not_even_looked_at_where_the_plate_decides():
    assert by_plate(payloads=(GOOD, text(permit_id=b"another."))).verdict is PASS


ALONE = {
    "nothing read": ((), (HERE,), RETRY, MANUAL, Reason.PLATE_UNREADABLE),
    "one frame only": (read(frames=1), (HERE,), RETRY, MANUAL, Reason.PLATE_UNSURE),
    "hardly read": (read(sure=0.5), (HERE,), RETRY, MANUAL, Reason.PLATE_UNSURE),
    "an undeclared plate": (read(STRANGE), (HERE,), RETRY, DENY, Reason.DECLARATION_UNKNOWN),
    "perhaps an undeclared plate": (read(STRANGE, sure=0.8), (HERE,), RETRY, MANUAL, Reason.DECLARATION_UNKNOWN),
    "an undeclared plate, once": (read(STRANGE, frames=1), (HERE,), RETRY, MANUAL, Reason.DECLARATION_UNKNOWN),
    "two declarations": (
        read(),
        (HERE, declared(permit_id=b"another.")),
        RETRY,
        MANUAL,
        Reason.PLATE_OTHER_PERMIT,
    ),
    "for another site": (read(), (declared(site=9412),), DENY, DENY, Reason.WRONG_SITE),
    "for another lane": (read(), (declared(lane_mask=2),), DENY, DENY, Reason.WRONG_LANE),
    "the other way": (read(), (declared(direction="import"),), DENY, DENY, Reason.WRONG_DIRECTION),
    "not yet": (read(), (declared(not_before=NOW + 999),), DENY, DENY, Reason.NOT_YET_VALID),
    "no more": (read(), (declared(expires_at=NOW - 999),), DENY, DENY, Reason.EXPIRED),
}


@pytest.mark.parametrize(
    ("readings", "active", "first", "last", "reason"), [pytest.param(*row, id=name) for name, row in ALONE.items()]
)
def test_a_plate_alone_passes_only_for_one_declaration_beyond_doubt(readings, active, first, last, reason):
    for final, verdict in ((False, first), (True, last)):
        decision = by_plate(readings, active=active, final=final)
        assert (decision.verdict, decision.reason) == (verdict, reason)


def test_a_plate_of_no_known_form_needs_a_permit_beside_it():
    said = {"plate": "BMW7788", "plate_kind": PlateKind.LATIN}
    european, readings = declared(**said), read("BMW7788", kind="latin")
    alone = by_plate(readings, active=(european,), known=replace(KNOWN_HERE, declaration=european), final=True)
    assert (alone.verdict, alone.reason) == (MANUAL, Reason.PLATE_UNSURE)
    assert alone.match.verdict is MatchVerdict.MATCH
    assert check(alone, Reason.PLATE_UNSURE).detail.endswith("; a plate of unknown form is not enough alone")
    shown = decide(payloads=(text(**said),), readings=readings)
    assert (shown.verdict, shown.reason) == OK


def test_of_two_declarations_of_a_plate_the_one_for_here_counts():
    elsewhere = declared(permit_id=b"another.", direction="import")
    for active in ((HERE, elsewhere), (elsewhere, HERE)):
        assert by_plate(active=active).permit.permit_id == HERE.permit_id


def test_another_declaration_that_explains_the_picture_holds_a_plate_alone():
    near = tuple(replace(one, positions=(*one.positions[:-1], (("5", 0.55), ("6", 0.44)))) for one in read())
    decision = by_plate(near, known=replace(KNOWN_HERE, others=(NEIGHBOUR,)), final=True)
    assert (decision.verdict, decision.reason) == (MANUAL, Reason.PLATE_OTHER_PERMIT)


def test_a_plate_alone_is_used_once_and_held_up_like_a_permit():
    assert by_plate(known=replace(KNOWN_HERE, use=PermitUses(used=2))).reason is Reason.ALREADY_USED
    old = replace(KNOWN_HERE, data=replace(DATA, state=DataState.TOO_OLD))
    assert by_plate(known=old).reason is Reason.DATA_TOO_OLD
    wrong = by_plate(context=replace(CONTEXT, clock_trusted=False))
    assert (wrong.verdict, wrong.reason) == (MANUAL, Reason.CLOCK_UNTRUSTED)


@pytest.mark.parametrize("state", [DataState.STALE_OK, DataState.KNOWN_ONLY, DataState.TOO_OLD])
def test_an_undeclared_plate_is_for_an_officer_while_the_lists_may_lag_behind(state):
    old = replace(KNOWN, data=replace(DATA, state=state))
    decision = by_plate(read(STRANGE), known=old, final=True)
    assert (decision.verdict, decision.reason) == (MANUAL, Reason.DECLARATION_UNKNOWN)


# -------------------------------------------------------------------------------------------------- either


def test_where_either_is_enough_a_permit_that_is_shown_decides_alone():
    assert by_plate(read(STRANGE), require="either", payloads=(GOOD,), known=KNOWN).verdict is PASS
    expired = text(expires_at=NOW - 100)
    for final in (False, True):
        decision = by_plate(require="either", payloads=(expired,), final=final)
        assert (decision.verdict, decision.reason) == (DENY, Reason.EXPIRED), "a good plate does not change that"


@pytest.mark.parametrize("payloads", [(), (ADDRESS,), (GOOD[:-1],)])
def test_where_either_is_enough_the_plate_decides_only_when_no_permit_came(payloads):
    waiting = by_plate(require="either", payloads=payloads)
    assert waiting.verdict is RETRY
    assert waiting.permit is None
    decision = by_plate(require="either", payloads=payloads, final=True)
    assert (decision.verdict, decision.permit.form) == (PASS, PermitForm.PLATE)


def test_a_flood_of_codes_does_not_lead_to_the_plate():
    flood = Texts(refused=tuple(RefusedText(bytes([number]), 0.0) for number in range(11)))
    decision = by_plate(require="either", payloads=(GOOD,), final=True, texts=flood)
    assert (decision.verdict, decision.reason) == (MANUAL, Reason.RATE_LIMITED)


def test_without_any_list_a_plate_alone_passes_nobody():
    decision = by_plate(active=(), known=replace(KNOWN, data=NOTHING_HERE), final=True)
    assert (decision.verdict, decision.reason) == (MANUAL, Reason.DECLARATION_UNKNOWN)
