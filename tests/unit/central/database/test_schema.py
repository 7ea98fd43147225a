"""Migrations, months, retention and readers of the central database, in a real PostgreSQL."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from central.consumer import EventStore, Message
from central.database import (
    Dropped,
    IdentityError,
    Kept,
    Migration,
    MigrationError,
    ReaderPosition,
    Role,
    all_migrations,
    applied,
    begin_reader,
    claim,
    connect,
    drop_old_months,
    ensure_months,
    migrate,
    months,
    next_events,
    take,
)
from tests.support.central.databases import NOW, birth, health, status
from tests.support.consumer.events import GATE, chain, devices, message
from tests.support.consumer.postgres import needs_postgres
from tests.support.store.journals import closed

pytestmark = needs_postgres


@pytest.fixture
def empty(postgres):
    """A connection to a database without tables."""
    with closing(connect(postgres.new_database())) as opened:
        yield opened


def put(database, events, at):
    store = EventStore(database, lambda: at, Role.ACKNOWLEDGE)
    store.store([Message(*message(event)) for event in events])


def rows(database, question):
    return database.execute(question).fetchall()


# --------------------------------------------------------------------------------------------------------- migrations


def test_migrations_are_applied_once_and_in_order(empty):
    assert applied(empty) == 0
    assert [step.number for step in migrate(empty)] == [step.number for step in all_migrations()]
    assert migrate(empty) == []
    assert applied(empty) == len(all_migrations())


def test_a_step_that_fails_leaves_the_database_as_it_was(empty):
    steps = [Migration(1, "0001_a.sql", "CREATE TABLE a (b int)"), Migration(2, "0002_b.sql", "CREATE NONSENSE")]
    with pytest.raises(psycopg.errors.SyntaxError):
        migrate(empty, steps)
    assert applied(empty) == 0
    assert rows(empty, "SELECT to_regclass('a')") == [(None,)]


def test_a_step_that_was_changed_afterwards_and_one_of_a_newer_release_are_refused(empty):
    steps = [Migration(1, "0001_a.sql", "CREATE TABLE a (b int)"), Migration(2, "0002_b.sql", "CREATE TABLE c (d int)")]
    migrate(empty, steps)
    with pytest.raises(MigrationError, match=r"0001_a\.sql was changed after it was applied"):
        migrate(empty, [replace(steps[0], sql="CREATE TABLE a (b bigint)"), steps[1]])
    with pytest.raises(MigrationError, match=r"0002_b\.sql, which this release does not know"):
        migrate(empty, steps[:1])


def test_a_fleet_of_the_release_before_statuses_said_how_often_they_come_is_taken_over(empty):
    migrate(empty, all_migrations()[:5])
    empty.execute(
        "INSERT INTO gates (gate, state, heard_at, status_at) "
        "SELECT n, 'online', now(), now() - make_interval(secs => n) FROM generate_series(60, 120, 60) n"
    )
    before = rows(empty, "SELECT * FROM fleet ORDER BY gate DESC")
    assert [step.number for step in migrate(empty, all_migrations()[:6])] == [6]
    assert rows(empty, "SELECT * FROM fleet ORDER BY gate DESC") == before
    assert rows(empty, "SELECT gate, status_every_s FROM gates ORDER BY gate DESC") == [("60", 30), ("120", 30)]


def test_the_files_are_numbered_from_one_without_gaps():
    assert [step.number for step in all_migrations()] == list(range(1, len(all_migrations()) + 1))


def test_a_database_belongs_to_one_central(database):
    claim(database, "central", Role.ACKNOWLEDGE)
    claim(database, "central", Role.ACKNOWLEDGE)
    for name, role in (("central", Role.LISTEN), ("ministry", Role.ACKNOWLEDGE)):
        with pytest.raises(IdentityError, match="of central 'central' with the role 'acknowledge'"):
            claim(database, name, role)


# ------------------------------------------------------------------------------------------------------ silent gates


def heard(database, ago, *messages):
    """Store what came that long ago."""
    at = rows(database, "SELECT now()")[0][0] - ago
    EventStore(database, lambda: at, Role.ACKNOWLEDGE).store([Message(*one) for one in messages])


def silence(database):
    """The state of the gate in the fleet, and what its problem says, if it has one."""
    return rows(database, "SELECT state, code, detail FROM fleet")


@pytest.mark.parametrize(
    ("every_s", "just_before", "just_after", "limit_s"),
    [
        (None, timedelta(seconds=80), timedelta(seconds=91), 90),
        (5, timedelta(seconds=80), timedelta(seconds=91), 90),
        (30, timedelta(seconds=80), timedelta(seconds=91), 90),
        (31, timedelta(seconds=83), timedelta(seconds=94), 93),
        (600, timedelta(minutes=10), timedelta(minutes=31), 1800),
        (3600, timedelta(minutes=179), timedelta(minutes=181), 10800),
    ],
)
def test_a_gate_is_silent_after_three_times_as_long_as_it_says_and_no_sooner_than_90_s(
    database, every_s, just_before, just_after, limit_s
):
    said = {} if every_s is None else {"status_every_s": every_s}
    heard(database, just_before, status(**said))
    assert silence(database) == [("online", None, None)]
    heard(database, just_after, status(**said))
    assert silence(database) == [("silent", "SILENT", f"says online, and no status for longer than {limit_s} s")]


def test_an_agent_that_went_back_to_a_release_that_does_not_say_it_is_silent_after_90_s(database):
    heard(database, timedelta(minutes=10), status(status_every_s=600))
    assert silence(database) == [("online", None, None)]
    heard(database, timedelta(minutes=2), status())
    [(state, *_)] = silence(database)
    assert state == "silent"


@pytest.mark.parametrize("later", [birth(), health(), ("gate/v1/khorgos-03/status", b'{"state": "online"}')])
def test_a_message_that_does_not_say_it_leaves_what_the_last_whole_status_said(database, later):
    heard(database, timedelta(minutes=10), status(status_every_s=600))
    heard(database, timedelta(minutes=10), later)
    assert silence(database) == [("online", None, None)]


@pytest.mark.parametrize("every_s", [0, -1, 86_401, 2**62, 1.5, "600"])
def test_a_status_that_says_something_else_is_rejected_and_no_view_breaks(database, every_s):
    heard(database, timedelta(minutes=2), status())
    heard(database, timedelta(seconds=1), status(status_every_s=every_s))
    [(state, *_)] = silence(database)
    assert state == "silent"
    [(reason,)] = rows(database, "SELECT reason FROM rejected")
    assert reason.startswith("status_every_s")


# ---------------------------------------------------------------------------------------------------- months, retention


@pytest.fixture
def aged(empty):
    """A database with the months from August to January."""
    migrate(empty)
    assert ensure_months(empty, NOW, back=3) == ["2026_08", "2026_09", "2026_10", "2026_11", "2026_12", "2027_01"]
    assert ensure_months(empty, NOW, back=3) == []
    return empty


AUGUST, OCTOBER = NOW - timedelta(days=92), NOW - timedelta(days=31)


def test_a_month_that_is_old_and_proven_is_dropped_and_what_it_held_is_noted(aged):
    events = chain(closed("t1"), *devices(2), closed("t2"))
    put(aged, events[:3], AUGUST)
    put(aged, events[3:], NOW)
    assert drop_old_months(aged, NOW, 2) == [Dropped("2026_08", 3)]
    assert months(aged) == ["2026_09", "2026_10", "2026_11", "2026_12", "2027_01"]
    assert rows(aged, "SELECT month, first_seq, last_seq, events, encode(last_digest, 'hex') FROM dropped_events") == [
        ("2026_08", 1, 3, 3, events[2].digest)
    ]
    assert rows(aged, "SELECT transaction_id FROM vehicles") == [("t2",)]
    put(aged, events, NOW)  # sent again: known by the watermark, and not stored again
    assert rows(aged, "SELECT seq FROM events") == [(4,)]


def test_a_month_with_an_event_that_is_not_proven_is_kept_and_says_why(aged):
    events = chain(*devices(3))
    put(aged, [events[0], events[2]], AUGUST)
    assert drop_old_months(aged, NOW, 1) == [
        Kept("2026_08", f"{GATE}: event 3 is beyond the watermark 1"),
        Dropped("2026_09", 0),
    ]
    put(aged, [events[1]], NOW)
    assert Dropped("2026_08", 2) in drop_old_months(aged, NOW, 1)


def test_where_a_key_is_noted_a_month_waits_for_the_gates_signature(aged):
    put(aged, chain(*devices(3)), AUGUST)
    aged.execute("INSERT INTO gate_keys VALUES (%s, %s, 'a person')", (GATE, bytes(32)))
    [kept, *_] = drop_old_months(aged, NOW, 2)
    assert kept == Kept("2026_08", f"{GATE}: event 3 is beyond what the gate has signed, 0")


def test_a_month_waits_for_each_reader(aged):
    put(aged, chain(*devices(3)), AUGUST)
    begin_reader(aged, "customs")
    [kept, *_] = drop_old_months(aged, NOW, 2)
    assert kept == Kept("2026_08", f"{GATE}: the reader 'customs' has not taken all of it")
    take(aged, "customs", [ReaderPosition(next_events(aged, "customs")[0].stream_id, 3)])
    assert Dropped("2026_08", 3) in drop_old_months(aged, NOW, 2)


# -------------------------------------------------------------------------------------------------------- readers


def test_a_reader_gets_proven_events_in_order_and_each_until_it_says_that_it_has_it(database):
    events = chain(*devices(5))
    begin_reader(database, "customs")
    put(database, [*events[:2], *events[3:]], NOW)
    first = next_events(database, "customs", limit=1)
    assert [one.payload for one in first] == [events[0].payload]
    assert [one.seq for one in next_events(database, "customs")] == [1, 2]  # 4 and 5 wait behind a gap
    take(database, "customs", [ReaderPosition(first[0].stream_id, 1)])
    put(database, [events[2]], NOW)
    assert [one.seq for one in next_events(database, "customs")] == [2, 3, 4, 5]
    take(database, "customs", [ReaderPosition(first[0].stream_id, seq) for seq in (2, 5, 4)])
    take(database, "customs", [ReaderPosition(first[0].stream_id, 2)])  # never back
    assert next_events(database, "customs") == []


def test_a_reader_may_begin_at_now_and_readers_do_not_share_their_position(database):
    put(database, chain(*devices(2)), NOW)
    assert begin_reader(database, "old")
    assert begin_reader(database, "new", from_now=True)
    assert not begin_reader(database, "new")
    assert [len(next_events(database, name)) for name in ("old", "new")] == [2, 0]
