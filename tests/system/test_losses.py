"""The loss table in its short form: each fault a few times, and nothing is lost; and the judge finds what is."""

import sqlite3
from contextlib import closing

import pytest

from tests.faults.consumer import Consumer
from tests.faults.judge import Outside, judge
from tests.faults.rows import ROWS, played
from tests.support.mqtt.mosquitto import needs_mosquitto
from tests.support.store.journals import GATE, granted, open_journal, present

SEED = 20261124


def silence(*_):
    """Show no progress."""


@needs_mosquitto
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_fault_loses_no_event_and_doubles_none(row, installed):
    result = played(row, installed, cycles=row.few, seed=SEED, progress=silence)
    if result.passed is None:
        pytest.skip(result.note)
    assert result.passed, result.cells


# ----------------------------------------------------------------------------------------------------- the judge judged


class Stored:
    """A journal of six events, and the database of a consumer that stored them all."""

    def __init__(self, folder):
        self.journal = folder / "journal.db"
        self.consumer = Consumer(folder, "")
        journal = open_journal(self.journal)
        journal.record([draft for name in ("t1", "t2", "t3") for draft in (present(name), granted(name))])
        journal.acknowledge(journal.stream, 6)
        self.stream = journal.stream
        self.events = list(journal.range(1, 6))
        journal.close()
        self.change("CREATE TABLE events (source, stream, seq, id, payload, PRIMARY KEY (source, stream, seq))")
        self.change("CREATE TABLE rejected (topic, reason)")
        self.change("CREATE TABLE conflicts (kind, detail)")
        for event in self.events:
            self.store(event.seq, event.id, event.payload)

    def store(self, seq, name, payload, stream=None):
        self.change("INSERT INTO events VALUES (?, ?, ?, ?, ?)", GATE, stream or self.stream, seq, name, payload)

    def change(self, statement, *values):
        with closing(sqlite3.connect(self.consumer.database, isolation_level=None)) as connection:
            connection.execute(statement, values)

    def judged(self):
        return judge(self.journal, self.consumer)

    def compared(self, *, pulses=None, seen=()):
        outside = Outside()
        outside.compare(self.journal, self.consumer, pulses=pulses or {}, seen=seen)
        return outside


@pytest.fixture
def stored(tmp_path):
    return Stored(tmp_path)


def test_the_judge_finds_nothing_where_nothing_is_wrong(stored):
    found = stored.judged()
    assert (found.recorded, found.stored, found.lost, found.invented, found.doubles) == (6, 6, 0, 0, 0)
    assert found.chain == "whole"


def test_the_judge_counts_what_is_lost(stored):
    stored.change("DELETE FROM events WHERE seq IN (3, 6)")
    found = stored.judged()
    assert (found.lost, found.sound) == (2, False)
    assert "gap" in found.chain


def test_the_judge_counts_what_the_gate_never_recorded(stored):
    stored.store(7, "new", stored.events[0].payload)
    stored.store(1, "foreign", stored.events[0].payload, stream="another")
    stored.change("UPDATE events SET payload = ? WHERE seq = 2", stored.events[1].payload.replace(b"t1", b"t9"))
    found = stored.judged()
    assert (found.invented, found.lost, found.sound) == (3, 0, False)


def test_the_judge_counts_what_is_stored_twice(stored):
    stored.change("UPDATE events SET id = ? WHERE seq = 2", stored.events[0].id)
    found = stored.judged()
    assert (found.doubles, found.sound) == (1, False)


def test_the_judge_counts_permits_that_opened_again(stored):
    # All grants of these journals are for one permit.
    assert (stored.judged().granted_twice, stored.judged().sound) == (2, False)


def test_the_judge_tells_what_the_consumer_put_aside(stored):
    stored.change("INSERT INTO conflicts VALUES ('other_event', 'two events have number 4')")
    assert stored.judged().refused == ("other_event two events have number 4",)
    assert not stored.judged().sound


def test_a_pulse_without_a_recorded_grant_is_a_breach(stored):
    assert stored.compared(pulses={"1": 3}).breaches == []
    assert stored.compared(pulses={"1": 4}).breaches == ["1 was told to open 4 times, 3 grants are recorded"]


def test_an_event_that_was_sent_and_is_not_recorded_so_is_a_breach(stored):
    seen = [(stored.stream, event.seq, event.hash) for event in stored.events]
    assert stored.compared(seen=seen).breaches == []
    for stranger in ((stored.stream, 7, "00"), (stored.stream, 2, "00"), ("another", 2, seen[1][2])):
        (breach,) = stored.compared(seen=[*seen, stranger]).breaches
        assert breach.startswith("1 events were sent and are not in the journal")


def test_an_event_that_the_gate_takes_for_stored_and_is_not_is_lost(stored):
    stored.change("DELETE FROM events WHERE seq = 5")
    outside = stored.compared()
    assert outside.lost == 2
    assert outside.breaches == ["the gate takes 2 events for stored that are not"]


def test_a_journal_that_ends_earlier_than_before_is_a_breach(stored, tmp_path):
    outside = stored.compared()
    shorter = open_journal(tmp_path / "shorter.db")
    shorter.record([present()])
    shorter.close()
    outside.compare(tmp_path / "shorter.db", stored.consumer, pulses={}, seen=())
    assert "the journal ended at 6, now it ends at 1" in outside.breaches
