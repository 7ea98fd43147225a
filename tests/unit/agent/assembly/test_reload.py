"""A gate whose configuration is broken or changed: it runs on with the last good one, and takes a new one at rest."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import sys
import threading
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.assembly.app import STOP_S
from agent.cli.configuration import usable_configuration
from agent.lane.pause import LanePause
from agent.settings import ConfigEditor, EditStep, SettingsError, set_value
from agent.settings.configuration_loading import load_configuration, models
from agent.settings.editing.history import History, HistoryError, present_files
from agent.settings.editing.last_known_good import state_directory
from agent.store.errors import EvidenceError
from drivers.emulators.scanner import ScannerEmulator
from drivers.inputs import simulated as simulated_inputs
from tests.support.gate.altered_agent import altered_agent
from tests.support.gate.config_files import write
from tests.support.gate.gate_site import GATE, GateSite
from tests.support.gate.installed import AgentProcess
from tests.support.gate.simulated_gate import forgotten_boards, gate_app, never_stale, simulated_lane
from tests.support.gate.subscriber import Hearing, Recorded
from tests.support.pki.certificates import Authority
from tests.support.waiting import PATIENCE_S, eventually, scaled

HERE = SimpleNamespace(command=Path(sys.executable).with_name("gate-agent"))
GONE_S = min(30.0, scaled(1.0))
"""Long enough for a configuration to be read while the vehicle is there."""
BLIND = """
[lanes.exit-1.timing]
read_s = 2
decide_s = 1
gone_s = {gone_s}

[lanes.exit-1.relay]
kind = "simulated"

