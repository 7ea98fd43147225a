"""The journal's contract: what is recorded, read, acknowledged and pruned."""

import hashlib
import json
import sqlite3
import threading
from contextlib import closing

import pytest

from agent.core.events.chain import beginning
from agent.core.events.chain_verification import verify
from agent.core.events.event_types import Draft, LaneOrdered
from agent.store.errors import JournalUnavailableError, WatermarkError
from tests.support.store.journals import (
    GATE,
    PERMIT,
    UTC,
    closed,
    consume,
    device,
    entering,
    granted,
    open_journal,
    present,
    reserve,
    writer_process,
)
from tests.support.waiting import eventually, scaled

DAY_S = 86400.0


def fill(journal, count, **kinds):
    for number in range(count):
        journal.record([device(f"{number:05d}", **kinds)])


def test_a_new_journal_is_empty_and_its_chain_begins_with_its_stream(journal):
    assert (journal.head, journal.watermark, journal.tail, journal.replaced) == (0, 0, 0, None)
    assert journal.checkpoint() == beginning(journal.stream)
    assert journal.head_hash == hashlib.sha256(journal.stream.encode()).hexdigest()
    assert (journal.depth().events, journal.depth().bytes) == (0, 0)
    assert journal.unacknowledged(0, 10) == []
    assert list(journal.range(1, 100)) == []


def test_events_are_recorded_in_order_and_read_back_byte_for_byte(journal):
    recorded = journal.record([present(), granted(), closed()])
    assert [one.seq for one in recorded] == [1, 2, 3]
    assert [one.type for one in recorded] == ["vehicle.present", "access.granted", "transaction.closed"]
    assert journal.unacknowledged(0, 10) == recorded
    assert list(journal.range(2, 2)) == recorded[1:2]
    assert all(one.hash == hashlib.sha256(one.payload).hexdigest() for one in recorded)
    assert json.loads(recorded[0].payload)["id"] == recorded[0].id
    assert (journal.head, journal.head_hash) == (3, recorded[2].hash)
    assert journal.depth().bytes == sum(len(one.payload) for one in recorded)
    assert verify((one.payload for one in recorded), anchor=beginning(journal.stream), head=journal.checkpoint()).whole


def test_nothing_to_record_is_nothing_recorded(journal):
    assert journal.record([]) == []
    assert journal.record([], [reserve()]) == []
    assert (journal.head, journal.use_state(PERMIT).open_reservation) == (0, "t1")


def test_the_clock_of_the_record_goes_into_the_event_and_the_time_of_the_draft_stays(journal, clock):
    clock.synced = False
    (one,) = journal.record([device(utc=UTC - 5)])
    event = json.loads(one.payload)
    assert (event["clocksynced"], event["time"][17:19]) == (False, "35")


def test_a_journal_that_is_opened_again_goes_on_where_it_was(tmp_path):
    first = open_journal(tmp_path / "journal.db")
    last = first.record([present(), granted()])[-1]
    first.acknowledge(first.stream, 1)
    first.close()
    again = open_journal(tmp_path / "journal.db", boot="boot-2")
    try:
        assert (again.stream, again.head, again.head_hash, again.watermark) == (first.stream, 2, last.hash, 1)
        event = json.loads(again.record([device()])[0].payload)
        assert (event["seq"], event["boot"], event["prev"]) == (3, "boot-2", last.hash)
    finally:
        again.close()


def test_each_new_file_has_a_stream_of_its_own(tmp_path):
    streams = set()
    for name in ("a.db", "b.db"):
        journal = open_journal(tmp_path / name)
        streams.add(journal.stream)
        journal.close()
    assert len(streams) == 2


def test_commits_are_made_durable(journal):
    connection = journal._database._connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


# ------------------------------------------------------------------------------------------------------ refusals


def test_a_journal_is_held_by_one_process(tmp_path):
    with writer_process(tmp_path / "journal.db", "boot-1") as process:
        assert process.stdout.readline() == "open\n"
        with pytest.raises(JournalUnavailableError, match="another agent"):
            open_journal(tmp_path / "journal.db")
    open_journal(tmp_path / "journal.db").close()


