"""Events in, tallies of local hours out."""

from __future__ import annotations

import json

import pytest

from agent.core.clock import ClockState
from agent.core.events import (
    Alarm,
    AlarmRaised,
    BarrierTested,
    ClockChanged,
    Draft,
    GateStarted,
    GateStopping,
    PermitRecord,
)
from agent.core.events.chain import ClockReading, Writer, beginning, seal
from agent.core.model import Outcome, Reason, Verdict
from agent.core.numbers import (
    OPEN_LIMIT,
    EventCounter,
    Subject,
    details,
    merged,
    named,
    officer_share,
    reads_of,
    times_of,
    uptimes_of,
    vehicles_of,
)
from tests.support.numbers.histories import MATCH, Visit, by_officer, device, passes, refused

NOON = 1_795_003_200.0
HOUR = 3600


def as_read(draft):
    sealed = seal(draft, Writer("g", "s", "b"), beginning("s"), ClockReading(draft.utc, synced=True), bytes(10))
    return json.loads(sealed.payload)


def counted(*histories, offset_s=0):
    counter = EventCounter(lambda _utc: offset_s)
    for draft in (draft for history in histories for draft in history):
        counter.count(as_read(draft))
    return counter


def tally_of(*histories):
    return merged(counted(*histories).take().values())


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (passes(NOON), (1, 0, 0, 0)),
        (by_officer(NOON), (0, 1, 0, 0)),
        (refused(NOON), (0, 0, 1, 0)),
        (Visit(NOON).closed(Outcome.ABANDONED, Reason.QR_NONE, 9.0), (0, 0, 0, 1)),
        (Visit(NOON).closed(Outcome.PASSED_WITH_VIOLATION, Reason.OK, 9.0), (1, 0, 0, 0)),
        (Visit(NOON, seen_by="operator").closed(Outcome.OVERRIDDEN, Reason.QR_NONE, 9.0), (0, 1, 0, 0)),
        (Visit(NOON, seen_by="operator").closed(Outcome.NOT_TAKEN, Reason.QR_NONE, 9.0), (0, 0, 0, 0)),
        (
            Visit(NOON, seen_by="operator")
            .add(BarrierTested(action="open", operator="a", cause="b"), 0.1)
            .closed(Outcome.OVERRIDDEN, Reason.QR_NONE, 9.0),
            (0, 0, 0, 0),
        ),
        (Visit(NOON).closed(Outcome.PASSED, Reason.OK, 9.0)[1:], (1, 0, 0, 0)),
    ],
    ids=["passed", "officer", "refused", "left", "violation", "order", "order, nobody", "test pulse", "no beginning"],
)
def test_each_vehicle_counts_once_by_its_outcome(history, expected):
    found = vehicles_of(tally_of(history))
    assert (found.passed, found.by_officer, found.refused, found.other) == expected


def test_a_vehicle_counts_in_the_hour_of_its_arrival_and_at_its_lane():
    late = NOON + HOUR - 5
    places = counted(passes(late, lane="in")).take()
    ((hour, lane),) = places
    assert (hour.start_s, lane) == (NOON, "in")


def test_vehicles_of_a_dry_run_are_counted_by_themselves():
    history = passes(NOON)
    dry = [Draft(one.event, one.lane, one.transaction, one.utc, dry_run=True) for one in history]
    assert tally_of(dry) == {named(Subject.DRY_RUN): 1}


def test_waiting_lasts_from_arrival_until_the_vehicle_may_go_or_is_refused():
    tally = tally_of(passes(NOON, wait_s=6.0), refused(NOON + 60), by_officer(NOON + 120, officer_s=30.0))
    times = times_of(tally, Subject.WAITING)
    assert times.count == 3
    assert times.median_s == pytest.approx(6.0, rel=0.03)
    assert times.p95_s == pytest.approx(35.0, rel=0.03)


def test_deciding_lasts_from_the_first_code_until_the_gate_answers():
    times = times_of(tally_of(passes(NOON), by_officer(NOON)), Subject.DECIDING)
    assert times.count == 2
    assert times.median_s == pytest.approx(0.5, rel=0.03)
    assert times.p95_s == pytest.approx(4.0, rel=0.03)


def test_a_vehicle_without_a_code_has_no_deciding_time_but_by_its_plate_alone():
    without = Visit(NOON).decided(Verdict.MANUAL, Reason.QR_NONE, 20.0, None).closed(Outcome.DENIED, Reason.QR_NONE, 60)
    assert times_of(tally_of(without), Subject.DECIDING).count == 0
    permit = PermitRecord(
        permit="aa", issuer="c", key="k", declaration="7", vin="V" * 17, plate="A", expires_at=2**31, form="plate"
    )
    by_plate = Visit(NOON).decided(Verdict.PASS, Reason.OK, 1.0)
    by_plate.drafts[-1] = Draft(
        by_plate.drafts[-1].event.model_copy(update={"permit": permit}), "out", by_plate.transaction, NOON + 1
    )
    tally = tally_of(by_plate.granted(1.0).closed(Outcome.PASSED, Reason.OK, 9.0))
    assert times_of(tally, Subject.DECIDING).median_s == pytest.approx(1.0, rel=0.03)
    assert reads_of(tally, Subject.CODES).asked == 0