[[lanes.exit-1.scanners]]
id = "post"
kind = "serial_lines"
port = "{port}"
"""


# ------------------------------------------------------------------------------------------------- a whole agent


class Gate:
    """An agent in a process of its own, with a scanner and no camera; its journal is what it tells."""

    def __init__(self, folder):
        self.site = GateSite(folder)
        self.path = self.site.configure(BLIND.format(port=folder / "scanner", gone_s=GONE_S), mqtt="enabled = false")
        self.agent = AgentProcess(SimpleNamespace(command=HERE.command, scratch=folder), self.path)
        self.hearing = Hearing(Recorded(self.site.journal), self.agent.until)

    def change(self, old, new):
        text = self.path.read_text()
        assert old in text
        self.path.write_text(text.replace(old, new))

    def set(self, key, value, who):
        history = History(self.site.folder / "state", self.path)
        editor = ConfigEditor(self.path, partial(load_configuration, self.path), models, history)
        set_value(editor, key, str(value), EditStep(who, "console", 1.8e9))

    def reload(self):
        os.kill(self.agent._process.pid, signal.SIGHUP)

    def started(self, after=0):
        return self.hearing.wait("gate.started", after)


@pytest.fixture
def gate(tmp_path):
    gate = Gate(tmp_path)
    with ScannerEmulator(tmp_path / "scanner") as gate.scanner, gate.agent:
        gate.hearing.wait("device.changed", family="scanner", state="up")
        yield gate


def test_a_new_configuration_is_taken_when_the_vehicle_has_gone_in_the_same_process_and_a_bad_one_is_refused(gate):
    first = gate.started()
    gate.scanner.scan("no permit")
    denied = gate.hearing.wait("access.decided")["seq"]
    gate.change(f"gone_s = {GONE_S}", f"gone_s = {GONE_S + 0.5}")
    gate.reload()
    gate.agent.until(lambda: "waits for the lanes exit-1 to be at rest" in gate.agent.log, "waiting")
    assert not gate.hearing.all("gate.stopping")
    closed = gate.hearing.wait("transaction.closed", denied, outcome="denied")["seq"]
    stopping = gate.hearing.wait("gate.stopping", closed, cause="a new configuration")["seq"]
    second = gate.started(stopping)
    assert second["data"]["configuration"] != first["data"]["configuration"]
    assert second["data"]["interrupted"] == []
    # A bad one: refused with all its mistakes, and the lane serves on.
    gate.hearing.wait("device.changed", stopping, family="scanner", state="up")
    gate.change(f"gone_s = {GONE_S + 0.5}", "gone_s = 1000\nreed_s = 5")
    gate.reload()
    refused = gate.hearing.wait("configuration.refused", stopping)["data"]
    line = gate.path.read_text().split("gone_s")[0].count("\n") + 1
    assert refused["errors"] == 2
    assert f"{gate.path}:{line}:1: error: lanes.exit-1.timing.gone_s: expected a number" in refused["detail"]
    assert refused["running"] == second["data"]["configuration"]
    assert (
        f'{gate.path}:{line + 1}:1: error: lanes.exit-1.timing.reed_s: there is no such key here; did you mean "read_s"'
        in (gate.agent.log)
    )
    gate.scanner.scan("no permit")
    gate.hearing.wait("access.decided", stopping)
    assert len(gate.hearing.all("gate.started")) == 2
    gate.agent.stop()


def test_what_differs_in_a_new_configuration_is_told_whole_however_it_came(gate):
    """H5: a key that was changed by hand, or by a command, is recorded as one changed on the console is."""
    first = gate.started()
    gate.change(f"gone_s = {GONE_S}", f"gone_s = {GONE_S + 0.5}")
    gate.reload()
    second = gate.started(first["seq"])
    at_first = gate.hearing.wait("configuration.applied", first["seq"])["data"]
    assert (at_first["configuration"], at_first["before"]) == (first["data"]["configuration"], "")
    assert "gate.id" in {change["key"] for change in at_first["changes"]}
    applied = gate.hearing.wait("configuration.applied", second["seq"])["data"]
    assert (applied["configuration"], applied["before"]) == tuple(
        one["data"]["configuration"] for one in (second, first)
    )
    assert [(one["key"], one["before"], one["after"]) for one in applied["changes"]] == [
        ("lanes.exit-1.timing.gone_s", str(GONE_S), str(GONE_S + 0.5))
    ]
    assert (applied["person"], applied["detail"], applied["part"], applied["parts"]) == ("", "edited manually", 1, 1)
    gate.agent.stop()


def test_who_made_a_change_is_told_though_another_follows_before_the_agent_has_started_with_it(gate):
    first = gate.started()
    gate.scanner.scan("no permit")
    decided = gate.hearing.wait("access.decided")["seq"]
    gate.set("lanes.exit-1.timing.gone_s", GONE_S + 0.5, "ivan")
    gate.reload()
    gate.agent.until(lambda: "waits for the lanes exit-1 to be at rest" in gate.agent.log, "waiting")
    gate.set("lanes.exit-1.timing.read_s", 3, "olga")
    gate.hearing.wait("transaction.closed", decided)
    second = gate.started(first["seq"])
    applied = gate.hearing.wait("configuration.applied", second["seq"])["data"]
    assert [one["key"] for one in applied["changes"]] == ["lanes.exit-1.timing.gone_s"]
    assert (applied["person"], applied["detail"]) == ("ivan", "console")
    gate.reload()
    third = gate.started(second["seq"])
    applied = gate.hearing.wait("configuration.applied", third["seq"])["data"]
    assert [one["key"] for one in applied["changes"]] == ["lanes.exit-1.timing.read_s"]
    assert (applied["person"], applied["detail"]) == ("olga", "console")
    made = History(gate.site.folder / "state", gate.path).generations()
    assert [one.who for one in made] == ["", "ivan", "olga"]
    gate.agent.stop()


def test_a_gate_that_starts_with_a_broken_file_runs_with_the_last_good_one_and_says_so(gate):
    good = gate.started()["data"]["configuration"]
    gate.agent.stop()
    gate.path.write_bytes(gate.path.read_bytes().replace(b"[clock]", b"[clock\xff"))
    after = gate.hearing.last
    gate.agent.start()
    started = gate.started(after)
    assert started["data"]["configuration"] == good
    refused = gate.hearing.wait("configuration.refused", started["seq"])["data"]
    assert "expected UTF-8 text" in refused["detail"]
    assert refused["running"] == good
    gate.hearing.wait("device.changed", started["seq"], family="scanner", state="up")
    gate.scanner.scan("no permit")
    gate.hearing.wait("access.decided", started["seq"])
    # Repaired and read again: the file is in force again.
    gate.path.write_bytes(
        gate.path.read_bytes().replace(b"[clock\xff", b"[clock]").replace(b"read_s = 2", b"read_s = 3")
    )
    gate.hearing.wait("transaction.closed", started["seq"])
    gate.reload()
    repaired = gate.started(started["seq"])
    assert repaired["data"]["configuration"] != good
    assert not gate.hearing.all("configuration.refused", repaired["seq"])
    gate.agent.stop()


def test_a_configuration_that_only_the_agent_itself_finds_to_be_of_no_use_is_given_up_for_the_one_before(gate):
    good = gate.started()
    blocked = gate.site.folder / "blocked"
    blocked.write_text("a file where the state should lie")
    gate.change(f'directory = "{gate.site.folder / "state"}"', f'directory = "{blocked}"')
    gate.reload()
    refused = gate.hearing.wait("configuration.refused", good["seq"])["data"]
    assert "the agent cannot start with it" in refused["detail"]
    assert gate.started(good["seq"])["data"]["configuration"] == good["data"]["configuration"]
    gate.agent.stop()


def test_a_configuration_that_gives_a_gate_another_id_is_given_up_and_its_journal_stays(gate):
    """Root changed the id by mistake: the journal is no foreign one, also where the agent starts afresh."""
    good = gate.started()
    gate.hearing.wait("device.changed", good["seq"], family="scanner", state="up")
    gate.scanner.scan("no permit")
    gate.hearing.wait("transaction.closed", good["seq"])
    gate.change(f'id = "{GATE}"', 'id = "gate-9"')
    gate.reload()
    refused = gate.hearing.wait("configuration.refused", good["seq"])
    assert f"is the journal of gate {GATE}, not gate-9" in refused["data"]["detail"]
    gate.started(refused["seq"] - 3)
    gate.agent.stop()
    gate.agent.start()
    assert "is the journal of gate" in gate.hearing.wait("configuration.refused", refused["seq"])["data"]["detail"]
    gate.agent.stop()
    assert not list((gate.site.folder / "state").glob("journal.*-*.db"))


def test_new_configurations_leave_no_thread_and_no_open_file_behind(gate):
    after = gate.started()["seq"]
    process = Path("/proc", str(gate.agent._process.pid))

    def held():
        return [len(list((process / what).iterdir())) for what in ("fd", "task")]

    # The scanner may be up before the last part has started.
    gate.agent.until(lambda: "runs with 1 lane" in gate.agent.log, "the end of the start")
    before = held()
    for _ in range(5):
        gate.reload()
        after = gate.started(after)["seq"]
        gate.hearing.wait("device.changed", after, family="scanner", state="up")
    gate.agent.until(lambda: all(now <= then for now, then in zip(held(), before, strict=True)), f"{before} again")
    gate.agent.stop()


# ----------------------------------------------------------------------------------------------- the watchdog meanwhile

SLOW = """
from pathlib import Path
made, calls = run._made, []

