"""The clock monitor: what it reports at once, records in events, and stores for the next start."""

import itertools
import json
import logging
import threading
from math import inf

import pytest

from agent.clock.clock import Clock
from agent.clock.files import ANCHOR, RESET, ClockFiles, FloorReset
from agent.clock.monitor import ClockMonitor
from agent.core.clock.trust import ClockFloor, ClockState, HoldoverRules
from agent.recording.recorder import Recorder
from tests.support.clocks import UTC, FloorInMemory, HandClock
from tests.support.store.journals import open_journal, present
from tests.support.waiting import PATIENCE_S, eventually

HOUR_S = 3600.0
YEAR_S = 365 * 24 * HOUR_S
SYNCED, HOLDOVER, UNTRUSTED = ClockState


class Gate:
    """A clock monitor with everything it works with; each of its rounds is a short run."""

    def __init__(self, folder):
        self.folder, self.rules = folder, HoldoverRules()
        self.clock, self.store, self.told = HandClock(), FloorInMemory(), []
        self.files = ClockFiles(folder, "this run of the computer")

    def starts(self, clock=None):
        return ClockMonitor(clock or self.clock, self.store, self.files, self.rules, self.told.extend)

    def runs_for_a_round(self):
        monitor = self.starts()
        monitor.start()
        monitor.stop()
        return monitor

    @property
    def events(self):
        return [draft.event for draft in self.told]


@pytest.fixture
def gate(tmp_path, monkeypatch):
    monkeypatch.setattr("agent.clock.monitor.STOP_TIMEOUT_S", PATIENCE_S)
    return Gate(tmp_path)


# --------------------------------------------------------------------------------------------------- what it says


def test_it_says_at_once_what_the_clock_is_worth_without_waiting_for_its_thread(gate):
    monitor = gate.starts()
    assert monitor.trusted()
    assert monitor.reading().state is SYNCED
    gate.clock.goes_on(0.01, gained=HOUR_S, synced=False)
    assert not monitor.trusted()
    assert (monitor.reading().state, monitor.reading().synced) == (UNTRUSTED, False)


class SetMeanwhile(HandClock):
    """Somebody sets it by an hour just after the kernel was asked, once; the kernel says so from then on."""

    def synchronisation(self):
        found = super().synchronisation()
        if self.synced:
            self.goes_on(0, gained=HOUR_S, synced=False)
        return found


def test_a_clock_that_is_set_in_the_middle_of_a_look_is_not_believed_by_the_next(gate):
    monitor = gate.starts(SetMeanwhile())
    assert monitor.trust().seen.utc == UTC
    assert not monitor.trusted()


def test_a_reading_has_the_bound_of_the_error_and_says_synced_only_where_a_time_server_keeps_it(gate):
    monitor = gate.starts()
    first = monitor.reading()
    assert (first.utc, first.synced, first.error_ms, first.lists) == (UTC, True, 50.0, None)
    gate.clock.goes_on(HOUR_S, synced=False)
    held = monitor.reading()
    assert (held.synced, held.state, held.error_ms) == (False, HOLDOVER, pytest.approx(50.0 + 720.0))
    gate.clock.goes_on(1, gained=60.0)
    assert monitor.reading().error_ms is None


def test_each_change_is_told_once_and_a_step_also_where_nothing_changes(gate):
    monitor = gate.starts()
    for seconds, gained, synced in ((0, 0, True), (1, 0, True), (1, 90.0, True), (1, 0, False), (1, -7, False)):
        gate.clock.goes_on(seconds, gained, synced)
        monitor.trusted()
    monitor.start()
    monitor.stop()
    assert [(event.before, event.state, event.step_s) for event in gate.events] == [
        (None, SYNCED, None),
        (SYNCED, SYNCED, 90.0),
        (SYNCED, HOLDOVER, None),
        (HOLDOVER, UNTRUSTED, -7.0),
    ]
    assert "set by -7.0 s, not by a time server" in gate.events[-1].detail
    assert [draft.utc for draft in gate.told] == [UTC, UTC + 92, UTC + 93, UTC + 87]


def test_a_clock_before_1970_makes_no_event_that_cannot_be_recorded(gate):
    gate.clock.utc = -10.0
    gate.runs_for_a_round()
    assert [draft.utc for draft in gate.told] == [0.0]


