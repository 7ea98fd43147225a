"""Parts start in their order and stop in the opposite one, in bounded time, whatever fails; a gate that cannot start
leaves nothing.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import json
import re
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from agent.assembly.app import STOP_S
from agent.service.lifecycle import Lifecycle, Part, Phase
from agent.settings.configuration_loading import load_configuration
from agent.store.journal.reader import JournalReader
from tests.support.gate.altered_agent import altered_agent
from tests.support.gate.gate_site import GateSite
from tests.support.gate.simulated_gate import forgotten_boards, gate_app, scale_stops, simulated_lane
from tests.support.waiting import PATIENCE_S, eventually


class Trace:
    """Parts that note their starts and stops. `fails`: the starts and stops that raise."""

    def __init__(self, *fails):
        self.seen, self._fails, self._lock = [], fails, threading.Lock()

    def part(self, name):
        return Part(name, lambda: self._note(f"start {name}"), lambda: self._note(f"stop {name}"))

    def phase(self, name, *parts, stop_s=PATIENCE_S):
        return Phase(name, stop_s, [self.part(part) for part in parts])

    def _note(self, what):
        with self._lock:
            self.seen.append(what)
        if what in self._fails:
            raise OSError(what)
        return True


def test_parts_start_in_their_order_and_their_phases_stop_in_the_opposite_one():
    trace = Trace()
    parts = Lifecycle([trace.phase("first", "a"), trace.phase("second", "b", "c"), trace.phase("third", "d")])
    parts.start()
    assert trace.seen == ["start a", "start b", "start c", "start d"]
    assert parts.stop()
    stops = trace.seen[4:]
    assert stops[0] == "stop d"
    assert set(stops[1:3]) == {"stop b", "stop c"}
    assert stops[3] == "stop a"


def test_what_was_stopped_is_not_stopped_again_and_can_start_again():
    trace = Trace()
    parts = Lifecycle([trace.phase("only", "a")])
    assert parts.stop()
    parts.start()
    assert parts.stop()
    assert parts.stop()
    parts.start()
    assert trace.seen == ["start a", "stop a", "start a"]


def test_where_a_part_cannot_start_it_and_those_before_it_are_stopped_and_those_after_it_left_alone():
    trace = Trace("start c")
    parts = Lifecycle([trace.phase("first", "a"), trace.phase("second", "b", "c", "d"), trace.phase("third", "e")])
    with pytest.raises(OSError, match="start c"):
        parts.start()
    assert trace.seen[:3] == ["start a", "start b", "start c"]
    assert set(trace.seen[3:5]) == {"stop b", "stop c"}
    assert trace.seen[5:] == ["stop a"]


def test_a_part_that_fails_to_stop_keeps_no_other_from_stopping_and_is_told(caplog):
    trace = Trace("stop b", "stop c")
    parts = Lifecycle([trace.phase("first", "a"), trace.phase("second", "b", "c")])
    parts.start()
    assert not parts.stop()
    assert trace.seen[-1] == "stop a"
    assert "stop b has failed" in caplog.text
    assert "stop c has failed" in caplog.text


def test_only_a_part_that_says_so_has_ended():
    assert not stopped(lambda: False)
    assert not stopped(lambda: None)
    assert stopped(lambda: True)


def stopped(stop):
    parts = Lifecycle([Phase("only", PATIENCE_S, [Part("a", stop=stop)])])
    parts.start()
    return parts.stop()


def test_a_part_that_hangs_is_left_behind_and_the_others_stop(caplog):
    trace, let_go = Trace(), threading.Event()
    hanging = Phase("second", 0.05, [Part("the sleeper", stop=lambda: let_go.wait(PATIENCE_S)), trace.part("b")])
    parts = Lifecycle([trace.phase("first", "a"), hanging])
    assert parts.stop_s == PATIENCE_S + 0.05
    parts.start()
    assert not parts.stop()
    let_go.set()
    eventually(lambda: set(trace.seen[2:]) == {"stop a", "stop b"})
    assert "the sleeper does not stop within 0.05 s; the agent stops without it" in caplog.text


@pytest.fixture
def no_thread_left(mocker):
    """From its call on the system has no thread left: all the time, or when it is asked so often."""

    def begin(times=None):
        start, asked = threading.Thread.start, itertools.count()

        def refuse(thread):
            if times is None or next(asked) < times:
                raise RuntimeError("can't start new thread")
            start(thread)

        mocker.patch.object(threading.Thread, "start", refuse)

    return begin


def test_where_no_thread_is_left_every_part_is_stopped_all_the_same_and_in_the_same_order(no_thread_left, caplog):
    trace = Trace("stop b")
    parts = Lifecycle([trace.phase("first", "a"), trace.phase("second", "b", "c"), trace.phase("third", "d")])
    parts.start()
    no_thread_left()
    assert not parts.stop()  # for b has failed
    assert trace.seen[4:] == ["stop d", "stop b", "stop c", "stop a"]
    assert "stop b has failed" in caplog.text
    assert parts.stop()
    assert len(trace.seen) == 8


def test_what_is_stopped_without_a_thread_has_ended_where_it_says_so(no_thread_left):
    no_thread_left()
    assert stopped(lambda: True)
    assert not stopped(lambda: False)


def test_a_start_that_finds_no_thread_left_undoes_what_was_begun_and_says_why(no_thread_left):
    trace = Trace()
    needy = Part("needy", lambda: threading.Thread(target=pytest.fail).start(), trace.part("needy").stop)
    parts = Lifecycle([trace.phase("first", "a"), Phase("second", PATIENCE_S, [trace.part("b"), needy])])
    no_thread_left()
    with pytest.raises(RuntimeError, match="can't start new thread"):
        parts.start()
    assert trace.seen == ["start a", "start b", "stop b", "stop needy", "stop a"]


def test_a_part_for_which_no_thread_is_left_waits_until_the_others_of_its_phase_stop(no_thread_left):
    begun, done = threading.Event(), threading.Event()

    def stop_here():
        assert begun.wait(PATIENCE_S)
        done.set()
        return True

    def stop_on_a_thread():
        begun.set()
        return done.wait(PATIENCE_S)

    here, there = Part("here", stop=stop_here), Part("there", stop=stop_on_a_thread)
    parts = Lifecycle([Phase("only", PATIENCE_S, [here, there])])
    parts.start()
    no_thread_left(times=1)
    assert parts.stop()


# ------------------------------------------------------------------------------------------------ the gate as a whole

CAMERA = """
[[lanes.exit-1.cameras]]
id = "front"
kind = "folder"
path = "{folder}"
"""
UNIT = (Path(__file__).parents[4] / "systemd" / "gate-agent.service").read_text()
TIMEOUT_STOP_S = float(re.search(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)[1])


def loaded_in(folder, more=""):
    lane = simulated_lane(folder.name) + more
    return load_configuration(GateSite(folder).configure(lane, mqtt='brokers = ["mqtt://127.0.0.1:1"]'))


@pytest.fixture(autouse=True)
def forgotten():
    with forgotten_boards():
        yield


def parts_of(app):
    return [part.name for phase in app._lifecycle._phases for part in phase.parts]


def failing_at(app, name):
    """Have the start of one part fail once it has done its work, which is the worst that it can do."""

    def spoilt(part):
        def start():
            part.start()
            raise OSError(f"{name} cannot start")

        return replace(part, start=start) if part.name == name else part

    app._lifecycle = Lifecycle(
        [replace(phase, parts=[spoilt(part) for part in phase.parts]) for phase in app._lifecycle._phases]
    )


def held(folder):
    """What this process holds: its threads, its children, and the files below a folder and the sockets that it has
    open.
    """
    gc.collect()  # what earlier tests have let go
    found = Counter(f"thread {thread.name}" for thread in threading.enumerate())
    for path in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # that of a thread that has just ended
            found.update(f"child {pid}" for pid in path.read_text().split())
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # that of this very search
            name = str(link.readlink())
            if name.startswith((f"{folder}/", "socket:", "anon_inode:[event")):
                found[name] += 1
    return found


def nothing_is_left(folder, before, what):
    def left():
        return held(folder) - before

    with contextlib.suppress(AssertionError):
        eventually(lambda: not left())
    assert not left(), what


def test_a_gate_of_which_any_part_cannot_start_leaves_nothing_and_the_next_one_starts(tmp_path, monkeypatch):
    scale_stops(monkeypatch)
    loaded, before = loaded_in(tmp_path), held(tmp_path)
    names = parts_of(closed_app(loaded))
    assert len(names) > 15
    for name in names:
        leaves_nothing(loaded, tmp_path, name, before)
    app = gate_app(loaded)
    app.start()
    assert app.stop("the end of the test")
    nothing_is_left(tmp_path, before, "after the stop")


def leaves_nothing(loaded, folder, name, before):
    app = gate_app(loaded)
    failing_at(app, name)
    with pytest.raises(OSError, match=re.escape(f"{name} cannot start")):
        app.start()
    nothing_is_left(folder, before, f"when {name} cannot start")


def test_the_process_of_a_camera_ends_with_a_gate_that_cannot_start(tmp_path):
    loaded, before = loaded_in(tmp_path, CAMERA.format(folder=tmp_path)), held(tmp_path)
    leaves_nothing(loaded, tmp_path, "the watchdog", before)


def test_a_gate_without_a_thread_left_stops_whole_and_records_it(tmp_path, no_thread_left, monkeypatch):
    scale_stops(monkeypatch)
    loaded, before = loaded_in(tmp_path), held(tmp_path)
    app = gate_app(loaded)
    app.start()
    no_thread_left()
    assert app.stop("no thread is left")
    nothing_is_left(tmp_path, before, "after the stop")
    with JournalReader(loaded.settings.state.directory / "journal.db") as journal:
        told = [json.loads(event.payload) for event in journal.events()]
    assert [one["data"]["cause"] for one in told if one["type"] == "gate.stopping"] == ["no thread is left"]


def closed_app(loaded):
    """An agent only to look at."""
    app = gate_app(loaded)
    app.parts.close()
    return app


def test_the_phases_of_a_gate_are_those_whose_times_are_declared(tmp_path):
    app = closed_app(loaded_in(tmp_path))
    assert {phase.name: phase.stop_s for phase in app._lifecycle._phases} == STOP_S
    assert app._lifecycle.stop_s <= TIMEOUT_STOP_S - 2


def test_an_agent_that_cannot_start_says_why_and_is_started_again_by_the_service_manager(tmp_path):
    more = """
    from agent.assembly.records import GateRecords

    def fail(*args):
        raise OSError("no room for the test")

    GateRecords.note_start = fail
    """
    process, _site = altered_agent(tmp_path, more)
    with process:
        eventually(lambda: not process.running, 40, "the end of the process")
    assert process._process.returncode == 1
    assert "the agent cannot start: no room for the test" in process.log
    assert "Traceback" not in process.log
