"""The doctor of a running agent: who asks together shares an answer, and what is grave is logged once."""

from __future__ import annotations

import threading
from dataclasses import replace

from agent.doctor.check_runner import USUAL_LIMIT_S, Task
from agent.doctor.codes import DiagnosticCheck, FindingCode
from agent.doctor.finding import Finding
from agent.doctor.health_monitor import EVERY_S, HealthMonitor
from agent.mqtt.health_publisher import LOOK_S
from tests.support.waiting import PATIENCE_S, eventually


class Patient:
    """What is examined: `found` is what its one check finds, once it is let go."""

    def __init__(self, found=()):
        self.found = list(found)
        self.looks = 0
        self.free = threading.Event()
        self.free.set()

    def gather(self):
        self.looks += 1
        self.free.wait(PATIENCE_S)
        return tuple(self.found)

    def health_monitor(self):
        tasks = [Task(DiagnosticCheck.DISK, self.gather, list, 2 * PATIENCE_S)]
        return HealthMonitor("gate-7", "0.2", lambda: 1.8e9, tasks, tasks)


class AskedLock:
    """A lock that knows how many have come to it."""

    def __init__(self):
        self._lock = threading.Lock()
        self.came = []

    def __enter__(self):
        self.came.append(1)
        self._lock.acquire()

    def __exit__(self, *_):
        self._lock.release()


FULL = Finding(DiagnosticCheck.DISK, "/var", FindingCode.DISK_FULL, values={"free": "1 MiB"})


def test_many_who_ask_while_one_is_examined_share_the_next_examination():
    patient = Patient([FULL])
    patient.free.clear()
    health_monitor, reports = patient.health_monitor(), []
    health_monitor._asking = asking = AskedLock()
    threads = [threading.Thread(target=lambda: reports.append(health_monitor.examine())) for _ in range(6)]
    threads[0].start()
    eventually(lambda: patient.looks == 1)
    for thread in threads[1:]:
        thread.start()
    eventually(lambda: len(asking.came) == 6, what="all of them to ask")
    patient.free.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(reports) == 6
    assert patient.looks <= 2
    assert all(report.findings == (FULL,) for report in reports)


def test_who_asks_later_gets_a_new_examination():
    patient = Patient()
    health_monitor = patient.health_monitor()
    first = health_monitor.examine()
    patient.found.append(FULL)
    assert (first.findings, health_monitor.examine().findings) == ((), (FULL,))
    assert health_monitor.report.findings == (FULL,)


def test_a_grave_finding_is_logged_when_it_comes_and_again_only_after_it_has_gone(caplog):
    patient = Patient([FULL, Finding(DiagnosticCheck.MEMORY, code=FindingCode.MEMORY_LOW, values={"free": "2"})])
    health_monitor = patient.health_monitor()
    health_monitor.examine()
    health_monitor.examine()
    assert [record.getMessage() for record in caplog.records] == ["the doctor found DISK_FULL /var: 1 MiB"]
    patient.found.clear()
    health_monitor.examine()
    patient.found.append(FULL)
    health_monitor.examine()
    assert len(caplog.records) == 2


def test_rounds_are_made_by_themselves_and_end(mocker):
    mocker.patch("agent.doctor.health_monitor.FIRST_S", 0.01)
    mocker.patch("agent.doctor.health_monitor.EVERY_S", 0.01)
    mocker.patch("agent.doctor.health_monitor.STOP_TIMEOUT_S", PATIENCE_S)
    patient = Patient([FULL])
    health_monitor = patient.health_monitor()
    before = set(threading.enumerate())
    health_monitor.start()
    eventually(lambda: patient.looks >= 3)
    health_monitor.stop()
    assert not any(thread.name == "doctor" for thread in set(threading.enumerate()) - before)


def test_a_problem_that_came_or_went_is_news_and_another_figure_is_not():
    patient = Patient([FULL])
    health_monitor = patient.health_monitor()
    assert health_monitor.problems == frozenset()
    health_monitor.examine()
    told = health_monitor.problems
    assert told == {(FindingCode.DISK_FULL, "/var")}
    patient.found[:] = [replace(FULL, values={"free": "2 MiB"})]
    health_monitor.examine()
    assert health_monitor.problems == told
    patient.found.clear()
    health_monitor.examine()
    assert health_monitor.problems == frozenset()


def test_rounds_are_so_frequent_that_what_is_published_is_no_older_than_a_minute():
    assert EVERY_S + LOOK_S + USUAL_LIMIT_S <= 60.0