def test_an_officer_took_from_the_call_until_the_order():
    tally = tally_of(by_officer(NOON, officer_s=40.0), passes(NOON + 60))
    assert times_of(tally, Subject.OFFICER_TIME).median_s == pytest.approx(40.0, rel=0.03)
    assert officer_share(tally) == 0.5
    assert details(tally, Subject.OFFICER_CALLED) == {"PLATE_UNSURE": 1}


def test_an_officer_who_refuses_has_acted_and_a_driver_who_leaves_has_not():
    left = Visit(NOON).code(1.0).decided(Verdict.MANUAL, Reason.SAMPLED, 2.0).closed(Outcome.DENIED, Reason.SAMPLED, 62)
    counter = EventCounter(lambda _utc: 0)
    for refuses in (False, True):
        for event in map(as_read, left):
            if refuses and event["type"] == "transaction.closed":
                event["data"]["operator"] = "aigul"
            counter.count(event)
    tally = merged(counter.take().values())
    assert times_of(tally, Subject.OFFICER_TIME).median_s == pytest.approx(60.0, rel=0.03)
    assert times_of(tally, Subject.OFFICER_TIME).count == times_of(tally, Subject.WAITING).count == 1
    assert tally[named(Subject.TO_OFFICER)] == 2


@pytest.mark.parametrize(
    ("visit", "codes", "plates"),
    [
        (passes(NOON), (1, 1, 1), (1, 1, 1)),
        (by_officer(NOON), (1, 1, 1), (1, 0, 0)),
        (
            Visit(NOON)
            .code(1.0)
            .decided(Verdict.RETRY, Reason.QR_UNSTABLE, 1.0, None)
            .decided(Verdict.RETRY, Reason.PLATE_UNREADABLE, 2.0, None)
            .decided(Verdict.PASS, Reason.OK, 3.0)
            .closed(Outcome.PASSED, Reason.OK, 9.0),
            (1, 0, 1),
            (1, 0, 1),
        ),
        (
            Visit(NOON).decided(Verdict.DENY, Reason.QR_NONE, 20.0, None).closed(Outcome.DENIED, Reason.QR_NONE, 20.0),
            (1, 0, 0),
            (0, 0, 0),
        ),
        (Visit(NOON).closed(Outcome.ABANDONED, Reason.QR_NONE, 3.0), (0, 0, 0), (0, 0, 0)),
    ],
    ids=["at once", "plate unsure", "at the second try", "no code", "nothing judged"],
)
def test_reads_are_counted_at_the_first_try_and_in_the_end(visit, codes, plates):
    tally = tally_of(visit)
    for subject, expected in ((Subject.CODES, codes), (Subject.PLATES, plates)):
        found = reads_of(tally, subject)
        assert (found.asked, found.first_try, found.in_the_end) == expected


def test_cameras_that_read_a_code_are_counted_once_a_vehicle():
    visit = Visit(NOON).code(1.0).code(1.5).code(2.0, camera="side").decided(Verdict.PASS, Reason.OK, 3.0)
    tally = tally_of(visit.closed(Outcome.PASSED, Reason.OK, 9.0))
    assert details(tally, Subject.CODE_BY) == {"front": 1, "side": 1}


def test_refusals_and_retries_are_counted_by_reason():
    tally = tally_of(refused(NOON), refused(NOON + 9, Reason.WRONG_LANE), refused(NOON + 20), by_officer(NOON + 99))
    assert details(tally, Subject.REFUSED) == {"EXPIRED": 2, "WRONG_LANE": 1}
    assert details(tally, Subject.RETRY) == {"PLATE_UNSURE": 1}


def test_alarms_are_counted_by_kind():
    alarms = [Draft(AlarmRaised(alarm=Alarm.TAILGATING), "out", None, NOON)] * 2
    assert details(tally_of(alarms), Subject.ALARM) == {"tailgating": 2}


