"""What gates tell one another of permit uses: in order, each once, conflicts flagged once, and anew where one lost its
all.
"""

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace

import pytest

from agent.core.site.permit_uses import Cursor, Taken
from agent.store.errors import LedgerConflictError
from agent.store.journal import event_table, schema
from agent.store.journal.ledger import UseState
from tests.support.site.ledgers import (
    CONSUMED,
    PEER,
    RELEASED,
    RESERVED,
    STREAM,
    THIRD,
    UTC_MS,
    VIN,
    ask,
    conflicts,
    take,
    told,
)
from tests.support.store.journals import (
    GATE,
    PERMIT,
    consume,
    device,
    open_journal,
    present,
    release,
    reserve,
)
from tests.support.waiting import scaled

OTHER = bytes.fromhex("1112131415161718")
NEW_STREAM = "5d0b9f1e-3333-4222-8333-944445555666"
DAY_S = 86_400.0


@pytest.fixture
def peer(tmp_path):
    peer = open_journal(tmp_path / "peer.db", gate=PEER)
    yield peer
    peer.close()


# ------------------------------------------------------------------------------------------------- a gate's own row log


def test_each_change_of_a_gates_own_rows_has_a_place_in_its_log(journal):
    assert (journal.site.head(), journal.site.rows_after(0, 10)) == (0, ())
    journal.record([], [reserve(1, "t1", PERMIT, VIN, "export")])
    row = told(1, RESERVED, "t1")
    assert (journal.site.head(), journal.site.rows_after(0, 10)) == (1, (row,))
    journal.record([], [reserve(2, "t2", OTHER, VIN, "export"), consume(1, "t1")])
    other = told(2, RESERVED, "t2", permit=OTHER, use=2)
    settled = told(3, CONSUMED, "t1")
    assert journal.site.rows_after(0, 10) == (other, settled), "a row stands at its newest change"
    assert journal.site.rows_after(2, 10) == (settled,)
    assert journal.site.rows_after(0, 1) == (other,)
    assert journal.site.rows_after(3, 10) == ()


def test_a_change_that_fails_takes_no_place(journal):
    journal.record([], [reserve()])
    with pytest.raises(LedgerConflictError):
        journal.record([], [consume(), reserve()])
    assert journal.site.head() == 1


def test_a_place_is_never_given_twice(journal, clock):
    journal.record([], [reserve(), consume()])
    clock.utc += 2 * DAY_S
    assert journal.forget_uses(DAY_S) == 1
    assert (journal.site.head(), journal.site.rows_after(0, 10)) == (2, ())
    journal.record([], [reserve(1, "t2")])
    assert [row.seq for row in journal.site.rows_after(2, 10)] == [3]


def test_nor_where_the_rows_alone_said_where_the_log_ends(tmp_path, clock):
    """As in a file that was rescued, or of an earlier version, in which nothing changed since."""
    journal = open_journal(tmp_path / "rescued.db", clock=clock)
    journal.record([], [reserve(), consume()])
    with closing(sqlite3.connect(tmp_path / "rescued.db")) as other, other:
        other.execute("DELETE FROM site_log")
    clock.utc += 2 * DAY_S
    assert journal.forget_uses(DAY_S) == 1
    assert journal.site.head() == 2
    journal.record([], [reserve(1, "t2")])
    assert [row.seq for row in journal.site.rows_after(2, 10)] == [3]
    journal.close()


def test_what_others_did_is_not_in_the_log(journal):
    take(journal, told(1))
    journal.site.claim(ask("x1", THIRD, OTHER))
    assert journal.site.rows_after(0, 10) == ()


def test_a_waiter_hears_of_a_new_row(journal):
    heard = []
    waiter = threading.Thread(target=lambda: heard.append(journal.site.wait_for_rows(0, 30)))
    waiter.start()
    journal.record([], [reserve()])
    waiter.join(scaled(30))
    assert heard == [True]
    assert not journal.site.wait_for_rows(1, 0)


