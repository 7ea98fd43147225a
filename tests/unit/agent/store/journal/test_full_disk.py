"""A journal at its cap, and a journal on a disk that is really full."""

import os

import pytest

from agent.core.events.chain_verification import verify
from agent.store.errors import JournalFullError
from tests.support.store.journals import consume, device, open_journal, present, reserve
from tests.support.store.small_disk import make_image, mounted

MIB = 1 << 20


def fill_up(journal, text="x" * 2000):
    for number in range(20_000):
        try:
            journal.record([device(f"{number} {text}")])
        except JournalFullError:
            return number
    pytest.fail("the journal never got full")


@pytest.fixture
def journal(tmp_path):
    journal = open_journal(tmp_path / "journal.db", max_bytes=MIB)
    yield journal
    journal.close()


def test_unacknowledged_events_are_never_dropped_for_new_ones(journal):
    kept = fill_up(journal)
    with pytest.raises(JournalFullError):
        journal.record([device("x" * 2000)])
    assert (journal.head, journal.depth().events) == (kept, kept)
    assert journal.used_bytes() <= MIB
    assert verify((one.payload for one in journal.range(1, kept)), head=journal.checkpoint()).whole


def test_a_full_journal_can_be_acknowledged_and_pruned_and_goes_on(journal):
    kept = fill_up(journal)
    assert journal.acknowledge(journal.stream, kept) == kept
    assert journal.prune(0, MIB // 2) > 0
    (one,) = journal.record([device("after")])
    assert one.seq == kept + 1
    assert verify((one.payload for one in journal.range(1, kept + 1)), head=journal.checkpoint()).whole


def test_acknowledged_history_makes_room_by_itself(journal):
    kept = fill_up(journal)
    journal.acknowledge(journal.stream, kept - 1)
    assert fill_up(journal) > 0
    assert journal.tail == kept - 1
    assert [one.seq for one in journal.unacknowledged(0, 1)] == [kept], "what was not acknowledged is still there"


def test_a_refused_record_leaves_the_ledger_alone(journal):
    fill_up(journal)
    with pytest.raises(JournalFullError):
        journal.record([device("x" * 9000), present()], [reserve(1, "t1")])
    assert journal.use_state(reserve().permit_id).next_use == 1


def test_a_use_can_still_be_settled_in_a_full_journal(journal):
    journal.record([present()], [reserve()])
    fill_up(journal)
    journal.record([], [consume()])
    assert journal.use_state(reserve().permit_id).used == 1


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MiB of its own."""
    make_image(tmp_path / "disk.img", 24 * MIB)
    with mounted(tmp_path / "disk.img", tmp_path / "disk") as folder:
        yield folder


def stuff(folder):
    """Take every block that is left."""
    with (folder / "stuffing").open("wb", buffering=0) as file:
        size = MIB
        while size >= 512:
            try:
                file.write(b"\1" * size)
                os.fsync(file.fileno())
            except OSError:
                size //= 2


def test_a_full_disk_refuses_events_but_still_lets_old_ones_go(small_disk):
    journal = open_journal(small_disk / "journal.db")
    try:
        for _ in range(300):
            journal.record([device("x" * 500)])
        stuff(small_disk)
        fill_up(journal)
        head = journal.head
        assert journal.acknowledge(journal.stream, 250) == 250
        assert journal.prune(0, 0) == 250
        for _ in range(100):
            journal.record([device("y" * 500)])
        assert (journal.tail, journal.head) == (250, head + 100)
    finally:
        journal.close()


def test_history_makes_room_by_itself_on_a_full_disk(small_disk):
    journal = open_journal(small_disk / "journal.db")
    try:
        for _ in range(300):
            journal.record([device("x" * 500)])
        journal.acknowledge(journal.stream, 300)
        stuff(small_disk)
        kept = fill_up(journal)
        assert kept > 300
        assert journal.tail == 300
        assert verify((one.payload for one in journal.range(1, journal.head)), head=journal.checkpoint()).whole
    finally:
        journal.close()


def test_a_journal_opens_on_a_full_disk_and_its_reserve_comes_back_with_room(small_disk):
    journal = open_journal(small_disk / "journal.db")
    journal.record([device() for _ in range(300)])
    journal.close()
    stuff(small_disk)
    journal = open_journal(small_disk / "journal.db")
    try:
        assert journal.acknowledge(journal.stream, 300) == 300
        journal.prune(0, 0)
        reserve_file = small_disk / "journal.db-reserve"
        assert not reserve_file.exists()
        (small_disk / "stuffing").unlink()
        journal.prune(0, 0)
        assert reserve_file.exists()
    finally:
        journal.close()
