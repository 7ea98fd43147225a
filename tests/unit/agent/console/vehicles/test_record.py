"""One vehicle put together from its events, whatever is missing in them."""

# ruff: noqa: RUF001 - these letters are meant

from __future__ import annotations

import json

import pytest

from agent.console.vehicles.follower import transaction_of
from agent.console.vehicles.record import Result, VehicleRecord, search_form, with_event
from agent.core.events import AlarmRaised, BarrierTested, Draft, Point, Writer, seal
from agent.core.events.event_types import Alarm
from agent.core.model import Outcome, Reason, Verdict
from tests.support.console.vehicles import vehicle
from tests.support.store.journals import GATE, STREAM, UTC, FakeClock

WRITER = Writer(GATE, STREAM, "boot-1")


def stored(drafts):
    """The events as the journal holds them."""
    before, found = Point(STREAM, 0, "00" * 32), []
    for draft in drafts:
        one = seal(draft, WRITER, before, FakeClock()(), bytes(10))
        before = Point(STREAM, one.seq, one.digest)
        found.append((one.seq, json.loads(one.payload)))
    return found


def record_of(drafts):
    record = None
    for seq, event in stored(drafts):
        record = with_event(record, seq, event) or record
    return record


def test_a_vehicle_that_passed_has_all_by_which_people_look_for_it():
    transaction, drafts = vehicle(UTC)
    record = record_of(drafts)
    assert (record.transaction, record.lane, record.result) == (transaction, "out", Result.PASSED)
    assert (record.plate, record.colour, record.vin) == ("京B52K18", "blue", "LSGJA52U1AH123456")
    assert (record.first, record.last, record.seconds) == (1, len(drafts), 2.0)
    assert record.picture == "ab" * 32
    for text in ("b52", "京b52", "9D11092D", "sgja52", "0260000"):
        assert search_form(text) in record.sought, text


WHOLE, CROP, OTHER = "aa" * 32, "bb" * 32, "cc" * 32


def shown_after(*events):
    record = None
    for seq, (kind, data) in enumerate(events, 1):
        event = {"type": kind, "transaction": "t", "lane": "out", "time": "2026-11-24T08:00:00Z", "data": data}
        record = with_event(record, seq, event)
    return record.picture


PRESENTED = ("permit.presented", {"picture": WHOLE})
DECIDED = ("access.decided", {"pictures": [WHOLE, CROP, OTHER]})
BY_PLATE = ("access.decided", {"pictures": [CROP, OTHER]})
CLOSED = ("transaction.closed", {"pictures": [WHOLE, CROP, OTHER]})


@pytest.mark.parametrize(
    ("events", "shown"),
    [
        ([PRESENTED, DECIDED, CLOSED], WHOLE),
        ([BY_PLATE, PRESENTED, DECIDED, CLOSED], WHOLE),
        ([PRESENTED, ("permit.presented", {"picture": None}), DECIDED], WHOLE),
        ([BY_PLATE], CROP),
        ([("permit.presented", {"picture": None}), BY_PLATE], CROP),
        ([("vehicle.present", {}), CLOSED], WHOLE),
        ([("access.decided", {"pictures": []})], ""),
    ],
)
def test_the_picture_of_a_row_is_the_whole_frame_where_one_was_kept_else_its_own_newest_plate(events, shown):
    assert shown_after(*events) == shown


@pytest.mark.parametrize(
    ("verdict", "outcome", "officer", "result"),
    [
        (Verdict.PASS, Outcome.PASSED, "", Result.PASSED),
        (Verdict.PASS, Outcome.PASSED_WITH_VIOLATION, "", Result.PASSED),
        (Verdict.MANUAL, Outcome.OVERRIDDEN, "anna", Result.OFFICER),
        (Verdict.MANUAL, None, "", Result.OFFICER),
        (Verdict.DENY, Outcome.DENIED, "", Result.REFUSED),
        (Verdict.DENY, None, "", Result.REFUSED),
        (Verdict.RETRY, Outcome.ABANDONED, "", Result.LEFT),
        (Verdict.RETRY, Outcome.FAULT, "", Result.LEFT),
        (Verdict.PASS, None, "", Result.HERE),
        (Verdict.RETRY, None, "", Result.HERE),
    ],
)
def test_how_it_went_is_one_of_five(verdict, outcome, officer, result):
    record = record_of(vehicle(UTC, verdict=verdict, reason=Reason.EXPIRED, outcome=outcome, officer=officer)[1])
    assert record.result is result


def test_an_officers_decision_counts_from_the_arrival_and_bears_the_name():
    record = record_of(
        vehicle(UTC, verdict=Verdict.MANUAL, reason=Reason.PLATE_UNSURE, outcome=Outcome.OVERRIDDEN, officer="anna")[1]
    )
    assert (record.operator, record.seconds) == ("anna", 14.5)


def test_a_test_pulse_is_no_vehicle_until_one_comes():
    tested = BarrierTested(action="open", operator="tom", cause="new arm")
    (seq, event) = stored([Draft(tested, "out", "t1", UTC)])[0]
    record = with_event(None, seq, event)
    assert record is not None
    assert not record.is_vehicle
    came = with_event(record, 2, {"type": "vehicle.entering", "transaction": "t1", "data": {}})
    assert came.is_vehicle


def test_a_plate_that_is_masked_is_found_by_what_is_left_of_it_and_is_nobodys_before():
    record = VehicleRecord(1, 1, "t1", "out", 0, plate="京A***45")
    assert (record.plate_key, record.sought.split("\n")) == ("", ["京A", "45"])


def test_cyrillic_letters_that_look_latin_are_the_same():
    record = VehicleRecord(1, 1, "t1", "out", 0, plate="А814МР77")
    assert search_form("a814mp") in record.sought


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": "access.decided"},
        {"type": "vehicle.present", "transaction": 5, "lane": "out", "time": "2026-11-24T08:00:00Z", "data": {}},
        {"type": "vehicle.present", "transaction": "t", "lane": None, "time": "2026-11-24T08:00:00Z"},
        {"type": "vehicle.present", "transaction": "t", "lane": "out", "time": "soon"},
        {"type": "device.changed", "transaction": "t", "lane": "out", "time": "2026-11-24T08:00:00Z"},
    ],
)
def test_what_begins_no_transaction_makes_no_record(event):
    assert with_event(None, 1, event) is None


@pytest.mark.parametrize("data", [None, [], "x", {"plate": 5, "permit": [], "pictures": "x", "verdict": {}}])
def test_strange_fields_are_left_out(data):
    event = {"type": "access.decided", "transaction": "t", "lane": "out", "time": "2026-11-24T08:00:00Z", "data": data}
    record = with_event(None, 1, event)
    assert (record.plate, record.permit, record.picture, record.verdict) == ("", "", "", "")


def test_the_transaction_is_read_from_the_head_of_the_bytes_and_from_nowhere_else():
    alarm = AlarmRaised(alarm=Alarm.BLOCKED, detail='"transaction":"other"')
    before = Point(STREAM, 0, "00" * 32)
    with_one = seal(Draft(alarm, "out", 'a"b', UTC), WRITER, before, FakeClock()(), bytes(10))
    without = seal(Draft(alarm, "out", None, UTC), WRITER, before, FakeClock()(), bytes(10))
    assert (transaction_of(with_one.payload), transaction_of(without.payload)) == ('a"b', None)