def test_nobody_waits_for_the_disk_to_be_told_the_time(gate):
    at_the_disk, disk_is_back = threading.Event(), threading.Event()

    def slow_floor():
        at_the_disk.set()
        assert disk_is_back.wait(PATIENCE_S)
        return ClockFloor(0.0)

    monitor = gate.starts()
    gate.store.clock_floor = slow_floor
    monitor.start()
    assert at_the_disk.wait(PATIENCE_S)
    assert monitor.trusted()
    disk_is_back.set()
    monitor.stop()


def test_it_watches_by_itself_and_takes_up_a_floor_that_a_list_raised(gate):
    monitor = gate.starts()
    monitor.start()
    try:
        eventually(lambda: len(gate.events) == 1)
        gate.store.floor = ClockFloor(UTC + YEAR_S)
        eventually(lambda: len(gate.events) == 2)
    finally:
        monitor.stop()
    assert gate.events[1].state is UNTRUSTED
    assert not monitor.trusted()


def test_the_journal_can_ask_it_for_the_time_of_the_very_events_that_it_tells(gate, tmp_path):
    made = [gate.starts()]

    def reading():
        return made[-1].reading()

    journal = open_journal(tmp_path / "journal.db", clock=reading)
    recorder = Recorder(journal, lambda: UTC)
    made.append(ClockMonitor(gate.clock, gate.store, gate.files, gate.rules, recorder.note))
    made[-1].start()
    try:
        eventually(lambda: journal.head == 1)
        recorder.bind([present()])
    finally:
        made[-1].stop()
    stated = [json.loads(one.payload) for one in journal.range(1, 9)]
    journal.close()
    assert [one["type"] for one in stated] == ["clock.changed", "vehicle.present"]
    assert [one["clockstate"] for one in stated] == ["SYNCED", "SYNCED"]


# ------------------------------------------------------------------------------------------- what it keeps: the anchor


def test_a_new_process_holds_over_from_the_last_sure_look_of_the_one_before(gate):
    gate.runs_for_a_round()
    gate.clock.goes_on(10 * HOUR_S, synced=False)
    monitor = gate.starts()
    assert monitor.reading().state is HOLDOVER
    assert monitor.reading().error_ms == pytest.approx(50.0 + 500.0 + 7200.0)


def test_a_new_process_knows_that_the_clock_became_worse_since_the_last_minute(gate):
    monitor = gate.starts()
    monitor._observe_once(last=False)
    gate.clock.goes_on(2)
    gate.clock.error_ms = 15_000.0
    monitor._observe_once(last=False)
    gate.clock.goes_on(2, synced=False)
    assert gate.starts().reading().error_ms == pytest.approx(15_500.0, abs=1.0)


def test_a_restarted_computer_does_not(gate):
    gate.runs_for_a_round()
    gate.files = ClockFiles(gate.folder, "the next run of the computer")
    gate.clock.goes_on(10, synced=False)
    assert gate.starts().reading().state is UNTRUSTED


def test_where_a_sandbox_hides_which_run_this_is_nothing_is_held_over(gate, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("agent.clock.files.BOOT_ID", tmp_path / "hidden")
    gate.files = ClockFiles(gate.folder)
    gate.runs_for_a_round()
    gate.clock.synced = False
    assert not (gate.folder / ANCHOR).exists()
    assert gate.starts().reading().state is UNTRUSTED
    assert "not trusted over a restart of the agent" in caplog.text


def test_this_computers_run_has_an_id(gate):
    gate.files = ClockFiles(gate.folder)
    gate.runs_for_a_round()
    assert ClockFiles(gate.folder).last_look() is not None


def test_a_clock_that_was_set_while_no_agent_ran_is_noticed_and_never_believed_again(gate):
    gate.runs_for_a_round()
    gate.clock.goes_on(10, gained=-HOUR_S, synced=False)
    gate.runs_for_a_round()
    assert (gate.events[-1].state, gate.events[-1].step_s) == (UNTRUSTED, -HOUR_S)
    assert gate.files.last_look().anchor is None
    gate.clock.goes_on(10, gained=HOUR_S)
    assert gate.starts().reading().state is UNTRUSTED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "x" * 5000,
        '{"boot_id": "this run of the computer", "at": "x", "utc": 1, "error_s": 1, "until": null}',
        '{"boot_id": "this run of the computer", "at": NaN, "utc": 1, "error_s": 1, "until": null}',
        '{"boot_id": "this run of the computer", "at": 1, "utc": 1, "error_s": -1, "until": null}',
        '{"boot_id": "this run of the computer", "at": 1, "utc": 1, "error_s": true, "until": null}',
        '{"boot_id": "this run of the computer", "at": 1, "utc": 1, "until": null}',
        '{"boot_id": "this run of the computer", "at": 1%s, "utc": 1, "error_s": 1, "until": null}' % ("0" * 400),
        "[" * 4000,
    ],
)
def test_a_file_that_is_no_anchor_is_not_used_and_told_in_the_log(gate, text, caplog):
    (gate.folder / ANCHOR).write_text(text, encoding="utf-8")
    gate.clock.synced = False
    assert gate.starts().reading().state is UNTRUSTED
    assert "is not used" in caplog.text