def test_a_journal_is_opened_once_in_a_process_too_and_who_is_refused_frees_it_for_nobody(tmp_path):
    path = tmp_path / "journal.db"
    with closing(open_journal(path)) as journal:
        with pytest.raises(JournalUnavailableError, match="another agent"):
            open_journal(path)
        with writer_process(path, "boot-1") as process:
            assert process.stdout.readline() == "", "another process was let in"
        journal.record([device("00001")])
    open_journal(path).close()


def test_the_journal_of_another_gate_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "journal.db"
    with closing(open_journal(path)) as journal:
        journal.record([device("00001")], [reserve()])
    with pytest.raises(JournalUnavailableError, match=f"of gate {GATE}, not other"):
        open_journal(path, gate="other")
    open_journal(path).close()


def test_the_journal_of_another_gate_whose_lane_is_locked_is_refused(tmp_path):
    path = tmp_path / "journal.db"
    with closing(open_journal(path)) as journal:
        journal.record([Draft(LaneOrdered(order="locked", operator="officer 7", cause="flood"), "exit-1", None, UTC)])
        assert journal.lane_orders("exit-1").locked_by
    with pytest.raises(JournalUnavailableError, match=f"of gate {GATE}, not other"):
        open_journal(path, gate="other")


def test_the_journal_of_another_gate_that_central_has_heard_of_is_refused(tmp_path):
    path = tmp_path / "journal.db"
    with closing(open_journal(path)) as journal:
        journal.record([device("00001")])
        journal.acknowledge(journal.stream, 1)
    with pytest.raises(JournalUnavailableError, match=f"of gate {GATE}, not other"):
        open_journal(path, gate="other")


def test_the_journal_of_another_gate_to_which_nothing_has_happened_is_set_aside_whole(tmp_path):
    path = tmp_path / "journal.db"
    for gate in (GATE, "other", GATE):
        with closing(open_journal(path, gate=gate)) as journal:
            assert journal.head == 0
            journal.record([device("00001")])
    kept = sorted(one.name for one in tmp_path.glob("journal.*.db"))
    assert kept == sorted([f"journal.{GATE}.db", "journal.other.db"])
    for name in kept:
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            assert connection.execute("SELECT count(*) FROM events").fetchone() == (1,)


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalUnavailableError, match="folder"):
        open_journal(tmp_path / "file" / "journal.db")


def test_a_cap_that_holds_nothing_is_a_mistake(tmp_path):
    with pytest.raises(ValueError, match="at least"):
        open_journal(tmp_path / "journal.db", max_bytes=1000)


def test_a_closed_journal_refuses_and_may_be_closed_again(journal):
    journal.close()
    journal.close()
    for call in (
        lambda: journal.record([device()]),
        lambda: journal.watermark,
        journal.depth,
        lambda: journal.prune(0, 0),
    ):
        with pytest.raises(JournalUnavailableError, match="closed"):
            call()


# ------------------------------------------------------------------------------------------------ acknowledging


@pytest.mark.parametrize(
    ("answers", "watermark"), [([3], 3), ([3, 2], 3), ([3, 3], 3), ([0], 0), ([1, 5], 5), ([-7], 0)]
)
def test_the_watermark_only_rises(journal, answers, watermark):
    fill(journal, 5)
    assert [journal.acknowledge(journal.stream, seq) for seq in answers][-1] == watermark == journal.watermark
    assert [one.seq for one in journal.unacknowledged(0, 10)] == list(range(watermark + 1, 6))
    assert journal.depth().events == 5 - watermark
    assert journal.depth().bytes == sum(len(one.payload) for one in journal.unacknowledged(0, 10))


@pytest.mark.parametrize(("stream", "seq"), [("another", 1), (None, 6)], ids=["foreign stream", "beyond the head"])
def test_an_acknowledgement_that_cannot_be_true_is_refused(journal, stream, seq):
    fill(journal, 5)
    with pytest.raises(WatermarkError):
        journal.acknowledge(stream or journal.stream, seq)
    assert journal.watermark == 0


