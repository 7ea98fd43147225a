"""A damaged journal is moved aside, never silently; what can be rescued is."""

import errno
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.store.errors import JournalCorruptError, JournalUnavailableError, OtherGateError
from agent.store.journal import damage, journal_files, ledger_salvage, schema
from agent.store.journal.reader import JournalReader
from tests.support.store.journals import GATE, PERMIT, FakeClock, consume, device, open_journal, present, reserve

PERMITS = 400
PAGE = schema.PAGE_BYTES


@pytest.fixture
def path(tmp_path):
    """A journal with events and a ledger of many pages, of which 3 events are acknowledged."""
    journal = open_journal(tmp_path / "journal.db")
    for first in range(0, PERMITS, 100):
        permits = [number.to_bytes(8, "big") for number in range(first, first + 100)]
        journal.record(
            [present(f"t{number}") for number in range(first, first + 100)],
            [change for permit in permits for change in (reserve(permit=permit), consume(permit=permit))],
        )
    journal.acknowledge(journal.stream, 3)
    journal.close()
    return tmp_path / "journal.db"


def pages_of(path, name):
    """The numbers of the leaf pages of a table, from 1."""
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'", (name,)).fetchall()
    except sqlite3.OperationalError:
        pytest.skip("this SQLite has no dbstat")
    finally:
        connection.close()
    return [number for (number,) in rows]


def spoil(path, page, length=PAGE):
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xa5" * length)


def test_a_damaged_page_of_events_costs_the_stream_but_not_the_ledger(path):
    stream = open_and_close(path)
    spoil(path, pages_of(path, "events")[-1])
    journal = open_journal(path, clock=FakeClock(1_795_000_000.0))
    try:
        told = journal.replaced
        assert told.moved_to == path.with_name("journal.damaged-20261118T110640Z.db")
        assert told.moved_to.stat().st_size > 0
        assert (told.stream, told.unsent) == (stream, (4, PERMITS))
        assert (told.ledger_rows, told.ledger_whole) == (PERMITS, True)
        assert stream in told.description
        assert "all" in told.description
        assert journal.stream != stream
        assert (journal.head, journal.watermark) == (0, 0)
        assert all(journal.use_state(number.to_bytes(8, "big")).used == 1 for number in range(PERMITS))
        assert journal.record([device()])[0].seq == 1
    finally:
        journal.close()
    with JournalReader(told.moved_to) as reader:
        assert next(reader.payloads(1, 1)).startswith(b"{")
    again = open_journal(path)
    assert again.replaced is None
    again.close()


def vanish(path):
    for ending in ("", "-wal", "-shm"):
        path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)


@pytest.mark.parametrize(
    "left",
    [lambda _path: None, vanish, lambda path: (vanish(path), path.touch())],
    ids=["a new journal without an event", "no journal", "an empty file"],
)
def test_a_start_that_ends_before_it_told_of_the_damage_leaves_that_to_the_next(path, left):
    stream = open_and_close(path)
    spoil(path, pages_of(path, "events")[-1])
    first = open_journal(path)
    told = first.replaced
    first.close()
    left(path)
    for _ in range(2):
        again = open_journal(path)
        assert again.replaced == told
        assert (again.replaced.stream, again.replaced.unsent) == (stream, (4, PERMITS))
        assert all(again.use_state(number.to_bytes(8, "big")).used == 1 for number in range(PERMITS))
        again.close()
    last = open_journal(path)
    last.record([device()])
    last.close()
    after = open_journal(path)
    assert after.replaced is None
    after.close()
    assert not path.with_name(f"{path.name}-replacing").exists()


def open_and_close(path):
    journal = open_journal(path)
    journal.close()
    return journal.stream