def test_the_limit_of_a_battery_backed_clock_outlives_the_process(gate):
    gate.rules = HoldoverRules(rtc_holdover_s=2 * HOUR_S)
    gate.store.floor = ClockFloor(UTC - HOUR_S, UTC - HOUR_S)
    gate.clock.synced = False
    assert gate.runs_for_a_round().reading().state is HOLDOVER
    gate.clock.goes_on(HOUR_S)
    assert gate.starts().reading().state is UNTRUSTED


# ------------------------------------------------------------------------ restarts, with a battery-backed clock as well


def set_two_hours_ahead(gate):
    """A time server kept the clock, then none, and somebody sets it; permits may be judged by a
    battery-backed clock.
    """
    gate.rules = HoldoverRules(rtc_holdover_s=24 * HOUR_S)
    monitor = gate.starts()
    for seconds, gained, synced in (
        (0, 0, True),
        (500, 0, True),
        (500, 0, True),
        (10, 0, False),
        (10, 2 * HOUR_S, False),
    ):
        gate.clock.goes_on(seconds, gained, synced)
        monitor._observe_once(last=False)
    assert gate.store.floor.synced_utc is not None
    assert monitor.trust().state is UNTRUSTED
    return monitor


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("set_back", [0, -2 * HOUR_S])
def test_a_clock_that_was_set_by_hand_stays_untrusted_over_restarts_of_the_agent(gate, killed, set_back):
    monitor = set_two_hours_ahead(gate)
    if not killed:
        monitor._observe_once(last=True)
    for _ in range(3):
        gate.clock.goes_on(10, set_back)
        set_back = 0
        assert gate.starts().reading().state is UNTRUSTED
        gate.runs_for_a_round()
    gate.clock.goes_on(10, synced=True)
    assert gate.runs_for_a_round().reading().state is SYNCED
    gate.clock.goes_on(10, synced=False)
    assert gate.starts().reading().state is HOLDOVER


def next_run(gate, seconds=60, gained=0.0):
    """The computer restarts, with its clock read from the battery-backed one."""
    gate.files = ClockFiles(gate.folder, f"the run after {gate.clock.utc}")
    gate.clock.goes_on(seconds, gained, synced=False)
    gate.clock.at = 10.0
    return gate.starts()


def if_it_restarted(gate, gained=0.0):
    """What the clock would be worth to an agent if the computer restarted now."""
    at, utc, synced, files = gate.clock.at, gate.clock.utc, gate.clock.synced, gate.files
    try:
        return next_run(gate, gained=gained).reading()
    finally:
        gate.clock.at, gate.clock.utc, gate.clock.synced, gate.files = at, utc, synced, files


@pytest.mark.parametrize("set_back", [0, -2 * HOUR_S])
def test_a_clock_that_was_set_by_hand_is_not_believed_after_a_restart_of_the_computer_either(gate, set_back):
    set_two_hours_ahead(gate)
    for _ in range(2):
        monitor = next_run(gate, gained=set_back)
        set_back = 0
        assert monitor.reading().state is UNTRUSTED
        monitor._observe_once(last=True)
    assert gate.store.floor.synced_utc is not None, "when a time server kept it last is still told"
    for _ in range(20):
        gate.clock.goes_on(60, synced=True)
        monitor._observe_once(last=False)
    assert next_run(gate).reading().state is HOLDOVER


def kept_for_long(gate, **rules):
    gate.rules = HoldoverRules(rtc_holdover_s=24 * HOUR_S, **rules)
    monitor = rounds(gate, *[(60.0, 0.0, True)] * 20)
    assert if_it_restarted(gate).state is HOLDOVER
    return monitor