def slowly(*args):
    calls.append(args)
    while len(calls) > 1 and not Path("go-on").exists():
        threading.Event().wait(0.05)
    return made(*args)

run._made = slowly
"""
HANGING = """
from agent.store.evidence.evidence_store import EvidenceStore
import agent.recording.retention
agent.recording.retention.ROUND_S = 0.01

def hang(*args, **options):
    print("the retention hangs", flush=True)
    threading.Event().wait()

EvidenceStore.prune = hang
"""


@pytest.fixture
def manager(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(PATIENCE_S)
        # No more signs of life wait than a socket holds, however late one looks.
        window_us = round(scaled(0.6) * 1_000_000)
        yield SimpleNamespace(
            environment={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": str(window_us)},
            hear=lambda: receiver.recv(4096).decode().splitlines()[0],
        )


def test_while_the_agent_starts_over_the_service_manager_gets_its_signs_of_life(tmp_path, manager):
    process, _site = altered_agent(tmp_path, SLOW, manager.environment)
    with process:
        until(manager, "READY=1")
        os.kill(process.pid, signal.SIGHUP)
        until(manager, "RELOADING=1")
        assert [manager.hear() for _ in range(5)] == ["WATCHDOG=1"] * 5  # several windows of the manager
        (tmp_path / "go-on").touch()
        until(manager, "READY=1")
        until(manager, "WATCHDOG=1")
        process.stop()


def until(manager, wanted):
    while manager.hear() != wanted:
        pass


def test_a_part_that_does_not_end_takes_the_process_along_where_another_agent_was_to_follow_in_it(tmp_path):
    process, _site = altered_agent(tmp_path, HANGING)
    with process:
        process.until(lambda: "the retention hangs" in process.log and "runs with" in process.log, "the hang")
        os.kill(process.pid, signal.SIGHUP)
        eventually(lambda: not process.running, 40, "the end of the process")
    assert process._process.returncode == 1
    assert "retention does not stop" in process.log
    assert "the service must start a new process" in process.log


LOADING_LIBRARIES = """
from pathlib import Path
from agent.assembly.part_factory import GateParts
make_gate = GateParts._gate

