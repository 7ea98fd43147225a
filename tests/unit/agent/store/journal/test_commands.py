"""Commands, the counters of their keys and the orders of lanes in the journal: whole, durable, and
rescued from damage.
"""

import sqlite3

import pytest

from agent.core.commands.record import CommandAnswered, CommandEntry, CommandTaken
from agent.core.events.chain import beginning
from agent.core.events.event_types import Draft, LaneOrdered
from agent.core.lane.state import LaneLockout
from agent.store.errors import CommandConflictError, JournalError
from agent.store.journal import salvage, schema
from tests.support.store.journals import (
    GATE,
    PERMIT,
    STREAM,
    UTC,
    FakeClock,
    consume,
    device,
    open_journal,
    present,
    reserve,
)

DAY_S = 86_400


def taken(number=1, *, key="duty", counter=None, command=None):
    counter = number if counter is None else counter
    return CommandTaken(command or f"id-{number}", f"digest-{number}", key, counter, "open", "in-1")


def ordered(order, operator="officer 7", lane="in-1"):
    return Draft(LaneOrdered(order=order, operator=operator, cause="test"), lane, None, UTC)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path):
    journal = open_journal(path)
    yield journal
    journal.close()


def test_a_command_its_counter_and_its_event_are_one_transaction(journal, path):
    journal.record([device()], commands=[taken(5)])
    journal.close()
    again = open_journal(path)
    assert again.command("id-5") == CommandEntry(taken(5), None)
    assert (again.command_counter("duty"), again.head) == (5, 1)
    again.close()


@pytest.mark.parametrize("change", [taken(1), taken(2, counter=1), taken(2, command="id-1")])
def test_a_used_id_or_counter_is_refused_with_its_events(journal, change):
    journal.record([], commands=[taken(1)])
    with pytest.raises(CommandConflictError):
        journal.record([device()], commands=[change])
    assert (journal.head, journal.command_counter("duty")) == (0, 1)
    assert journal.command("id-1") == CommandEntry(taken(1), None)


def test_counters_begin_at_one(journal):
    with pytest.raises(JournalError):
        journal.record([device()], commands=[taken(1, counter=0)])
    assert journal.head == 0


def test_every_key_has_its_own_counter(journal):
    journal.record([], commands=[taken(7), taken(8, key="other", counter=3)])
    assert [journal.command_counter(key) for key in ("duty", "other", "none")] == [7, 3, 0]


def test_an_answer_belongs_to_an_accepted_command(journal):
    journal.record([], commands=[taken(1), taken(2)])
    assert [entry.taken.id for entry in journal.unanswered_commands()] == ["id-1", "id-2"]
    journal.record([device()], commands=[CommandAnswered("id-1", b"{}")])
    assert journal.command("id-1").answer == b"{}"
    assert [entry.taken.id for entry in journal.unanswered_commands()] == ["id-2"]
    with pytest.raises(CommandConflictError, match="never accepted"):
        journal.record([device()], commands=[CommandAnswered("id-9", b"{}")])
    assert journal.head == 1


def test_old_commands_are_forgotten_but_never_their_counters(path):
    clock = FakeClock()
    journal = open_journal(path, clock=clock)
    journal.record([], commands=[taken(1), CommandAnswered("id-1", b"{}"), taken(2)])
    clock.utc += 6 * DAY_S
    journal.record([], commands=[taken(3), CommandAnswered("id-3", b"{}")])
    clock.utc += 1.5 * DAY_S
    clock.synced = False
    assert journal.forget_commands(7 * DAY_S) == 0
    clock.synced = True
    assert journal.forget_commands(7 * DAY_S) == 1
    assert [journal.command(f"id-{number}") is None for number in (1, 2, 3)] == [True, False, False]
    assert journal.command_counter("duty") == 3
    with pytest.raises(CommandConflictError):
        journal.record([], commands=[taken(1)])
    journal.close()


def test_orders_of_a_lane_hold_over_restarts_until_they_are_lifted(journal, path):
    journal.record([ordered("locked"), ordered("out_of_service", "technician"), ordered("locked", "chief", "out-2")])
    journal.record([ordered("locked", "officer 8")])
    journal.close()
    again = open_journal(path)
    assert again.lane_orders("in-1") == LaneLockout(locked_by="officer 8", out_of_service_by="technician")
    assert again.lane_orders("out-2") == LaneLockout(locked_by="chief")
    again.record([ordered("unlocked")])
    assert again.lane_orders("in-1") == LaneLockout(out_of_service_by="technician")
    again.record([ordered("in_service"), ordered("unlocked"), ordered("unlocked", lane="out-2")])
    assert again.lane_orders("in-1") == again.lane_orders("out-2") == again.lane_orders("none") == LaneLockout()
    again.close()


def test_an_order_that_cannot_be_recorded_does_not_hold(journal):
    with pytest.raises(CommandConflictError):
        journal.record([ordered("locked")], commands=[CommandAnswered("id-9", b"{}")])
    assert journal.lane_orders("in-1") == LaneLockout()
    with pytest.raises(ValueError, match="must name the lane"):
        journal.record([ordered("locked", lane=None)])