def test_a_waiter_for_rows_does_not_hear_of_events_and_is_let_go_at_the_end(journal):
    heard = []
    waiter = threading.Thread(target=lambda: heard.append(journal.site.wait_for_rows(0, 30)))
    waiter.start()
    journal.record([device()])
    assert waiter.is_alive()
    journal.close()
    waiter.join(scaled(30))
    assert heard == [False]


# ------------------------------------------------------------------------------------------------- rows of other gates


def test_rows_are_taken_in_order_and_once(journal):
    rows = [told(1, RESERVED), told(2, CONSUMED), told(3, RESERVED, "p2", permit=OTHER)]
    assert take(journal, *rows[:1]) == Taken(1)
    assert take(journal, *rows[1:]) == Taken(3)
    assert journal.site.cursor(PEER) == Cursor(STREAM, 3, synced=False)
    for again in (rows, rows[:1], rows[2:]):
        assert take(journal, *again) == Taken(3)
    assert journal.use_state(PERMIT) == UseState(1, None, False, 2, used_at=PEER)
    assert journal.head == 0, "nothing to tell"


def test_rows_behind_a_gap_are_not_taken(journal):
    take(journal, told(1, RESERVED))
    assert take(journal, told(3)) == Taken(1, gap=True)
    assert take(journal, told(3), gate=THIRD) == Taken(0, gap=True)
    assert journal.use_state(PERMIT).used == 0
    assert take(journal, told(3), first=2) == Taken(3), "complete, for a row stands at its newest change only"


def test_no_rows_are_taken_too(journal):
    assert journal.site.take_rows(PEER, STREAM, 1, ()) == Taken(0)
    take(journal, told(1))
    assert journal.site.take_rows(PEER, STREAM, 2, ()) == Taken(1)
    assert journal.site.take_rows(PEER, STREAM, 3, ()) == Taken(1, gap=True)


def test_an_older_row_changes_nothing(journal):
    take(journal, told(5, RELEASED), first=1)
    take(journal, told(2, RESERVED), first=1)
    assert journal.use_state(PERMIT).reserved_at is None


def test_what_a_gate_consumed_stays_consumed(journal):
    take(journal, told(1))
    take(journal, told(2, RELEASED))
    take(journal, told(3, RESERVED, "p2"))
    assert journal.use_state(PERMIT) == UseState(1, None, False, 2, used_at=PEER)
    assert conflicts(journal) == []


def test_a_gate_that_lost_its_journal_begins_anew(journal):
    take(journal, told(7, RESERVED), told(8, CONSUMED, permit=OTHER), first=1)
    assert take(journal, told(2), stream=NEW_STREAM) == Taken(0, gap=True)
    assert take(journal, told(1, RESERVED, "p9"), stream=NEW_STREAM) == Taken(1)
    assert journal.site.cursor(PEER) == Cursor(NEW_STREAM, 1, synced=False)
    take(journal, told(2, RELEASED, "p9"), stream=NEW_STREAM)
    assert journal.use_state(PERMIT).reserved_at is None
    assert journal.use_state(OTHER).used == 1


def test_what_a_gate_had_reserved_is_not_free_because_its_older_copy_gave_it_back(journal):
    take(journal, told(1, RELEASED, "p1"), told(2, RESERVED, "p2"), first=1)
    take(journal, told(1, RELEASED, "p1"), stream=NEW_STREAM)
    assert journal.use_state(PERMIT).reserved_at == PEER
    assert journal.site.dump_rows(PEER, None, 10)[0].state is RESERVED
    take(journal, told(2, RESERVED, "p2"), told(3, RELEASED, "p2"), stream=NEW_STREAM)
    assert journal.use_state(PERMIT).reserved_at is None


