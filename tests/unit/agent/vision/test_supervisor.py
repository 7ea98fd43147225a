import hashlib
import os
import queue
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.model import TokenBucket
from agent.devices.port_supervisor import PortState
from agent.vision.mapping import CameraStatus
from agent.vision.process import scrubbed_environment
from agent.vision.supervisor import CameraSupervisor
from agent.vision.worker.protocol import CameraPhase, CameraState, ChangeDetectorSettings, Configure, Heartbeat
from agent.vision.worker.wire import Envelope
from drivers.text import Text
from tests.support.vision.watched_supervisor import CHILD, LIMITS, ROOT, WatchedSupervisor, watching
from tests.support.waiting import PATIENCE_S, eventually, scaled

HANG_S = READING_S = scaled(0.5)


def is_gone(pid):
    """Whether a process has ended; a zombie that a foreign parent has not fetched counts as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):  # before it is opened, or while it is read
        return True


# ---------------------------------------------------------------------------------------------------------- healthy


def test_codes_and_plates_of_a_frame_come_as_values_of_the_core_with_their_pictures():
    with watching("count") as watched:
        code = watched.detection(lambda seen: seen.presentations)
        plate = watched.detection(lambda seen: seen.readings)
    (presentation,) = code.presentations
    assert presentation.payload == str(code.frame).encode()
    assert (presentation.camera, presentation.engine, presentation.at) == ("lane1-front", "test", code.at)
    assert len(presentation.corners) == 4
    assert code.overview == presentation.picture
    (reading,) = plate.readings
    assert reading.text == f"{reading.frame:03d}ABC02"
    assert len(reading.positions) == 8
    assert (reading.columns, reading.two_lines) == (bytes((1, 0, 0)), False)
    for seen in (code, plate):
        assert seen.pictures
        for name, jpeg in seen.pictures.items():
            assert hashlib.sha256(jpeg).hexdigest() == name
            assert jpeg.startswith(b"\xff\xd8\xff")
    assert reading.picture in plate.pictures


def test_codes_and_plates_of_a_frame_are_told_apart_each_as_soon_as_it_is_read():
    told = {}
    with watching("count") as watched:
        # On a busy machine each reader leaves frames out, and not the same ones.
        while not told.get((seen := watched.detection()).frame):
            told[seen.frame] = [(len(seen.presentations), len(seen.readings))]
        told[seen.frame].append((len(seen.presentations), len(seen.readings)))
    assert sorted(told[seen.frame]) == [(0, 1), (1, 0)]


def test_the_vision_worker_comes_up_beats_shows_a_snapshot_and_ends_when_asked():
    with watching("count") as watched:
        status = watched.status(lambda one: one.up)
        assert (status.width_px, status.height_px, status.phase) == (640, 480, CameraPhase.STREAMING)
        heartbeat = eventually(lambda: (heartbeat := watched.port.last_heartbeat) and heartbeat.qr_ms > 0 and heartbeat)
        assert heartbeat.captured >= heartbeat.read > 0
        assert watched.port.snapshot(PATIENCE_S).startswith(b"\xff\xd8\xff")
        pid = watched.port.pid
    assert is_gone(pid)
    assert all(status.restarts == 0 for status in watched.statuses)
    assert watched.port.snapshot(PATIENCE_S) is None


def test_a_snapshot_that_is_asked_for_before_the_start_waits_for_the_first_picture():
    watched = WatchedSupervisor("count")
    pictures = []
    asking = threading.Thread(target=lambda: pictures.append(watched.port.snapshot(PATIENCE_S)))
    asking.start()
    asking.join(0.3)
    assert asking.is_alive()
    watched.port.start()
    asking.join(PATIENCE_S)
    watched.port.stop()
    assert pictures[0].startswith(b"\xff\xd8\xff")


def test_a_slow_reader_always_gets_the_newest_frame():
    with watching("slow", read_plates=False) as watched:
        watched.detection(lambda seen: seen.frame > 20)
        frames = [watched.detection().frame for _ in range(5)]
    # A reader that takes as long as five pictures, of which the last may still be on its way: a queue would give each.
    assert frames[-1] - frames[0] >= 4 * (len(frames) - 1)


def test_a_failing_listener_does_not_blind_the_vision_worker(caplog):
    seen = threading.Semaphore(0)

    def fail(news):
        seen.release()
        raise RuntimeError("no")

    port = CameraSupervisor(
        "lane1",
        Configure(camera_kind="drawn", camera={}, gate=ChangeDetectorSettings(enabled=False)),
        on_seen=fail,
        on_status=lambda status: None,
        limits=LIMITS,
        command=[sys.executable, CHILD, "count"],
    )
    port.start()
    assert all(seen.acquire(timeout=PATIENCE_S) for _ in range(3))
    port.stop()
    assert "a listener failed" in caplog.text


def test_a_single_failing_frame_is_counted_and_survived():
    with watching("fail", read_plates=False) as watched:
        eventually(lambda: (heartbeat := watched.port.last_heartbeat) and heartbeat.failures >= 2)


def test_a_vision_worker_is_told_whether_a_vehicle_waits_and_told_again_after_a_restart():
    unchanged = ChangeDetectorSettings(threshold=255, hold_s=0, look_every_s=0.01)
    with watching("hint", gate=unchanged) as watched:

        def wait_for(word, after=0.0):
            watched.detection(lambda seen: seen.at > after and seen.presentations[0].payload == word)

        wait_for(b"no hint")
        watched.port.set_vehicle_present(present=True)
        wait_for(b"hint")
        os.kill(watched.port.pid, signal.SIGKILL)
        wait_for(b"hint", after=time.monotonic())
        watched.port.set_vehicle_present(present=False)
        wait_for(b"no hint")
    watched.port.set_vehicle_present(present=True)


# ----------------------------------------------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("mode", "cause"),
    [
        ("segfault", "was ended by SIGSEGV"),
        ("exit", "ended with exit code 3"),
        ("hang", f"reading one frame for more than {READING_S:g} s"),
        ("fail", "ended with exit code 70"),
        ("garbage", "broke the protocol"),
        ("liar", "one position for each character"),
        ("future", "cannot be"),
        ("stranger", "another process"),
        ("old", "mixed installations"),
    ],
)
def test_a_vision_worker_that_crashes_hangs_or_lies_is_started_anew_and_says_why(mode, cause):
    reading_s = READING_S if mode == "hang" else LIMITS.reading_s
    with watching(mode, limits=replace(LIMITS, reading_s=reading_s, stop_s=0.3), read_plates=False) as watched:
        pid = eventually(lambda: watched.port.pid)
        lost = watched.status(lambda one: cause in one.detail)
        assert lost.state is PortState.LOST
        eventually(lambda: is_gone(pid))
        eventually(lambda: watched.port.pid not in {None, pid})


def test_a_vision_worker_that_hangs_while_it_closes_its_camera_is_started_anew_and_says_why():
    limits = replace(LIMITS, camera_s=scaled(0.5), stop_s=0.3)
    with watching("unplugged", limits=limits, read_plates=False) as watched:
        pid = eventually(lambda: watched.port.pid)
        watched.status(lambda one: one.up)
        lost = watched.status(lambda one: f"one call of the camera for more than {limits.camera_s:g} s" in one.detail)
        assert lost.state is PortState.LOST
        eventually(lambda: is_gone(pid))
        watched.status(lambda one: one.up)


@pytest.mark.parametrize("mode", ["silent", "stuck"])
def test_a_vision_worker_without_a_sign_of_life_is_killed(mode):
    limits = replace(LIMITS, start_s=scaled(0.5), hang_s=scaled(0.25), stop_s=0.3)
    with watching(mode, limits=limits) as watched:
        pid = eventually(lambda: watched.port.pid)
        watched.status(lambda one: "no sign of life" in one.detail)
        eventually(lambda: is_gone(pid))


def test_a_vision_worker_that_is_killed_from_outside_comes_back_and_frames_go_on_counting(monkeypatch):
    # Its socket is closed before it has ended: for so long its end is waited for.
    monkeypatch.setattr("agent.vision.worker_link._LAST_WORDS_S", PATIENCE_S)
    with watching("count") as watched:
        before = watched.detection().frame
        pid = watched.port.pid
        os.kill(pid, signal.SIGKILL)
        killed_at = time.monotonic()
        lost = watched.status(lambda one: "SIGKILL" in one.detail)
        assert not lost.up
        after = watched.detection(lambda seen: seen.at > killed_at)
        assert after.frame > before
        watched.status(lambda one: one.up and one.restarts == 1)


def test_a_vision_worker_that_is_stopped_by_a_signal_is_killed_and_comes_back():
    with watching("count", limits=replace(LIMITS, hang_s=HANG_S)) as watched:
        eventually(lambda: watched.port.last_heartbeat)  # until then it has the longer time of a start
        os.kill(watched.port.pid, signal.SIGSTOP)
        watched.status(lambda one: f"no sign of life for {HANG_S:g} s" in one.detail)
        watched.status(lambda one: one.up and one.restarts == 1)


def test_a_vision_worker_that_does_not_stop_is_killed_in_time():
    watched = WatchedSupervisor("deaf", limits=replace(LIMITS, stop_s=0.3))
    watched.port.start()
    eventually(lambda: watched.port.last_heartbeat)
    pid = watched.port.pid
    watched.port.stop()
    assert is_gone(pid)


@contextmanager
def held_in_the_kernel(folder):
    """A vision worker that hangs and that SIGKILL does not end until `release` is called, watched."""
    limits = replace(LIMITS, hang_s=HANG_S)
    command = [sys.executable, CHILD, "held", "--once", str(folder / "once")]
    watched = WatchedSupervisor("held", limits=limits, command=command)
    watched.port.start()
    eventually(lambda: watched.port.last_heartbeat)
    watched.held = watched.port.pid
    status = Path(f"/proc/{watched.held}/status").read_text()
    tracer = int(re.search(r"TracerPid:\t(\d+)", status)[1])
    assert tracer
    watched.release = lambda: os.kill(tracer, signal.SIGKILL)
    try:
        yield watched
    finally:
        with suppress(ProcessLookupError):
            watched.release()
        if watched.port.worker.runs:
            watched.port.stop()


def test_a_vision_worker_that_even_a_kill_does_not_end_is_lost_at_once_and_no_second_one_meets_its_camera_meanwhile(
    tmp_path, caplog
):
    with held_in_the_kernel(tmp_path) as watched:
        watched.status(lambda one: one.up)
        lost = watched.status(lambda one: one.state is PortState.LOST)
        assert "no sign of life" in lost.detail
        told = watched.status(lambda one: "does not end although it was killed" in one.detail)
        assert told.state is PortState.LOST
        eventually(lambda: is_gone(watched.held), what="the death of one that yet nobody can fetch")
        assert watched.port.pid is None
        assert f"{watched.held} does not end although it was killed" in caplog.text
        watched.release()
        watched.status(lambda one: one.up)
        assert watched.port.pid != watched.held
        assert "has ended at last" in caplog.text
        assert not Path(f"/proc/{watched.held}").exists()
        assert watched.port.stop()


def test_a_vision_worker_that_even_a_kill_does_not_end_holds_up_no_stop_and_is_told_of_as_left(tmp_path):
    with held_in_the_kernel(tmp_path) as watched:
        watched.status(lambda one: one.state is PortState.LOST)
        stopped = threading.Thread(target=lambda: results.append(watched.port.stop()), daemon=True)
        results = []
        stopped.start()
        stopped.join(PATIENCE_S)
        assert not stopped.is_alive()
        assert results == [False]
        watched.release()
        eventually(
            lambda: not Path(f"/proc/{watched.held}").exists(), what="the end of the process fetched by somebody"
        )


def test_a_fault_of_the_agent_itself_in_the_thread_of_a_supervisor_costs_one_worker_and_no_more(mocker, caplog):
    # As where the process has no file left to open: an OSError at a place where nobody expects one.
    selector = mocker.patch(
        "agent.vision.worker_link.selectors.DefaultSelector", side_effect=OSError(24, "Too many open files")
    )
    with watching("count") as watched:
        lost = watched.status(lambda one: one.state is PortState.LOST)
        assert "OSError" in lost.detail
        mocker.stop(selector)
        watched.status(lambda one: one.up)
        assert watched.detection()
    assert "Too many open files" in caplog.text


def test_a_vision_worker_that_cannot_be_started_is_reported_and_tried_again():
    statuses = queue.Queue()
    port = CameraSupervisor(
        "lane1",
        Configure(camera_kind="drawn", camera={}),
        on_seen=lambda seen: None,
        on_status=statuses.put,
        limits=LIMITS,
        command=["/nowhere/python"],
    )
    port.start()
    first, second = statuses.get(timeout=PATIENCE_S), statuses.get(timeout=PATIENCE_S)
    port.stop()
    assert "could not be started" in first.detail
    assert second.restarts == 2


def test_a_signal_to_the_whole_group_does_not_end_the_vision_worker():
    with watching("count") as watched:
        watched.detection()
        pid = watched.port.pid
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
        last = watched.port.last_heartbeat
        eventually(lambda: watched.port.last_heartbeat is not last)
        assert watched.port.pid == pid


PARENT = """
import sys, threading
from agent.vision.worker.protocol import Configure
from agent.vision.supervisor import CameraSupervisor
from tests.support.vision.watched_supervisor import LIMITS
port = CameraSupervisor("c", Configure(camera_kind="drawn", camera={}), on_seen=lambda s: print(port.pid, flush=True),
               on_status=lambda s: None, limits=LIMITS, command=[sys.executable, *sys.argv[1:3]])