def test_a_damaged_page_of_the_ledger_is_read_around_and_said(path):
    leaves = pages_of(path, "ledger")
    assert len(leaves) > 3
    spoil(path, leaves[len(leaves) // 2])
    journal = open_journal(path)
    try:
        told = journal.replaced
        assert not told.ledger_whole
        assert "NOT all" in told.description
        assert PERMITS // 2 < told.ledger_rows < PERMITS
        assert journal.use_state(bytes(8)).used == 1
        assert journal.use_state((PERMITS - 1).to_bytes(8, "big")).used == 1
    finally:
        journal.close()


@pytest.mark.parametrize(
    ("length", "content"),
    [(PAGE, b"\xa5" * PAGE), (100, b"not a database"), (16, b"\0" * 16)],
    ids=["first page", "header", "magic"],
)
def test_a_file_that_is_no_database_any_more_is_moved_aside(path, length, content):
    spoil(path, 1, length)
    with path.open("r+b") as file:
        file.write(content)
    journal = open_journal(path)
    told = journal.replaced
    journal.close()
    assert (told.stream, told.unsent, told.ledger_rows, told.ledger_whole) == (None, None, 0, False)
    assert "unknown" in told.description


def test_a_file_that_was_cut_off_is_moved_aside(path):
    with path.open("r+b") as file:
        file.truncate(3 * PAGE)
    journal = open_journal(path)
    assert journal.replaced is not None
    journal.close()


def test_two_damages_in_one_second_do_not_overwrite_each_other(path):
    for _ in range(2):
        spoil(path, 1, 16)
        open_journal(path).close()
    assert len(list(path.parent.glob("journal.damaged-*.db"))) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET payload = CAST(replace(CAST(payload AS TEXT), 'inputs', 'imputs') AS BLOB) WHERE seq = 399",
        "DELETE FROM events WHERE seq = 395",
        "DELETE FROM events WHERE seq = 400",
        "UPDATE journal SET head_hash = iif(head_hash LIKE '0%', '1', '0') || substr(head_hash, 2)",
        "DELETE FROM journal",
        "DROP TABLE ledger",
        "DROP TABLE transactions",
    ],
    ids=["altered", "missing", "missing at the end", "altered head", "no row", "no ledger", "no transactions"],
)
def test_a_sound_file_whose_chain_is_broken_at_its_end_is_moved_aside(path, statement):
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()
    journal = open_journal(path)
    assert journal.replaced is not None
    assert journal.record([device()])[0].seq == 1
    journal.close()


def test_damage_met_while_running_is_an_error_then_and_repaired_at_the_next_start(path):
    journal = open_journal(path)
    spoil(path, pages_of(path, "events")[0])
    journal._database._connection.execute("PRAGMA shrink_memory")
    with pytest.raises(JournalCorruptError):
        list(journal.range(1, PERMITS))
    journal.close()
    assert path.with_name("journal.db-suspect").exists()
    journal = open_journal(path)
    assert journal.replaced is not None
    journal.close()
    assert not path.with_name("journal.db-suspect").exists()


def test_a_file_that_was_suspect_for_nothing_stays(path):
    path.with_name("journal.db-suspect").write_text("a bad cable")
    journal = open_journal(path)
    assert journal.replaced is None
    journal.close()
    assert not path.with_name("journal.db-suspect").exists()


def superseded(path):
    """A journal of which another gate knows more than it holds, given up; its stream."""
    journal = open_journal(path)
    cause = journal.site.older_copy("khorgos-01", 900)
    assert cause == (
        f"khorgos-01 knows this gate's permit ledger up to place 900, but it ends at {2 * PERMITS}:"
        " the journal is an older copy"
    )
    with pytest.raises(JournalCorruptError, match="the journal is an older copy"):
        journal.checkpoint()
    journal.close()
    return journal.stream


@pytest.mark.parametrize("left", [lambda _path: None, vanish], ids=["a new journal without an event", "no journal"])
def test_an_older_copy_is_moved_aside_though_it_is_sound_and_told_as_not_whole(path, left):
    stream = superseded(path)
    first = open_journal(path)
    told = first.replaced
    assert (told.stream, told.unsent) == (stream, (4, PERMITS))
    assert (told.ledger_rows, told.ledger_whole, told.orders_whole) == (PERMITS, False, False)
    assert "up to place 900" in told.description
    assert first.use_state(bytes(8)).used == 1
    first.close()
    left(path)
    again = open_journal(path)
    assert again.replaced == told, "a start that ended before it told leaves that to the next"
    assert again.stream != stream
    again.record([device()])
    again.close()
    last = open_journal(path)
    assert (last.replaced, last.stream) == (None, again.stream)
    last.close()


def test_an_older_copy_that_is_put_back_a_second_time_is_known_at_once(path, tmp_path):
    shutil.copy(path, tmp_path / "copy")
    stream = superseded(path)
    for _ in range(2):
        journal = open_journal(path)
        assert journal.replaced.stream == stream
        journal.record([device()])
        journal.close()
        vanish(path)
        shutil.copy(tmp_path / "copy", path)


@pytest.mark.parametrize("text", ["", "[]", '{"another stream": "why"}', "\xff", "[" * 50_000], ids=len)
def test_a_note_that_names_no_journal_here_moves_none_aside(path, text):
    path.with_name("journal.db-superseded").write_bytes(text.encode("latin-1"))
    journal = open_journal(path)
    assert journal.replaced is None
    journal.close()


def test_an_older_copy_of_which_no_note_can_be_left_is_given_up_until_the_agent_ends(path, caplog, monkeypatch):
    path.with_name("journal.db-superseded").mkdir()
    monkeypatch.setattr(journal_files, "set_misfit_aside", lambda _path: "")
    superseded(path)
    assert "cannot record that the journal must not be continued" in caplog.text