def test_unacknowledged_events_come_in_portions(journal):
    fill(journal, 5)
    journal.acknowledge(journal.stream, 1)
    assert [one.seq for one in journal.unacknowledged(0, 2)] == [2, 3]
    assert [one.seq for one in journal.unacknowledged(3, 2)] == [4, 5]
    assert journal.unacknowledged(5, 2) == []


def test_a_range_goes_beyond_one_batch(journal):
    journal.record([device(str(number)) for number in range(1203)])
    assert [one.seq for one in journal.range(2, 5000)] == list(range(2, 1204))


# ------------------------------------------------------------------------------------------------------ pruning


def test_old_events_are_pruned_only_once_acknowledged(journal, clock):
    fill(journal, 4)
    clock.utc += 31 * DAY_S
    fill(journal, 2, utc=clock.utc)
    assert journal.prune(30 * DAY_S, 10**9) == 0
    journal.acknowledge(journal.stream, 3)
    assert journal.prune(30 * DAY_S, 10**9) == 3
    journal.acknowledge(journal.stream, 6)
    assert journal.prune(30 * DAY_S, 10**9) == 1
    assert [one.seq for one in journal.range(1, 10)] == [5, 6]
    assert journal.tail == 4


def test_age_is_not_judged_by_a_clock_that_is_not_synced(journal, clock):
    fill(journal, 4)
    journal.acknowledge(journal.stream, 4)
    clock.utc, clock.synced = UTC + 10 * 365 * DAY_S, False
    assert journal.prune(DAY_S, 10**9) == 0


def test_history_is_pruned_to_its_size(journal):
    journal.record([device(f"{number:05d}") for number in range(1500)])
    size = len(next(journal.range(1400, 1400)).payload)
    journal.acknowledge(journal.stream, 1400)
    journal.prune(DAY_S, 200 * size)
    assert journal.tail == 1300
    assert journal.prune(DAY_S, 200 * size) == 0
    journal.prune(DAY_S, 0)
    assert (journal.tail, journal.depth().events) == (1400, 100)


def test_a_journal_that_was_pruned_bare_keeps_its_numbers_and_its_chain(tmp_path):
    journal = open_journal(tmp_path / "journal.db")
    last = journal.record([device(), device()])[-1]
    journal.acknowledge(journal.stream, 2)
    assert journal.prune(0, 0) == 2
    journal.close()
    journal = open_journal(tmp_path / "journal.db")
    try:
        assert (journal.head, journal.head_hash, journal.watermark, journal.tail) == (2, last.hash, 2, 2)
        (one,) = journal.record([device()])
        assert (one.seq, json.loads(one.payload)["prev"]) == (3, last.hash)
        assert (journal.depth().events, journal.depth().bytes) == (1, len(one.payload))
    finally:
        journal.close()


def test_settled_permit_uses_are_forgotten_by_age_and_reservations_never(journal, clock):
    journal.record([], [reserve(1), consume(1), reserve(2, "t2")])
    assert journal.forget_uses(180 * DAY_S) == 0
    clock.utc += 181 * DAY_S
    clock.synced = False
    assert journal.forget_uses(180 * DAY_S) == 0
    clock.synced = True
    assert journal.forget_uses(180 * DAY_S) == 1
    assert journal.use_state(PERMIT).open_reservation == "t2"


# ------------------------------------------------------------------------------------------------------ recovery


def test_a_start_learns_what_the_last_boot_left_open(tmp_path):
    first = open_journal(tmp_path / "journal.db")
    first.record([present("done"), granted("done"), closed("done")], [reserve(1, "done"), consume(1, "done")])
    first.record([present("seen", UTC + 1)])
    first.record([present("let in", UTC + 2), granted("let in")], [reserve(2, "let in")])
    first.record([entering("let in")])
    first.record([present("lost", UTC), closed("lost")], [reserve(1, "lost", b"another!")])
    assert first.recover().interrupted == ()
    first.close()

    second = open_journal(tmp_path / "journal.db", boot="boot-2")
    second.record([present("new")], [reserve(1, "new", b"new")])
    found = second.recover()
    assert [(one.transaction, one.lane, one.granted, one.entered) for one in found.interrupted] == [
        ("seen", "1", False, False),
        ("let in", "1", True, True),
    ]
    assert found.interrupted[0].opened_utc == UTC + 1
    assert [(one.permit_id, one.use) for one in found.interrupted[1].reservations] == [(PERMIT, 2)]
    assert [(one.permit_id, one.transaction) for one in found.orphans] == [(b"another!", "lost")]
    assert second.use_state(PERMIT).in_doubt

    second.record([closed("seen"), closed("let in")], [consume(2, "let in")])
    assert second.recover().interrupted == ()
    assert not second.use_state(PERMIT).in_doubt
    second.close()


