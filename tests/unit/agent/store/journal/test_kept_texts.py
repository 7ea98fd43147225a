"""What the journal keeps by name, and what it tells a witness."""

import sqlite3
from contextlib import closing

import pytest

from agent.core.events.event_types import Draft, LaneOrdered, ListsApplied
from agent.core.lane import LaneLockout
from agent.store.errors import JournalCorruptError
from agent.store.journal import JournalReader
from tests.support.store.journals import UTC, consume, device, granted, open_journal, reserve


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


def order(lane, what):
    return Draft(LaneOrdered(order=what, operator="officer", cause="as asked"), lane, None, UTC)


def test_a_text_is_kept_in_place_of_the_one_before_and_read_from_outside(path):
    journal = open_journal(path)
    assert journal.kept("trust_state") is None
    for text in ("one", "two"):
        journal.keep("trust_state", text)
    journal.close()
    journal = open_journal(path)
    assert journal.kept("trust_state") == "two"
    with JournalReader(path) as reader:
        assert (reader.kept("trust_state"), reader.kept("other")) == ("two", None)
    journal.close()


def test_a_damaged_journal_gives_its_texts_to_the_next(path):
    journal = open_journal(path)
    journal.keep("trust_state", "not whole")
    journal.record([device()] * 40)
    journal.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE journal SET head_hash = 'altered'")
    journal = open_journal(path)
    assert journal.replaced is not None
    assert journal.kept("trust_state") == "not whole"
    assert (journal.replaced.head_seq, journal.replaced.row_place, journal.replaced.older) == (0, 0, False)
    journal.close()


def test_a_witness_is_told_head_rows_and_orders(path):
    journal = open_journal(path)
    journal.record([granted()], [reserve()])
    journal.record([order("in", "locked"), order("out", "out_of_service")], [consume()])
    told = journal.witnessed()
    assert told.point == journal.checkpoint()
    assert told.row_place == 2
    assert told.orders == {"in": LaneLockout("officer", ""), "out": LaneLockout("", "officer")}
    journal.supersede("an older copy")
    with pytest.raises(JournalCorruptError, match="an older copy"):
        journal.witnessed()
    journal.close()


def test_the_hash_of_an_event_is_that_of_the_chain_as_long_as_it_is_kept(path):
    journal = open_journal(path)
    recorded = journal.record([device(f"event {number}") for number in range(5)])
    assert [journal.digest_at(one.seq) for one in recorded] == [one.hash for one in recorded]
    assert journal.digest_at(6) is None
    journal.acknowledge(journal.stream, 3)
    journal.prune(0.0, 0)
    assert journal.digest_at(2) is None
    assert journal.digest_at(3) == recorded[2].hash, "the tail's own"
    journal.close()


def test_the_newest_events_of_a_type_are_found_among_so_many(path):
    journal = open_journal(path)
    applied = ListsApplied(list="trust", version=7, before=0, issued_at=1, rows=1, key="ab", source="mqtt", whole=True)
    journal.record([Draft(applied, None, None, UTC), *[device()] * 5])
    assert len(journal.newest("lists.applied", 10)) == 1
    assert journal.newest("lists.applied", 5) == []
    journal.close()


def test_a_stream_that_was_begun_by_this_open_says_so(path):
    journal = open_journal(path)
    assert journal.begun
    journal.close()
    journal = open_journal(path)
    assert not journal.begun
    journal.supersede("an older copy")
    journal.close()
    journal = open_journal(path)
    assert journal.begun
    assert journal.replaced.older
    journal.close()