def slowly(self):
    while not Path("go-on").exists():
        threading.Event().wait(0.05)
    return make_gate(self)

GateParts._gate = slowly
"""
LOADING_PAGES = """
from pathlib import Path
from agent.console.page import Pages
load = Pages.load

def slowly(self, stopping):
    print("the pages load", flush=True)
    while not Path("go-on").exists():
        threading.Event().wait(0.05)
    load(self, stopping)

Pages.load = slowly
"""


@pytest.mark.parametrize(
    ("slow", "loads"),
    [(LOADING_LIBRARIES, "runs with 1 lane"), (LOADING_PAGES, "the pages load")],
    ids=["libraries", "pages"],
)
def test_a_new_configuration_that_comes_while_the_agent_starts_waits_for_the_end_of_the_start(tmp_path, slow, loads):
    process, site = altered_agent(tmp_path, slow, {"RUNTIME_DIRECTORY": str(tmp_path)})
    with process:
        process.until(lambda: loads in process.log and "runs with 1 lane" in process.log, "the lanes")
        os.kill(process.pid, signal.SIGHUP)
        process.until(lambda: "waits for the end of the start" in process.log, "the request")
        assert not Hearing(Recorded(site.journal), process.until).all("gate.stopping")
        (tmp_path / "go-on").touch()
        process.until(lambda: process.log.count("runs with 1 lane") == 2, "the next start")
        process.stop()
    assert "does not stop" not in process.log


UNIT = (Path(__file__).parents[4] / "systemd" / "gate-agent.service").read_text()
TIMEOUT_STOP_S = float(re.search(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)[1])


def test_a_stop_in_which_nothing_ends_takes_no_longer_than_the_service_manager_waits(two_lanes, mocker):
    app, let_go = two_lanes.app, threading.Event()
    hanging = []

    def hang(name):
        def wait(*_args, **_options):
            hanging.append(name)
            let_go.wait(120)

        return wait

    mocker.patch("agent.recording.retention.ROUND_S", 0.01)
    mocker.patch.object(app.parts.evidence, "prune", hang("retention"))
    mocker.patch.object(app.parts.evidence, "keep", hang("evidence"))
    mocker.patch.object(app.parts.lists._intake, "maintain_registry", hang("lists"))
    mocker.patch.object(app.parts.journal, "record_following", hang("checkpoint"))
    mocker.patch.object(app.parts.clock_monitor, "_read_floor", hang("clock"))
    mocker.patch.object(app.parts.diagnostics, "stop", hang("doctor"))
    app.parts.evidence_writer.keep({"0" * 64: b"a picture"})
    eventually(lambda: {"evidence", "lists", "clock"} <= set(hanging))
    stopping = threading.Thread(target=lambda: app.stop("nothing ends"), daemon=True)
    stopping.start()
    limit_s = app._lifecycle.stop_s
    stopping.join(limit_s + scaled(TIMEOUT_STOP_S - limit_s))
    ended = not stopping.is_alive()
    let_go.set()
    stopping.join(60)
    assert ended


def test_the_phases_of_a_stop_together_leave_time_for_the_end_of_the_process():
    assert sum(STOP_S.values()) <= TIMEOUT_STOP_S - 2


# ------------------------------------------------------------------------------------------- where the last good one is


@pytest.fixture
def quiet(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith(("GATE_", "CREDENTIALS_", "STATE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "of-the-service"))


def simple(folder):
    return GateSite(folder).configure('relay = { kind = "simulated" }', mqtt="enabled = false")


def remembered(path):
    history = History(state_directory(path, os.environ), path)
    with history.held():
        history.keep_good(present_files(path), 1.0)
    return history


def test_the_last_good_configuration_is_found_whatever_was_done_to_the_file(quiet, tmp_path, monkeypatch):
    path = simple(tmp_path)
    remembered(path)
    text = path.read_bytes()
    for broken in (b"", b"\0", b"[gate", text + b'x = """', text.replace(b"version = 1", b"version = 2"), b"\xff\xfe"):
        path.write_bytes(broken)
        if b"directory" not in broken or b'"""' in broken:  # then only the service knows where the state lies
            monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path / 'state'}:/var/lib/other")
        found = usable_configuration(path)
        assert found.refused is not None
        assert found.state.files == {str(path): text}
        assert found.loaded.settings.gate.id == "gate-7"
    path.unlink()
    assert usable_configuration(path).refused is not None