def test_on_a_full_disk_the_note_takes_the_room_of_the_reserve(path, monkeypatch):
    """Without the note the next start would go on with the older copy."""
    write, tried = damage._write, []

    def full_at_first(*arguments):
        tried.append(arguments)
        if len(tried) == 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(*arguments)

    monkeypatch.setattr(damage, "_write", full_at_first)
    superseded(path)
    assert not path.with_name("journal.db-reserve").exists()
    journal = open_journal(path)
    assert journal.replaced.older
    journal.close()


def test_a_file_made_but_never_begun_is_a_new_journal(tmp_path):
    connection = schema.connect(tmp_path / "journal.db", 1 << 20)
    schema.migrate(connection)
    connection.close()
    journal = open_journal(tmp_path / "journal.db")
    assert (journal.replaced, journal.head) == (None, 0)
    journal.close()


# ---------------------------------------------------------------------------------------------------- migrations


KNOWN = len(schema.MIGRATIONS)
SECOND = "CREATE TABLE second (a INTEGER) STRICT; INSERT INTO second VALUES (5)"


def columns(connection):
    return connection.execute("SELECT a FROM second").fetchall()


def test_a_file_of_an_older_agent_is_brought_forward_with_its_events(path):
    connection = schema.connect(path, 1 << 24)
    assert schema.migrate(connection, (*schema.MIGRATIONS, SECOND)) == KNOWN
    assert schema.migrate(connection, (*schema.MIGRATIONS, SECOND)) == KNOWN + 1
    assert (schema.version_of(connection), columns(connection)) == (KNOWN + 1, [(5,)])
    assert connection.execute("SELECT count(*) FROM events").fetchone() == (PERMITS,)
    connection.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(path):
    connection = schema.connect(path, 1 << 24)
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(connection, (*schema.MIGRATIONS, f"{SECOND}; NONSENSE"))
    assert schema.version_of(connection) == KNOWN
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        columns(connection)
    connection.close()


def aside(path):
    return [one.name for one in path.parent.glob("*.damaged-*")]


def nothing_rescued(path, **options):
    """Open a journal in whose place lies what cannot be used; where that lies now."""
    with closing(open_journal(path, **options)) as journal:
        replaced = journal.replaced
        assert (replaced.ledger_rows, replaced.ledger_whole, replaced.orders_whole) == (0, False, False)
        assert journal.begun
    return replaced


def test_the_journal_of_a_newer_agent_is_put_aside_as_it_is(path):
    connection = schema.connect(path, 1 << 24)
    schema.migrate(connection, (*schema.MIGRATIONS, SECOND))
    connection.close()
    replaced = nothing_rescued(path)
    assert f"schema version {KNOWN + 1}, this agent knows up to {KNOWN}" in replaced.cause
    with closing(sqlite3.connect(replaced.moved_to)) as connection:
        assert columns(connection) == [(5,)]


def test_a_database_of_something_else_is_put_aside_as_it_is(tmp_path):
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        connection.execute("CREATE TABLE accounts (name TEXT)")
    assert "is a database, but not a journal" in nothing_rescued(tmp_path / "journal.db").cause


@pytest.mark.parametrize("ending", ["", "-wal"])
@pytest.mark.parametrize("put", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/nonexistent/file")])
def test_what_is_no_file_is_put_aside_and_nobody_waits_for_it(path, ending, put):
    place = path.with_name(f"journal.db{ending}")
    place.unlink(missing_ok=True)
    put(place)
    replaced = nothing_rescued(path)
    assert replaced.cause == f"{place} is not a regular file"
    assert os.path.lexists(replaced.moved_to.with_name(f"{replaced.moved_to.name}{ending}"))


@pytest.mark.parametrize("put", [os.mkfifo, lambda path: path.symlink_to("/nonexistent/file")])
def test_what_is_no_file_is_put_aside_also_where_it_is_not_the_agents_own(path, monkeypatch, put):
    """The kernel gives no second name to a link or a pipe of somebody else (fs.protected_hardlinks)."""

    def protected(_self, target):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(target))

    monkeypatch.setattr(Path, "hardlink_to", protected)
    path.unlink()
    put(path)
    assert nothing_rescued(path).cause == f"{path} is not a regular file"


def test_a_link_to_a_journal_is_put_aside_and_all_that_it_leads_to_is_rescued(path, tmp_path):
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with closing(open_journal(path)) as journal:
        assert (journal.replaced.ledger_rows, journal.replaced.ledger_whole) == (PERMITS, True)
    assert not path.is_symlink()


