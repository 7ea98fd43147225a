"""The watchdog is fed by progress and by nothing else."""

from __future__ import annotations

import logging
import signal
import socket
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from agent.service.systemd_notify import Notifier
from agent.service.watchdog import PlannedPause, Watchdog
from tests.support.waiting import PATIENCE_S, eventually, scaled


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    monkeypatch.setattr("agent.service.watchdog.STOP_TIMEOUT_S", PATIENCE_S)


class Time:
    def __init__(self):
        self.at = 100.0

    def __call__(self):
        return self.at


@pytest.fixture
def manager(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(PATIENCE_S)
        yield receiver


@pytest.fixture
def notifier(manager, tmp_path):
    return Notifier(str(tmp_path / "notify"), watchdog_s=0.3)


def fed(manager):
    """How many signs of life came since the last look."""
    manager.setblocking(False)
    count = 0
    try:
        while manager.recv(64) == b"WATCHDOG=1":
            count += 1
    except BlockingIOError:
        return count


def test_it_is_fed_while_every_stage_makes_progress(manager, notifier):
    now, progress = Time(), {"lane-1": 100.0, "lane-2": 100.0}
    watchdog = Watchdog(notifier, now)
    watchdog.watch("lane-1", 2.0, lambda: progress["lane-1"])
    watchdog.watch("lane-2", 2.0, lambda: progress["lane-2"])
    assert watchdog.check_once() == frozenset()
    now.at = 102.0
    assert watchdog.check_once() == frozenset()
    assert fed(manager) == 2


def test_one_stage_that_stalls_starves_it_and_is_named_once(manager, notifier, caplog):
    now, progress = Time(), {"lane-1": 100.0, "lane-2": 100.0}
    watchdog = Watchdog(notifier, now)
    watchdog.watch("lane-1", 2.0, lambda: progress["lane-1"])
    watchdog.watch("lane-2", 2.0, lambda: progress["lane-2"])
    now.at = progress["lane-2"] = 102.1
    with caplog.at_level(logging.WARNING):
        assert watchdog.check_once() == {"lane-1"}
        assert watchdog.check_once() == {"lane-1"}
        assert fed(manager) == 0
        progress["lane-1"] = 102.1
        assert watchdog.check_once() == frozenset()
    assert fed(manager) == 1
    assert [record.getMessage().split()[0] for record in caplog.records] == ["lane-1", "lane-1"]
    assert "no progress" in caplog.records[0].getMessage()
    assert "progress again" in caplog.records[1].getMessage()


def test_a_stage_that_is_forgotten_is_not_missed(manager, notifier):
    now = Time()
    watchdog = Watchdog(notifier, now)
    watchdog.watch("lane-1", 2.0, lambda: 0.0)
    assert watchdog.check_once() == {"lane-1"}
    watchdog.forget("lane-1")
    assert watchdog.check_once() == frozenset()
    assert fed(manager) == 1


def test_it_looks_three_times_within_the_managers_window(notifier):
    assert Watchdog(notifier).period_s == pytest.approx(0.1)
    assert Watchdog(Notifier(None)).period_s == 5.0


def test_its_thread_feeds_until_it_is_stopped(manager, notifier):
    watchdog = Watchdog(notifier)
    watchdog.start()
    assert [manager.recv(64) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    assert watchdog.stop()
    fed(manager)


def test_a_planned_pause_feeds_it_until_others_do_again(manager, notifier):
    with PlannedPause(notifier, 3600.0):
        assert [manager.recv(64) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    fed(manager)
    assert "planned-pause" not in {thread.name for thread in threading.enumerate()}


def test_without_a_thread_left_a_planned_pause_goes_on_with_one_sign_of_life(manager, notifier, mocker):
    mocker.patch.object(threading.Thread, "start", side_effect=RuntimeError("can't start new thread"))
    with PlannedPause(notifier, 3600.0):
        assert fed(manager) == 1


def test_a_planned_pause_that_takes_too_long_is_fed_no_more(manager, notifier, caplog, mocker):
    # At its beginning, at the first sign of life, and when the next is due.
    mocker.patch("agent.service.watchdog.time", SimpleNamespace(monotonic=iter((100.0, 100.01, 100.06)).__next__))
    with PlannedPause(notifier, 0.05):
        eventually(lambda: "the agent has not started over within 0.05 s" in caplog.text)
        assert fed(manager) >= 1
        assert fed(manager) == 0


def test_a_stage_that_begins_to_stall_is_told_to_the_listener_once(notifier):
    now, told = Time(), []
    watchdog = Watchdog(notifier, now)
    watchdog.on_stall(told.append)
    watchdog.watch("lane-1", 2.0, lambda: 100.0)
    for now.at in (102.0, 102.1, 105.0):
        watchdog.check_once()
    assert told == ["lane-1"]


def test_an_abort_writes_the_stacks_of_all_threads():
    program = (
        "import os, signal, time\nfrom agent.service.systemd_notify import Notifier\n"
        "from agent.service.watchdog import PlannedPause, Watchdog\n"
        "watchdog = Watchdog(Notifier(None))\nwatchdog.start()\n"
        "while not watchdog._worker._resting:\n    time.sleep(0.001)\nos.kill(os.getpid(), signal.SIGABRT)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=scaled(30)
    )
    assert answer.returncode == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in answer.stderr
    assert "watchdog.py" in answer.stderr
