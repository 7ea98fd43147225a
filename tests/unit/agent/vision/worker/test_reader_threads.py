"""The reading threads: when a thorough look is taken, and what becomes of a reader that fails."""

import queue
import socket
import threading
import time

import numpy as np
import pytest

from agent.core.model import VinSource
from agent.vision.worker.latest_frame import LatestFrame, NumberedFrame
from agent.vision.worker.parent_link import ParentConnection
from agent.vision.worker.protocol import ChangeDetectorSettings, Configure
from agent.vision.worker.reader_stats import ReaderStats
from agent.vision.worker.reader_threads import ReaderThreads
from agent.vision.worker.readers import Readers
from agent.vision.worker.wire import Decoder
from drivers.api import Frame
from tests.support.vision.noisy_yards import yard
from tests.support.waiting import PATIENCE_S, eventually


class Recorder:
    """A reader that finds nothing and notes how it was asked."""

    def __init__(self):
        self.asked = queue.Queue()

    def read(self, pixels, *, thorough=False):
        self.asked.put(thorough)
        return []

    def taken(self):
        return self.asked.get(timeout=PATIENCE_S)

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


class Held(Recorder):
    """A reader of codes that does not come back from a frame before it may."""

    def __init__(self):
        super().__init__()
        self.may_end = threading.Event()

    def read_codes(self, pixels, at, *, hint, budget_ms):
        super().read_codes(pixels, at, hint=hint, budget_ms=budget_ms)
        assert self.may_end.wait(PATIENCE_S)
        return []


def test_a_frame_is_looked_at_for_vins_only_after_the_look_for_permits():
    codes, vins = Held(), Recorder()
    latest_frame, started, ends = reading(Readers(codes=codes, vins=vins))
    latest_frame.set_frame(NumberedFrame(1, Frame(yard(0), 1.0)))
    codes.taken()
    assert vins.asked.empty()
    codes.may_end.set()
    vins.taken()
    latest_frame.close()
    assert started.stop(PATIENCE_S)
    for end in ends:
        end.close()


class NumberRecorder(Recorder):
    """A reader of VINs that notes the numbers of the frames."""

    def read(self, pixels):
        self.asked.put(int(pixels[0, 0, 0]))
        return []


def numbered_yard(number):
    pixels = np.array(yard(0))
    pixels[0, 0] = number
    return NumberedFrame(number, Frame(pixels, number * 0.6))


def test_vins_are_looked_for_while_a_vehicle_waits_and_not_in_a_yard_at_rest():
    vins = NumberRecorder()
    gate = ChangeDetectorSettings(hold_s=1.0, look_every_s=0.5)
    latest_frame, started, ends = reading(Readers(vins=vins), gate=gate)
    for number in (1, 2):  # the first pictures count as a change
        latest_frame.set_frame(numbered_yard(number))
        assert vins.taken() == number
    for number in range(3, 9):
        latest_frame.set_frame(numbered_yard(number))
        eventually(lambda number=number: started.passed == number)
    started.set_vehicle_present(present=True)
    latest_frame.set_frame(numbered_yard(9))
    assert vins.taken() in {8, 9}, "the vehicle may come while the last frame before waits for its look"
    latest_frame.close()
    assert started.stop(PATIENCE_S)
    for end in ends:
        end.close()


class FoundVin:
    text, source, box, legible = "LSVAA49J132047371", VinSource.CODE_128, (1, 2, 30, 10), True
    confidence, positions, columns = 1.0, (), b""
    crop = np.full((40, 90, 3), 128, np.uint8)


class DoubtfulVin(FoundVin):
    source, confidence = VinSource.PRINT, 0.5
    positions, columns = ((("L", 0.5), ("E", 0.5)),) * 17, bytes((1, 0, 0)) * 17


class InEveryFrame(NumberRecorder):
    """A reader that finds the same VIN in every frame."""

    def __init__(self, found):
        super().__init__()
        self._found = found

    def read(self, pixels):
        super().read(pixels)
        return [self._found]