def test_without_a_last_good_configuration_the_mistakes_of_the_file_are_told(quiet, tmp_path):
    path = simple(tmp_path)
    text = path.read_text()
    path.write_text(text.replace("version = 1", "version = 2"))
    for spoil in (None, "not JSON", '{"main": 5}', '{"main": "/other.toml"}'):
        if spoil is not None:
            folder = tmp_path / "state" / "configuration"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "good.json").write_text(spoil)
        with pytest.raises(SettingsError, match="version: expected 1; got 2"):
            usable_configuration(path)


def test_a_last_good_configuration_that_cannot_be_used_any_more_is_none(quiet, tmp_path, monkeypatch):
    path = simple(tmp_path)
    remembered(path)
    monkeypatch.setenv("GATE_GATE__SITE", "none")
    path.write_text(path.read_text().replace("version = 1", "version = 2"))
    with pytest.raises(SettingsError, match="version: expected 1; got 2"):
        usable_configuration(path)


PAIR = 'certificate_file = "bad.pem"\nkey_file = "bad.pem"'
BESIDE = {
    "mqtt.ca_file": '[mqtt]\nbrokers = ["mqtts://localhost:1"]\nca_file = "bad.pem"',
    "mqtt.certificate_file": f'[mqtt]\nbrokers = ["mqtts://localhost:1"]\n{PAIR}',
    "console.certificate_file": f"[console]\n{PAIR}",
    "uploads.ca_file": '[uploads]\nca_file = "bad.pem"',
    "webhook.ca_file": '[webhook]\nca_file = "bad.pem"',
    "mail.ca_file": '[mail]\nca_file = "bad.pem"',
    "permits.trust_list": "",
}


@pytest.mark.parametrize("good_is_known", [False, True])
@pytest.mark.parametrize("key", BESIDE)
def test_a_file_that_is_wrong_stops_no_start_where_nothing_else_is(quiet, tmp_path, key, good_is_known):
    path = GateSite(tmp_path).configure('relay = { kind = "simulated" }', mqtt="enabled = false", more=BESIDE[key])
    text = path.read_text()
    path.write_text(text.replace("[mqtt]\nenabled = false\n", "") if "[mqtt]" in BESIDE[key] else text)
    write(tmp_path, "no certificate", "bad.pem")
    if key == "permits.trust_list":
        (tmp_path / "trust.gtl").unlink()
    if good_is_known:
        remembered(path)
    found = usable_configuration(path)
    assert found.refused is None
    assert {one.key for one in found.loaded.warnings} >= {key}
    with pytest.raises(SettingsError):
        load_configuration(path)


def test_the_last_good_configuration_goes_before_one_whose_files_are_wrong(quiet, tmp_path):
    path = simple(tmp_path)
    remembered(path)
    write(tmp_path, "no certificate", "bad.pem")
    path.write_text(path.read_text() + '\n[mail]\nca_file = "bad.pem"\n')
    found = usable_configuration(path)
    assert [one.key for one in found.refused.problems if one.severity == "error"] == ["mail.ca_file"]
    assert found.loaded.settings.mail.ca_file is None


def test_one_file_of_a_pair_that_is_not_named_is_a_mistake_of_the_configuration(quiet, tmp_path):
    path = simple(tmp_path)
    path.write_text(path.read_text() + '\n[console]\nkey_file = "key.pem"\n')
    with pytest.raises(SettingsError, match=r"needs console\.certificate_file beside it"):
        usable_configuration(path)


def test_a_gate_whose_certificate_was_overwritten_starts_decides_and_says_why_central_is_away(gate, tmp_path):
    gate.started()
    gate.agent.stop()
    certificate, key = Authority(tmp_path).issue(GATE)
    secured = f'brokers = ["mqtts://localhost:1"]\ncertificate_file = "{certificate}"\nkey_file = "{key}"\n'
    gate.change("[mqtt]\nenabled = false\n", f"[mqtt]\n{secured}")
    gate.agent.start()
    good = gate.started(gate.hearing.last)
    gate.agent.stop()
    certificate.write_text("overwritten")
    after = gate.hearing.last
    gate.agent.start()
    started = gate.started(after)
    assert started["data"]["configuration"] == good["data"]["configuration"]
    away = gate.hearing.wait(
        "device.changed", started["seq"], family="broker", matching=lambda one: one["data"]["detail"]
    )
    assert f"{certificate}" in away["data"]["detail"]
    gate.hearing.wait("device.changed", started["seq"], family="scanner", state="up")
    gate.scanner.scan("no permit")
    gate.hearing.wait("access.decided", started["seq"])
    assert f"mqtt.certificate_file: the certificate {certificate}" in gate.agent.log
    gate.agent.stop()