def test_uptime_is_shared_among_the_hours_that_it_touches():
    counter = counted(device(NOON + 1800, "streaming"), device(NOON + HOUR + 600, "lost"), device(NOON + 7800, "dark"))
    by_hour = {hour.start_s: uptimes_of(tally)[0] for (hour, _lane), tally in counter.take().items()}
    assert [(by_hour[at].up_ms // 1000, by_hour[at].down_ms // 1000) for at in sorted(by_hour)] == [
        (1800, 0),
        (600, 3000),
        (0, 600),
    ]


def test_nothing_is_known_of_devices_while_the_gate_is_off():
    started = [Draft(GateStarted(version="1", configuration="c"), None, None, NOON + 9000)]
    stopping = [Draft(GateStopping(cause="test"), None, None, NOON + 600)]
    tally = tally_of(device(NOON, "up"), stopping, started, device(NOON + 9060, "up"), device(NOON + 9120, "lost"))
    assert uptimes_of(tally)[0].up_ms == (600 + 60) * 1000


def test_a_clock_that_is_set_counts_no_uptime_over_the_step():
    step = [Draft(ClockChanged(state=ClockState.SYNCED, step_s=5000.0), None, None, NOON + 5600)]
    tally = tally_of(device(NOON, "up"), step, device(NOON + 5660, "lost"))
    assert uptimes_of(tally)[0].up_ms == 60_000


def test_time_that_passes_without_events_counts_once():
    counter = counted(device(NOON, "up"))
    counter.pass_time(round((NOON + 300) * 1000))
    counter.pass_time(round((NOON + 300) * 1000))
    for draft in device(NOON + 200, "lost") + device(NOON + 400, "up"):  # recorded before, and read after
        counter.count(as_read(draft))
    (found,) = uptimes_of(merged(counter.take().values()))
    assert (found.up_ms, found.down_ms) == (300_000, 100_000)


def test_a_restart_in_any_place_changes_no_number():
    history = [*device(NOON, "up"), *by_officer(NOON), *passes(NOON + 90), *device(NOON + 99, "lost"), *refused(NOON)]
    whole = tally_of(history)
    for cut in range(len(history)):
        counter, before = counted(history[:cut]), {}
        before = merged(counter.take().values())
        counter = EventCounter.from_json(counter.to_json(), lambda _utc: 0)
        for draft in history[cut:]:
            counter.count(as_read(draft))
        assert merged((before, *counter.take().values())) == whole, cut


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"open": {"a": 1}, "devices": {}}', '{"open": {}, "devices": [1]}'])
def test_a_state_that_was_not_written_by_a_counter_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own is one too
        EventCounter.from_json(text, lambda _utc: 0)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": "transaction.closed", "time": "yesterday", "data": {}},
        {"type": "transaction.closed", "time": "1970-01-01T00:00:09Z", "transaction": "t", "data": {}},
        {"type": "transaction.closed", "time": "2026-11-28T09:00:00Z", "data": {}},
        {"type": "transaction.closed", "time": "2026-11-28T09:00:00Z", "transaction": "t", "data": 7},
        {"type": "access.decided", "time": "2026-11-28T09:00:00Z", "transaction": "t", "data": {}},
    ],
)
def test_what_is_no_event_or_of_no_time_counts_nothing(event):
    counter = EventCounter(lambda _utc: 0)
    counter.count(event)
    assert counter.take() == {}


def test_fields_of_any_kind_count_something_or_nothing_and_raise_nothing():
    counter = EventCounter(lambda _utc: 0)
    odd = {"verdict": 7, "reason": [], "permit": "p", "plate": 3, "facts": {"plate_by": 5}, "by": {}, "outcome": None}
    kinds = ("vehicle.present", "permit.presented", "access.decided", "access.granted", "transaction.closed")
    for kind in (*kinds, "device.changed", "alarm.raised"):
        counter.count({"type": kind, "time": "2026-11-28T09:00:00Z", "transaction": "t", "lane": 5, "data": odd})
    assert all(isinstance(count, int) for tally in counter.take().values() for count in tally.values())


def test_vehicles_that_never_end_are_forgotten_the_oldest_first():
    counter = counted(*(Visit(NOON).drafts for _ in range(OPEN_LIMIT + 5)))
    assert len(json.loads(counter.to_json())["open"]) == OPEN_LIMIT


def test_nothing_that_is_kept_names_a_vehicle_or_a_person():
    counter = counted(by_officer(NOON)[:-1], passes(NOON), device(NOON, "up"))
    kept = counter.to_json() + json.dumps([tally for tally in counter.take().values()])  # noqa: C416 - as it is written
    assert MATCH.declared not in kept
    assert "12345" not in kept


def test_an_outcome_of_a_later_agent_is_another_outcome():
    draft = Visit(NOON).closed(Outcome.PASSED, Reason.OK, 9.0)[-1]
    event = as_read(draft)
    event["data"]["outcome"] = "towed"
    counter = EventCounter(lambda _utc: 0)
    counter.count(event)
    assert vehicles_of(merged(counter.take().values())).other == 1