def version_2_file(path):
    """A journal as the agents before commands wrote it, with one consumed use."""
    connection = schema.connect(path, 1 << 24)
    schema.migrate(connection, schema.MIGRATIONS[:2])
    start = beginning(STREAM).digest
    connection.execute("INSERT INTO journal VALUES (1, ?, ?, 0, ?, 0, 0, 0, ?, 0)", (GATE, STREAM, start, start))
    row = (PERMIT, 1, "CONSUMED", "t1", "boot-0", 5000, "VIN", "export")
    connection.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    connection.close()


def test_a_file_of_version_2_is_brought_forward_with_all_it_holds(path):
    version_2_file(path)
    journal = open_journal(path)
    try:
        assert (journal.replaced, journal.stream) == (None, STREAM)
        assert journal.use_state(PERMIT).used == 1
        journal.record([ordered("locked")], commands=[taken(1)])
        assert journal.lane_orders("in-1").locked_by == "officer 7"
    finally:
        journal.close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)
    connection.close()


def torn(path, *statements):
    """The journal at `path` after some statements that no agent makes, and a flaw that gives it away."""
    connection = sqlite3.connect(path)
    with connection:
        for statement in (*statements, "UPDATE journal SET head_hash = 'nonsense'"):
            connection.execute(statement)
    connection.close()


@pytest.fixture
def full(path):
    """A journal with some of everything that is rescued."""
    journal = open_journal(path)
    journal.record([present()], [reserve(), consume()])
    commands = [taken(number) for number in range(1, 400)] + [CommandAnswered("id-1", b"{}")]
    journal.record([ordered("locked"), ordered("out_of_service", "technician")], commands=commands)
    journal.close()
    return path


def test_commands_counters_and_orders_outlive_a_damaged_journal(full):
    torn(full)
    journal = open_journal(full)
    told = journal.replaced
    assert (told.orders_whole, told.ledger_whole) == (True, True)
    assert "commands and orders of lanes rescued: all" in told.description
    assert journal.lane_orders("in-1") == LaneLockout("officer 7", "technician")
    assert journal.command_counter("duty") == 399
    assert journal.command("id-1").answer == b"{}"
    assert len(journal.unanswered_commands()) == 398
    assert journal.use_state(PERMIT).used == 1
    journal.close()


def test_a_lost_counter_is_made_anew_from_the_commands(full):
    torn(full, "DROP TABLE command_keys")
    journal = open_journal(full)
    assert not journal.replaced.orders_whole
    assert journal.command_counter("duty") == 399
    journal.close()


@pytest.mark.parametrize("table", ["commands", "command_keys", "lane_orders"])
def test_what_cannot_be_rescued_is_said(full, table):
    torn(full, f"DROP TABLE {table}")
    journal = open_journal(full)
    told = journal.replaced
    assert (told.orders_whole, told.ledger_whole) == (False, True)
    assert "NOT all, so a lane may have lost its lock" in told.description
    assert journal.use_state(PERMIT).used == 1
    journal.close()


def test_a_damaged_page_of_commands_is_read_around_from_both_ends(full):
    connection = sqlite3.connect(full)
    try:
        found = connection.execute("SELECT pageno FROM dbstat WHERE name = 'commands' AND pagetype = 'leaf'").fetchall()
    except sqlite3.OperationalError:
        pytest.skip("this SQLite has no dbstat")
    finally:
        connection.close()
    leaves = [number for (number,) in found]
    assert len(leaves) > 3
    with full.open("r+b") as file:
        file.seek((leaves[len(leaves) // 2] - 1) * schema.PAGE_BYTES)
        file.write(b"\xa5" * schema.PAGE_BYTES)
    journal = open_journal(full)
    kept = [number for number in range(1, 400) if journal.command(f"id-{number}") is not None]
    assert not journal.replaced.orders_whole
    assert 200 < len(kept) < 399
    assert journal.command_counter("duty") == 399
    assert journal.lane_orders("in-1").locked_by == "officer 7"
    journal.close()


def test_rows_that_make_no_sense_are_left_behind_and_said(full):
    connection = sqlite3.connect(full)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    with connection:
        connection.execute("UPDATE lane_orders SET kind = 'lokked' WHERE kind = 'locked'")
        connection.execute("UPDATE command_keys SET counter = -5")
    connection.close()
    torn(full)
    journal = open_journal(full)
    assert not journal.replaced.orders_whole
    assert journal.lane_orders("in-1") == LaneLockout(out_of_service_by="technician")
    assert journal.command_counter("duty") == 399
    journal.close()


def test_a_damaged_file_from_before_commands_lacks_none(path):
    version_2_file(path)
    torn(path)
    journal = open_journal(path)
    assert (journal.replaced.orders_whole, journal.replaced.ledger_whole) == (True, True)
    assert journal.use_state(PERMIT).used == 1
    journal.close()


@pytest.mark.parametrize("table", salvage.ORDERS, ids=lambda table: table.name)
def test_every_column_is_rescued(table):
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(connection)
    names = [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table.name,))]
    keys = connection.execute("SELECT count(*) FROM pragma_table_info(?) WHERE pk", (table.name,)).fetchone()
    connection.close()
    assert (tuple(names), (table.key,)) == (table.columns, keys)