def test_included_files_and_paths_beside_them_are_those_of_then(quiet, tmp_path):
    path = simple(tmp_path)
    text = path.read_text()
    path.write_text(text.replace("version = 1", 'version = 1\ninclude = ["more/more.toml"]'))
    more = write(tmp_path, "[journal]\nmax_mb = 99\n", "more/more.toml")
    remembered(path)
    more.write_text("[journal]\nmax_mb = 0\n")
    found = usable_configuration(path)
    (error,) = [problem for problem in found.refused.problems if problem.severity == "error"]
    assert (error.source, error.spot.line) == (str(more), 2)
    assert found.loaded.settings.journal.max_mb == 99
    more.unlink()
    assert usable_configuration(path).loaded.settings.journal.max_mb == 99
    assert usable_configuration(path).loaded.settings.permits.trust_list == tmp_path / "trust.gtl"


@pytest.mark.parametrize("named", ["relative/folder", "", "/srv/a\\u0000b"])
def test_a_state_directory_that_is_none_is_not_believed(quiet, tmp_path, named):
    path = write(tmp_path, f'[state]\ndirectory = "{named}"\n')
    assert state_directory(path, {}) == Path("/var/lib/gate-agent")
    assert state_directory(path, {"STATE_DIRECTORY": "/srv/a:/srv/b"}) == Path("/srv/a")
    assert state_directory(path, {"GATE_STATE__DIRECTORY": "/srv/c", "STATE_DIRECTORY": "/srv/a"}) == Path("/srv/c")


def test_a_history_that_cannot_be_read_is_told_of(tmp_path):
    history = History(tmp_path, tmp_path / "gate.toml")
    (tmp_path / "configuration").write_text("no folder")
    with pytest.raises(HistoryError, match="cannot be"):
        history.generations()
    with pytest.raises(HistoryError, match="cannot be kept"), history.held():
        pass


# ------------------------------------------------------------------------------------------------- at rest


QUICK = """
debounce_ms = 0
poll_hz = 50

[lanes.{lane}.timing]
stale_s = 5
"""


def quick_lane(board, lane="exit-1"):
    """A lane that believes its inputs at once."""
    return simulated_lane(board, lane=lane) + QUICK.format(lane=lane)


@pytest.fixture
def two_lanes(tmp_path, request, monkeypatch):
    """An agent in this process with two lanes whose loops are driven by hand."""
    monkeypatch.setattr("agent.lane.pause.ANSWER_S", PATIENCE_S)
    board = request.node.name
    site = GateSite(tmp_path)
    second = quick_lane(f"{board}-2", "exit-2")
    path = site.configure(
        quick_lane(board),
        mqtt="enabled = false",
        more=f'[lanes.exit-2]\nnumber = 2\ndirection = "export"\n{second}',
    )
    with forgotten_boards(), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE_S)
        app = never_stale(gate_app(load_configuration(path), str(tmp_path / "notify")))
        app.start()
        inputs = simulated_inputs.board(board)
        yield SimpleNamespace(app=app, inputs=inputs, manager=manager)
        # A socket holds only a few: the signs of life of a long test must leave room for the word of the stop.
        heard = [manager.recv(4096).decode()]
        manager.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                heard.append(manager.recv(4096).decode())
        manager.settimeout(PATIENCE_S)
        app.stop("end of the test", again=True)
        while not heard[-1].startswith("RELOADING=1\nMONOTONIC_USEC="):
            heard.append(manager.recv(4096).decode())


def states(app):
    return [lane.view and lane.view.state for lane in app.lanes]


def kinds(app):
    """What the lanes have recorded of vehicles; how the devices are is recorded by another thread, at its time."""
    journal = app.parts.journal
    told = [json.loads(one.payload) for one in journal.range(1, journal.head)]
    return [one["type"] for one in told if one.get("lane") and one["type"] != "device.changed"]