@pytest.mark.parametrize("gate", ["", GATE])
def test_a_gate_takes_no_rows_of_its_own(journal, gate):
    for call in (
        lambda: journal.site.take_rows(gate, STREAM, 1, [told(1)]),
        lambda: journal.site.take_dump(gate, STREAM, [told(1)]),
        lambda: journal.site.mark_synced(gate, STREAM, 1),
    ):
        with pytest.raises(ValueError, match="no other gate"):
            call()


# ------------------------------------------------------------------------------------------------- conflicts


def test_a_use_that_two_gates_consumed_is_told_once(journal):
    journal.record([], [reserve(), consume()])
    row = told(1, utc_ms=UTC_MS + 1)
    taken = take(journal, row)
    assert [(one.gates, one.transactions, one.vehicle) for one in taken.conflicts] == [
        ((GATE, PEER), ("t1", "p1"), VIN)
    ]
    assert take(journal, row).conflicts == ()
    take(journal, replace(row, seq=2))
    take(journal, replace(row, seq=1), stream=NEW_STREAM)
    journal.record([], [consume()])
    assert conflicts(journal) == [(PERMIT, 1, [GATE, PEER], ["t1", "p1"])]


def test_a_use_that_this_gate_consumes_last_is_told_behind_its_own_events(journal):
    journal.record([present()], [reserve()])
    take(journal, told(1, utc_ms=UTC_MS - 1))
    assert conflicts(journal) == []
    recorded = journal.record([device("passed")], [consume()])
    assert [one.seq for one in recorded] == [2], "what was asked for"
    assert journal.head == 3
    assert conflicts(journal) == [(PERMIT, 1, [PEER, GATE], ["p1", "t1"])]
    assert journal.wait_for_news(2, 0)


def test_a_third_gate_makes_a_second_conflict(journal):
    take(journal, told(1, utc_ms=UTC_MS + 1))
    take(journal, told(1, utc_ms=UTC_MS + 2, transaction="x1"), gate=THIRD)
    journal.record([], [reserve(2), consume(2)])
    take(journal, told(2, use=2, utc_ms=UTC_MS + 3))
    take(journal, told(2, use=2, utc_ms=UTC_MS + 4, transaction="x1"), gate=THIRD)
    assert conflicts(journal) == [
        (PERMIT, 1, [PEER, THIRD], ["p1", "x1"]),
        (PERMIT, 2, [GATE, PEER], ["t1", "p1"]),
        (PERMIT, 2, [GATE, PEER, THIRD], ["t1", "p1", "x1"]),
    ]


def test_a_gate_that_forgot_what_it_consumed_and_consumes_it_again_is_told(journal):
    take(journal, told(1))
    take(journal, told(1, transaction="p9", utc_ms=UTC_MS + 5), stream=NEW_STREAM)
    take(journal, told(1, transaction="p9", utc_ms=UTC_MS + 5), stream=NEW_STREAM)
    assert conflicts(journal) == [(PERMIT, 1, [PEER, PEER], ["p1", "p9"])]


def test_uses_that_were_only_reserved_twice_are_no_conflict(journal):
    journal.record([], [reserve()])
    take(journal, told(1, RESERVED))
    take(journal, told(2, CONSUMED))
    journal.record([], [release()])
    assert conflicts(journal) == []


# ------------------------------------------------------------------------------------------------- anew, after a loss


def dumped(journal, gate, limit=3):
    """Everything that a journal tells a gate that lost its own, page by page."""
    pages, after = [], None
    while page := journal.site.dump_rows(gate, after, limit):
        pages.append(page)
        last = page[-1]
        after = (last.permit_id, last.use, last.gate)
    return pages


