"""A long backlog of the recorder: few transactions, a bounded time a call, in order, once."""

import pytest

from agent.recording import recorder as backlog
from agent.recording.recorder import Recorder
from agent.store.errors import JournalFullError, JournalUnavailableError
from tests.support.store.flaky_journal import FlakyJournal
from tests.support.store.journals import PERMIT, UTC, consume, device, present, reserve

FULL, AWAY = JournalFullError("the disk is full"), JournalUnavailableError("no such device")


class SlowDisk:
    """The clock of a disk: each transaction that it makes durable takes `takes_s`."""

    def __init__(self):
        self.at = 1000.0
        self.takes_s = 0.0
        self.transactions = 0

    def __call__(self):
        return self.at

    def commit(self, *_):
        self.transactions += 1
        self.at += self.takes_s


def keep_waiting(journal, recorder, count, **more):
    """Have so many records wait, and then a journal that works."""
    journal.fails = FULL
    for number in range(count):
        recorder.note([device(str(number))], **more)
    journal.fails = None


def test_a_backlog_is_written_in_few_transactions(journal, recorder):
    keep_waiting(journal, recorder, 300)
    disk = SlowDisk()
    disk.takes_s = 0.01
    journal.hook = disk.commit
    while recorder.failing:
        recorder.retry()
    assert journal.device_details == [str(number) for number in range(300)]
    assert disk.at - 1000.0 < 0.5, f"{disk.transactions} transactions of 10 ms each"


def slow(journal, takes_s):
    """A recorder whose clock is that of a disk on which each transaction takes so long."""
    disk = SlowDisk()
    recorder = Recorder(journal, lambda: UTC, at=disk)
    keep_waiting(journal, recorder, 4 * backlog.BATCH)
    disk.at += 10.0
    disk.takes_s = takes_s
    journal.hook = disk.commit
    return disk, recorder


def test_a_tick_writes_for_a_bounded_time_and_the_next_goes_on_where_it_ended(journal):
    disk, recorder = slow(journal, 0.04)
    recorder.note([device("later")])
    ticks = 0
    while recorder.failing:
        before = disk.at
        recorder.retry()
        ticks += 1
        assert disk.at - before <= backlog.BUDGET_S + 2 * disk.takes_s, "one more transaction, and the alarm"
    assert journal.device_details == [*map(str, range(4 * backlog.BATCH)), "later"]
    assert ticks > 1
    assert journal.types.count("alarm.raised") == 1


def test_a_disk_slower_than_the_time_of_a_tick_still_gets_on(journal):
    _disk, recorder = slow(journal, 3.0)
    written = [len(journal.device_details)]
    while recorder.failing:
        recorder.retry()
        written.append(len(journal.device_details))
        assert written[-1] > written[-2]
    assert written[-1] == 4 * backlog.BATCH
    assert len(written) < 20


def test_what_is_bound_behind_a_long_backlog_is_refused_in_bounded_time_and_not_written_before_it(journal):
    disk, recorder = slow(journal, 0.5)
    before = disk.at
    with pytest.raises(JournalUnavailableError, match="records wait to be written first"):
        recorder.bind([present("t1")], [reserve()])
    assert disk.at - before <= backlog.BIND_BUDGET_S + disk.takes_s
    assert "vehicle.present" not in journal.types
    while recorder.failing:
        recorder.retry()
    recorder.bind([present("t1")], [reserve()])
    assert journal.types[-1] == "vehicle.present"
    assert journal.device_details == [str(number) for number in range(4 * backlog.BATCH)]


def test_a_failure_in_the_middle_of_a_backlog_loses_nothing_and_writes_nothing_twice(journal):
    disk, recorder = slow(journal, 0.0)
    waited = 4 * backlog.BATCH
    disk.transactions = 0

    def fail_at_the_fourth(*_):
        disk.commit()
        journal.fails = AWAY if disk.transactions == 4 else None

    journal.hook = fail_at_the_fourth
    recorder.retry()
    written = len(journal.device_details)
    assert 3 <= written < waited
    assert journal.device_details == [str(number) for number in range(written)]
    assert recorder.failing
    disk.at += 10.0
    recorder.retry()
    assert journal.device_details == [str(number) for number in range(waited)]
    alarms = [data["detail"] for kind, data in journal.events if kind == "alarm.raised"]
    assert alarms == [f"no such device; {waited} records had waited"]


def test_one_change_that_does_not_fit_costs_a_backlog_neither_an_event_nor_another_change(journal, recorder, caplog):
    recorder.bind([], [reserve(1, "t1")])
    journal.fails = FULL
    for number in range(100):
        recorder.note([device(str(number))], [consume(7)] if number in {31, 77} else ())
    recorder.note([device("passed")], [consume(1, "t1")])
    journal.fails = None
    while recorder.failing:
        recorder.retry()
    assert journal.device_details == [*map(str, range(100)), "passed"]
    assert journal.real.use_state(PERMIT).used == 1
    assert caplog.text.count("a change of the past does not fit") == 2