@pytest.mark.parametrize(("found", "looked_at"), [(FoundVin(), [1, 5]), (DoubtfulVin(), [1, 2, 3, 4, 5])])
def test_a_vin_that_was_surely_read_is_looked_for_less_often_than_one_in_doubt(found, looked_at):
    vins = InEveryFrame(found)
    latest_frame, started, ends = reading(Readers(vins=vins), gate=ChangeDetectorSettings(enabled=False))
    started.set_vehicle_present(present=True)
    for number in range(1, 6):
        latest_frame.set_frame(numbered_yard(number))
        eventually(lambda number=number: started.passed == number)
        if number in looked_at:
            assert vins.taken() == number
            eventually(lambda: started.vins.taken().busy_since is None)
    assert vins.asked.empty()
    latest_frame.close()
    assert started.stop(PATIENCE_S)
    for end in ends:
        end.close()


class OneLabel(Recorder):
    """A reader that finds a VIN in every frame, but fails at the first."""

    def read(self, pixels):
        super().read(pixels)
        if self.asked.qsize() == 1:
            raise RuntimeError("this engine cannot")
        return [FoundVin()]


def test_a_vin_is_told_with_its_crop_and_a_failure_before_it_costs_one_look(caplog):
    vins = OneLabel()
    latest_frame, started, (ours, theirs) = reading(Readers(vins=vins))
    theirs.settimeout(PATIENCE_S)
    latest_frame.set_frame(NumberedFrame(1, Frame(yard(0), 1.0)))
    eventually(lambda: vins.asked.qsize() == 1)
    latest_frame.set_frame(NumberedFrame(2, Frame(yard(0), 2.0)))
    decoder, heard = Decoder(from_worker=True), []
    while not heard:
        heard += decoder.feed(theirs.recv(1 << 16))
    latest_frame.close()
    assert started.stop(PATIENCE_S)
    for end in (ours, theirs):
        end.close()
    (envelope,) = heard
    assert [(vin.text, vin.source, vin.crop) for vin in envelope.message.vins] == [(FoundVin.text, FoundVin.source, 0)]
    assert len(envelope.pictures) == 2
    assert started.vins.taken().failures == 1
    assert any("VIN reader failed" in record.getMessage() for record in caplog.records)


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
    waiting, computing = ReaderStats("a"), ReaderStats("b")
    never = threading.Event()
    with waiting.timing():
        begun_at = time.monotonic()
        never.wait(0.6)
        assert time.monotonic() - waiting.taken().busy_since < 0.5 * (time.monotonic() - begun_at)
        with computing.timing():
            begun_s = time.thread_time()
            while time.thread_time() - begun_s < 0.2:
                pass
            since = computing.taken().busy_since
            assert time.monotonic() - since >= 0.2
    assert waiting.taken().busy_since is None


def test_a_reader_that_stands_still_is_told_in_six_times_the_time_of_one_that_computes():
    still = ReaderStats("code")
    with still.timing():
        begun_at = time.monotonic()
        threading.Event().wait(0.6)
        busy_s = time.monotonic() - still.taken().busy_since
        assert busy_s >= 0.1, "a sixth of the time counts, though it has computed nothing"
        assert busy_s <= time.monotonic() - begun_at


def test_the_second_part_of_a_reading_has_a_time_of_its_own():
    """On a slow machine reading the kept picture takes longer than the frame: that is no reason to restart."""
    watch = ReaderStats("code")
    with watch.timing():
        begun_s = time.thread_time()
        while time.thread_time() - begun_s < 0.2:
            pass
        at_first = watch.taken().busy_since
        watch.begin_keeping()
        assert watch.taken().busy_since >= at_first + 0.2
    assert watch.taken().busy_since is None


def test_one_success_forgives_the_failures_before_it():
    watch = ReaderStats("code")
    for _ in range(3):
        for _ in range(20):
            with watch.timing():
                raise RuntimeError("no")
        with watch.timing():
            pass
    assert watch.taken().failures == 60
