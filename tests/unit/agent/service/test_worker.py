"""Threads that are guarded: nothing ends in silence, nothing hangs unseen, and every stop is bounded."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time

import pytest

from agent.service.cleanup import on_failure
from agent.service.listeners import notify_listeners
from agent.service.parallel import Job, at_once
from agent.service.worker import Backoff, OnFailure, Worker, end_on_thread_failure
from agent.store.transaction import transaction
from tests.support.waiting import PATIENCE_S, eventually, scaled

QUICK = Backoff(first_s=0.01, cap_s=0.02, steady_s=3600)


class Work:
    """Work that fails as often as it is told, then waits to be stopped."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.begun = 0
        self.worker = Worker("the test", self, limit_s=5.0, backoff=QUICK)

    def __call__(self):
        self.begun += 1
        if self.errors:
            raise self.errors.pop(0)
        self.worker.wait()


def test_work_that_fails_begins_again_and_is_told_with_its_traceback(caplog):
    work, told = Work(RuntimeError("first"), SystemExit(3), KeyError("third")), []
    work.worker.observe(lambda worker: told.append((worker.failures, worker.trouble)))
    work.worker.start()
    eventually(lambda: work.begun == 4)
    assert work.worker.stop(PATIENCE_S)
    assert told == [(1, "RuntimeError: first"), (2, "SystemExit: 3"), (3, "KeyError: 'third'")]
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL] * 3
    assert "the test has failed; it restarts in" in caplog.text
    assert "raise self.errors.pop(0)\nRuntimeError: first" in caplog.text


def test_a_fault_that_stays_is_logged_with_its_traceback_once(caplog):
    work = Work(OSError("no disk"), OSError("no disk"), OSError("no network"))
    work.worker.start()
    eventually(lambda: work.begun == 4)
    work.worker.stop(PATIENCE_S)
    assert [bool(record.exc_info) for record in caplog.records] == [True, False, True]


def test_the_waits_between_failures_grow_and_are_short_again_once_it_went_well_for_long(mocker):
    mocker.patch("agent.service.worker.random.random", return_value=1.0)
    worker = Worker("the test", lambda: None, limit_s=None, backoff=Backoff(1.0, 5.0, 60.0))
    pauses = []
    for _ in range(4):
        worker._note(RuntimeError())
        pauses.append(worker._pause_s())
    assert pauses == [1.0, 2.0, 4.0, 5.0]
    worker._began_at -= 60.0
    worker._note(RuntimeError())
    assert worker._pause_s() == 1.0


def test_a_failure_is_a_trouble_until_the_work_went_well_for_long():
    work = Work(OSError("no disk"))
    work.worker.start()
    eventually(lambda: work.begun == 2)
    assert work.worker.trouble == "OSError: no disk"
    work.worker._began_at -= QUICK.steady_s
    assert work.worker.trouble == ""
    assert work.worker.failures == 1
    work.worker.stop(PATIENCE_S)


def test_a_listener_that_fails_itself_keeps_no_work_from_beginning_again(caplog):
    work = Work(RuntimeError("once"))
    work.worker.observe(lambda _worker: 1 / 0)
    work.worker.start()
    eventually(lambda: work.begun == 2)
    assert work.worker.stop(PATIENCE_S)
    assert "the failure of the test could not be told" in caplog.text


def test_work_that_returns_has_ended_for_good_and_is_well():
    work = Worker("the test", lambda: None, limit_s=1.0)
    work.start()
    eventually(lambda: not work.runs)
    assert work.stop(0.0)
    assert work.trouble == ""
    now = time.monotonic()
    assert work.progress_at() >= now


@pytest.fixture
def net():
    """The last net, with what it caught."""
    before, caught = threading.excepthook, []
    end_on_thread_failure(caught.append)
    yield caught
    threading.excepthook = before


def test_work_that_is_to_end_the_process_leaves_its_exception_to_the_last_net(net, caplog):
    def fail():
        raise RuntimeError("no way on")

    worker = Worker("the board", fail, limit_s=1.0, on_failure=OnFailure.END)
    worker.start()
    eventually(lambda: net == ["the board"])
    assert worker.join(PATIENCE_S)
    assert (worker.failures, worker.trouble) == (1, "RuntimeError: no way on")
    assert "the thread the board has failed; the agent stops" in caplog.text
    assert "RuntimeError: no way on" in caplog.text


@pytest.mark.parametrize("error", [ValueError("nobody guards it"), SystemExit(0)])
def test_the_last_net_catches_a_thread_that_nobody_guards(net, caplog, error):
    def fail():
        raise error

    thread = threading.Thread(target=fail, name="loose")
    thread.start()
    thread.join(PATIENCE_S)
    assert net == ["loose"]
    assert type(error).__name__ in caplog.text


def test_it_makes_progress_while_it_waits_for_something_to_do_and_none_while_it_is_busy():
    go_on, busy, waiting = threading.Event(), threading.Event(), threading.Event()

    def work():
        busy.set()
        go_on.wait(PATIENCE_S)
        go_on.clear()
        with worker.resting():
            waiting.set()
            go_on.wait(PATIENCE_S)

    worker = Worker("the test", work, limit_s=1.0)
    worker.start()
    assert busy.wait(PATIENCE_S)
    first = worker.progress_at()
    assert worker.progress_at() == first
    go_on.set()
    assert waiting.wait(PATIENCE_S)
    assert first < worker.progress_at() < worker.progress_at()
    go_on.set()
    assert worker.join(PATIENCE_S)


