"""What a lane does with VINs that are read: gathers a bounded number, waits for one, tells of each once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.core.decision.decision import Decision
from agent.core.events.event_types import AccessDecided, VehicleVin, VinRecord
from agent.core.lane.effects import Decide, KeepPictures
from agent.core.lane.event_drafts import decision_event, evidence_pictures
from agent.core.lane.lane_state_machine import LaneState
from agent.core.lane.own_plate import plate_code_of
from agent.core.lane.seen_vins import with_vin
from agent.core.lane.state import Transaction
from agent.core.lane.step_inputs import CommandKind
from agent.core.model import Outcome
from agent.core.model.observations import Reading, VinReading, VinSource
from agent.core.model.reasons import Check, Reason, Verdict
from agent.core.plates.match import MatchVerdict
from agent.core.vin_match import VinMatch, VinSighting, match_vin
from tests.support.lane.judging import printed
from tests.support.lane.yard import MATCH, PERMIT, Yard, deciding, manual, present

VIN, OTHER = PERMIT.vin, "LSVAA4182E2184847"
PASS, _, MANUAL, RETRY = Verdict
PRINT, QR, SCANNER = VinSource.PRINT, VinSource.QR, VinSource.SCANNER


def asked(yard: Yard) -> Decide:
    """The newest question."""
    return [effect for effect in yard.effects if isinstance(effect, Decide)][-1]


def questions(yard: Yard) -> list[tuple[int, int, bool]]:
    """The Decide effects so far, each as (texts, VINs, final)."""
    found = [effect for effect in yard.effects if isinstance(effect, Decide)]
    return [(len(one.presentations), len(one.vins), one.final) for one in found]


def told_vins(yard: Yard) -> list[tuple[str, str, str]]:
    return [
        (one.event.vin, one.event.source.value, one.event.match)
        for one in yard.drafts()
        if isinstance(one.event, VehicleVin)
    ]


def answer(yard: Yard, verdict: Verdict, reason: Reason = Reason.OK) -> list[str]:
    """Decide as the judgement would on the VINs that were asked about."""
    found = match_vin(asked(yard).vins, VIN)
    return yard.decide(verdict, reason, permit=PERMIT, vin=found)


# ------------------------------------------------------------------------------------------------ before a permit


def test_a_vin_waits_for_a_permit_and_is_decided_on_with_it() -> None:
    yard = present()
    assert yard.vin() == []
    assert (yard.state, questions(yard)) == (LaneState.PRESENT, [])
    yard.qr()
    assert questions(yard) == [(1, 1, False)]


@pytest.mark.parametrize("by_plate", [False, True])
def test_a_vin_alone_is_worth_no_decision(by_plate: bool) -> None:
    yard = present(decides_by_plate=by_plate)
    yard.vin()
    assert (yard.state, questions(yard)) == (LaneState.PRESENT, [])


def test_what_is_read_before_a_vehicle_stands_there_is_not_its_vin() -> None:
    yard = Yard.new()
    yard.vin()
    yard.sense(0.1, presence=True)
    yard.qr()
    assert questions(yard) == [(1, 0, False)]


def test_a_vin_alone_begins_no_transaction_in_a_blind_lane_and_keeps_none_open() -> None:
    yard = Yard.new(blind=True)
    yard.vin()
    yard.tick()
    assert yard.state is LaneState.IDLE
    yard.qr()
    assert yard.state is LaneState.DECIDING
    assert questions(yard) == [(1, 1, False)], "the label was in view as the code was shown"
    for _ in range(32):
        yard.later(0.1)
        yard.vin()
    assert yard.closed().outcome is Outcome.ABANDONED, "a car that is parked in view is no sign of this one"
    assert yard.state is LaneState.IDLE


def test_a_label_in_every_frame_does_not_push_out_the_permit_that_a_blind_lane_keeps_for_the_next() -> None:
    yard = deciding(blind=True)
    yard.decide(Verdict.DENY, Reason.EXPIRED)
    yard.later(0.2)
    yard.qr("next")
    for _ in range(20):
        yard.later(0.03)
        yard.vin()
    assert len(yard.lane.early) == 16
    yard.wait(1.0)
    assert yard.state is LaneState.DECIDING
    assert [one.payload for one in asked(yard).presentations] == [b"next"]


# ------------------------------------------------------------------------------------------------ while it is decided


def test_a_late_vin_is_decided_on_again_and_one_that_says_nothing_new_is_not() -> None:
    yard = deciding()
    yard.decide(RETRY, Reason.VIN_UNREADABLE)
    assert yard.vin() == ["decide on 1+0"]
    for _ in range(3):
        assert yard.vin() == ["decide on 1+0"]
    assert yard.vin() == [], "a fifth frame that reads the same"
    assert yard.vin(OTHER) == ["decide on 1+0"]
    assert questions(yard)[-1] == (1, 5, False)


def test_a_newer_picture_that_shows_the_code_is_something_new() -> None:
    yard = deciding()
    for _ in range(4):
        yard.vin()
    assert yard.vin() == []
    assert yard.vin(picture="v1") == ["decide on 1+0"]
    assert yard.vin(picture="v1") == []
    assert yard.vin(picture="v2") == ["decide on 1+0"]
    assert [one.picture for one in asked(yard).vins] == [None, None, "v1", "v2"]


@pytest.mark.parametrize("reason", [Reason.VIN_UNREADABLE, Reason.VIN_UNSURE, Reason.VIN_MISMATCH])
def test_where_the_vin_is_all_that_is_missing_there_is_as_much_time_as_to_show_a_permit(reason: Reason) -> None:
    yard = present()
    yard.wait(3.0)
    yard.qr()
    yard.decide(RETRY, reason)
    yard.wait(26.8)
    assert questions(yard) == [(1, 0, False)]
    yard.wait(0.4)
    assert questions(yard) == [(1, 0, False), (1, 0, True)]
    yard.decide(MANUAL, reason)
    assert yard.state is LaneState.MANUAL


@pytest.mark.parametrize("reason", [Reason.PLATE_UNREADABLE, Reason.PICTURE_UNCONFIRMED, Reason.QR_NONE])
def test_for_all_else_the_time_to_decide_is_what_it_was(reason: Reason) -> None:
    yard = deciding()
    yard.decide(RETRY, reason)
    yard.vin()
    yard.wait(yard.lane.rules.decide_s + 0.1)
    assert questions(yard)[-1] == (1, 1, True)


def test_a_permit_that_is_shown_late_leaves_the_vin_the_time_to_decide() -> None:
    yard = present()
    yard.wait(29.0)
    yard.qr()
    yard.decide(RETRY, Reason.VIN_UNREADABLE)
    yard.wait(4.8)
    assert not questions(yard)[-1][2]
    yard.wait(0.3)
    assert questions(yard)[-1] == (1, 0, True)


def test_once_the_last_question_is_put_a_vin_is_not_waited_for() -> None:
    yard = present()
    yard.qr()
    yard.decide(RETRY, Reason.VIN_UNREADABLE)
    yard.wait(30.1)
    assert yard.vin() == []
    yard.wait(yard.lane.rules.decide_s)
    assert yard.state is LaneState.MANUAL, "no answer came"


def test_with_an_officer_another_permit_is_decided_on_by_what_is_read_then() -> None:
    yard = deciding()
    yard.vin(ago_s=0.0)
    answer(yard, MANUAL, Reason.PLATE_UNSURE)
    yard.wait(5.0)
    yard.vin(OTHER)
    yard.qr("another")
    yard.wait(0.1)
    assert yard.state is LaneState.DECIDING
    assert [one.text for one in asked(yard).vins] == [OTHER]


# ------------------------------------------------------------------------------------------------ how much is kept


def code(text: str, at: float = 0.0, source: VinSource = QR, **fields: Any) -> VinReading:
    return VinReading(text, source, "cam", round(at * 10), at, **fields)


def numbered(number: int) -> str:
    return f"LSVAA4182E21{number:05d}"


def gathered(*readings: VinReading) -> tuple[VinReading, ...]:
    found: tuple[VinReading, ...] = ()
    for reading in readings:
        found = with_vin(found, reading)
    return found


def test_a_wall_of_labels_leaves_the_newest_eight_and_what_a_person_scanned() -> None:
    wall = [code(numbered(number), at=float(number)) for number in range(1, 30)]
    found = gathered(code(VIN, source=SCANNER), *wall)
    assert [one.text for one in found] == [VIN, *(numbered(number) for number in range(23, 30))]


def test_a_label_that_is_in_every_frame_stays_while_others_come_and_go() -> None:
    seen = [code(text, at) for at in range(40) for text in (VIN, numbered(at))]
    texts = {one.text for one in gathered(*seen)}
    assert VIN in texts
    assert len(texts) == 8


def test_of_print_the_newest_sixteen_readings_are_kept_and_push_out_no_code() -> None:
    lines = [code(numbered(number), float(number), PRINT) for number in range(40)]
    found = gathered(code(VIN), *lines)
    assert [one.text for one in found] == [VIN, *(numbered(number) for number in range(24, 40))]


def test_what_a_person_scanned_stays_also_where_a_camera_reads_it_afterwards() -> None:
    wall = [code(numbered(number), at=float(number)) for number in range(2, 30)]
    found = gathered(code(VIN, source=SCANNER), code(VIN, 1.0), *wall)
    assert {one.text for one in found} == {VIN, *(numbered(number) for number in range(23, 30))}


def test_the_text_of_a_code_that_goes_is_the_one_read_longest_ago_whatever_it_says() -> None:
    found = gathered(*(code(numbered(number), at=-float(number)) for number in range(20, 0, -1)))
    assert [one.text for one in found] == [numbered(number) for number in range(8, 0, -1)]


def test_print_neither_counts_among_the_texts_of_codes_nor_goes_with_one() -> None:
    codes = [code(numbered(number), at=float(number)) for number in range(8)]
    line = code(numbered(0), 50.0, PRINT)
    found = gathered(*codes, line, code(numbered(7), 51.0))
    assert [one.text for one in found] == [numbered(number) for number in (*range(8), 0, 7)]
    assert gathered(*codes, line, code(VIN, 52.0)) == (*codes[1:], line, code(VIN, 52.0))


def test_one_more_line_of_print_pushes_out_one() -> None:
    lines = [code(numbered(number), float(number), PRINT) for number in range(17)]
    assert gathered(*lines) == tuple(lines[1:])


@pytest.mark.parametrize("fields", [{"picture": "e" * 64, "legible": False}, {"picture": None}])
def test_of_one_code_another_reading_is_kept_only_for_a_new_picture_that_shows_it(fields: dict[str, Any]) -> None:
    four = [code(VIN, float(number), picture=f"{number}" * 64) for number in range(4)]
    assert gathered(*four, code(VIN, 9.0, **fields)) == tuple(four)
    shown = code(VIN, 9.0, picture="e" * 64)
    assert gathered(*four, shown) == (*four[1:], shown)


def test_the_same_reading_twice_is_one() -> None:
    assert gathered(code(VIN), code(VIN)) == (code(VIN),)


# ------------------------------------------------------------------------------------------------ what is told


def test_the_record_of_a_pass_tells_of_the_vin_first_and_names_its_picture() -> None:
    yard = present()
    yard.vin(picture="v1")
    yard.qr()
    lines = answer(yard, PASS)
    assert lines[:3] == ["vehicle.vin equal code_128", "access.decided PASS OK", "access.granted permit"]
    vin, decided = (draft.event for draft in yard.drafts()[-3:-1])
    assert vin == VehicleVin(
        vin=VIN, source=VinSource.CODE_128, camera="cam", match="equal", frames=1, picture="v1", check_digit=False
    )
    assert isinstance(decided, AccessDecided)
    assert decided.vin == VinRecord(verdict="MATCH", read=VIN, source=VinSource.CODE_128, score=99.0, frames=1)
    assert decided.pictures == ("v1",)
    kept = [effect for effect in yard.effects if isinstance(effect, KeepPictures)]
    assert kept == [KeepPictures(("v1",))], "once"


def test_each_vin_is_told_once_of_each_kind_of_source() -> None:
    yard = deciding()
    yard.vin(OTHER)
    answer(yard, RETRY, Reason.VIN_UNSURE)
    yard.vin(OTHER)
    answer(yard, RETRY, Reason.VIN_MISMATCH)
    yard.vin(OTHER, QR)
    answer(yard, RETRY, Reason.VIN_MISMATCH)
    yard.vin()
    answer(yard, PASS)
    assert told_vins(yard) == [(OTHER, "code_128", "other"), (OTHER, "qr", "other"), (VIN, "code_128", "equal")]


def test_nothing_is_told_of_vins_that_no_permit_was_held_against() -> None:
    yard = deciding()
    yard.vin()
    yard.decide(Verdict.DENY, Reason.QR_NONE)
    assert told_vins(yard) == []
    assert yard.closed().vin_read is None


def test_no_more_than_eight_are_told() -> None:
    yard = deciding()
    for number in range(30):
        yard.vin(numbered(number))
        answer(yard, RETRY, Reason.VIN_MISMATCH)
    assert len(told_vins(yard)) == 8


def test_print_is_told_once_it_is_sure_and_with_its_likelihood() -> None:
    seen = printed(VIN)
    unsure = printed(VIN, doubts=((16, "1"), (15, "1")))
    events = []
    for readings in (unsure, seen):
        yard = deciding()
        found = match_vin(readings, VIN)
        yard.decide(RETRY, Reason.VIN_UNSURE, permit=PERMIT, vin=found)
        events += [one.event for one in yard.drafts() if isinstance(one.event, VehicleVin)]
    (event,) = events
    assert (event.vin, event.source, event.match, event.frames) == (VIN, PRINT, "equal", 3)
    assert event.score is not None
    assert event.score > 0.25


@pytest.mark.parametrize(
    ("verdict", "told"), [(MatchVerdict.MATCH, VIN), (MatchVerdict.MISMATCH, VIN), (MatchVerdict.UNSURE, None)]
)
def test_the_outcome_names_the_vin_that_was_read_for_sure(verdict: MatchVerdict, told: str | None) -> None:
    yard = deciding()
    yard.decide(Verdict.DENY, Reason.EXPIRED, permit=PERMIT, vin=VinMatch(verdict, VIN, QR, 1.0, 2))
    assert (yard.closed().vin, yard.closed().vin_read) == (PERMIT.vin, told)


def test_the_pictures_of_vins_stand_last_among_the_evidence() -> None:
    seen = tuple(
        VinSighting(text, QR, "cam", picture, 1, "other", -99.0)
        for text, picture in ((VIN, "v1"), (OTHER, None), (numbered(1), "v2"), (numbered(2), "v3"))
    )
    decision = Decision(
        MANUAL, Reason.VIN_MISMATCH, (), PERMIT, vin=VinMatch(MatchVerdict.MISMATCH, OTHER, QR, -99.0, 1, (), seen)
    )
    readings = (Reading("P", (), "k", 0.9, "cam", 1, 1.0, picture="p1"),)
    it = Transaction("t", 0.0, arrived=True, readings=readings, pictures=("q1",), decision=decision)
    assert evidence_pictures(it) == ("q1", "p1", "v1", "v2")


def test_the_event_of_a_decision_holds_what_was_read_and_not_the_declared_vin_twice() -> None:
    found = VinMatch(
        MatchVerdict.MISMATCH, OTHER, PRINT, -12.5, 4, (), (VinSighting(OTHER, PRINT, "c", None, 4, "other", -12.5),)
    )
    decision = Decision(MANUAL, Reason.VIN_MISMATCH, (Check(Reason.VIN_MISMATCH, ok=False),), PERMIT, vin=found)
    assert decision_event(decision, ()).vin == VinRecord(
        verdict="MISMATCH", read=OTHER, source=PRINT, score=-12.5, frames=4, others=1
    )


# ------------------------------------------------------------------------------------------------ whose it is


def test_the_vin_of_a_vehicle_that_was_let_through_counts_for_no_other_while_it_is_in_view() -> None:
    yard = present(close_s=0.5)
    yard.vin()
    yard.qr()
    answer(yard, PASS)
    yard.pulsed()
    yard.sense(1.0, safety=True)
    yard.sense(1.0, presence=False)
    yard.sense(0.5, safety=False)
    yard.wait(1.6)
    assert (yard.closed().outcome, yard.state) == (Outcome.PASSED, LaneState.IDLE)
    assert VIN in yard.lane.handled[-1].keys
    yard.sense(0.1, presence=True)
    yard.vin()
    yard.qr("next")
    assert [one.payload for one in asked(yard).presentations] == [b"next"]
    assert asked(yard).vins == ()


@pytest.mark.parametrize(("ago_s", "counts"), [(10.0, 0), (0.0, 1)])
def test_the_vin_of_the_vehicle_before_that_is_read_long_after_it_left_counts_for_no_other(
    ago_s: float, counts: int
) -> None:
    yard = present(close_s=0.5)
    yard.vin()
    yard.qr()
    answer(yard, PASS)
    yard.pulsed()
    yard.sense(1.0, safety=True)
    yard.sense(1.0, presence=False)
    yard.sense(0.5, safety=False)
    yard.wait(1.6 + yard.lane.rules.gone_s)
    yard.vin(OTHER)
    yard.sense(presence=True)
    yard.wait(9.0)
    yard.vin(ago_s=ago_s)
    yard.qr("next")
    assert len(asked(yard).vins) == counts


def test_another_vin_in_view_is_not_remembered_as_that_of_the_vehicle() -> None:
    yard = present()
    yard.vin(OTHER)
    yard.qr()
    answer(yard, MANUAL, Reason.VIN_MISMATCH)
    yard.sense(0.1, presence=False)
    assert OTHER not in yard.lane.handled[-1].keys


def test_a_vin_moves_nothing_in_any_state_but_for_what_is_being_decided() -> None:
    for yard in (manual(), present(), Yard.new(), Yard.new(blind=True)):
        before = yard.state
        assert yard.vin(picture="v1") == []
        assert yard.state is before
    opening = deciding()
    opening.decide(PASS)
    assert opening.vin() == []
    held = present()
    held.order(CommandKind.HOLD)
    assert held.vin() == []


# ------------------------------------------------------------------------------------------------ kinds of plates


@pytest.mark.parametrize(
    ("declares", "kind", "code_of"),
    [
        ("京A12345", "civil_blue", "02"),
        ("京A12345", "new_energy_small", "52"),
        (None, "temporary", "22"),
        ("京A12345", None, ""),
        (None, None, "41"),
    ],
)
def test_the_outcome_names_the_kind_of_plate_by_its_customs_code(
    declares: str | None, kind: str | None, code_of: str
) -> None:
    permit = replace(PERMIT, plate=declares)
    matched = None if kind is None or declares is None else replace(MATCH, kind=kind)
    readings = () if kind is None else (Reading("京A12345", (), kind, 0.9, "cam", 1, 1.0),)
    it = Transaction("t", 0.0, arrived=True, readings=readings, decision=Decision(PASS, Reason.OK, (), permit, matched))
    assert plate_code_of(it) == code_of


def test_the_outcome_has_the_customs_code() -> None:
    yard = deciding()
    yard.decide(Verdict.DENY, Reason.EXPIRED, match=replace(MATCH, kind="civil_blue"))
    assert yard.closed().plate_code == "02"


def test_without_a_permit_nobody_knows_whether_there_should_be_a_plate() -> None:
    assert plate_code_of(Transaction("t", 0.0, arrived=True)) == ""
