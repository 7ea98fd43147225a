"""The way into the journal: binding records, news that waits, and what is said when memory is used up."""

import threading

import pytest

from agent.core.commands.record import CommandAnswered, CommandTaken
from agent.core.events.event_types import Alarm, AlarmRaised, Draft, TransactionClosed
from agent.core.events.plate_masking import masked
from agent.core.model import Outcome
from agent.core.model.reasons import Reason
from agent.recording.recorder import Recorder
from agent.store.errors import JournalFullError, JournalUnavailableError, LedgerConflictError
from tests.support.store.flaky_journal import FlakyJournal
from tests.support.store.journals import PERMIT, UTC, consume, device, present, reserve
from tests.support.waiting import PATIENCE_S

FULL, AWAY = JournalFullError("the disk is full"), JournalUnavailableError("no such device")


def test_what_is_bound_is_durable_when_it_returns(journal, recorder):
    recorder.bind([present()], [reserve()])
    assert journal.types == ["vehicle.present"]
    assert journal.real.use_state(PERMIT).open_reservation == "t1"
    assert not recorder.failing


@pytest.mark.parametrize("error", [FULL, AWAY])
def test_what_cannot_be_bound_is_refused_and_does_not_wait(journal, recorder, error):
    journal.fails = error
    with pytest.raises(type(error)):
        recorder.bind([present()], [reserve()])
    assert not recorder.failing
    journal.fails = None
    recorder.retry()
    assert journal.types == []
    assert journal.real.use_state(PERMIT).open_reservation is None


def test_a_use_that_is_taken_refuses_the_whole_record(journal, recorder):
    recorder.bind([], [reserve()])
    with pytest.raises(LedgerConflictError):
        recorder.bind([present("t2")], [reserve(1, "t2")])
    assert (journal.types, recorder.failing) == ([], False)


@pytest.mark.parametrize("error", [FULL, AWAY])
def test_news_waits_in_order_and_is_written_once_when_writing_works_again(journal, recorder, error, caplog):
    recorder.note([device("0")])
    journal.fails = error
    for number in (1, 2, 3):
        recorder.note([device(str(number))])
        recorder.retry()
    assert recorder.failing
    assert sum("wait in memory" in line.message for line in caplog.records) == 1, "told once"
    journal.fails = None
    recorder.note([device("4")])
    assert not recorder.failing
    assert journal.device_details == ["0", "1", "2", "3", "4"]
    assert "the journal can be written again; records that waited: 4" in caplog.text
    recorder.retry()
    assert journal.device_details == ["0", "1", "2", "3", "4"]


def test_what_is_bound_comes_after_the_news_that_waited(journal, recorder):
    journal.fails = FULL
    recorder.note([device("before")])
    with pytest.raises(JournalFullError):
        recorder.bind([present("t1")], [])
    journal.fails = None
    recorder.bind([present("t2")], [])
    assert journal.types == ["device.changed", "alarm.raised", "vehicle.present"]


@pytest.mark.parametrize("told", [True, False])
def test_a_journal_that_could_not_be_written_is_told_of_once_by_an_alarm(journal, recorder, told):
    alarm = Draft(AlarmRaised(alarm=Alarm.JOURNAL_FAILED, detail="a vehicle waits"), "exit", "t1", UTC)
    journal.fails = FULL
    recorder.note([device("waits")])
    recorder.note([alarm] if told else [device("waits too")])
    journal.fails = None
    for number in range(3):
        recorder.note([device(str(number))])
    details = [data["detail"] for kind, data in journal.events if kind == "alarm.raised"]
    assert details == ["a vehicle waits" if told else "the disk is full; 3 records had waited"]


def test_a_journal_at_its_cap_takes_the_news_once_there_is_room(tmp_path, monkeypatch):
    monkeypatch.setattr("agent.recording.recorder.RETRY_S", 0.0)
    journal = FlakyJournal(tmp_path / "small.db", max_bytes=1 << 20)
    recorder = Recorder(journal, lambda: UTC, at=lambda: 0.0)
    while not recorder.failing:
        recorder.note([device("x" * 2000)])
    with pytest.raises(JournalFullError):
        recorder.bind([device("y" * 2000)], [])
    head = journal.real.head
    journal.real.acknowledge(journal.real.stream, head)
    recorder.retry()
    assert not recorder.failing
    assert journal.real.head == head + 2, "the news, and the alarm that it had to wait"
    journal.close()


def test_a_trouble_is_not_tried_again_in_haste_and_another_one_is_told(journal, caplog):
    recorder = Recorder(journal, lambda: UTC, at=lambda: 0.0)
    journal.fails = FULL
    recorder.note([device("1")])
    for _ in range(100):
        recorder.retry()
    assert journal.tries == 1
    journal.fails = AWAY
    recorder.note([device("2")])
    assert [line.message.rpartition(": ")[2] for line in caplog.records] == ["the disk is full", "no such device"]


def test_a_ledger_change_of_the_past_that_does_not_fit_does_not_hold_up_the_events(journal, recorder, caplog):
    recorder.note([device("with a change")], [consume(7)])
    recorder.note([device("after")])
    assert journal.device_details == ["with a change", "after"]
    assert "does not fit" in caplog.text
    assert not recorder.failing


def test_events_without_their_unfitting_change_wait_too(journal, recorder):
    journal.hook = lambda _drafts, ledger: setattr(journal, "fails", None if ledger else FULL)
    recorder.note([device("1")], [consume(7)])
    assert recorder.failing
    journal.hook = lambda _drafts, _ledger: None
    journal.fails = None
    recorder.retry()
    assert journal.device_details == ["1"]


