"""The reading threads: when a thorough look is taken, and what becomes of a reader that fails."""

import queue
import socket
import threading
import time

import pytest

from agent.vision.worker.latest_frame import LatestFrame, NumberedFrame
from agent.vision.worker.parent_link import ParentConnection
from agent.vision.worker.protocol import ChangeDetectorSettings, Configure
from agent.vision.worker.reader_stats import ReaderStats
from agent.vision.worker.reader_threads import ReaderThreads
from agent.vision.worker.readers import Readers
from drivers.api import Frame
from tests.support.vision.noisy_yards import yard
from tests.support.waiting import PATIENCE_S


class Recorder:
    """A reader that finds nothing and notes how it was asked."""

    def __init__(self):
        self.asked = queue.Queue()

    def read(self, pixels, *, thorough=False):
        self.asked.put(thorough)
        return []

    def read_codes(self, pixels, at, *, hint, budget_ms):
        self.asked.put(hint and budget_ms > 0)
        return []


def reading(readers, **settings):
    latest_frame = LatestFrame()
    configure = Configure(camera_kind="x", camera={}, **settings)
    ours, theirs = socket.socketpair()
    started = ReaderThreads(latest_frame, readers, configure, ParentConnection(ours))
    started.start()
    return latest_frame, started, (ours, theirs)


def test_a_thorough_look_is_taken_only_while_something_changes():
    codes, thorough_codes, plates = Recorder(), Recorder(), Recorder()
    gate = ChangeDetectorSettings(hold_s=1.0, look_every_s=0.5)
    latest_frame, started, ends = reading(Readers(codes, thorough_codes, plates), gate=gate)
    asked = []
    for number in range(1, 9):
        latest_frame.set_frame(NumberedFrame(number, Frame(yard(0), number * 0.6)))
        asked.append(tuple(reader.asked.get(timeout=PATIENCE_S) for reader in (codes, thorough_codes, plates)))
    latest_frame.close()
    assert started.stop(PATIENCE_S)
    for end in ends:
        end.close()
    assert [code for code, _, _ in asked] == [False] * 8
    assert [thorough for _, thorough, _ in asked] == [True, True, False, False, False, False, False, False]
    assert [plate for _, _, plate in asked] == [True, True, False, False, False, False, False, False]


def test_a_reader_that_always_fails_ends_the_vision_worker(caplog):
    watch = ReaderStats("code")

    def fail():
        with watch.timing():
            raise RuntimeError("no")

    for _ in range(25):
        fail()
    with pytest.raises(RuntimeError):
        fail()
    assert watch.taken().failures == 25
    assert sum("code reader failed" in record.getMessage() for record in caplog.records) == 1


def test_a_reader_that_waits_for_a_core_is_not_taken_for_one_that_hangs():
    waiting, computing, prompt = ReaderStats("a", gives_way=True), ReaderStats("b", gives_way=True), ReaderStats("c")
    never = threading.Event()
    with prompt.timing(), waiting.timing():
        begun_at = time.monotonic()
        never.wait(0.6)
        assert time.monotonic() - waiting.taken().busy_since < 0.5 * (time.monotonic() - begun_at)
        assert prompt.taken().busy_since <= begun_at
        with computing.timing():
            begun_s = time.thread_time()
            while time.thread_time() - begun_s < 0.2:
                pass
            since = computing.taken().busy_since
            assert time.monotonic() - since >= 0.2
    assert waiting.taken().busy_since is None


def test_the_second_part_of_a_reading_has_a_time_of_its_own_and_what_it_computes_counts():
    """On a slow machine reading the kept picture takes longer than the frame: that is no reason to restart."""
    watch = ReaderStats("code")
    with watch.timing():
        at_first = watch.taken().busy_since
        watch.begin_keeping()
        begun_at = time.monotonic()
        threading.Event().wait(0.6)
        asked_at = time.monotonic()
        since = watch.taken().busy_since
        assert since > at_first
        assert since > (begun_at + asked_at) / 2, "it counts as at work for less than half of that time"
    assert watch.taken().busy_since is None
    with watch.timing():
        assert watch.taken().busy_since > since, "the next reading counts by the clock again"


def test_one_success_forgives_the_failures_before_it():
    watch = ReaderStats("code")
    for _ in range(3):
        for _ in range(20):
            with watch.timing():
                raise RuntimeError("no")
        with watch.timing():
            pass
    assert watch.taken().failures == 60