@pytest.mark.parametrize("seen_by_another_thread", [False, True])
def test_after_a_step_of_a_time_server_the_battery_backed_clock_is_believed_once_it_surely_has_that_time(
    gate, seen_by_another_thread
):
    monitor = kept_for_long(gate)
    gate.clock.goes_on(1, gained=15.0, synced=True)
    if seen_by_another_thread:
        assert monitor.trust().step_s == 15.0
    for seconds, state in ((0.0, UNTRUSTED), (60.0, UNTRUSTED), (600.0, UNTRUSTED), (250.0, HOLDOVER)):
        gate.clock.goes_on(seconds, synced=True)
        monitor._observe_once(last=False)
        assert if_it_restarted(gate, gained=-15.0 if state is UNTRUSTED else 0.0).state is state, seconds


def test_small_changes_by_hand_are_added_up_for_the_battery_backed_clock_too(gate):
    monitor = kept_for_long(gate)
    for _ in range(8):
        gate.clock.goes_on(1, gained=1.9, synced=False)
        monitor._observe_once(last=False)
    assert if_it_restarted(gate).error_ms >= 8 * 1_900.0


def test_a_battery_backed_clock_loses_whole_seconds_at_each_restart_of_the_computer(gate):
    kept_for_long(gate)
    errors = []
    for _ in range(4):
        monitor = next_run(gate)
        errors.append(monitor.reading().error_ms)
        monitor._observe_once(last=True)
    assert [later - before for before, later in itertools.pairwise(errors)] == pytest.approx([2_012.0] * 3, abs=1.0)


def test_that_the_clock_was_set_is_written_as_soon_as_the_registry_can(gate, caplog):
    monitor = kept_for_long(gate)
    gate.store.trouble = "disk I/O error"
    gate.clock.goes_on(1, gained=HOUR_S, synced=False)
    for _ in range(3):
        monitor._observe_once(last=False)
    assert caplog.text.count("how far off the clock was cannot be kept: disk I/O error") == 1
    gate.store.trouble = ""
    monitor._observe_once(last=False)
    assert gate.store.floor.synced_error_s == inf


def test_a_battery_backed_clock_does_not_count_where_a_sandbox_hides_which_run_this_is(gate):
    set_two_hours_ahead(gate)
    gate.files = ClockFiles(gate.folder, "")
    assert gate.starts().reading().state is UNTRUSTED
    assert gate.runs_for_a_round().reading().state is UNTRUSTED
    assert not (gate.folder / ANCHOR).exists()


def test_after_a_restart_of_the_computer_the_clock_is_off_by_what_it_was_off_before_too(gate):
    gate.clock.error_ms = 9_900.0
    gate.rules = HoldoverRules(max_error_s=15.0, rtc_holdover_s=24 * HOUR_S)
    rounds(gate, *[(30.0, 0.0, True)] * 40)
    gate.files = ClockFiles(gate.folder, "the next run of the computer")
    gate.clock.goes_on(60, synced=False)
    assert gate.starts().reading().error_ms == pytest.approx(9_900 + 4_180, abs=100)
    gate.rules = HoldoverRules(max_error_s=10.0, rtc_holdover_s=24 * HOUR_S)
    assert gate.starts().reading().state is UNTRUSTED


def test_that_the_loss_cannot_be_kept_is_told_once_and_tried_again(gate, mocker, caplog):
    monitor = set_two_hours_ahead(gate)
    monitor._holding = True
    written = mocker.patch("agent.clock.files._write", side_effect=OSError("no room"))
    for _ in range(3):
        monitor._observe_once(last=False)
    assert written.call_count == 3
    assert caplog.text.count("what is known of the clock cannot be kept: no room") == 1
    mocker.stopall()
    monitor._observe_once(last=False)
    assert gate.files.last_look().anchor is None


# --------------------------------------------------------------------------------------------- what it keeps: the floor


def rounds(gate, *steps):
    """One monitor over several rounds, without the pauses of its thread."""
    monitor = gate.starts()
    for seconds, gained, synced in steps:
        gate.clock.goes_on(seconds, gained, synced)
        monitor._observe_once(last=False)
    return monitor


