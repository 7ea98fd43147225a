"""What keeps a lane in dry run from being more than a record: no use in the ledger, a mark on each event, counts."""

import json

import pytest

from agent.core.events import (
    AccessCompared,
    AccessGranted,
    Draft,
    DriverMessageRecord,
    TransactionClosed,
    VehiclePresent,
)
from agent.core.lane import Record
from agent.core.lane.lane_state_machine import Lane, LaneRules
from agent.core.model import DriverMessage, Instant, Outcome, Reason, Verdict
from agent.lane.dry_run import DryRunCounts, DryRunRecorder, DryRunWatch, as_dry_run
from agent.recording import start_record
from agent.recording.recorder import Recorder
from agent.store.errors import JournalUnavailableError
from tests.support.store.flaky_journal import FlakyJournal
from tests.support.store.journals import PERMIT, UTC, closed, granted, open_journal, present, reserve

GRANTED = AccessGranted(grant="t1-1", by="permit", permit=PERMIT.hex())


@pytest.fixture
def journal(tmp_path):
    journal = FlakyJournal(tmp_path / "journal.db")
    yield journal
    journal.close()


def envelopes(journal):
    return [json.loads(one.payload) for one in journal.real.range(1, journal.real.head)]


def test_events_are_recorded_with_the_mark_and_the_ledger_stays_as_it_is(journal):
    recorder = DryRunRecorder(Recorder(journal, lambda: UTC))
    recorder.bind([Draft(GRANTED, "1", "t1", UTC)], [reserve()])
    recorder.note([closed()], [reserve(2)])
    recorder.note([], [reserve(3)])
    assert [(one["type"], one["dryrun"]) for one in envelopes(journal)] == [
        ("access.granted", True),
        ("transaction.closed", True),
    ]
    use = journal.real.use_state(PERMIT, "t2")
    assert (use.used, use.open_reservation, use.next_use) == (0, None, 1)


def test_a_journal_that_cannot_be_written_is_told_as_ever(journal):
    at = [100.0]
    recorder = DryRunRecorder(Recorder(journal, lambda: UTC, at=lambda: at[0]))
    journal.fails = JournalUnavailableError("no such device")
    with pytest.raises(JournalUnavailableError):
        recorder.bind([present()], [reserve()])
    recorder.note([present()])
    assert recorder.failing
    journal.fails = None
    at[0] += 60.0
    recorder.retry()
    assert next(one["type"] for one in envelopes(journal)) == "vehicle.present"


def test_an_event_keeps_all_but_what_the_driver_would_have_been_told():
    told = (DriverMessageRecord(message=DriverMessage.SHOW_CODE, after_s=0.0),)
    event = TransactionClosed(
        outcome=Outcome.PASSED, reason=Reason.OK, assumed=False, duration_s=1.0, driver_messages=told
    )
    draft = as_dry_run(Draft(event, "1", "t1", UTC))
    assert draft == Draft(event.model_copy(update={"driver_messages": ()}), "1", "t1", UTC, dry_run=True)


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_vehicle_that_a_crash_cut_off_is_closed_as_what_it_was(tmp_path, dry_run):
    first = open_journal(tmp_path / "journal.db", boot="boot-1")
    first.record([Draft(one.event, one.lane, one.transaction, one.utc, dry_run) for one in (present(), granted())])
    first.close()
    second = open_journal(tmp_path / "journal.db", boot="boot-2")
    try:
        recovery = second.recover()
        (left,) = recovery.interrupted
        assert (left.granted, left.dry_run) == (True, dry_run)
        started, ended = start_record("1", "c", recovery, None, (), UTC, ["b", "a"]).drafts
        assert started.event.dry_run == ("a", "b")
        assert (ended.event.outcome, ended.dry_run) == (Outcome.FAULT, dry_run)
    finally:
        second.close()


def test_what_came_of_each_vehicle_is_recorded_and_counted():
    noted = []
    watch = DryRunWatch(noted.extend)
    lane = Lane.start(LaneRules("lane-3", 3, arm_of_others=True, blind=True), 1)
    ended = TransactionClosed(outcome=Outcome.DENIED, reason=Reason.OK, assumed=True, duration_s=1.0)
    for event in (VehiclePresent(seen_by="eye"), ended):
        watch.follow(lane, (Record((Draft(event, "lane-3", "t1", UTC),)),), Instant(1.0, UTC))
    assert [draft.event for draft in noted] == [AccessCompared(verdict=None, reason=None, passed=None, agrees=None)]
    assert watch.counts == DryRunCounts(agreed=0, disagreed=0, unknown=1)
    for agrees in (True, True, False):
        watch._count(AccessCompared(verdict=Verdict.PASS, reason=Reason.OK, passed=True, agrees=agrees))
    assert watch.counts == DryRunCounts(agreed=2, disagreed=1, unknown=1)
