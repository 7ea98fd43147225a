"""The worker that counts a journal, while it grows, is pruned, or is replaced."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from agent.core.numbers import merged, uptimes_of, vehicles_of
from agent.numbers import CountingJob, counting_job
from agent.store.journal import JournalReader
from agent.store.numbers import NumbersError, NumbersFile, NumbersReader, Progress
from tests.support.numbers.histories import by_officer, device, passes, refused
from tests.support.store.journals import UTC, open_journal
from tests.support.waiting import eventually

KILLED = """
import sys
from pathlib import Path
from agent.numbers import CountingJob, counting_job
from agent.store.numbers import NumbersFile
counting_job.BATCH, counting_job.COMMIT_EVENTS, counting_job.REST_FOR_WORK = 7, 40, 0.5
place = Path(sys.argv[1])
class Told(NumbersFile):
    def add(self, tallies, progress):
        super().add(tallies, progress)
        print(progress.seq, flush=True)
with Told(place.with_name("numbers.db")) as numbers:
    CountingJob(place, place.with_name("numbers.db"), lambda: None).count(numbers)
"""


@pytest.fixture
def place(tmp_path):
    return tmp_path / "journal.db"


def job(place, utc=None):
    return CountingJob(place, place.with_name("numbers.db"), lambda: utc)


def count(place, utc=None):
    with NumbersFile(place.with_name("numbers.db")) as numbers:
        job(place, utc).count(numbers)
        return numbers.progress()


def total(place):
    with NumbersReader(place.with_name("numbers.db")) as reader:
        of_days = merged(row.tally for row in reader.days(1, 10**6))
        assert of_days == merged(row.tally for row in reader.hours(1, 10**6))
        return of_days


def counted(place):
    """The vehicles that were counted so far, while the job runs; None: it has only begun."""
    try:
        return vehicles(place)
    except NumbersError:
        return None


def vehicles(place):
    return vehicles_of(total(place)).all


def test_it_counts_what_is_new_and_nothing_twice(place):
    journal = open_journal(place)
    journal.record(passes(UTC) + refused(UTC + 60))
    assert count(place).seq == 9
    assert count(place).seq == 9
    assert vehicles(place) == 2
    journal.record(by_officer(UTC + 120))
    count(place)
    assert vehicles(place) == 3
    journal.close()


def test_a_vehicle_that_is_at_the_barrier_when_it_stops_is_counted_whole(place):
    journal = open_journal(place)
    history = by_officer(UTC)
    for draft in history:
        journal.record([draft])
        count(place)
    journal.close()
    assert total(place)["to_officer"] == 1


def test_what_the_journal_gives_up_stays_counted(place):
    journal = open_journal(place)
    journal.record(passes(UTC) * 40)
    count(place)
    journal.acknowledge(journal.stream, 160)
    journal.prune(0.0, 1)
    journal.record(passes(UTC + 60))
    count(place)
    assert vehicles(place) == 41
    journal.close()


def test_events_that_went_before_they_were_counted_are_told_by_their_number(place, caplog):
    journal = open_journal(place)
    journal.record(passes(UTC))
    count(place)
    journal.record(passes(UTC + 60) * 20)
    journal.acknowledge(journal.stream, 85)
    journal.prune(0.0, 1)
    with JournalReader(place) as reader:
        gone = reader.standing().tail.seq
    journal.record(passes(UTC + 120))
    assert count(place).missed == gone - 5
    assert "left the journal before they were counted" in caplog.text
    journal.close()


def test_a_journal_that_was_replaced_is_counted_from_its_first_event_on(place):
    with_first = open_journal(place)
    with_first.record(passes(UTC) + passes(UTC + 60)[:2])
    count(place)
    with_first.close()
    for one in place.parent.glob("journal.db*"):
        one.unlink()
    second = open_journal(place)
    second.record(passes(UTC + 120))
    progress = count(place)
    assert progress.stream == second.stream
    assert vehicles(place) == 2
    second.close()


def test_an_older_copy_of_the_journal_is_counted_from_its_newest_event_on(place, tmp_path, caplog):
    journal = open_journal(place)
    journal.record(passes(UTC))
    journal.close()
    older = place.read_bytes()
    journal = open_journal(place)
    journal.record(passes(UTC + 60))
    journal.close()
    count(place)
    place.write_bytes(older)
    count(place)
    count(place)
    assert caplog.text.count("is not the one that was counted") == 1
    journal = open_journal(place)
    journal.record(passes(UTC + 120))
    count(place)
    assert vehicles(place) == 3
    journal.close()


def test_another_event_in_the_place_of_the_last_one_is_noticed(place, caplog):
    journal = open_journal(place)
    journal.record(passes(UTC))
    progress = count(place)
    with NumbersFile(place.with_name("numbers.db")) as numbers:
        numbers.add({}, Progress(progress.stream, 3, "00" * 32, progress.counter))
    count(place)
    assert "is not the one that was counted" in caplog.text
    assert vehicles(place) == 1
    journal.close()


def test_it_goes_on_where_the_state_of_the_counter_cannot_be_read(place, caplog):
    journal = open_journal(place)
    journal.record(passes(UTC)[:2])
    progress = count(place)
    with NumbersFile(place.with_name("numbers.db")) as numbers:
        numbers.add({}, Progress(progress.stream, progress.seq, progress.digest, "rubbish"))
    journal.record(passes(UTC + 60))
    count(place)
    assert vehicles(place) == 1
    assert "counted by their outcome alone" in caplog.text
    journal.close()


def test_uptime_goes_on_while_nothing_happens_and_the_clock_is_trusted(place, monkeypatch):
    monkeypatch.setattr(counting_job, "IDLE_EVERY_S", 0.0)
    journal = open_journal(place)
    journal.record(device(UTC, "up"))
    count(place)
    count(place, UTC + 600)
    count(place, UTC + 900)
    assert uptimes_of(total(place))[0].up_ms == 900_000
    journal.close()


def test_a_long_journal_is_counted_in_batches_and_commits(place, monkeypatch):
    monkeypatch.setattr(counting_job, "BATCH", 7)
    monkeypatch.setattr(counting_job, "COMMIT_EVENTS", 20)
    monkeypatch.setattr(counting_job, "REST_FOR_WORK", 0.0)
    journal = open_journal(place)
    journal.record([draft for number in range(30) for draft in passes(UTC + 60 * number)])
    count(place)
    assert vehicles(place) == 30
    journal.close()


def test_the_worker_counts_while_the_gate_writes_and_writes_nothing_into_the_journal(place, monkeypatch):
    monkeypatch.setattr(counting_job, "ROUND_S", 0.01)
    journal = open_journal(place)
    running = job(place)
    running.start()
    for number in range(10):
        journal.record(passes(UTC + 60 * number))
    eventually(lambda: counted(place) == 10, what="ten vehicles")
    assert running.stop()
    with JournalReader(place) as reader:
        assert reader.standing().head.seq == 50
        assert not reader.verify().flaw
    journal.close()


def test_without_a_journal_it_says_so_once_and_goes_on_looking(place, monkeypatch, caplog):
    caplog.set_level(logging.ERROR)
    monkeypatch.setattr(counting_job, "ROUND_S", 0.01)
    running = job(place)
    running.start()
    eventually(lambda: "cannot be counted now" in caplog.text, what="the trouble")
    journal = open_journal(place)
    journal.record(passes(UTC))
    eventually(lambda: counted(place) == 1, what="the vehicle")
    assert running.stop()
    assert caplog.text.count("there is no journal") == 1
    journal.close()


def test_a_worker_that_is_killed_while_it_catches_up_goes_on_and_counts_each_vehicle_once(place):
    journal = open_journal(place)
    journal.record([draft for number in range(60) for draft in by_officer(UTC + 60 * number)])
    for _ in range(3):
        killed = subprocess.Popen([sys.executable, "-c", KILLED, str(place)], stdout=subprocess.PIPE, text=True)
        killed.stdout.readline()
        killed.kill()
        killed.wait()
        killed.stdout.close()
    count(place)
    assert vehicles(place) == total(place)["to_officer"] == 60
    journal.close()