port.start()
threading.Event().wait()
"""


@pytest.mark.parametrize("mode", ["count", "slow"])
def test_the_vision_worker_dies_with_its_parent(mode):
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), CHILD, mode], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with parent.stdout as said:
        pid = int(said.readline())
    assert not is_gone(pid)
    parent.kill()
    parent.wait()
    eventually(lambda: is_gone(pid))


# ---------------------------------------------------------------------------------------------------------- secrets


def test_the_vision_worker_gets_no_secret_of_the_environment(monkeypatch):
    monkeypatch.setenv("GATE_AGENT_BROKER_PASSWORD", "hunter2")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials")
    assert not {"GATE_AGENT_BROKER_PASSWORD", "CREDENTIALS_DIRECTORY"} & set(scrubbed_environment())
    with watching("count") as watched:
        watched.detection()
        environment = Path(f"/proc/{watched.port.pid}/environ").read_bytes()
        descriptors = [str(link.readlink()) for link in Path(f"/proc/{watched.port.pid}/fd").iterdir()]
    assert b"hunter2" not in environment
    assert sum(name.startswith("socket:") for name in descriptors) == 1


# ----------------------------------------------------------------------------------------------------------- status


def test_a_lost_camera_stays_lost_through_its_tries():
    status = CameraStatus("c")
    states = []
    for phase in ("connecting", "backoff", "connecting", "backoff", "connecting", "streaming", "stale", "connecting"):
        status = status.with_camera(CameraState(phase=CameraPhase(phase)))
        states.append(status.state.value)
    assert states == ["connecting", "lost", "lost", "lost", "lost", "up", "stale", "connecting"]


def test_a_vision_worker_that_says_another_thing_of_its_camera_again_and_again_is_passed_on_now_and_then():
    watched = WatchedSupervisor("count")
    port = watched.port
    port._telling = TokenBucket(1e-9, 3)
    up, lost = CameraState(phase=CameraPhase.STREAMING), CameraState(phase=CameraPhase.BACKOFF, detail="unplugged")
    for state in (up, lost) * 50:
        port._handle_message(Envelope(state))
    told = [PortState.UP, PortState.LOST, PortState.UP]
    assert [status.state for status in watched.statuses] == told
    assert port.status.state is PortState.LOST
    port._telling = TokenBucket(1.0, 1)
    port._handle_message(Envelope(Heartbeat(at=time.monotonic())))
    assert [status.state for status in watched.statuses] == [*told, PortState.LOST]
    port._telling = TokenBucket(1e-9, 1)
    port._telling.try_acquire(time.monotonic())
    port._lost("ended with exit code 3")
    assert watched.statuses[-1].detail == "ended with exit code 3"


def test_a_vision_worker_that_is_not_trusted_any_more_is_ended_and_another_one_started():
    with watching("count") as watched:
        watched.status(lambda one: one.up)
        first = watched.port.pid
        watched.port.start_anew(Text("reported something that its picture does not show, so it was stopped"))
        lost = watched.status(lambda one: one.state is PortState.LOST)
        assert lost.detail == "the vision worker reported something that its picture does not show, so it was stopped"
        watched.status(lambda one: one.up)
        assert watched.port.pid != first
        assert is_gone(first)