def test_while_a_vehicle_is_in_one_lane_all_go_on_and_at_rest_all_look_away_at_once(two_lanes):
    app, inputs = two_lanes.app, two_lanes.inputs
    eventually(lambda: states(app) == ["idle", "idle"])
    inputs.set(1, True)
    eventually(lambda: states(app) == ["present", "idle"])
    assert app.wind_down_at_rest() == ("exit-1",)
    inputs.set(1, False)
    eventually(lambda: states(app) == ["idle", "idle"])
    eventually(lambda: app.wind_down_at_rest() == ())
    before = kinds(app)
    inputs.set(1, True)
    for unit in app.lanes:
        pause = unit.pause()
        assert not pause.at_rest(time.monotonic() + 1.0)  # nobody looks any more
        pause.end()
    assert kinds(app) == before


def test_a_loop_that_was_asked_too_late_goes_on_at_once():
    pause = LanePause()
    pause.end()
    thread = threading.Thread(target=lambda: pause.hold(at_rest=True))
    thread.start()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def open_below(folder):
    """The files below a folder that this process has open."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # that of this very search
            found.append(str(link.readlink()))
    return [name for name in found if name.startswith(f"{folder}/")]


def test_an_agent_that_cannot_be_made_leaves_nothing_open_and_the_next_one_is_made(tmp_path, mocker):
    path = GateSite(tmp_path).configure(quick_lane(tmp_path.name), mqtt="enabled = false")
    loaded = load_configuration(path)
    state = loaded.settings.state.directory
    failing = mocker.patch(
        "agent.store.evidence.evidence_store.move_old_layout", side_effect=OSError("the disk is ill")
    )
    for _ in range(2):
        with pytest.raises(EvidenceError):
            gate_app(loaded)
        assert open_below(state) == []
    mocker.stop(failing)
    with forgotten_boards():
        app = gate_app(loaded)
        app.start()
        app.stop("end of the test")
    eventually(lambda: open_below(state) == [], what="all files closed")


def blocked(unit):
    """Keep a lane's loop from answering until what is returned is set."""
    go_on = threading.Event()
    unit.loop._inbox.put(lambda _now: go_on.wait(PATIENCE_S))
    return go_on


def test_a_lane_at_rest_is_held_until_every_lane_has_answered(two_lanes, mocker):
    app, (held, slow) = two_lanes.app, two_lanes.app.lanes
    eventually(lambda: states(app) == ["idle", "idle"])
    answer, hold = blocked(slow), mocker.spy(LanePause, "hold")
    busy = []
    asking = threading.Thread(target=lambda: busy.append(app.wind_down_at_rest()))
    asking.start()
    eventually(lambda: hold.call_count == 1)
    two_lanes.inputs.set(1, True)
    went_on = threading.Event()
    held.loop._inbox.put(lambda _now: went_on.set())
    assert not went_on.wait(0.5), "the lane went on while another one was still being asked"
    answer.set()
    asking.join(PATIENCE_S)
    assert busy == [()]
    assert "vehicle.present" not in kinds(app)


def test_all_lanes_are_asked_with_one_deadline(two_lanes, mocker):
    app = two_lanes.app
    eventually(lambda: states(app) == ["idle", "idle"])
    asked = mocker.spy(LanePause, "at_rest")
    assert app.wind_down_at_rest() == ()
    (deadline,) = {call.args[1:] for call in asked.call_args_list}
    assert deadline
    assert asked.call_count == 2


def test_a_question_that_fails_lets_every_lane_go_on(two_lanes, monkeypatch):
    app = two_lanes.app
    eventually(lambda: states(app) == ["idle", "idle"])

    def fail():
        raise RuntimeError("for the test")

    monkeypatch.setattr(app.lanes[1], "pause", fail)
    with pytest.raises(RuntimeError):
        app.wind_down_at_rest()
    two_lanes.inputs.set(1, True)
    eventually(lambda: states(app)[0] == "present")


def test_a_lane_is_not_held_by_an_asker_that_has_died():
    pauses = []
    asking = threading.Thread(target=lambda: pauses.append(LanePause()))
    asking.start()
    asking.join(PATIENCE_S)
    held = threading.Thread(target=lambda: pauses[0].hold(at_rest=True))
    held.start()
    held.join(PATIENCE_S)
    assert not held.is_alive()