def test_a_gate_that_lost_its_journal_gets_everything_back(tmp_path, journal):
    """From a gate that knows its rows, those of a third, and what it granted to it."""
    lost = open_journal(tmp_path / "lost.db", gate=PEER)
    for number in range(1, 8):
        permit = bytes([number]) * 8
        lost.record([], [reserve(1, f"p{number}", permit, VIN, "export"), consume(1, f"p{number}", permit)])
    lost.record(
        [],
        [
            reserve(1, "open", b"reserved", VIN, "export"),
            reserve(1, "gone", b"released"),
            release(1, "gone", b"released"),
        ],
    )
    take(journal, *lost.site.rows_after(0, 100), stream=lost.stream, first=1)
    lost_stream = lost.stream
    lost.close()
    journal.site.claim(ask("granted", permit=b"granted!"))
    journal.site.claim(ask("claim of p8", permit=b"claimed!"))
    take(journal, told(99, transaction="p8", permit=b"claimed!"), stream=lost_stream, first=1)
    take(journal, told(1, transaction="x1", permit=b"third's!"), gate=THIRD)
    journal.record([], [reserve(1, "t1"), consume(1, "t1")])

    new = open_journal(tmp_path / "new.db", gate=PEER)
    assert new.site.unsynced([GATE, THIRD]) == (GATE, THIRD)
    for page in dumped(journal, PEER):
        assert new.site.take_dump(GATE, journal.stream, page) == ()
    new.site.mark_synced(GATE, journal.stream, journal.site.head())
    assert new.site.unsynced([GATE, THIRD]) == (THIRD,)
    assert new.site.cursor(GATE) == Cursor(journal.stream, journal.site.head(), synced=True)
    wanted = {bytes([number]) * 8: UseState(1, None, False, 2) for number in range(1, 8)} | {
        b"reserved": UseState(0, "open", True, 2),  # in doubt
        b"granted!": UseState(0, "granted", True, 2),  # it may have opened for it
        b"claimed!": UseState(1, None, False, 2),  # it told already what it did
        b"released": UseState(0, None, False, 1),
        b"third's!": UseState(1, None, False, 2, used_at=THIRD),
        PERMIT: UseState(1, None, False, 2, used_at=GATE),
    }
    assert {permit: new.use_state(permit) for permit in wanted} == wanted
    assert new.site.wait_for_rows(new.site.head() - 1, 0), "its own rows are told again"
    assert [row.seq for row in new.site.rows_after(0, 100)] == list(range(1, new.site.head() + 1))
    for page in dumped(journal, PEER):
        new.site.take_dump(GATE, journal.stream, page)
    assert new.site.head() == 10, "nothing is news the second time"
    new.close()


def test_hearsay_fills_what_is_not_known_and_never_takes_back(journal):
    take(journal, told(1, RESERVED, "x1"), told(2, RELEASED, "x2", permit=OTHER), gate=THIRD)
    journal.record([], [reserve(1, "t1", b"own"), consume(1, "t1", b"own"), reserve(1, "t2", b"open")])
    journal.site.take_dump(
        PEER,
        STREAM,
        [
            told(0, CONSUMED, "x1", gate=THIRD),
            told(0, RESERVED, "x2", permit=OTHER, gate=THIRD),
            told(0, RESERVED, "t1", permit=b"own", gate=GATE),
            told(0, CONSUMED, "t2", permit=b"open", gate=GATE),
        ],
    )
    assert journal.use_state(PERMIT) == UseState(1, None, False, 2, used_at=THIRD)
    assert journal.use_state(OTHER) == UseState(0, None, False, 1)
    assert journal.use_state(b"own") == UseState(1, None, False, 2)
    assert journal.use_state(b"open") == UseState(1, None, False, 2), "it told so itself, before it lost its journal"


@pytest.mark.parametrize(
    ("reported", "transaction", "known"),
    [
        (CONSUMED, "t2", UseState(1, None, False, 2)),
        (CONSUMED, "t1", UseState(1, None, False, 2)),
        (RESERVED, "t2", UseState(0, "t2", True, 2)),
        (RESERVED, "t1", UseState(0, None, False, 1)),
    ],
    ids=["used by another", "used after all", "reserved by another", "reserved before it was given back"],
)
def test_a_use_that_an_older_copy_gave_back_is_as_others_know_it(journal, reported, transaction, known):
    journal.record([], [reserve(1, "t1"), release(1, "t1")])
    journal.site.take_dump(PEER, STREAM, [told(0, reported, transaction, gate=GATE)])
    assert journal.use_state(PERMIT) == known


