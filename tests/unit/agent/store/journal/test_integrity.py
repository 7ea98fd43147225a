"""What was altered on the disk is never handed out as an event; what is sound around it is."""

import sqlite3

import pytest

from agent.core.events.chain import beginning
from agent.core.events.chain_verification import ChainFault
from agent.core.events.event_types import ChainCheckpoint, Draft
from agent.store.errors import JournalCorruptError
from agent.store.journal import event_table, schema
from agent.store.journal.reader import JournalReader
from tests.support.store.journals import GATE, STREAM, UTC, FakeClock, device, open_journal, present, reserve

COUNT = 60


@pytest.fixture
def path(tmp_path):
    journal = open_journal(tmp_path / "journal.db")
    journal.record([device(f"number {number}") for number in range(1, COUNT + 1)])
    journal.acknowledge(journal.stream, 10)
    journal.close()
    return tmp_path / "journal.db"


def alter(path, *statements):
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def altered(seq):
    altered = "CAST(replace(payload, x'72656c6179', x'64656c6179') AS BLOB)"
    return f"UPDATE events SET payload = {altered} WHERE seq = {seq}"  # noqa: S608


def seqs(events):
    return [event.seq for event in events]


# With the last that is handed out: where the hash that 20 holds is gone, nothing vouches for 19.
DAMAGES = {
    "altered": (altered(20), 19),
    "no JSON": ("UPDATE events SET payload = x'7b' WHERE seq = 20", 18),
    "nothing": ("UPDATE events SET payload = x'' WHERE seq = 20", 18),
    "missing": ("DELETE FROM events WHERE seq = 20", 18),
}


@pytest.mark.parametrize(("statement", "last"), DAMAGES.values(), ids=DAMAGES)
def test_events_that_wait_are_handed_out_up_to_the_damaged_one(path, statement, last):
    alter(path, statement)
    journal = open_journal(path)
    try:
        assert seqs(journal.unacknowledged(0, 500)) == list(range(11, last + 1))
        assert seqs(journal.range(5, 12)) == list(range(5, 13))
        journal.checkpoint()
        with pytest.raises(JournalCorruptError, match=f"event {last + 1} "):
            journal.unacknowledged(last, 500)
        with pytest.raises(JournalCorruptError, match=f"event {last + 1} "):
            list(journal.range(15, 30))
        assert seqs(journal.unacknowledged(20, 500)) == list(range(21, COUNT + 1))
        with pytest.raises(JournalCorruptError):
            journal.checkpoint()
        journal.record([device("goes on until the restart")])
    finally:
        journal.close()
    journal = open_journal(path)
    assert "event" in journal.replaced.cause
    assert journal.replaced.unsent == (11, COUNT + 1)
    journal.close()


def test_an_acknowledged_event_that_is_damaged_is_left_out_and_costs_nothing_else(path, caplog):
    alter(path, altered(4), altered(7))
    journal = open_journal(path)
    try:
        assert seqs(journal.range(1, 12)) == [1, 2, 3, 5, 6, 8, 9, 10, 11, 12]
        assert seqs(journal.range(4, 4)) == []
        assert "event 4 is missing or altered" in caplog.text
        assert seqs(journal.unacknowledged(0, 3)) == [11, 12, 13]
        journal.checkpoint()
    finally:
        journal.close()
    journal = open_journal(path)
    assert journal.replaced is None
    journal.close()


def test_id_and_type_are_those_of_the_event_whatever_its_row_says(path):
    alter(path, "UPDATE events SET type = 'access.granted', id = 'x'")
    journal = open_journal(path)
    for event in (*journal.unacknowledged(0, 500), *journal.range(1, COUNT)):
        assert event.type == "device.changed"
        assert f'"id":"{event.id}"'.encode() in event.payload
    journal.close()


def test_an_altered_last_event_is_known_by_the_head(tmp_path):
    journal = open_journal(tmp_path / "journal.db")
    journal.record([device(), device()])
    alter(tmp_path / "journal.db", altered(2))
    assert seqs(journal.unacknowledged(0, 5)) == [1]
    with pytest.raises(JournalCorruptError):
        journal.unacknowledged(1, 5)
    journal.close()


def test_a_damaged_page_costs_only_what_lies_behind_it(path):
    connection = sqlite3.connect(path)
    try:
        pages = connection.execute(
            "SELECT pageno FROM dbstat WHERE name = 'events' AND pagetype = 'leaf' ORDER BY path"
        ).fetchall()
    except sqlite3.OperationalError:
        pytest.skip("this SQLite has no dbstat")
    finally:
        connection.close()
    journal = open_journal(path)
    with path.open("r+b") as file:
        file.seek((pages[-2][0] - 1) * schema.PAGE_BYTES)
        file.write(b"\xa5" * schema.PAGE_BYTES)
    journal._database._connection.execute("PRAGMA shrink_memory")
    got = seqs(journal.unacknowledged(0, 500))
    assert got == list(range(11, got[-1] + 1))
    assert 20 < got[-1] < COUNT
    with pytest.raises(JournalCorruptError):
        journal.unacknowledged(got[-1], 500)
    journal.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET watermark = 11",
        "UPDATE journal SET head_total = head_total + 1",
        "UPDATE journal SET tail_total = 1",
        "UPDATE journal SET gate = 'khorgos-04'",
        "UPDATE journal SET sum = iif(sum LIKE '0%', '1', '0') || substr(sum, 2)",
    ],
    ids=str,
)
def test_an_altered_word_of_where_the_stream_stands_is_noticed(path, statement):
    alter(path, statement)
    with JournalReader(path) as reader, pytest.raises(JournalCorruptError, match="not what was written"):
        reader.standing()
    journal = open_journal(path)
    assert (journal.replaced.stream, journal.replaced.unsent) == (None, None)
    journal.close()


