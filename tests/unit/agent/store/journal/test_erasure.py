"""Personal values beside the events of a journal: kept, given up with their events, erased to the last byte."""

import json
import sqlite3
from contextlib import closing

import pytest

from agent.core.crypto import kid_of
from agent.core.crypto.keys import SigningKey
from agent.core.events import checkpoint_draft, digest_of_value
from agent.core.model import SEQ_MAX
from agent.store.journal import ErasureScope, JournalReader, opened
from agent.store.journal.database import Database
from tests.support.store.journals import GATE, UTC, FakeClock, device, open_journal
from tests.support.store.personal import (
    bytes_of,
    declaration,
    found_in,
    officer,
    open_erasable,
    plate,
    values,
    vehicle,
    vin,
)

KEY = SigningKey.from_seed(bytes(range(32)))
DAY_S = 86_400.0


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def journal(tmp_path, clock):
    made = open_erasable(tmp_path, clock=clock)
    yield made
    made.close()


def fill(journal, clock, count, first=0, step_s=60.0):
    """So many vehicles, three events each, and a checkpoint after every tenth."""
    for number in range(first, first + count):
        clock.utc += step_s
        journal.record(vehicle(number, clock.utc))
        if number % 10 == 9:
            journal.record_following(lambda head: checkpoint_draft(head, GATE, KEY, clock.utc))


def proof(tmp_path):
    with JournalReader(tmp_path / "journal.db") as reader:
        return reader.verify({kid_of(KEY.public): KEY.public})


def told(tmp_path, erased="(erased)"):
    with JournalReader(tmp_path / "journal.db") as reader:
        return json.dumps([opened(one, erased) for one in reader.events()], ensure_ascii=False)


def test_events_are_read_with_their_values_by_whoever_reads_the_journal(journal, tmp_path, clock):
    (decided, granted, _closed) = journal.record(vehicle(5, clock.utc))
    assert opened(decided)["data"]["permit"]["plate"] == plate(5)
    assert opened(granted)["data"]["operator"] == officer(5)
    with JournalReader(tmp_path / "journal.db") as reader:
        assert [opened(one)["data"] for one in reader.events()][1] == opened(granted)["data"]
    assert [one.disclosures for one in journal.unacknowledged(0, 9)] == [one.disclosures for one in journal.range(1, 9)]
    assert all(one.disclosures for one in journal.range(1, 3))


def test_a_journal_that_is_not_erasable_keeps_its_values_in_place_and_old_events_stay_as_they_are(tmp_path, clock):
    with closing(open_journal(tmp_path / "journal.db", clock=clock)) as journal:
        journal.record(vehicle(1, clock.utc))
        before = [one.payload for one in journal.range(1, 3)]
    assert plate(1).encode() in before[0]
    with closing(open_erasable(tmp_path, clock=clock)) as journal:
        journal.record(vehicle(2, clock.utc))
        journal.erase(ErasureScope(), "request")
        assert [one.payload for one in journal.range(1, 3)] == before
        assert all(one.text is None for event in journal.range(4, 6) for one in event.disclosures)
    assert proof(tmp_path).flaw is None