def test_a_touch_is_progress():
    worker = Worker("the test", lambda: None, limit_s=1.0)
    before = worker._progress_at
    worker.touch()
    assert worker._progress_at > before


def test_a_stop_is_bounded_whatever_the_work_does_and_says_what_is_left(caplog):
    let_go = threading.Event()
    worker = Worker("the test", let_go.wait, limit_s=None)
    worker.start()
    assert not worker.stop(0.01)
    assert "the test does not stop; the agent stops without its thread" in caplog.text
    let_go.set()
    assert worker.join(PATIENCE_S)


def test_it_stops_in_the_middle_of_a_backoff():
    worker = Worker("the test", lambda: 1 / 0, limit_s=None, backoff=Backoff(first_s=3600, cap_s=3600))
    worker.start()
    eventually(lambda: worker.failures)
    assert worker.stop(PATIENCE_S)


def test_one_that_was_never_started_has_nothing_to_stop():
    assert Worker("the test", lambda: None, limit_s=None).stop()


def test_work_that_is_to_give_up_is_over_and_its_owner_finds_its_exception(caplog):
    def fail():
        raise RuntimeError("no way on")

    told = []
    worker = Worker("the job", fail, limit_s=None, on_failure=OnFailure.GIVE_UP)
    worker.observe(lambda failed: told.append(failed.trouble))
    worker.start()
    assert worker.ended(PATIENCE_S)
    assert repr(worker.failure) == "RuntimeError('no way on')"
    assert told == ["RuntimeError: no way on"]
    assert "the job has failed" in caplog.text
    assert "raise RuntimeError" in caplog.text


def test_one_that_has_failed_for_good_makes_no_progress_and_one_that_has_ended_in_order_owes_none():
    failed = Worker("the test", lambda: 1 / 0, limit_s=1.0, on_failure=OnFailure.GIVE_UP)
    failed.start()
    assert failed.ended(PATIENCE_S)
    assert failed.progress_at() == failed.progress_at()
    well = Worker("the test", lambda: None, limit_s=1.0, on_failure=OnFailure.GIVE_UP)
    well.start()
    assert well.ended(PATIENCE_S)
    assert well.failure is None
    assert failed.progress_at() < well.progress_at() < well.progress_at()


def test_the_failures_of_one_that_is_made_later_are_told_where_those_of_its_owner_are():
    told = []
    owner = Worker("the owner", lambda: None, limit_s=None)
    owner.observe(lambda failed: told.append((failed.name, failed.trouble)))
    later = Worker("the other", lambda: 1 / 0, limit_s=None, on_failure=OnFailure.GIVE_UP)
    owner.adopt(later)
    later.start()
    assert later.ended(PATIENCE_S)
    assert told == [("the other", "ZeroDivisionError: division by zero")]


def test_a_wait_for_the_end_is_bounded_and_says_nothing_in_the_log(caplog):
    let_go = threading.Event()
    worker = Worker("the test", let_go.wait, limit_s=None)
    worker.start()
    assert not worker.ended(0.01)
    let_go.set()
    assert worker.ended(PATIENCE_S)
    assert caplog.records == []


# ----------------------------------------------------------------------------------------- what goes with workers


def test_a_job_says_what_came_of_it():
    job = Job("the test", lambda: 7)
    assert job.ended(PATIENCE_S)
    assert (job.result(time.monotonic()), job.error, job.runs) == (7, None, False)


def test_a_job_that_fails_raises_what_its_work_raised_for_the_caller_who_wants_its_result(caplog):
    job = Job("the test", lambda: 1 / 0)
    assert job.ended(PATIENCE_S)
    with pytest.raises(ZeroDivisionError):
        job.result(time.monotonic())
    assert "the test has failed" in caplog.text


def test_a_job_that_hangs_has_no_result_in_time():
    let_go = threading.Event()
    job = Job("the test", let_go.wait)
    with pytest.raises(TimeoutError):
        job.result(time.monotonic() + 0.01)
    assert job.runs
    let_go.set()
    assert job.ended(PATIENCE_S)


def test_of_several_things_at_once_those_that_hang_are_stood_for():
    let_go = threading.Event()
    found = at_once(
        [("slow", lambda: let_go.wait(PATIENCE_S), "late"), ("quick", lambda: "in time", "late")], scaled(0.25)
    )
    let_go.set()
    assert found == ["late", "in time"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, GeneratorExit])
def test_what_was_begun_is_undone_where_it_fails_and_only_there(error):
    undone = []
    with on_failure(lambda: undone.append("in vain")):
        pass
    with pytest.raises(error), on_failure(lambda: undone.append("undone")):
        raise error
    assert undone == ["undone"]


def test_a_listener_that_fails_keeps_the_news_from_no_other(caplog):
    heard = []
    notify_listeners([heard.append, lambda _news: 1 / 0, heard.append], "news", "a listener of the test failed")
    assert heard == ["news", "news"]
    assert "a listener of the test failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_transaction_is_done_whole_or_not_at_all(tmp_path):
    connection = sqlite3.connect(tmp_path / "db", isolation_level=None)
    connection.execute("CREATE TABLE numbers (number)")
    with transaction(connection):
        connection.execute("INSERT INTO numbers VALUES (1)")
    with pytest.raises(KeyboardInterrupt):
        interrupted(connection)
    assert not connection.in_transaction
    assert connection.execute("SELECT number FROM numbers").fetchall() == [(1,)]
    connection.close()


def interrupted(connection):
    with transaction(connection):
        connection.execute("INSERT INTO numbers VALUES (2)")
        raise KeyboardInterrupt
