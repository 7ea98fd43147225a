"""No part of the agent is silently gone: one that fails begins again and is reported, one that hangs starves the
watchdog.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from hashlib import sha256
from types import SimpleNamespace

import pytest

from agent.assembly.part_factory import GateParts
from agent.broker.topics import Topics
from agent.clock.files import ClockFiles
from agent.clock.monitor import ClockMonitor
from agent.core.clock.trust import HoldoverRules
from agent.core.crypto.keys import SigningKey
from agent.core.model.instant import Instant
from agent.devices.device_status import DeviceStatusTable
from agent.devices.inputs import InputMonitor, SignalMap
from agent.devices.port_supervisor import PortState
from agent.devices.scanner import ScannerMonitor
from agent.doctor.codes import DiagnosticCheck, FindingCode
from agent.lists.mqtt_sync import ListSync
from agent.lists.topics import ListTopics
from agent.mqtt.evidence_upload import EvidenceSettings, EvidenceUpload
from agent.mqtt.health_publisher import HealthPublisher
from agent.mqtt.messages import Incoming
from agent.recording.checkpoints import Checkpointer
from agent.recording.evidence_writer import EvidenceWriter
from agent.recording.personal_data import DAY_S, HOUR_S, PersonalAges, PersonalDataRetention
from agent.recording.retention import RetentionAges, RetentionJob
from agent.site.work_queue import WorkQueue
from agent.store.evidence.evidence_store import EvidenceStore
from agent.store.journal.reader import JournalReader
from drivers.api import DeviceUnavailableError, InputSample, Scan, ScanLosses
from tests.support.clocks import FloorInMemory, HandClock
from tests.support.console.consoles import ConsoleGate
from tests.support.gate.altered_agent import altered_agent
from tests.support.site.sites import Hub, SiteGate
from tests.support.store.journals import UTC, FakeClock, device, open_journal
from tests.support.store.registries import open_registry
from tests.support.waiting import PATIENCE_S, eventually

AGES = RetentionAges(events_s=7 * DAY_S, events_bytes=1 << 30)
PERSONAL = PersonalAges(uses_s=180 * DAY_S, lists_s=24 * HOUR_S)
KEY = SigningKey.from_seed(sha256(b"gate").digest())
# What is shown on an unfixed agent is the silence of the part, not the traceback that Python prints.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


class Faulty:
    """A function that fails in an unforeseen way the first few times that it is called, then does its work.

    `calls`: its own.
    """

    def __init__(self, work=lambda *_args, **_options: None, times=1):
        self._work, self._left, self.calls = work, times, []

    def __call__(self, *args, **options):
        if self._left:
            self._left -= 1
            raise RuntimeError("unforeseen")
        self.calls.append(args)
        return self._work(*args, **options)


@pytest.fixture
def journal(tmp_path):
    journal = open_journal(tmp_path / "journal.db")
    yield journal
    journal.close()


# ---------------------------------------------------------------------------------------------------- part by part


def test_a_retention_job_that_fails_goes_on_to_prune_so_that_the_disk_does_not_fill_up(tmp_path, journal, monkeypatch):
    monkeypatch.setattr("agent.recording.retention.ROUND_S", 0.01)
    monkeypatch.setattr("agent.recording.retention.PRUNE_EVERY_S", 0.01)
    registry, prune = open_registry(tmp_path / "registry.db"), Faulty(lambda: 0)
    personal_data = PersonalDataRetention(registry, PERSONAL, FakeClock(UTC), lambda _drafts: None)
    part = RetentionJob(journal, AGES, prune, pytest.fail, personal_data)
    part.start()
    try:
        eventually(lambda: len(prune.calls) >= 2, what="a second round")
    finally:
        part.stop()
        registry.close()


def test_a_fault_that_stays_in_one_duty_of_the_retention_job_keeps_no_other_from_being_done(
    tmp_path, journal, monkeypatch, mocker
):
    monkeypatch.setattr("agent.recording.retention.ROUND_S", 0.01)
    monkeypatch.setattr("agent.recording.retention.PRUNE_EVERY_S", 0.01)
    registry = open_registry(tmp_path / "registry.db")
    pruned = mocker.spy(journal, "prune")
    personal_data = PersonalDataRetention(registry, PERSONAL, FakeClock(UTC), lambda _drafts: None)
    part = RetentionJob(journal, AGES, Faulty(times=1_000_000), pytest.fail, personal_data)
    part.start()
    try:
        eventually(lambda: pruned.call_count >= 2, what="the journal pruned twice")
    finally:
        part.stop()
        registry.close()


def test_pictures_are_kept_after_one_that_could_not_be(tmp_path, mocker):
    store = EvidenceStore(tmp_path / "evidence", 1 << 20)
    mocker.patch.object(store, "keep", keep := Faulty(store.keep))
    part = EvidenceWriter(store)
    part.start()
    for picture in (b"one", b"two"):
        part.keep({sha256(picture).hexdigest(): picture})
    try:
        eventually(lambda: keep.calls == [(sha256(b"two").hexdigest(), b"two")])
    finally:
        part.stop()


@pytest.mark.parametrize(("times", "recorded"), [(1, ["lost", "up"]), (2, ["up"])])
def test_a_change_of_a_device_that_could_not_be_recorded_is_tried_once_more_before_the_next(times, recorded):
    recorder = SimpleNamespace(note=(note := Faulty(times=times)))
    devices = DeviceStatusTable(recorder, lambda: UTC)
    devices.start()
    devices.changed("relay", "out/relay", "lost", "pulled")
    devices.changed("relay", "out/relay", "up", "back")
    try:
        eventually(lambda: [one.event.state for ([one],) in note.calls] == recorded)
    finally:
        devices.stop()


def test_the_chain_is_signed_after_a_time_that_it_could_not_be(journal):
    utc = Faulty(lambda: UTC)
    checkpointer = Checkpointer(journal, KEY, "gate-7", utc, 0.01)
    checkpointer.start()
    journal.record([device()])
    try:
        eventually(lambda: utc.calls and journal.head == 2)
    finally:
        checkpointer.stop()


def test_a_change_of_the_clock_that_could_not_be_told_is_told_before_the_next(tmp_path):
    clock, note = HandClock(), Faulty()
    part = ClockMonitor(clock, FloorInMemory(), ClockFiles(tmp_path, "this run"), HoldoverRules(), note)
    first = part.trust().state
    clock.goes_on(1.0, gained=3600.0, synced=False)  # before its thread looks: it would see half of that
    part.start()
    try:
        eventually(lambda: [one.event.state for ([one],) in note.calls] == [first, "UNTRUSTED"])
    finally:
        part.stop()


def test_the_rows_of_the_site_are_told_after_a_time_that_they_could_not_be(tmp_path, mocker):
    hub = Hub()
    mocker.patch("tests.support.site.sites.HubLink.broadcast_rows", tell := Faulty(lambda _text, _done=None: True))
    gates = [SiteGate(hub, tmp_path, name) for name in ("east", "north")]
    try:
        eventually(lambda: tell.calls)
    finally:
        for gate in gates:
            gate.close()


class Board:
    """An input board that is away the first time."""

    def __init__(self):
        self._opens = itertools.count()

    def open(self):
        if next(self._opens) == 0:
            raise DeviceUnavailableError("not plugged in")
        return "a board"

    def close(self):
        pass

    def sample(self):
        return InputSample((True,), 1.0)


def test_inputs_are_felt_after_a_listener_that_failed_when_the_board_was_lost():
    samples = threading.Event()
    watch = InputMonitor("out", Board(), SignalMap({"presence": 1}, debounce_s=0), lambda _s: samples.set(), Faulty())
    watch.start()
    try:
        assert samples.wait(PATIENCE_S)
    finally:
        watch.stop()


class Scanner:
    """A scanner that is away the first time."""

    losses = ScanLosses()
    open, close = Board.open, Board.close

    def __init__(self):
        self._opens, self._numbers = itertools.count(), itertools.count()

    def read(self, _timeout_s):
        number = next(self._numbers)
        return Scan(f"text {number}".encode(), float(number))


def test_codes_are_read_after_a_listener_that_failed_when_the_scanner_was_lost():
    read = threading.Event()
    watch = ScannerMonitor("out/post", Scanner(), lambda _scan: read.set(), Faulty())
    watch.start()
    try:
        assert read.wait(PATIENCE_S)
    finally:
        watch.stop()


class Session:
    """A session that is up. `told`: what was published; `handlers`: of the topics that were subscribed to."""

    view = SimpleNamespace(state=PortState.UP, connections=1)

    def __init__(self):
        self.told, self.handlers = [], {}

    def publish(self, message, _done=None):
        self.told.append(message.payload)
        return True

    def subscribe(self, *subscriptions):
        self.handlers |= {one.topic_filter: one.handle for one in subscriptions}

    def listen(self, listener):
        pass


def test_a_word_of_another_gate_that_fails_does_not_make_the_gate_deaf():
    heard = threading.Event()
    inbox = WorkQueue("site-words", lambda: None, pytest.fail)
    inbox.start()
    inbox.submit(lambda: 1 / 0)
    inbox.submit(heard.set)
    try:
        assert heard.wait(PATIENCE_S)
        assert inbox.worker.failures == 1
    finally:
        assert inbox.stop(PATIENCE_S)


def test_a_message_of_a_list_that_fails_keeps_no_other_from_being_taken():
    session, take_trust = Session(), Faulty()
    intake = SimpleNamespace(take_trust=take_trust, trust=lambda: None, known=lambda _kind: None, stop=lambda: None)
    sync = ListSync("gate-7", 7, session, intake, lambda: Instant(time.monotonic(), UTC))
    sync.start()
    topic = ListTopics(7).trust
    for payload in (b"first", b"second"):
        session.handlers[topic](Incoming(topic, payload, 1, False))
    try:
        eventually(lambda: take_trust.calls == [(b"second", "mqtt")])
        assert sync.worker.failures == 1
    finally:
        assert sync.stop(PATIENCE_S)


def test_the_health_is_told_after_a_time_that_it_could_not_be_made(monkeypatch):
    monkeypatch.setattr("agent.mqtt.health_publisher.LOOK_S", 0.01)
    session = Session()
    health = HealthPublisher(session, "health", Faulty(lambda: b"well"), every_s=0.01)
    health.start()
    try:
        eventually(lambda: session.told[:1] == [b"well"])
        assert health.worker.failures == 1
    finally:
        assert health.stop(PATIENCE_S)


def test_pictures_are_sent_after_a_fault_that_nobody_foresaw():
    names = ["picture"]
    outgoing = SimpleNamespace(first=lambda: names[0] if names else None, remove=names.remove)
    pictures = SimpleNamespace(outgoing=outgoing, get=lambda _name: None)
    settings = EvidenceSettings(look_s=0.01, retry_s=0.01)
    sender = EvidenceUpload(Session(), Topics("gate-7"), pictures, pytest.fail, Faulty(lambda: True), settings)
    sender.start()
    try:
        eventually(lambda: not names)
        assert sender.worker.failures == 1
    finally:
        assert sender.stop(PATIENCE_S)


def test_the_console_opens_after_a_start_that_failed(tmp_path, mocker):
    mocker.patch.object(GateParts, "_gate", autospec=True, side_effect=Faulty(GateParts._gate))
    with ConsoleGate(tmp_path) as gate:
        assert not gate.browser().get("/login").is_error


# ------------------------------------------------------------------------------------------------ the gate as a whole


@pytest.fixture
def gate(tmp_path, monkeypatch):
    """An agent in this process that looks after its disk all the time."""
    monkeypatch.setattr("agent.recording.retention.ROUND_S", 0.01)
    monkeypatch.setattr("agent.recording.retention.PRUNE_EVERY_S", 0.01)
    # A lane stands still for longer here, and is no part that fails.
    monkeypatch.setattr("agent.lane.loop.LIMIT_S", PATIENCE_S)
    return ConsoleGate(tmp_path)


def failures(events):
    """What the alarms among these events say of parts of the agent; a lane may raise others on a busy machine."""
    alarms = [one["data"] for one in events if one["type"] == "alarm.raised"]
    return [one["detail"] for one in alarms if one["alarm"] == "part_failed"]


def told(app):
    return failures([json.loads(one.payload) for one in app.parts.journal.range(1, app.parts.journal.head)])


def test_a_part_that_fails_is_an_alarm_a_finding_of_the_doctor_and_a_metric(gate, mocker):
    mocker.patch.object(gate.app.parts.evidence, "prune", prune := Faulty(lambda *_args, **_options: 0))
    with gate:
        eventually(lambda: prune.calls, what="the next round")
        alarms = eventually(lambda: told(gate.app))
        assert alarms == ["the part retention has failed: RuntimeError: unforeseen"]
        findings = [
            one
            for one in gate.app.parts.diagnostics.health_monitor.examine().findings
            if one.check is DiagnosticCheck.PARTS
        ]
        assert [(one.code, one.subject) for one in findings] == [(FindingCode.PART_FAILED, "retention")]
        figures = {one.part: one for one in gate.app.parts.diagnostics._metrics_collector.read().parts}
        assert (figures["retention"].failures, figures["retention"].well) == (1, False)
        assert figures["clock"].well


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("agent.recording.retention.LIMIT_S", 0.05, raising=False)


def test_a_part_that_hangs_starves_the_watchdog_and_is_told(impatient, gate, mocker):
    hangs, let_go = threading.Event(), threading.Event()

    def hang(*_args, **_options):
        hangs.set()
        let_go.wait(PATIENCE_S)
        return 0

    mocker.patch.object(gate.app.parts.evidence, "prune", hang)
    try:
        with gate:
            assert hangs.wait(PATIENCE_S)
            eventually(
                lambda: "retention" in gate.app.parts.watchdog.check_once(), what="the watchdog's notice of the hang"
            )
            alarms = eventually(lambda: told(gate.app))
            assert alarms == ["the part retention makes no progress"]
            findings = [
                one
                for one in gate.app.parts.diagnostics.health_monitor.examine().findings
                if one.check is DiagnosticCheck.PARTS
            ]
            assert [(one.code, one.subject) for one in findings] == [(FindingCode.PART_STALLED, "retention")]
            let_go.set()
            eventually(lambda: "retention" not in gate.app.parts.watchdog.check_once())
    finally:
        let_go.set()


def test_every_long_lived_thread_of_a_gate_is_watched_by_its_name(gate):
    before = set(threading.enumerate())  # a test before may have left one that has yet to end
    with gate:
        watched = {stage.name for stage in gate.app.parts.watchdog._stages.values()}
        threads = {thread.name for thread in threading.enumerate() if thread not in before}
        alone = {"console", "watchdog"}
        short_lived = {name for name in threads if name.startswith(("AnyIO", "asyncio", "Thread-", "doctor-"))}
        assert "lane-out" in threads
        assert threads - alone - short_lived <= watched


# --------------------------------------------------------------------------------------------------- the last net

LOOSE = """
remember = run._remember