def test_half_of_the_values_are_erased_to_the_last_byte_and_chain_and_checkpoints_hold(journal, tmp_path, clock):
    fill(journal, clock, 40)
    head = journal.checkpoint()
    done = journal.erase(ErasureScope(1, head.seq // 2), "age")
    assert journal.wipe_values()
    assert len(done.events) in range(58, 63)
    found = proof(tmp_path)
    assert (found.flaw, found.last, found.signed.seq) == (None, head, found.proven - 1)
    raw = bytes_of(tmp_path)
    assert found_in(raw, [word for number in range(19) for word in values(number)]) == []
    kept = [word for number in range(21, 40) for word in values(number)]
    assert found_in(raw, kept) == kept
    assert told(tmp_path).count("(erased)") == done.values


def test_all_of_a_vehicle_goes_by_the_digest_of_its_plate_and_nothing_of_others(journal, tmp_path, clock):
    fill(journal, clock, 12)
    done = journal.erase(ErasureScope(digest=digest_of_value(plate(7).lower())), "request")
    journal.wipe_values()
    assert len(done.events) == 3
    raw = bytes_of(tmp_path)
    assert found_in(raw, [plate(7), vin(7), declaration(7)]) == []
    assert found_in(raw, [officer(7)]) == [officer(7)]  # who acted is not the vehicle
    others = [word for number in range(12) if number != 7 for word in values(number)]
    assert found_in(raw, others) == others


def test_a_name_goes_wherever_it_stands_with_the_words_of_that_person(journal, tmp_path, clock):
    fill(journal, clock, 4)
    done = journal.erase(ErasureScope(digest=digest_of_value(officer(2))), "request")
    journal.wipe_values()
    assert (done.values, len(done.events)) == (2, 1)
    assert found_in(bytes_of(tmp_path), [officer(2), f"waved {plate(2)} through"]) == []
    assert found_in(bytes_of(tmp_path), [plate(2)])


def test_an_erased_value_is_said_to_be_when_and_by_which_rule(journal, clock):
    journal.record(vehicle(1, clock.utc))
    clock.utc += 5.0
    journal.erase(ErasureScope(2, 2), "request")
    assert {(one.text, one.erased_ms, one.rule) for one in next(journal.range(2, 2)).disclosures} == {
        (None, round(clock.utc * 1000), "request")
    }
    assert journal.erase(ErasureScope(2, 2), "request").values == 0


def test_pictures_of_the_events_are_named(journal, clock):
    journal.record(vehicle(1, clock.utc))
    assert journal.erase(ErasureScope(), "request").pictures >= set(vehicle(1)[2].event.pictures)


def test_values_go_with_their_events(journal, tmp_path, clock):
    fill(journal, clock, 8)
    journal.acknowledge(journal.stream, journal.head)
    clock.utc += 40 * DAY_S
    journal.prune(30 * DAY_S, 1 << 30)
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        assert connection.execute("SELECT count(*) FROM disclosures").fetchone() == (0,)


def test_only_values_of_acknowledged_events_grow_old_and_only_by_a_clock_that_is_kept(journal, clock):
    fill(journal, clock, 4)
    clock.utc += 9 * DAY_S
    assert journal.old_values(7 * DAY_S) is None
    journal.acknowledge(journal.stream, 6)
    assert journal.old_values(7 * DAY_S) == ErasureScope(1, 6)
    clock.synced = False
    assert journal.old_values(7 * DAY_S) is None
    clock.synced = True
    assert journal.old_values(10 * DAY_S) is None
    journal.erase(journal.old_values(7 * DAY_S), "age")
    assert journal.old_values(7 * DAY_S) is None


def test_a_value_that_the_disk_lost_is_said_to_be_lost_and_holds_nothing_up(journal, tmp_path, clock):
    journal.record(vehicle(1, clock.utc))
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        connection.execute("UPDATE disclosures SET disclosure = 'x' WHERE seq = 1 AND place = 0")
        connection.execute("DELETE FROM disclosures WHERE seq = 1 AND place = 1")
        connection.commit()
    first, second, *others = next(iter(journal.unacknowledged(0, 1))).disclosures
    assert [(one.text, one.erased_ms, one.rule) for one in (first, second)] == [(None, None, "lost")] * 2
    assert all(one.text for one in others)


def test_events_without_values_have_none(journal):
    (one,) = journal.record([device("fine")])
    assert one.disclosures == ()
    assert journal.erase(ErasureScope(1, SEQ_MAX), "age").values == 0


def test_a_log_that_somebody_reads_is_not_waited_for_without_end(journal, tmp_path, clock, caplog):
    fill(journal, clock, 3)
    journal.erase(ErasureScope(), "request")
    with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()
        journal.record([device("later", UTC)])
        assert journal.wipe_values()
    assert "cannot be emptied while someone reads it" in caplog.text
    assert journal.wipe_values()


def test_wiping_ends_where_it_is_told_to(journal, clock, mocker):
    fill(journal, clock, 3)
    journal.erase(ErasureScope(), "request")
    spied = mocker.spy(Database, "writing")
    assert not journal.wipe_values(lambda: True)
    assert spied.call_count == 0
