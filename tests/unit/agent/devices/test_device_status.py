"""The table of devices: what is told of a change, how often, and that nobody waits for the disk."""

import logging
import threading

import pytest

from agent.devices.device_status import DETAIL_LIMIT, DETAILS_LIMIT, DeviceStatusTable
from agent.recording.recorder import Recorder
from tests.support.store.flaky_journal import FlakyJournal
from tests.support.store.journals import UTC
from tests.support.waiting import PATIENCE_S


@pytest.fixture
def journal(tmp_path):
    journal = FlakyJournal(tmp_path / "journal.db")
    yield journal
    journal.close()


@pytest.fixture
def devices(journal, monkeypatch):
    monkeypatch.setattr("agent.devices.device_status.STOP_TIMEOUT_S", PATIENCE_S)
    devices = DeviceStatusTable(Recorder(journal, lambda: UTC), lambda: UTC)
    devices.start()
    yield devices
    devices.stop()
    assert not devices.worker.runs


def told(journal, devices):
    """What was recorded, once all of it is."""
    devices.stop()
    return [(data["device"], data["state"], data["detail"]) for _, data in journal.events]


def test_a_change_of_a_device_is_logged_recorded_and_shown_and_the_same_state_is_not(journal, devices, caplog):
    caplog.set_level(logging.INFO)
    assert devices.changed("relay", "exit/relay", "up", "a board", "exit")
    assert not devices.changed("relay", "exit/relay", "up", "the same board", "exit")
    assert devices.changed("relay", "exit/relay", "lost", "unplugged", "exit")
    assert devices.changed("broker", "broker", "up", "")
    assert devices.states == {"exit/relay": "lost", "broker": "up"}
    assert told(journal, devices) == [
        ("exit/relay", "up", "a board"),
        ("exit/relay", "lost", "unplugged"),
        ("broker", "up", ""),
    ]
    assert [(line.levelno, line.message) for line in caplog.records] == [
        (logging.INFO, "relay exit/relay: up (a board)"),
        (logging.WARNING, "relay exit/relay: lost (unplugged)"),
        (logging.INFO, "broker broker: up"),
    ]


def test_another_reason_for_the_same_loss_is_told_and_the_same_reason_again_is_not(journal, devices):
    for detail in ("unplugged", "unplugged", "no permission", "unplugged", "no permission"):
        devices.changed("relay", "exit/relay", "lost", detail)
    assert [detail for _, _, detail in told(journal, devices)] == ["unplugged", "no permission"]


def test_after_a_return_every_reason_is_told_again(journal, devices):
    for state in ("lost", "up", "lost"):
        devices.changed("relay", "exit/relay", state, "unplugged")
    assert [state for _, state, _ in told(journal, devices)] == ["lost", "up", "lost"]


def test_a_flood_of_reasons_is_bounded(journal, devices):
    for number in range(1000):
        devices.changed("relay", "exit/relay", "lost", f"reason {number}")
    assert [detail for _, _, detail in told(journal, devices)] == [
        f"reason {number}" for number in range(DETAILS_LIMIT)
    ]


def test_a_long_detail_is_cut_in_the_event(journal, devices):
    devices.changed("camera", "exit/front", "lost", "x" * 10_000)
    ((_, _, detail),) = told(journal, devices)
    assert len(detail) == DETAIL_LIMIT


def test_the_states_shown_are_a_copy(devices):
    shown = devices.states
    devices.changed("camera", "exit/front", "lost", "")
    assert shown == {}


def test_a_disk_that_hangs_holds_up_no_device_and_costs_nothing_once_it_goes_on(journal, devices):
    entered, leave = threading.Event(), threading.Event()
    journal.hook = lambda _drafts, _ledger: (entered.set(), leave.wait(PATIENCE_S))
    devices.changed("relay", "a/relay", "lost", "first")
    assert entered.wait(PATIENCE_S)
    devices.changed("relay", "b/relay", "lost", "second")
    assert devices.states == {"a/relay": "lost", "b/relay": "lost"}
    leave.set()
    assert [detail for _, _, detail in told(journal, devices)] == ["first", "second"]


def test_a_disk_that_hangs_for_good_costs_events_with_a_word_and_never_time(journal, caplog, monkeypatch):
    monkeypatch.setattr("agent.devices.device_status.WAITING_LIMIT", 2)
    monkeypatch.setattr("agent.devices.device_status.STOP_TIMEOUT_S", 0.02)
    entered, leave = threading.Event(), threading.Event()
    journal.hook = lambda _drafts, _ledger: (entered.set(), leave.wait(PATIENCE_S))
    devices = DeviceStatusTable(Recorder(journal, lambda: UTC), lambda: UTC)
    devices.start()
    devices.changed("relay", "0/relay", "lost", "")
    assert entered.wait(PATIENCE_S)
    for number in range(1, 4):
        devices.changed("relay", f"{number}/relay", "lost", "")
    assert caplog.text.count("this change is only in this log") == 1
    devices.stop()
    assert "the last changes of devices are only in this log" in caplog.text
    leave.set()
    devices._waiting.put(None)
    devices.worker.join(PATIENCE_S)
    assert [data["device"] for _, data in journal.events] == ["0/relay", "1/relay", "2/relay"]


def test_a_disk_that_hangs_at_the_stop_is_left_behind_with_a_word(journal, caplog, monkeypatch):
    monkeypatch.setattr("agent.devices.device_status.STOP_TIMEOUT_S", 0.02)
    entered, leave = threading.Event(), threading.Event()
    journal.hook = lambda _drafts, _ledger: (entered.set(), leave.wait(PATIENCE_S))
    devices = DeviceStatusTable(Recorder(journal, lambda: UTC), lambda: UTC)
    devices.start()
    devices.changed("relay", "exit/relay", "lost", "")
    assert entered.wait(PATIENCE_S)
    devices.stop()
    assert "devices does not stop; the agent stops without its thread" in caplog.text
    leave.set()
    devices.worker.join(PATIENCE_S)
    assert [data["device"] for _, data in journal.events] == ["exit/relay"]