def test_a_file_of_before_the_sum_is_brought_forward_and_has_it_from_the_next_write_on(tmp_path):
    path = tmp_path / "journal.db"
    connection = schema.connect(path, 1 << 24)
    schema.migrate(connection, schema.MIGRATIONS[:3])
    start = "c0b0e18f0f3de7be1e0c74754d3d9080970bc57767c734fe0feb592bc1fb801b"
    connection.execute("INSERT INTO journal VALUES (1, ?, ?, 0, ?, 0, 0, 0, ?, 0)", (GATE, STREAM, start, start))
    connection.close()
    with JournalReader(path) as reader:
        assert reader.standing().head.stream == STREAM
    journal = open_journal(path)
    assert (journal.replaced, journal.stream) == (None, STREAM)
    journal.record([device()])
    journal.close()
    alter(path, "UPDATE journal SET head_total = 0")
    with JournalReader(path) as reader, pytest.raises(JournalCorruptError):
        reader.standing()


def test_pruning_up_to_a_damaged_event_keeps_the_rest_of_the_chain_fitting(path):
    alter(path, altered(10))
    journal = open_journal(path, clock=FakeClock())
    assert journal.prune(0, 0) == 10
    assert seqs(journal.range(1, 12)) == [11, 12]
    journal.close()
    with JournalReader(path) as reader:
        assert reader.verify().whole


def test_pruning_before_a_damaged_event_goes_on_too(path):
    alter(path, "UPDATE events SET payload = x'7b' WHERE seq = 6")
    journal = open_journal(path)
    journal._database.freeing("prune", lambda connection: event_table.cut(connection, 5))
    assert seqs(journal.range(1, 8)) == [7, 8]
    journal.close()


def test_the_hash_of_an_event_is_what_was_recorded_also_where_its_bytes_are_damaged(path):
    with JournalReader(path) as reader:
        recorded = {event.seq: event.hash for event in reader.events()}
    alter(path, altered(10))
    journal = open_journal(path, clock=FakeClock())
    assert {seq: journal.digest_at(seq) for seq in recorded} == recorded
    assert journal.digest_at(0) == beginning(journal.stream).digest
    assert journal.digest_at(max(recorded) + 1) is None
    journal.acknowledge(journal.stream, 12)
    journal.prune(0, 0)
    assert journal.digest_at(journal.tail) == recorded[journal.tail]
    assert journal.digest_at(journal.tail - 1) is None
    assert journal.digest_at(0) is None
    journal.close()


def test_words_that_are_no_text_any_more_are_damage_met_at_the_next_start(path):
    journal = open_journal(path)
    journal.record([present("t1")], [reserve()])
    journal.close()
    alter(path, "UPDATE transactions SET lane = CAST(x'ff' AS TEXT)", "UPDATE ledger SET txn = CAST(x'fe' AS TEXT)")
    journal = open_journal(path, boot="boot-2")
    assert journal.replaced is None
    with pytest.raises(JournalCorruptError):
        journal.recover()
    with pytest.raises(JournalCorruptError):
        journal.checkpoint()
    journal.close()
    journal = open_journal(path, boot="boot-3")
    assert journal.replaced is not None
    assert not journal.replaced.ledger_whole
    journal.recover()
    journal.close()


def test_an_index_that_does_not_fit_its_table_is_found_in_a_suspect_file(path):
    journal = open_journal(path)
    journal.record([present("t1")], [reserve(vehicle="VIN")])
    journal.close()
    alter(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = replace(sql, 'utc_ms)', 'use)') WHERE name = 'vehicles'",
    )
    path.with_name("journal.db-suspect").write_text("a query failed")
    journal = open_journal(path)
    assert journal.replaced is not None
    journal.close()


def test_a_checkpoint_that_names_something_else_is_no_damage(path):
    journal = open_journal(path)
    wrong = ChainCheckpoint(seq=7, digest="ab" * 32, key="k", signature="s")
    journal.record([Draft(wrong, None, None, UTC)])
    journal.close()
    journal = open_journal(path)
    assert journal.replaced is None
    journal.close()
    with JournalReader(path) as reader:
        assert reader.verify().flaw.fault is ChainFault.CHECKPOINT_WRONG