@pytest.mark.parametrize("ending", journal_files.ENDINGS_OF_NO_CONTENT)
@pytest.mark.parametrize("put", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/nonexistent/file")])
def test_what_lies_beside_it_and_is_no_file_is_put_aside_and_nothing_is_lost(path, ending, put):
    place = path.with_name(f"journal.db{ending}")
    place.unlink(missing_ok=True)
    put(place)
    with closing(open_journal(path)) as journal:
        assert (journal.replaced, journal.begun) == (None, False)
    assert os.path.lexists(place.with_name(f"{place.name}.unusable"))


def test_the_journal_of_another_gate_is_put_aside_only_where_this_gate_never_had_its_name(path):
    with pytest.raises(OtherGateError, match="is the journal of gate"):
        open_journal(path, gate="gate-8")
    assert not aside(path)
    replaced = nothing_rescued(path, gate="gate-8", foreign_aside=True)
    assert replaced.cause == f"it is the journal of gate {GATE}"
    assert replaced.moved_to.exists()


def test_a_start_that_ended_behind_that_tells_it_the_next_time_and_takes_nothing_over_either(path):
    nothing_rescued(path, gate="gate-8", foreign_aside=True)
    assert nothing_rescued(path, gate="gate-8", foreign_aside=True).cause == f"it is the journal of gate {GATE}"


@pytest.mark.parametrize("mark", [b"", b"\xff\xfe", b"[]", b"{}", b'"x"'])
def test_a_mark_that_cannot_be_read_leads_to_the_last_one_that_was_put_aside(path, mark):
    path.write_bytes(b"\xff" * 4096)
    open_journal(path).close()
    path.with_name("journal.db-replacing").write_bytes(mark)
    with closing(open_journal(path)) as journal:
        assert [journal.replaced.moved_to.name] == aside(path)


def version_1_file(path):
    """A journal as the first agents wrote it, with one consumed use."""
    connection = schema.connect(path, 1 << 24)
    schema.migrate(connection, schema.MIGRATIONS[:1])
    connection.execute("INSERT INTO ledger VALUES (?, 1, 'CONSUMED', 't1', 'boot-0', 5000)", (PERMIT,))
    return connection


def test_a_ledger_of_version_1_is_brought_forward_without_vehicles(tmp_path):
    connection = version_1_file(tmp_path / "journal.db")
    assert schema.migrate(connection) == 1
    rows = connection.execute("SELECT * FROM ledger").fetchall()
    connection.close()
    assert rows == [(PERMIT, 1, "", "CONSUMED", "t1", "boot-0", 5000, "", "", 1)]


def test_the_ledger_of_a_damaged_file_of_version_1_can_be_rescued(tmp_path):
    connection = version_1_file(tmp_path / "journal.db")
    rescued = [list(ledger_salvage.dump(connection, way)) for way in ledger_salvage.WAYS]
    connection.close()
    assert rescued == [[(PERMIT, 1, "", "CONSUMED", "t1", "boot-0", 5000, "", "", 0)]] * 2
    assert ledger_salvage.is_sane(rescued[0][0])
    assert not ledger_salvage.is_sane((*rescued[0][0][:-1], "7"))


def test_the_first_schema_is_what_was_shipped():
    """A change of a shipped script would leave files in the field behind: add a new one."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(connection, schema.MIGRATIONS[:1])
    names = [
        name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
    ]
    connection.close()
    assert names == ["closings", "events", "journal", "ledger", "reservations", "transactions"]


# ------------------------------------------------------------------------------------------------------- reading


def test_a_reader_sees_a_journal_that_is_being_written(path):
    journal = open_journal(path)
    try:
        with JournalReader(path) as reader:
            journal.record([device("while reading")])
            assert reader.standing().head.seq == PERMITS + 1
            assert b"while reading" in next(reader.payloads(PERMITS + 1))
            assert reader.verify().whole
    finally:
        journal.close()


def test_what_an_administrators_reading_leaves_behind_belongs_to_the_agent(path):
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    os.chown(path, 12345, 12345)
    with JournalReader(path) as reader:
        assert reader.verify().whole
        assert all(one.stat().st_uid == 12345 for one in path.parent.glob("journal.db-[sw]*"))


def test_a_copy_without_its_log_is_read_as_far_as_it_goes(path, tmp_path):
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    with JournalReader(copy) as reader:
        assert reader.verify().records == PERMITS


@pytest.mark.parametrize("content", [None, b"", b"hello", b"SQLite format 3\0 but no more"], ids=str)
def test_what_is_no_journal_cannot_be_read(tmp_path, content):
    path = tmp_path / "other.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(JournalUnavailableError):
        JournalReader(path)