def test_when_memory_is_used_up_the_newest_is_refused_counted_and_told_in_an_alarm(
    journal, recorder, monkeypatch, caplog
):
    monkeypatch.setattr("agent.recording.recorder.PENDING_LIMIT", 2)
    journal.fails = FULL
    for number in range(5):
        recorder.note([device(str(number)), device(f"{number}, too")])
    assert "records lost: 6" in caplog.text
    journal.fails = None
    recorder.retry()
    assert journal.device_details == ["0", "0, too", "1", "1, too"]
    kind, data = journal.events[-1]
    assert (kind, data["alarm"]) == ("alarm.raised", Alarm.JOURNAL_FAILED)
    assert data["detail"] == "6 events could not be recorded"
    recorder.note([device("after")])
    assert journal.types.count("alarm.raised") == 1, "told once"


def test_a_refusal_that_could_not_be_told_yet_keeps_the_recorder_trying(journal, recorder, monkeypatch):
    monkeypatch.setattr("agent.recording.recorder.PENDING_LIMIT", 1)
    journal.fails = FULL
    recorder.note([device("kept")])
    recorder.note([device("lost")])
    journal.hook = lambda drafts, _ledger: setattr(
        journal, "fails", FULL if drafts[0].event.TYPE == "alarm.raised" else None
    )
    recorder.retry()
    assert journal.device_details == ["kept"]
    assert recorder.failing, "somebody must still hear of it"
    journal.hook = lambda _drafts, _ledger: None
    journal.fails = None
    recorder.retry()
    assert (journal.types[-1], recorder.failing) == ("alarm.raised", False)


@pytest.mark.parametrize("way", ["bind", "note", "note and wait"])
def test_every_way_in_is_masked(journal, monkeypatch, way):
    monkeypatch.setattr("agent.recording.recorder.RETRY_S", 0.0)
    recorder = Recorder(journal, lambda: UTC, masked, at=lambda: 0.0)
    event = TransactionClosed(
        outcome=Outcome.PASSED, reason=Reason.OK, assumed=False, duration_s=1.0, plate="\u65b0A12345"
    )
    draft = Draft(event, "exit", "t1", UTC)
    if way == "bind":
        recorder.bind([draft], [])
    else:
        journal.fails = AWAY if way == "note and wait" else None
        recorder.note([draft])
        journal.fails = None
        recorder.retry()
    assert [data["plate"] for kind, data in journal.events if kind == "transaction.closed"] == ["\u65b0A***45"]


def test_each_thread_keeps_its_order_through_a_trouble(journal, recorder):
    def write(name):
        for number in range(50):
            journal.fails = AWAY if number % 3 else None
            recorder.note([device(f"{name} {number}")])

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    journal.fails = None
    recorder.retry()
    for name in "abc":
        assert [one for one in journal.device_details if one.startswith(name)] == [
            f"{name} {number}" for number in range(50)
        ]


def test_a_commands_answer_waits_with_its_event_while_the_journal_fails(journal, recorder):
    recorder.bind([device("accepted")], commands=[CommandTaken("id-1", "d", "duty", 1, "open", "in-1")])
    journal.fails = FULL
    recorder.note([device("executed")], commands=[CommandAnswered("id-1", b"{}")])
    assert journal.real.command("id-1").answer is None
    journal.fails = None
    recorder.retry()
    assert journal.real.command("id-1").answer == b"{}"
    assert journal.device_details == ["accepted", "executed"]


def test_a_commands_answer_that_does_not_fit_costs_no_event(journal, recorder):
    recorder.note([device("executed")], commands=[CommandAnswered("id-1", b"{}")])
    assert journal.device_details == ["executed"]
    assert not recorder.failing


# ---------------------------------------------------------------------------------------------------------- listeners


def test_a_listener_hears_of_everything_recorded_in_order_and_of_nothing_else(journal, monkeypatch):
    monkeypatch.setattr("agent.recording.recorder.RETRY_S", 0.0)
    heard = []
    recorder = Recorder(journal, lambda: UTC, heard=heard.extend, at=lambda: 0.0)
    recorder.bind([present("t1")], [reserve()])
    journal.fails = FULL
    with pytest.raises(JournalFullError):
        recorder.bind([present("t2")], [])
    recorder.note([present("t3")])
    assert [draft.transaction for draft in heard] == ["t1"]
    journal.fails = None
    recorder.bind([present("t4")], [])
    assert [draft.transaction for draft in heard] == ["t1", "t3", "t4"]


def test_a_listener_that_fails_does_not_make_a_record_fail_or_come_twice(journal, monkeypatch, caplog):
    monkeypatch.setattr("agent.recording.recorder.RETRY_S", 0.0)

    def fail(_drafts):
        raise OSError("for the test")

    recorder = Recorder(journal, lambda: UTC, heard=fail, at=lambda: 0.0)
    recorder.bind([present("t1")], [])
    recorder.note([present("t2")])
    recorder.retry()
    assert journal.types == ["vehicle.present", "vehicle.present"]
    assert caplog.text.count("a listener of the recorder failed") == 2


# -------------------------------------------------------------------------------------------------------------- the end


def test_at_the_end_what_waits_is_written_if_it_can_be(journal, recorder):
    journal.fails = FULL
    recorder.note([present("t1")])
    journal.fails = None
    assert recorder.end() == 0
    assert journal.types == ["vehicle.present", "alarm.raised"]


def test_what_is_lost_with_the_process_is_told(journal, recorder, caplog, monkeypatch):
    monkeypatch.setattr("agent.recording.recorder.PENDING_LIMIT", 1)
    journal.fails = FULL
    recorder.note([present("t1"), device("x")])
    recorder.note([present("t2")])
    assert recorder.end() == 3
    assert "events that could not be written and are lost: 3: vehicle.present, device.changed" in caplog.text