def test_a_journal_with_little_room_takes_as_much_of_a_backlog_as_one_record_at_a_time_would(tmp_path, monkeypatch):
    monkeypatch.setattr("agent.recording.recorder.RETRY_S", 0.0)

    def room_for(name, note):
        journal = FlakyJournal(tmp_path / name, max_bytes=1 << 20)
        recorder = Recorder(journal, lambda: UTC, at=lambda: 0.0)  # no call has used up its time
        note(journal, recorder, [device(f"{number} " + "x" * 4000) for number in range(400)])
        before = -1
        while journal.real.head > before:
            before = journal.real.head
            recorder.retry()
        assert recorder.failing
        return journal, recorder

    def one_at_a_time(_journal, recorder, drafts):
        for draft in drafts:
            recorder.note([draft])

    def all_at_once(journal, recorder, drafts):
        journal.fails = FULL
        one_at_a_time(journal, recorder, drafts)
        journal.fails = None

    single, _recorder = room_for("single.db", one_at_a_time)
    journal, recorder = room_for("batches.db", all_at_once)
    assert journal.real.head == single.real.head
    while recorder.failing:
        journal.real.acknowledge(journal.real.stream, journal.real.head)
        recorder.retry()
    assert journal.real.head == 401, "the records, and the alarm that they had to wait"
    single.close()
    journal.close()


def test_all_that_memory_holds_arrives_in_order_and_once(journal, recorder):
    keep_waiting(journal, recorder, backlog.PENDING_LIMIT)
    before = journal.tries
    while recorder.failing:
        recorder.retry()
    assert journal.device_details == [str(number) for number in range(backlog.PENDING_LIMIT)]
    assert journal.types.count("alarm.raised") == 1
    assert journal.tries - before < backlog.PENDING_LIMIT // 100


# ------------------------------------------------------------------------------------------- what nobody foresaw


def spoilt(journal, *numbers):
    """Have the journal fail in an unforeseen way at these records, until what is returned is emptied."""
    bad = set(map(str, numbers))

    def fail(drafts, _ledger):
        if bad & {draft.event.detail for draft in drafts if draft.event.TYPE == "device.changed"}:
            raise KeyError("a bug")

    journal.hook = fail
    return bad


def test_a_record_that_fails_in_an_unforeseen_way_keeps_no_other_from_the_disk(journal, recorder, caplog):
    keep_waiting(journal, recorder, 40)
    bad = spoilt(journal, 0, 17)
    while recorder._pending:
        recorder.retry()
    assert journal.device_details == [str(number) for number in range(40) if number not in {0, 17}]
    recorder.bind([present("t1")], [reserve()])
    assert journal.types[-1] == "vehicle.present"
    alarms = [data["detail"] for kind, data in journal.events if kind == "alarm.raised"]
    assert "a record cannot be written: KeyError: 'a bug'" in alarms
    assert caplog.text.count("is set aside: device.changed") == 2
    assert recorder.failing
    bad.clear()
    recorder.retry()
    assert recorder.failing, "before its time it is not tried again"
    assert recorder.end() == 0
    assert journal.device_details[-2:] == ["0", "17"]
    assert not recorder.failing


def test_what_was_set_aside_is_tried_again_after_a_while_and_its_fault_is_told_once(journal):
    disk = SlowDisk()
    recorder = Recorder(journal, lambda: UTC, at=disk)
    bad = spoilt(journal, "x")
    recorder.note([device("x")])
    for _ in range(3):
        disk.at += backlog.ASIDE_S
        recorder.retry()
    assert journal.types == ["alarm.raised"]
    bad.clear()
    disk.at += backlog.ASIDE_S
    recorder.retry()
    assert journal.device_details == ["x"]
    assert not recorder.failing


def test_what_stays_aside_to_the_end_is_counted_as_lost(journal, recorder, caplog):
    spoilt(journal, "x")
    recorder.note([device("x")])
    assert recorder.end() == 1
    assert "events that could not be written and are lost: 1: device.changed" in caplog.text


def test_memory_for_what_is_set_aside_is_bounded(journal, recorder, monkeypatch):
    monkeypatch.setattr(backlog, "ASIDE_LIMIT", 2)
    spoilt(journal, *range(5))
    for number in range(5):
        recorder.note([device(str(number))])
    assert len(recorder._aside) == 2
    alarms = [data["detail"] for kind, data in journal.events if kind == "alarm.raised"]
    assert alarms.count("1 events could not be recorded") == 3