def test_another_gates_own_word_that_a_use_was_given_back_outlasts_hearsay(journal):
    take(journal, told(1, RELEASED, "x2"), gate=THIRD)
    journal.site.take_dump(PEER, STREAM, [told(0, RESERVED, "x1", gate=THIRD), told(0, CONSUMED, "x1", gate=THIRD)])
    assert journal.use_state(PERMIT) == UseState(0, None, False, 1)


def test_conflicts_are_found_in_what_is_told_anew(journal):
    journal.record([], [reserve(), consume()])
    rows = [told(1, utc_ms=UTC_MS + 1)]
    assert len(journal.site.take_dump(PEER, STREAM, rows)) == 1
    assert journal.site.take_dump(PEER, STREAM, rows) == ()
    assert conflicts(journal) == [(PERMIT, 1, [GATE, PEER], ["t1", "p1"])]


def test_rows_that_changed_while_all_was_told_follow(journal):
    """What is told anew may be newer than the place at which its telling began."""
    journal.site.take_dump(PEER, STREAM, [told(9, CONSUMED), told(3, RESERVED, "p2", permit=OTHER)])
    journal.site.mark_synced(PEER, STREAM, 5)
    assert take(journal, told(7, RELEASED, "p2", permit=OTHER), told(9), first=6) == Taken(9)
    assert journal.use_state(PERMIT).used == 1
    assert journal.use_state(OTHER).reserved_at is None
    journal.site.mark_synced(PEER, STREAM, 5)
    assert journal.site.cursor(PEER) == Cursor(STREAM, 9, synced=True)


def test_a_gate_stays_synced_when_another_begins_anew(journal):
    journal.site.mark_synced(PEER, STREAM, 4)
    take(journal, told(1), stream=NEW_STREAM)
    assert journal.site.unsynced([PEER]) == ()


# ------------------------------------------------------------------------------------------------- age and damage


def test_uses_of_all_gates_are_forgotten_by_age_but_for_its_own_open_ones(journal, clock):
    journal.record([], [reserve(1, "t1"), reserve(2, "t2"), consume(2, "t2")])
    take(journal, told(1, RESERVED, permit=OTHER), told(2, CONSUMED, permit=b"consumed"))
    take(journal, told(3, CONSUMED, permit=b"young", utc_ms=UTC_MS + 86_400_000))
    clock.utc += 2 * DAY_S
    assert journal.forget_uses(1.5 * DAY_S) == 3
    assert journal.use_state(PERMIT) == UseState(0, "t1", False, 2)
    assert journal.use_state(OTHER) == UseState(0, None, False, 1)
    assert journal.use_state(b"young").used == 1


def test_a_damaged_journal_leaves_the_uses_of_all_gates_and_asks_all_anew(tmp_path):
    path = tmp_path / "journal.db"
    first = open_journal(path)
    first.record([device()], [reserve(1, "t0", b"gone"), consume(1, "t0", b"gone"), reserve(1, "t1")])
    first.record([], [release(1, "t1")])
    take(first, told(7, CONSUMED, permit=OTHER), first=1)
    first.site.claim(ask("x1", THIRD, b"granted!"))
    first.site.mark_synced(PEER, STREAM, 7)
    first._database._connection.execute("UPDATE events SET payload = x'00'")
    first.close()

    second = open_journal(path, boot="boot-2")
    assert second.replaced.ledger_whole
    assert second.replaced.ledger_rows == 3
    assert second.use_state(b"gone").used == 1
    assert second.use_state(OTHER).used_at == PEER
    assert second.use_state(b"granted!").reserved_at == THIRD
    assert second.site.unsynced([PEER]) == (PEER,)
    assert second.site.cursor(PEER) == Cursor("", 0, synced=False)
    assert [(row.seq, row.permit_id) for row in second.site.rows_after(0, 10)] == [(1, b"gone"), (2, PERMIT)]
    second.record([], [reserve(1, "t2", b"new")])
    assert second.site.head() == 3
    assert take(second, told(1, CONSUMED, permit=OTHER)) == Taken(1), "its rows are told again"
    second.close()