def test_the_floor_rises_with_a_time_server_about_once_a_minute(gate):
    monitor = rounds(gate, *[(1.0, 0.0, True)] * 600)
    assert gate.store.floor == ClockFloor(gate.store.floor.utc)
    assert UTC + 540 <= gate.store.floor.utc <= UTC + 600
    assert 8 <= gate.store.written <= 10
    for _ in range(600):
        gate.clock.goes_on(1)
        monitor._observe_once(last=False)
    assert gate.store.floor == ClockFloor(gate.store.floor.utc, gate.store.floor.utc, 0.05)
    assert 18 <= gate.store.written <= 20


def test_a_wrong_clock_cannot_poison_the_floor(gate):
    rounds(gate, *[(30.0, 0.0, True)] * 10)
    floor = gate.store.floor
    rounds(gate, (1, 0, False), (30, YEAR_S, False), *[(60.0, 0.0, False)] * 10)
    assert gate.store.floor == floor
    rounds(gate, (30, -2 * YEAR_S, True), *[(60.0, 0.0, True)] * 10)
    assert gate.store.floor == floor


def test_a_registry_that_fails_costs_no_trust_and_is_told_once(gate, caplog):
    gate.store.trouble = "disk I/O error"
    monitor = rounds(gate, *[(30.0, 0.0, True)] * 40)
    assert monitor.trusted()
    assert caplog.text.count("the clock's floor cannot be read: disk I/O error") == 1
    assert caplog.text.count("cannot be kept") == 1
    caplog.set_level(logging.WARNING)
    gate.store.trouble = ""
    monitor._observe_once(last=True)
    assert "no longer the case: the clock's floor cannot be read" in caplog.text
    assert gate.store.floor.synced_utc == gate.clock.utc


def test_the_last_known_floor_holds_while_the_registry_cannot_be_read(gate):
    monitor = rounds(gate, *[(30.0, 0.0, True)] * 10)
    gate.store.trouble = "disk I/O error"
    gate.clock.goes_on(1, gained=-YEAR_S)
    monitor._observe_once(last=False)
    assert not monitor.trusted()


# ------------------------------------------------------------------------------------------------------- the reset


def test_a_reset_is_done_told_with_who_and_why_and_then_gone(gate):
    gate.store.floor = ClockFloor(UTC + YEAR_S, UTC + YEAR_S)
    gate.files.ask_reset(FloorReset(UTC, "root", "the time server of the site told a wrong year"))
    gate.runs_for_a_round()
    assert gate.store.floor.utc == UTC
    assert [event.state for event in gate.events] == [SYNCED, SYNCED]
    assert gate.events[-1].detail == (
        f"root moved the earliest accepted time by {-YEAR_S:+.0f} s: the time server of the site told a wrong year"
    )
    assert not (gate.folder / RESET).exists()


def test_a_reset_that_cannot_be_done_yet_waits(gate, caplog):
    gate.files.ask_reset(FloorReset(UTC, "root", "why"))
    gate.store.trouble = "disk I/O error"
    monitor = rounds(gate, (1, 0, True), (1, 0, True))
    assert (gate.folder / RESET).exists()
    assert caplog.text.count("cannot be reset as asked: disk I/O error") == 1
    gate.store.trouble = ""
    monitor._observe_once(last=False)
    assert not (gate.folder / RESET).exists()
    assert gate.events[-1].detail.startswith("root set the earliest accepted time to")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"utc": "now"}',
        '{"utc": 1, "operator": "a\\nb", "cause": ""}',
        '{"utc": -1}',
        '{"utc": 1%s, "operator": "a", "cause": "b"}' % ("0" * 400),
        "x" * 5000,
        "[" * 4000,
    ],
)
def test_a_file_that_is_no_reset_resets_nothing_and_is_told_once(gate, text, caplog):
    gate.store.floor = ClockFloor(UTC, UTC)
    (gate.folder / RESET).write_text(text, encoding="utf-8")
    rounds(gate, *[(1, 0, True)] * 3)
    assert gate.store.floor == ClockFloor(UTC, UTC)
    assert caplog.text.count("cannot be reset as asked") == 1


# ---------------------------------------------------------------------------------------------------- the real thing


def test_this_computers_own_clock_is_watched(gate):
    monitor = gate.starts(Clock())
    trust = [monitor.trust() for _ in range(200)]
    assert {one.step_s for one in trust} == {None}
    kernel = Clock().synchronisation()
    assert trust[-1].state is (SYNCED if kernel.synchronised else UNTRUSTED)


def test_two_clocks_are_read_together():
    gains = [one.utc - one.at for one in (Clock().together() for _ in range(200))]
    assert max(gains) - min(gains) < 0.5