def test_an_event_that_comes_late_does_not_open_its_transaction_again(tmp_path):
    first = open_journal(tmp_path / "journal.db")
    first.record([present(), closed()])
    first.record([entering()])
    first.close()
    second = open_journal(tmp_path / "journal.db", boot="boot-2")
    assert second.recover().interrupted == ()
    second.close()


def test_closed_transactions_are_not_remembered_for_ever(journal):
    for start in range(0, 6000, 500):
        journal.record([closed(f"t{number}") for number in range(start, start + 500)])
    (count,) = journal._database._connection.execute("SELECT count(*) FROM transactions").fetchone()
    assert count <= 4097


# ------------------------------------------------------------------------------------------------------- threads


def test_a_waiter_hears_of_a_new_event(journal):
    heard = []
    waiter = threading.Thread(target=lambda: heard.append(journal.wait_for_news(0, 30)))
    waiter.start()
    journal.record([device()])
    waiter.join(scaled(30))
    assert heard == [True]
    assert journal.wait_for_news(0, 0)
    assert not journal.wait_for_news(1, 0)


class WatchedLock:
    """A lock that notes where the head is each time it is let go."""

    def __init__(self, lock, journal):
        self._lock, self._journal = lock, journal
        self.heads = []

    def __enter__(self):
        self._lock.__enter__()
        return self

    def __exit__(self, *raised):
        self.heads.append(self._journal.head)
        self._lock.__exit__(*raised)


def test_nobody_can_read_an_event_that_the_head_does_not_cover_yet(journal):
    journal._database.lock = lock = WatchedLock(journal._database.lock, journal)
    journal.record([device("a"), device("b")])
    assert lock.heads[-1] == 2


def test_closing_lets_waiters_go(journal):
    heard = []
    waiter = threading.Thread(target=lambda: heard.append(journal.wait_for_news(0, 30)))
    waiter.start()
    journal.close()
    waiter.join(scaled(30))
    assert heard == [False]


def test_several_threads_make_one_chain(journal):
    def write(name):
        for number in range(40):
            journal.record([present(f"{name}-{number}"), closed(f"{name}-{number}")])

    def acknowledge():
        while journal.watermark < 160:
            journal.wait_for_news(journal.watermark, 1)
            journal.acknowledge(journal.stream, journal.head)

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"] + [threading.Thread(target=acknowledge)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(scaled(30))
    assert eventually(lambda: journal.head == 160)
    assert verify((one.payload for one in journal.range(1, 160)), head=journal.checkpoint()).whole
    pairs = [json.loads(one.payload)["transaction"] for one in journal.range(1, 160)]
    assert pairs[::2] == pairs[1::2], "one record's events stand together"


def test_an_event_can_be_made_from_the_point_just_before_it_while_others_record(journal):
    def following(before):
        return device(f"after {before.seq} {before.digest}")

    started = threading.Barrier(3)

    def others():
        started.wait()
        fill(journal, 40)

    threads = [threading.Thread(target=others) for _ in range(2)]
    for thread in threads:
        thread.start()
    started.wait()
    made = [journal.record_following(following) for _ in range(40)]
    for thread in threads:
        thread.join()
    for one in made:
        before = one.seq - 1
        prev = json.loads(one.payload)["prev"]
        assert json.loads(one.payload)["data"]["detail"] == f"after {before} {prev}"
    assert journal.head == 120
    assert journal.wait_for_news(119, 0)