def test_a_ledger_that_lost_what_was_granted_is_not_whole(tmp_path):
    path = tmp_path / "journal.db"
    first = open_journal(path)
    first.record([device()])
    first.site.claim(ask("x1", THIRD))
    first._database._connection.execute("DROP TABLE consents")
    first.close()
    second = open_journal(path, boot="boot-2")
    assert not second.replaced.ledger_whole
    assert second.replaced.orders_whole
    assert "NOT all, so used permits may pass again" in second.replaced.description
    second.close()


def test_a_lost_row_log_goes_on_behind_its_rows(journal):
    """Damage that alters its last place must not give a place twice."""
    journal.record([], [reserve(), reserve(2, "t2")])
    journal._database._connection.execute("UPDATE site_log SET seq = 0")
    assert journal.site.head() == 2
    journal.record([], [reserve(3, "t3")])
    assert [row.seq for row in journal.site.rows_after(0, 10)] == [1, 2, 3]
    journal._database._connection.execute("DELETE FROM site_log")
    journal.record([], [reserve(4, "t4")])
    assert [row.seq for row in journal.site.rows_after(0, 10)] == [1, 2, 3, 4]


# ------------------------------------------------------------------------------------------------- files of version 4


def version_4_file(path, rows, max_bytes=1 << 24):
    """A journal as agents wrote it that knew of no other gates."""
    connection = schema.connect(path, max_bytes)
    schema.migrate(connection, schema.MIGRATIONS[:4])
    event_table.begin_stream(connection, GATE, STREAM)
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.execute("COMMIT")
    return connection


def test_a_ledger_of_version_4_is_this_gates_own_in_the_order_of_time(tmp_path):
    path = tmp_path / "journal.db"
    rows = [
        (PERMIT, 1, "CONSUMED", "t1", "boot-0", UTC_MS + 5, VIN, "export"),
        (PERMIT, 2, "RESERVED", "t2", "boot-0", UTC_MS, VIN, "export"),
        (OTHER, 1, "RELEASED", "t3", "boot-0", UTC_MS + 9, "", ""),
    ]
    version_4_file(path, rows).close()
    journal = open_journal(path)
    assert journal.replaced is None
    assert (journal.stream, journal.use_state(PERMIT)) == (STREAM, UseState(1, "t2", True, 3))
    assert [(one.use, one.transaction) for one in journal.recover().orphans] == [(2, "t2")]
    assert journal.site.rows_after(0, 10) == (
        told(1, RESERVED, "t2", use=2),
        told(2, CONSUMED, "t1", utc_ms=UTC_MS + 5),
        told(3, RELEASED, "t3", permit=OTHER, utc_ms=UTC_MS + 9, vehicle="", direction=""),
    )
    journal.record([], [consume(2, "t2")])
    assert journal.site.head() == 4
    assert journal.site.unsynced([PEER]) == (PEER,)
    journal.close()


def test_a_full_file_of_version_4_has_room_to_be_brought_forward(tmp_path):
    path, cap = tmp_path / "journal.db", 1 << 20
    rows = [
        (number.to_bytes(8, "big"), 1, "CONSUMED", f"transaction {number}", "boot-0", UTC_MS, VIN, "export")
        for number in range(6000)
    ]
    connection = version_4_file(path, rows, cap)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.close()
    assert pages * schema.PAGE_BYTES > cap * 0.7
    journal = open_journal(path, max_bytes=cap)
    assert journal.use_state((5999).to_bytes(8, "big")).used == 1
    journal.close()