def remember_and_fail(*args):
    remember(*args)
    threading.Thread(target=lambda: 1 / 0, name="loose").start()

run._remember = remember_and_fail
"""


def recorded(site):
    with JournalReader(site.journal) as journal:
        return [json.loads(event.payload) for event in journal.events()]


def test_a_thread_that_nobody_guards_ends_the_process_in_order_to_be_started_again(tmp_path):
    process, site = altered_agent(tmp_path, LOOSE)
    with process:
        eventually(lambda: not process.running, 40, "the end of the process")
    assert process._process.returncode == 1
    assert "the thread loose has failed; the agent stops, and the service starts it again" in process.log
    assert "ZeroDivisionError" in process.log
    (stopping,) = [one["data"] for one in recorded(site) if one["type"] == "gate.stopping"]
    assert stopping == {"cause": "a fault in the thread loose"}


def test_a_fault_in_the_thread_of_a_relay_board_ends_the_process_and_the_relays_are_released(tmp_path):
    more = """
    from agent.barrier.relay_board import RelayBoard
    release_all = RelayBoard._release_all
    RelayBoard._release_all = lambda board: (release_all(board), print("released", flush=True))
    RelayBoard._note = lambda board, order: 1 / 0
    """
    process, site = altered_agent(tmp_path, more)
    with process:
        eventually(lambda: not process.running, 40, "the end of the process")
    assert process._process.returncode == 1
    assert "released" in process.log
    (alarm,) = failures(recorded(site))
    assert "ZeroDivisionError" in alarm


def test_a_fault_in_the_loop_of_a_lane_ends_the_process_and_the_relays_are_released(tmp_path):
    more = """
    from agent.lane.loop import LaneLoop
    from agent.barrier.relay_board import RelayBoard
    release_all = RelayBoard._release_all
    RelayBoard._release_all = lambda board: (release_all(board), print("released", flush=True))
    tick, ticks = LaneLoop._tick, []

    def fail_after_a_while(loop):
        ticks.append(loop)
        if len(ticks) > 40:
            raise ZeroDivisionError("a bug")
        tick(loop)

    LaneLoop._tick = fail_after_a_while
    """
    process, site = altered_agent(tmp_path, more)
    with process:
        eventually(lambda: not process.running, 40, "the end of the process")
    assert process._process.returncode == 1
    assert "released" in process.log
    events = recorded(site)
    (alarm,) = failures(events)
    assert alarm == "the part lane-exit-1 has failed: ZeroDivisionError: a bug"
    (stopping,) = [one["data"] for one in events if one["type"] == "gate.stopping"]
    assert stopping == {"cause": "a fault in the thread lane-exit-1"}
