"""Whole visits: blind lanes, what counts as evidence, what the events say."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agent.core.decision.decision import Decision
from agent.core.events.event_types import (
    AccessDecided,
    AccessGranted,
    Alarm,
    AlarmRaised,
    PermitPresented,
    PlateRecord,
    VehicleEntering,
)
from agent.core.lane.effects import Close, Decide, KeepPictures, Raise, Record, Show
from agent.core.lane.event_drafts import transaction_id
from agent.core.lane.lane_state_machine import Lane, LaneRules, LaneState, step
from agent.core.lane.state import InputState
from agent.core.lane.step_inputs import (
    CommandKind,
    Decided,
    Presented,
    ReadersChanged,
    RecordFailed,
    RelayChanged,
    Sampled,
    Ticked,
)
from agent.core.lane.transition import Transition
from agent.core.model import Outcome
from agent.core.model.instant import Instant
from agent.core.model.ledger import LedgerChange, LedgerState
from agent.core.model.observations import Presentation
from agent.core.model.reasons import Check, Reason, Verdict
from agent.core.model.signals import Signals
from agent.core.plates.vote import PlateVote
from tests.support.lane.yard import (
    FIRST,
    MATCH,
    PERMIT,
    SECOND,
    UTC_START,
    Yard,
    clearing,
    closing,
    deciding,
    denied,
    manual,
    no_relay,
    opened,
    opening,
    passing,
    present,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def watching(yard: Yard, seconds: float, *shown: str) -> list[str]:
    """Let time go by while these permits stay in view; a text in brackets is a plate."""
    lines: list[str] = []
    for _ in range(round(seconds * 5)):
        lines += yard.wait(0.2)
        for each in shown:
            lines += yard.plate(each[1:-1]) if each.startswith("[") else yard.qr(each)
    return lines


# -------------------------------------------------------------------------------------------------------- blind lanes


def test_a_blind_lane_sees_a_vehicle_by_its_permit() -> None:
    yard = Yard.new(blind=True)
    assert yard.qr() == ["vehicle.present eye", "permit.presented", "show red deciding", "decide on 1+0"]


def test_a_blind_lane_sees_a_vehicle_by_a_camera_whose_frames_come_late() -> None:
    yard = Yard.new(blind=True)
    late = Presentation(b"A", "zxing", "cam", 1, yard.at - 2 * yard.lane.rules.gone_s)
    assert yard.feed(Presented(yard.now, late)) == []
    late = replace(late, behind_s=2 * yard.lane.rules.gone_s)
    assert "vehicle.present eye" in yard.feed(Presented(yard.now, late))


def test_a_blind_lane_sees_a_vehicle_by_its_plate() -> None:
    yard = Yard.new(blind=True)
    assert yard.plate() == ["vehicle.present eye", "show red present"]
    assert yard.qr() == ["permit.presented", "show red deciding", "decide on 1+1"]


def test_a_blind_lane_takes_the_passage_for_done_and_says_that_it_assumed_it() -> None:
    yard = opening(blind=True)
    assert yard.wait(5.0) == []
    assert yard.pulsed() == ["barrier.pulsed open delivered", "show green open"]
    assert yard.wait(7.9) == []
    assert yard.wait(0.2) == ["transaction.closed passed OK assumed", "ledger CONSUMED use 1", "show red idle"]
    assert not any(isinstance(draft.event, VehicleEntering) for draft in yard.drafts())


def test_a_blind_lane_takes_the_passage_for_done_also_after_a_pulse_of_unknown_delivery() -> None:
    yard = opening(blind=True)
    assert yard.pulsed("unknown") == ["barrier.pulsed open unknown", "alarm.raised pulse_unknown", "show green open"]
    assert yard.wait(8.1)[:1] == ["transaction.closed passed OK assumed"]


def test_a_blind_lane_goes_on_when_the_grant_expires_without_a_report() -> None:
    yard = opening(blind=True)
    assert yard.wait(10.1) == ["alarm.raised pulse_unknown", "show green open"]
    assert yard.wait(8.1)[:1] == ["transaction.closed passed OK assumed"]


def test_an_officers_pulse_on_a_blind_lane_ends_as_overridden_and_assumed() -> None:
    yard = Yard.new(blind=True)
    yard.order(CommandKind.OPEN)
    yard.pulsed()
    assert yard.wait(8.1) == ["transaction.closed overridden QR_NONE assumed", "show red idle"]


def test_a_vehicle_that_passed_a_blind_lane_and_stays_in_view_is_no_new_vehicle() -> None:
    yard = opening(blind=True)
    yard.plate()
    yard.pulsed()
    yard.wait(8.1)
    assert watching(yard, 20.0, "A", "[京A12345]") == []
    assert yard.state is LaneState.IDLE
    assert watching(yard, 20.0, "[京A1234S]") == [], "nor is its plate when it is misread"


def test_the_same_permit_counts_again_on_a_blind_lane_once_it_was_out_of_view() -> None:
    yard = opening(blind=True)
    yard.pulsed()
    watching(yard, 10.0, "A")
    yard.wait(3.1)
    assert yard.qr()[0] == "vehicle.present eye"


def test_another_permit_starts_the_next_vehicle_of_a_blind_lane_at_once() -> None:
    yard = opening(blind=True)
    yard.pulsed()
    watching(yard, 10.0, "A", "[京A12345]")
    assert yard.qr("B")[0] == "vehicle.present eye"
    assert yard.plate() == [], "the plate of the vehicle before is no evidence for this one"
    assert yard.plate("沪B00001") == ["decide on 1+1"]


def test_the_next_permit_that_is_shown_during_a_blind_passage_is_taken_up_after_it() -> None:
    yard = opening(blind=True)
    yard.pulsed()
    lines = watching(yard, 8.0, "B", "[沪B00001]") + yard.wait(0.1)
    assert lines[0] == "transaction.closed passed OK assumed"
    assert lines[3:] == ["vehicle.present eye", "permit.presented", "show red deciding", *lines[6:]]
    assert yard.state is LaneState.DECIDING


def going(track: int = 1) -> Yard:
    """A vehicle whose plate was read, with that track, goes through a blind lane."""
    yard = Yard.new(blind=True)
    yard.plate("京A12345", track=track)
    yard.qr()
    yard.decide(Verdict.PASS)
    yard.pulsed()
    yard.wait(3.0)
    return yard


@pytest.mark.parametrize("track", [2, 0])
def test_the_plate_of_the_vehicle_behind_is_read_before_a_blind_lane_and_counts_for_that_vehicle(track: int) -> None:
    yard = going()
    yard.wait(1.0)
    assert yard.plate("沪B00001", track=track) == []
    yard.wait(4.1)
    assert (yard.state, yard.closed().outcome) == (LaneState.IDLE, Outcome.PASSED)
    assert yard.plate("沪B00001", track=track) == [], "it waits for a permit: it may be that of the vehicle before"
    assert yard.qr("B")[-1] == "decide on 1+0"
    assert yard.plate("沪B00001", track=track) == ["decide on 1+1"]


def test_a_plate_that_was_read_behind_the_vehicle_before_the_pulse_counts_for_its_own_vehicle() -> None:
    yard = Yard.new(blind=True)
    yard.plate("沪B00001", track=2)
    yard.plate("京A12345", track=1)
    yard.qr()
    yard.decide(Verdict.PASS, match=MATCH)
    yard.pulsed()
    yard.plate("沪B00001", track=2)
    yard.wait(8.1)
    yard.qr("B")
    assert yard.plate("京A12345", track=1) == []
    assert yard.plate("沪B00001", track=2) == ["decide on 1+1"]


def test_how_the_vehicle_that_passed_a_blind_lane_was_misread_on_its_way_is_nothing_of_the_next_one() -> None:
    yard = going()
    yard.plate("京A1234S", track=1)
    yard.plate("京A12345", track=7)
    yard.plate("京A1Z345", track=7)
    yard.wait(5.1)
    yard.qr("B")
    assert [yard.plate(text, track=9) for text in ("京A1234S", "京A12345", "京A1Z345")] == [[], [], []]


def test_of_a_vehicle_without_a_plate_before_the_pulse_the_first_that_is_read_on_its_way_is_its_own() -> None:
    yard = opening(blind=True)
    yard.pulsed()
    yard.plate("京A12345", track=1)
    yard.plate("沪B00001", track=2)
    yard.plate("京A1234S", track=1)
    yard.wait(8.1)
    yard.qr("B")
    assert [yard.plate(text) for text in ("京A12345", "京A1234S")] == [[], []]
    assert yard.plate("沪B00001", track=2) == ["decide on 1+1"]


def test_a_refused_vehicle_is_remembered_by_its_own_plate_only() -> None:
    yard = present()
    yard.plate("沪B00001", track=2)
    yard.plate("京A12345", track=1)
    yard.qr()
    yard.decide(Verdict.DENY, Reason.EXPIRED, match=MATCH)
    yard.sense(0.5, presence=False)
    yard.sense(0.5, presence=True)
    yard.at += 0.1
    assert yard.plate("京A12345", ago_s=0.2) == []
    yard.plate("沪B00001", ago_s=0.2)
    assert yard.qr("B")[-1] == "decide on 1+1"


def test_a_blind_vehicle_that_no_reader_sees_any_more_abandoned_it() -> None:
    yard = deciding(blind=True)
    yard.decide(Verdict.RETRY, Reason.PLATE_UNSURE)
    assert watching(yard, 2.0, "A")[-1] == "decide on 11+0"
    assert yard.wait(3.2)[-2:] == ["transaction.closed abandoned PLATE_UNSURE", "show red idle"]


def test_a_denied_vehicle_that_stays_before_a_blind_lane_is_not_denied_again() -> None:
    yard = denied(blind=True)
    assert watching(yard, 20.0, "A") == []
    assert watching(yard, 0.2, "B")[0] == "vehicle.present eye"


def test_a_denied_vehicle_leaves_a_blind_lane_when_it_is_not_seen() -> None:
    yard = denied(blind=True)
    assert yard.wait(3.2) == ["show red idle"]


def test_a_blind_vehicle_is_not_taken_for_gone_while_no_reader_works() -> None:
    yard = deciding(blind=True)
    yard.feed(ReadersChanged(yard.now, up=False))
    assert yard.wait(60.0) == []
    assert yard.state is LaneState.MANUAL
    assert yard.feed(ReadersChanged(yard.now, up=True)) == ["show red deciding", "decide on 1+0"]
    yard.decide(Verdict.RETRY, Reason.PLATE_UNSURE)
    assert yard.wait(3.2)[-2:] == ["transaction.closed abandoned PLATE_UNSURE", "show red idle"]


def test_a_vehicle_whose_pulse_was_not_delivered_is_not_tried_again_by_itself() -> None:
    yard = opening(blind=True)
    yard.pulsed("not_delivered")
    assert watching(yard, 20.0, "A") == []
    assert yard.state is LaneState.DENIED
    assert yard.ledger() == [LedgerState.RESERVED, LedgerState.RELEASED]


def test_loops_mean_nothing_to_a_blind_lane() -> None:
    yard = Yard.new(blind=True)
    before = yard.lane
    assert yard.feed(Sampled(yard.now, Signals(yard.at, True, True, True, True, True))) == []
    assert yard.lane == replace(before, input_state=InputState(Signals(yard.at)))


def test_a_blind_lane_never_gives_a_close_pulse() -> None:
    yard = opening(blind=True, close_mode="agent")
    yard.pulsed()
    yard.wait(20.0)
    assert yard.order(CommandKind.CLOSE) == []
    assert not any(isinstance(effect, Close) for effect in yard.effects)


def test_a_blind_lane_is_ready_again_when_an_officer_lets_go() -> None:
    yard = Yard.new(blind=True)
    yard.order(CommandKind.HOLD)
    assert yard.order(CommandKind.RELEASE) == ["barrier.held False op1", "HOLD off", "show red idle"]


def test_what_is_seen_while_a_released_barrier_is_open_counts_for_nobody() -> None:
    yard = Yard.new()
    yard.order(CommandKind.HOLD)
    yard.order(CommandKind.RELEASE)
    yard.plate()
    yard.qr()
    assert (yard.state, yard.lane.early) == (LaneState.OPEN, ())


def test_of_many_permits_shown_to_a_blind_lane_for_the_next_vehicle_the_newest_sixteen_are_kept() -> None:
    yard = deciding(blind=True)
    yard.decide(Verdict.DENY, Reason.EXPIRED)
    for number in range(18):
        yard.later(0.01)
        yard.qr(f"next {number}")
    assert [one.payload for one in yard.lane.early] == [f"next {number}".encode() for number in range(2, 18)]


def test_another_permit_shown_to_a_lane_with_inputs_while_the_vehicle_passes_counts_for_nobody() -> None:
    yard = opening()
    yard.qr("B")
    assert yard.lane.early == ()


# ----------------------------------------------------------------------------------------------------------- evidence


def test_the_permit_of_the_vehicle_that_passed_does_not_count_for_the_next() -> None:
    yard = closing()
    yard.sense(closed=True, presence=True)
    yard.sense()
    assert watching(yard, 10.0, "A") == []
    assert yard.state is LaneState.PRESENT
    assert yard.qr("B")[0] == "permit.presented"


def test_the_plate_of_the_vehicle_that_passed_does_not_count_for_the_next() -> None:
    yard = deciding(has_closed=True)
    yard.plate()
    yard.decide(Verdict.PASS)
    yard.sense(closed=False, safety=True)
    yard.sense(presence=False)
    yard.sense(safety=False)
    yard.wait(1.0)
    yard.sense(closed=True, presence=True)
    yard.sense()
    assert yard.qr("B")[-1] == "decide on 1+0"
    assert yard.plate() == []
    assert yard.plate("沪B00001") == ["decide on 1+1"]


def test_a_vehicle_that_rolls_back_onto_the_loop_is_judged_again() -> None:
    yard = deciding()
    yard.sense(presence=False)
    yard.sense(0.2, presence=True)
    assert yard.qr()[0] == "permit.presented"


def test_what_a_vehicle_showed_that_left_does_not_count_for_the_next_before_it_arrives() -> None:
    yard = deciding()
    yard.sense(presence=False)
    yard.sense(0.2)
    yard.qr()
    assert yard.sense(0.2, presence=True) == ["vehicle.present inputs", "show red present"]


@pytest.mark.parametrize("way", [denied, manual])
def test_what_a_vehicle_showed_after_its_answer_does_not_count_for_the_next(way: Callable[[], Yard]) -> None:
    yard = way()
    yard.plate("沪B00001")
    yard.qr("B")
    yard.sense(presence=False)
    assert yard.sense(0.2, presence=True) == ["vehicle.present inputs", "show red present"]
    assert yard.qr("C")[-1] == "decide on 1+0"


def test_what_was_shown_too_long_before_the_arrival_does_not_count() -> None:
    yard = Yard.new()
    yard.qr()
    yard.wait(3.1)
    assert yard.sense(presence=True) == ["vehicle.present inputs", "show red present"]


def test_what_is_shown_while_the_arm_comes_down_counts_for_the_next_vehicle() -> None:
    yard = closing()
    yard.sense(presence=True)
    yard.qr("B")
    yard.qr("A")
    yard.sense(closed=True)
    assert yard.sense() == ["vehicle.present inputs", "permit.presented", "show red deciding", "decide on 1+0"]


def test_what_is_shown_while_the_vehicle_passes_counts_for_nobody() -> None:
    yard = clearing()
    yard.qr("B")
    assert yard.lane.early == ()


def test_the_same_observation_twice_is_nothing_new() -> None:
    yard = deciding()
    presentation = yard.lane.transaction and yard.lane.transaction.presentations[0]
    yard.frame -= 1
    assert yard.qr() == []
    yard.plate()
    yard.frame -= 1
    assert yard.plate() == []
    assert yard.lane.transaction is not None
    assert yard.lane.transaction.presentations == (presentation,)


def test_the_evidence_of_a_transaction_is_bounded() -> None:
    yard = deciding()
    for _ in range(100):
        yard.qr()
        yard.plate()
    assert yard.plate() == ["decide on 16+32"]


def test_a_screen_that_cycles_through_permits_does_not_fill_the_journal() -> None:
    yard = present()
    lines = [line for number in range(100) for line in yard.qr(f"permit {number}")]
    assert lines.count("permit.presented") == 8
    assert lines[-1].startswith("decide")
    assert yard.qr("permit 101") == []


def test_a_permit_shown_at_the_last_moment_gets_its_full_time() -> None:
    yard = present()
    yard.wait(29.9)
    yard.at += 0.2
    assert yard.qr() == ["permit.presented", "show red deciding", "decide on 1+0"]


def test_no_evidence_is_asked_about_after_the_final_question() -> None:
    yard = deciding()
    yard.wait(5.0)
    assert yard.qr() == []


def test_evidence_after_the_time_is_up_is_part_of_the_final_question() -> None:
    yard = deciding()
    yard.wait(4.9)
    yard.at += 0.2
    assert yard.plate() == ["decide on 1+1 finally"]


def test_a_new_try_with_an_officer_waiting_starts_from_fresh_evidence() -> None:
    yard = manual()
    yard.wait(1.0)
    assert yard.plate() == []
    assert yard.qr("B")[-1] == "decide on 1+1"
    assert yard.decide(Verdict.PASS)[-2:] == ["RAISE 0001-1", "show green OK"]


def test_a_new_try_takes_no_evidence_of_the_last() -> None:
    yard = deciding()
    yard.plate("京A12345")
    yard.decide(Verdict.RETRY, Reason.PLATE_UNSURE)
    yard.wait(5.0)
    yard.decide(Verdict.MANUAL, Reason.PLATE_UNSURE)
    yard.wait(1.0)
    assert yard.qr("B")[-1] == "decide on 1+0"
    assert yard.decide(Verdict.RETRY, Reason.PLATE_UNSURE)[0] == "access.decided RETRY PLATE_UNSURE", "it is new again"


def test_the_plate_of_a_vehicle_that_waits_for_an_officer_counts_with_its_next_permit() -> None:
    yard = deciding()
    yard.plate("京A12345")
    yard.decide(Verdict.MANUAL, Reason.PLATE_UNSURE)
    yard.wait(1.0)
    assert yard.plate("京A12345") == []
    assert yard.qr("B")[-1] == "decide on 1+1"


def test_a_vehicle_that_was_asked_for_a_last_time_before_the_readers_went_is_asked_again_after_that() -> None:
    yard = present()
    yard.wait(30.1)
    yard.feed(ReadersChanged(yard.now, up=False))
    yard.feed(ReadersChanged(yard.now, up=True))
    assert yard.qr() == ["permit.presented", "show red deciding", "decide on 1+0"]


@pytest.mark.parametrize(
    ("act", "alarm", "detail"),
    [
        (lambda y: y.feed(ReadersChanged(y.now, up=False)), Alarm.READERS_LOST, "no reader works"),
        (lambda y: y.feed(RelayChanged(y.now, up=False)), Alarm.RELAY_LOST, "the relay board cannot be reached"),
        (lambda y: y.tick(0.5), Alarm.INPUTS_LOST, "in state deciding"),
        (
            lambda y: y.feed(RelayChanged(y.now, up=False)) + y.decide(Verdict.PASS),
            Alarm.RELAY_LOST,
            "a vehicle waits that may pass",
        ),
        (
            lambda y: y.decide(Verdict.PASS) + y.pulsed("not_delivered"),
            Alarm.RELAY_LOST,
            "the open pulse was not delivered",
        ),
        (
            lambda y: y.decide(Verdict.PASS) + y.pulsed("unknown"),
            Alarm.PULSE_UNKNOWN,
            "the open pulse may or may not have happened",
        ),
        (lambda y: y.order(CommandKind.HOLD) + y.tick(0.5), Alarm.INPUTS_LOST, "while held open"),
    ],
)
def test_an_alarm_says_what_was_lost(act: Callable[[Yard], list[str]], alarm: Alarm, detail: str) -> None:
    yard = deciding()
    act(yard)
    assert AlarmRaised(alarm=alarm, detail=detail) in [draft.event for draft in yard.drafts()]


def test_a_grant_whose_record_failed_names_its_permit_and_waits_for_an_officer() -> None:
    yard = deciding()
    lines = yard.feed(RecordFailed(yard.now, Reason.GATE_FAULT, yard_decision()))
    assert lines == ["alarm.raised journal_failed", "access.decided MANUAL GATE_FAULT", "show red manual"]
    decided = yard.drafts()[-1].event
    assert decided.permit is not None
    assert decided.permit.permit == PERMIT.permit_id.hex()


def test_a_vehicle_that_came_while_no_reader_worked_may_show_its_permit_when_one_does() -> None:
    yard = Yard.new()
    yard.feed(ReadersChanged(yard.now, up=False))
    yard.sense(presence=True)
    assert yard.feed(ReadersChanged(yard.now, up=True)) == ["show red present"]


def test_an_answer_to_a_question_from_before_an_officer_was_called_is_ignored() -> None:
    yard = present()
    yard.wait(30.1)
    yard.feed(ReadersChanged(yard.now, up=False))
    yard.feed(ReadersChanged(yard.now, up=True))
    assert (yard.decide(Verdict.PASS), yard.state) == ([], LaneState.PRESENT)


@pytest.mark.parametrize(("delivery", "alarm"), [("not_delivered", Alarm.RELAY_LOST), ("unknown", Alarm.PULSE_UNKNOWN)])
def test_a_report_and_its_alarm_belong_to_the_transaction_of_the_grant(delivery: str, alarm: Alarm) -> None:
    yard = opening()
    yard.sense(presence=False, safety=True)
    yard.sense(safety=False)
    yard.wait(1.0)
    assert yard.lane.transaction is None
    yard.pulsed(delivery)
    report, alarmed = yard.drafts()[-2:]
    assert (report.event.grant, report.event.delivery, report.transaction) == (f"{FIRST}-1", delivery, FIRST)
    assert (alarmed.event.alarm, alarmed.transaction) == (alarm, FIRST)


@pytest.mark.parametrize(
    ("act", "detail"),
    [
        (lambda y: y.sense(closed=False) + y.wait(60.2), "since the start"),
        (lambda y: y.sense() + y.sense(closed=False), ""),
    ],
)
def test_the_alarm_of_an_arm_that_was_forced_says_since_when(act: Callable[[Yard], list[str]], detail: str) -> None:
    yard = Yard.new(ready=False, has_closed=True)
    act(yard)
    assert yard.drafts()[-1].event == AlarmRaised(alarm=Alarm.FORCED_OPEN, detail=detail)


def test_what_others_show_does_not_keep_the_permit_of_the_vehicle_that_passed_from_counting_again() -> None:
    yard = closing()
    yard.sense(closed=True, presence=True)
    yard.sense()
    watching(yard, 4.0, "[沪B00001]")
    assert yard.qr()[0] == "permit.presented"


def test_a_permit_counts_for_the_next_vehicle_to_the_very_end_of_its_time() -> None:
    yard = Yard.new(gone_s=4.0)
    yard.qr()
    assert yard.sense(4.0, presence=True)[:2] == ["vehicle.present inputs", "permit.presented"]


def test_a_refused_permit_is_remembered_to_the_very_end_of_its_time() -> None:
    yard = denied(gone_s=4.0)
    yard.sense(4.0)
    assert yard.qr() == []


@pytest.mark.parametrize("verdict", [Verdict.DENY, Verdict.MANUAL])
def test_what_the_vehicle_before_showed_and_was_read_late_is_nothing_of_the_next_one(verdict: Verdict) -> None:
    yard = deciding()
    yard.plate("沪B00001")
    yard.decide(verdict, Reason.EXPIRED)
    yard.sense(0.5, presence=False)
    yard.sense(0.5, presence=True)
    yard.at += 0.1
    assert yard.qr(ago_s=0.2) == []
    assert yard.plate("沪B00001", ago_s=0.2) == []
    assert yard.state is LaneState.PRESENT
    assert "decide on 1+0" in yard.qr(ago_s=0.05), "it came back, and shows it again"


def test_plates_alone_are_no_new_try() -> None:
    yard = denied()
    yard.wait(1.5)
    assert yard.plate("沪B00001") == []
    assert yard.tick() == []


# --------------------------------------------------------------------------------------------- what heals by itself


def test_a_vehicle_that_waits_for_the_relay_is_judged_again_when_it_is_back() -> None:
    yard = deciding()
    yard.feed(RelayChanged(yard.now, up=False))
    yard.decide(Verdict.PASS)
    assert yard.wait(5.0) == []
    assert yard.feed(RelayChanged(yard.now, up=True)) == ["show red deciding", "decide on 1+0"]
    assert yard.decide(Verdict.PASS)[-2:] == ["RAISE 0001-1", "show green OK"]


def test_a_vehicle_that_waits_for_readers_may_show_its_permit_when_they_are_back() -> None:
    yard = present()
    yard.feed(ReadersChanged(yard.now, up=False))
    assert yard.wait(5.0) == []
    assert yard.feed(ReadersChanged(yard.now, up=True)) == ["show red present"]
    assert yard.wait(29.9) == []
    assert yard.wait(0.2) == ["decide on 0+0 finally"]


def test_a_relay_that_is_away_refuses_an_officers_order_loudly() -> None:
    yard = present()
    yard.feed(RelayChanged(yard.now, up=False))
    assert yard.order(CommandKind.OPEN) == ["alarm.raised relay_lost"]
    assert yard.state is LaneState.PRESENT


def test_a_relay_counts_as_away_until_it_is_said_to_be_up() -> None:
    yard = Yard.new(ready=False, blind=True)
    yard.tick()
    assert yard.order(CommandKind.OPEN) == ["alarm.raised relay_lost"]


def test_a_sample_from_the_past_is_not_taken() -> None:
    yard = present()
    assert yard.feed(Sampled(yard.now, Signals(yard.at - 0.1, presence=False, safety=False))) == []
    assert yard.state is LaneState.PRESENT


def test_a_sample_from_the_future_is_not_fresh_for_ever() -> None:
    yard = Yard.new()
    yard.feed(Sampled(yard.now, Signals(yard.at + 1e6, presence=False, safety=False)))
    assert yard.tick(0.31) == ["alarm.raised inputs_lost", "show red fault"]
    yard.sense()
    assert yard.state is LaneState.INIT


# ------------------------------------------------------------------------------------------------- what the events say


def test_the_record_of_a_grant_comes_first_and_holds_everything() -> None:
    yard = present(has_photocell=True)
    yard.qr("A", picture="p1")
    yard.plate(picture="p2")
    _, effects = step(
        yard.lane,
        Decided(yard.now, yard_decision(), 3),
    )
    record, raised, shown, kept = effects
    assert isinstance(record, Record)
    assert [draft.transaction for draft in record.events] == [FIRST, FIRST]
    assert {(draft.lane, draft.utc) for draft in record.events} == {("lane-7", UTC_START)}
    assert record.ledger == (LedgerChange(PERMIT.permit_id, 3, LedgerState.RESERVED, FIRST, PERMIT.vin, ""),)
    decided, granted = (draft.event for draft in record.events)
    assert isinstance(decided, AccessDecided)
    assert decided.permit is not None
    assert decided.permit.model_dump() == {
        "permit": "000102030405060708090a0b0c0d0e0f",
        "issuer": "customs",
        "key": "6b31",
        "declaration": "000000000000000007",
        "vin": "LSVAA4182E2123456",
        "plate": "京A12345",
        "expires_at": 2_000_000_000,
        "form": "signed",
        "plate_code": "",
        "traceparent": None,
    }
    assert decided.plate == PlateRecord(verdict="MATCH", declared="京A12345", read="京A12345", score=4.0, frames=3)
    assert [check.model_dump() for check in decided.checks] == [{"reason": Reason.OK, "ok": True, "detail": "fine"}]
    assert decided.pictures == ("p1", "p2")
    assert granted == AccessGranted(grant=f"{FIRST}-1", by="permit", permit=PERMIT.permit_id.hex())
    assert raised == Raise(f"{FIRST}-1", yard.at + 10.0)
    assert isinstance(shown, Show)
    assert kept == KeepPictures(("p2",))  # p1 was kept when it was presented


def yard_decision() -> Decision:
    return Decision(Verdict.PASS, Reason.OK, (Check(Reason.OK, ok=True, detail="fine"),), PERMIT, MATCH)


def test_the_text_of_a_permit_is_in_no_event() -> None:
    yard = present()
    yard.qr("GP1:SECRET", picture="p1")
    event = yard.drafts()[-1].event
    assert event == PermitPresented(
        length=10,
        digest=hashlib.sha256(b"GP1:SECRET").hexdigest()[:16],
        engine="zxing",
        camera="cam",
        picture="p1",
    )
    assert not any("SECRET" in draft.event.model_dump_json() for draft in yard.drafts())


def test_the_outcome_names_the_permit_the_plate_the_pictures_and_the_time_it_took() -> None:
    yard = present(direction="out")
    yard.qr(picture="p1")
    yard.plate(picture="p2")
    yard.feed(Decided(yard.now, yard_decision(), 1))
    yard.wait(2.0)
    yard.at += 0.0624
    yard.sense(safety=True)
    yard.sense(presence=False)
    yard.sense(presence=True)
    yard.sense(safety=False)
    yard.wait(1.0)
    closed = yard.closed()
    assert closed.model_dump(exclude={"driver_messages"}) == {
        "outcome": Outcome.PASSED_WITH_VIOLATION,
        "reason": Reason.OK,
        "assumed": False,
        "duration_s": 3.062,
        "permit": PERMIT.permit_id.hex(),
        "plate": "京A12345",
        "violations": (Alarm.TAILGATING,),
        "pictures": ("p1", "p2"),
        "direction": "out",
        "declaration": "000000000000000007",
        "vin": PERMIT.vin,
        "granted": True,
        "taken": True,
        "vin_read": None,
        "plate_code": "",
        "operator": None,
        "cause": None,
        "cause_code": None,
    }


def test_the_outcome_names_the_plate_that_was_read_where_none_was_matched() -> None:
    yard = present()
    yard.plate("沪B00001", picture="p9")
    assert yard.sense(presence=False)[-1] == "keep p9"
    assert (yard.closed().plate, yard.closed().permit) == ("沪B00001", None)


def test_the_outcome_of_a_vehicle_with_another_behind_it_names_its_own_plate_and_keeps_its_own_pictures() -> None:
    yard = present()
    for number in range(3):
        yard.plate("京A12345", picture=f"own {number}", track=1)
        yard.frame -= 1
        yard.plate("沪B00001", picture=f"behind {number}", track=2)
        yard.at += 0.1
    yard.sense(presence=False)
    assert (yard.closed().plate, yard.closed().pictures) == ("京A12345", ("own 2", "own 1", "own 0"))


def test_an_answer_that_asks_for_more_shows_the_plate_that_it_was_about() -> None:
    yard = deciding()
    for number in range(4):
        yard.plate("沪B00001", picture=f"behind {number}", track=2)
        yard.plate("京A12345", picture=f"own {number}", track=1)
    yard.decide(Verdict.RETRY, Reason.PLATE_UNSURE, voted=PlateVote("沪B00001", (), 0.6, 4, 4, "cn"))
    (asked,) = [draft.event for draft in yard.drafts() if isinstance(draft.event, AccessDecided)]
    assert asked.pictures == ("behind 3", "behind 2", "behind 1")


def test_the_pictures_of_a_transaction_are_few() -> None:
    yard = present()
    for number in range(5):
        yard.qr(f"permit {number}", picture=f"q{number}")
        yard.plate(picture=f"p{number}")
    yard.decide(Verdict.DENY, Reason.EXPIRED)
    pictures = ("q0", "q1", "q2", "p4", "p3", "p2")
    assert yard.closed().pictures == pictures
    kept = [name for effect in yard.effects if isinstance(effect, KeepPictures) for name in effect.pictures]
    assert sorted(kept) == sorted(pictures), "each is kept once"
    presented = [draft.event.picture for draft in yard.drafts() if isinstance(draft.event, PermitPresented)]
    assert presented == ["q0", "q1", "q2", None, None], "no event names a picture that is not kept"


def test_a_refused_record_names_the_permit_of_the_decision_that_it_was_about() -> None:
    yard = deciding()
    yard.feed(RecordFailed(yard.now, Reason.ALREADY_USED, yard_decision()))
    assert yard.closed().permit == PERMIT.permit_id.hex()
    decided = [draft.event for draft in yard.drafts() if isinstance(draft.event, AccessDecided)][-1]
    assert (decided.verdict, decided.reason) == (Verdict.DENY, Reason.ALREADY_USED)


def test_the_officer_and_the_cause_are_in_the_grant() -> None:
    yard = manual()
    yard.order(CommandKind.OPEN)
    granted = [draft.event for draft in yard.drafts() if isinstance(draft.event, AccessGranted)][-1]
    assert granted == AccessGranted(grant=f"{FIRST}-1", by="operator", operator="op1", cause="seen")


def test_an_officers_second_grant_keeps_the_reservation_of_the_permit() -> None:
    yard = opening()
    yard.pulsed("unknown")
    yard.order(CommandKind.OPEN)
    yard.pulsed()
    yard.sense(safety=True)
    yard.sense(presence=False, safety=False)
    yard.wait(1.0)
    assert yard.closed().outcome is Outcome.OVERRIDDEN
    assert yard.ledger() == [LedgerState.RESERVED, LedgerState.CONSUMED]
    assert yard.raised() == [f"{FIRST}-1", f"{FIRST}-2"]


def test_a_late_report_is_recorded_with_the_transaction_it_belongs_to() -> None:
    yard = opening()
    yard.sense(presence=False, safety=True)
    yard.sense(safety=False)
    yard.wait(1.0)
    yard.pulsed()
    assert (yard.drafts()[-1].event.TYPE, yard.drafts()[-1].transaction) == ("barrier.pulsed", FIRST)


def test_no_permit_or_officer_stands_behind_a_safety_grant() -> None:
    yard = closing(close_mode="agent")
    yard.sense()
    yard.sense(safety=True)
    draft = [draft for draft in yard.drafts() if isinstance(draft.event, AccessGranted)][-1]
    assert (draft.event, draft.transaction) == (AccessGranted(grant=f"{SECOND}-1", by="safety"), None)


def test_a_close_pulse_must_start_while_the_inputs_are_fresh() -> None:
    yard = closing(close_mode="agent")
    yard.sense()
    assert [effect for effect in yard.effects if isinstance(effect, Close)] == [Close(yard.at + 0.3)]


def test_a_close_pulse_that_is_ordered_some_time_after_the_sample_must_start_the_sooner() -> None:
    yard = no_relay(closing(close_mode="agent"))
    yard.sense()
    sampled_at = yard.at
    yard.later(0.2)
    yard.feed(RelayChanged(yard.now, up=True))
    assert [effect for effect in yard.effects if isinstance(effect, Close)] == [Close(sampled_at + 0.3)]


def test_a_final_question_is_asked_once() -> None:
    yard = present()
    came_at = yard.at
    yard.wait(32.0)
    asked = [effect for effect in yard.effects if isinstance(effect, Decide)]
    assert asked == [Decide(FIRST, (), (), final=True, arrived_at=came_at)]


def test_the_first_step_shows_where_the_lane_is() -> None:
    yard = Yard.new(ready=False)
    assert yard.tick() == ["show red init"]


# ------------------------------------------------------------------------------------------------------ ids and rules


@pytest.mark.parametrize(
    ("utc", "lane", "serial", "expected"),
    [
        (UTC_START, 7, 1, "20260301080000070001"),
        (UTC_START + 0.999, 99, 10_000, "20260301080000990000"),
        (-5.0, 0, 12_345, "19700101000000002345"),
        (1e15, 1, 9_999, "99991231235959019999"),
    ],
)
def test_a_transaction_id_has_twenty_digits_whatever_the_clock_says(
    utc: float, lane: int, serial: int, expected: str
) -> None:
    assert transaction_id(utc, lane, serial) == expected


def test_a_transaction_id_is_in_utc_wherever_the_gate_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Almaty")
    time.tzset()
    try:
        assert transaction_id(UTC_START, 7, 1) == FIRST
    finally:
        monkeypatch.undo()
        time.tzset()


def test_serials_rise_from_the_first() -> None:
    lane = Lane.start(LaneRules("lane-1", 1, blind=True), 9_998)
    ids = []
    for number in range(4):
        now = Instant(100.0 * (number + 1), UTC_START)
        lane, _ = step(lane, Ticked(now))
        yard = Yard(lane, at=now.at)
        yard.qr(f"permit {number}")
        ids.append(yard.lane.transaction_id)
        yard.decide(Verdict.DENY, Reason.EXPIRED)
        yard.wait(4.0)
        lane = yard.lane
    assert [i and i[-4:] for i in ids] == ["9998", "9999", "0000", "0001"]
    assert lane.transaction_id is None


@pytest.mark.parametrize("number", [0, 99])
def test_a_lane_number_may_be_any_of_two_digits(number: int) -> None:
    assert LaneRules("lane", number).lane_number == number


@pytest.mark.parametrize("number", [-1, 100])
def test_a_lane_number_has_two_digits(number: int) -> None:
    with pytest.raises(ValueError, match="lane_number must be 0 to 99"):
        LaneRules("lane", number)


def test_a_step_that_has_no_transaction_to_change_is_a_bug_and_says_so() -> None:
    with pytest.raises(ValueError, match="no transaction in state idle"):
        _ = Transition(Yard.new().lane, Instant(0.0, 0.0)).transaction


def test_the_reservation_is_settled_once_in_every_way_that_a_grant_can_end() -> None:
    ways = {
        "passed": (clearing, lambda y: y.wait(1.0), LedgerState.CONSUMED),
        "left": (
            opened,
            lambda y: y.sense(presence=False) + y.wait(1.0) + y.sense(opened=False) + y.wait(8.0),
            LedgerState.RELEASED,
        ),
        "lost under the arm": (passing, lambda y: y.tick(1.0), LedgerState.CONSUMED),
        "not delivered": (opening, lambda y: y.pulsed("not_delivered"), LedgerState.RELEASED),
    }
    for name, (way, act, state) in ways.items():
        yard = way()
        act(yard)
        assert yard.ledger() == [LedgerState.RESERVED, state], name
