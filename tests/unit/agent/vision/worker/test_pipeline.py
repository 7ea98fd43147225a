"""The reading threads of a vision worker: codes wait for nobody, what is lost is counted, and no picture is too odd."""

import os
import queue
import socket
import threading
from contextlib import contextmanager

import numpy as np
import pytest

from agent.vision.worker.latest_frame import FrameThrottle, LatestFrame, NumberedFrame
from agent.vision.worker.main import made_readers
from agent.vision.worker.parent_link import ParentConnection
from agent.vision.worker.protocol import ChangeDetectorSettings, Configure
from agent.vision.worker.reader_threads import ReaderThreads
from agent.vision.worker.readers import Readers
from agent.vision.worker.wire import Decoder
from drivers.api import Frame
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene
from tests.support.waiting import PATIENCE_S, eventually

ALL = ChangeDetectorSettings(enabled=False)
UNCHANGED = ChangeDetectorSettings(threshold=255, hold_s=0, look_every_s=0.01)
PAYLOAD = b"GP1:PERMIT"


class Found:
    payload, engine, corners, module_px = PAYLOAD, "test", (), 0.0


class Gated:
    """A reader that takes a permission for each frame; notes what it was asked: (hint, budget in ms)."""

    def __init__(self, permits, finds=()):
        self.asked = queue.Queue()
        self.go = threading.Semaphore(permits)
        self._finds = finds

    def read_codes(self, pixels, at, *, hint, budget_ms):
        self.asked.put((hint, budget_ms))
        self.go.acquire()
        return self._finds

    def read(self, pixels, *, thorough=False):
        return self.read_codes(pixels, 0.0, hint=thorough, budget_ms=0.0)


MANY = 1_000_000


class Bench:
    """A Reading with a slot to feed and the parent's end of its link."""

    def __init__(self, readers, ends, **settings):
        self.latest_frame = LatestFrame()
        ours, self._theirs = ends
        self._theirs.settimeout(PATIENCE_S)
        self._decoder = Decoder(from_worker=True)
        self._number = 0
        self._readers = readers
        self.reading = ReaderThreads(
            self.latest_frame, readers, Configure(camera_kind="x", camera={}, **settings), ParentConnection(ours)
        )

    def show(self, pixels=None, at=None):
        self._number += 1
        picture = np.full((48, 64, 3), 100, np.uint8) if pixels is None else pixels
        self.latest_frame.set_frame(
            NumberedFrame(self._number, Frame(picture, self._number * 0.04 if at is None else at))
        )

    def heard(self):
        """The next messages."""
        while not (envelopes := self._decoder.feed(self._theirs.recv(1 << 16))):
            pass
        return [envelope.message for envelope in envelopes]


@contextmanager
def at_work(readers, **settings):
    ends = socket.socketpair()
    bench = Bench(readers, ends, **({"gate": ALL} | settings))
    bench.reading.start()
    try:
        yield bench
    finally:
        for reader in (readers.codes, readers.thorough_codes, readers.plates):
            if isinstance(reader, Gated):
                reader.go.release(MANY)
        bench.latest_frame.close()
        assert bench.reading.stop(PATIENCE_S)
        for end in ends:
            end.close()


def test_codes_wait_neither_for_a_plate_nor_for_a_thorough_look():
    codes, thorough_codes, plates = Gated(MANY, finds=[Found()]), Gated(0), Gated(0)
    with at_work(Readers(codes, thorough_codes, plates)) as bench:
        for number in range(1, 52):
            bench.show(at=float(number))
            codes.asked.get(timeout=PATIENCE_S)
        plates.asked.get(timeout=PATIENCE_S)
        eventually(lambda: bench.reading.codes.taken().frames == 51)
        assert (bench.reading.plates.taken().frames, bench.reading.dropped) == (0, 0)


class Odd:
    """Reads kept pictures, and fails or hangs at the first."""

    def __init__(self, *, hangs):
        self.reached, self.go = threading.Event(), threading.Event()
        self._hangs = hangs

    def codes(self, jpeg, *, thorough):
        self.reached.set()
        if self._hangs:
            assert self.go.wait(PATIENCE_S)
            return (PAYLOAD,)
        raise RuntimeError("this engine cannot")


def test_an_engine_that_fails_at_a_kept_picture_costs_one_frame_and_no_reader():
    codes = Gated(MANY, finds=[Found()])
    with at_work(Readers(codes)) as bench:
        bench.reading._kept_by_codes = Odd(hangs=False)
        bench.show()
        codes.asked.get(timeout=PATIENCE_S)
        bench.show()
        assert [(one.frame, one.picture, len(one.codes)) for one in bench.heard()] == [(2, None, 1)]
        assert bench.reading.codes.taken().failures == 1


def test_an_engine_that_hangs_at_a_kept_picture_is_seen_to_be_at_work():
    with at_work(Readers(Gated(MANY, finds=[Found()]))) as bench:
        odd = bench.reading._kept_by_codes = Odd(hangs=True)
        bench.show()
        assert odd.reached.wait(PATIENCE_S)
        assert bench.reading.codes.taken().busy_since is not None
        odd.go.set()
        assert [one.picture for one in bench.heard()] == [0]


def test_frames_that_the_code_reader_is_too_busy_for_are_counted():
    codes = Gated(0)
    with at_work(Readers(codes)) as bench:
        bench.show()
        codes.asked.get(timeout=PATIENCE_S)
        for _ in range(4):
            bench.show()
        codes.go.release()
        codes.asked.get(timeout=PATIENCE_S)
        assert bench.reading.dropped == 3
        assert bench.reading.passed == 2


def test_frames_in_which_nothing_changes_are_no_loss():
    codes = Gated(1)
    with at_work(Readers(codes), gate=UNCHANGED) as bench:
        for at in (1.0, 2.0):  # the first frame always counts as a change
            bench.show(at=at)
            codes.asked.get(timeout=PATIENCE_S)
        for at in (2.1, 2.2, 2.3):
            bench.show(at=at)
        codes.go.release()
        codes.asked.get(timeout=PATIENCE_S)
        assert bench.latest_frame.dropped == 2
        assert bench.reading.dropped == 0


def test_a_thorough_look_has_a_hint_where_something_changes_or_a_vehicle_waits_and_always_a_budget():
    thorough_codes = Gated(MANY)
    with at_work(Readers(thorough_codes=thorough_codes), gate=UNCHANGED) as bench:
        asked = []
        for at, present in ((1.0, False), (2.0, False), (3.0, True), (4.0, False)):
            bench.reading.set_vehicle_present(present=present)
            bench.show(at=at)
            asked.append(thorough_codes.asked.get(timeout=PATIENCE_S))
    assert [hint for hint, _ in asked] == [True, False, True, False]
    assert all(0 < budget_ms <= 150 for _, budget_ms in asked)


def test_what_was_read_lately_is_not_looked_for_again_at_great_cost():
    codes, thorough_codes = Gated(MANY, finds=[Found()]), Gated(MANY)
    with at_work(Readers(codes, thorough_codes)) as bench:
        for at in (1.0, 1.5, 2.0):
            bench.show(at=at)
            codes.asked.get(timeout=PATIENCE_S)
            bench.heard()
    assert thorough_codes.asked.qsize() == 0


def test_a_code_that_is_read_all_the_time_does_not_put_off_the_looks_for_another():
    codes, thorough_codes = Gated(MANY, finds=[Found()]), Gated(MANY)
    with at_work(Readers(codes, thorough_codes)) as bench:
        for at in (1.0, 1.9, 2.8, 3.7, 4.6):
            bench.show(at=at)
            codes.asked.get(timeout=PATIENCE_S)
            bench.heard()
        eventually(lambda: thorough_codes.asked.qsize() >= 1)


def test_what_is_not_read_yet_is_looked_for_in_every_frame():
    codes, thorough_codes = Gated(MANY), Gated(MANY)
    with at_work(Readers(codes, thorough_codes)) as bench:
        for number in range(1, 11):
            bench.show(at=number * 0.04)
            thorough_codes.asked.get(timeout=PATIENCE_S)


def test_the_cheap_steps_make_no_thorough_one():
    codes = Gated(MANY)
    with at_work(Readers(codes)) as bench:
        bench.reading.set_vehicle_present(present=True)
        bench.show()
        assert codes.asked.get(timeout=PATIENCE_S) == (True, 0.0)


def test_a_frame_in_which_something_stands_out_is_handed_on_at_once_and_others_now_and_then():
    turns, handed = FrameThrottle(), []
    for number in range(1, 52):
        stands_out = number in {1, 21, 22, 23}
        still_s = 0.0 if stands_out else 0.04
        turns.offer(NumberedFrame(number, Frame(np.zeros((1, 1, 3), np.uint8), number * 0.04), still_s=still_s), 0.25)
        newest = turns.latest_frame.newest().number
        handed += [newest] if newest not in handed else []
    assert handed == [1, 8, 15, 21, 22, 23, 30, 37, 44, 51]


def test_a_plate_is_looked_for_seldom_where_nothing_has_changed_for_long_and_no_vehicle_waits():
    codes, plates = Gated(MANY), Gated(MANY)
    with at_work(Readers(codes, plates=plates), gate=UNCHANGED) as bench:
        asked_at = []
        for at, present in ((1.0, False), (2.0, False), (17.0, False), (18.0, False), (21.5, False), (22.5, True)):
            bench.reading.set_vehicle_present(present=present)
            before = bench.reading.plates.taken().frames
            bench.show(at=at)
            codes.asked.get(timeout=PATIENCE_S)
            if at != 18.0:
                plates.asked.get(timeout=PATIENCE_S)
                eventually(lambda before=before: bench.reading.plates.taken().frames > before)
            asked_at += [at] * (bench.reading.plates.taken().frames - before)
        assert asked_at == [1.0, 2.0, 17.0, 21.5, 22.5]
    assert plates.asked.qsize() == 0


class Ranked:
    """A reader that notes how far the kernel puts its thread back."""

    def __init__(self):
        self.niceness = queue.Queue()

    def read_codes(self, pixels, at, *, hint, budget_ms):
        self.niceness.put(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return []

    def read(self, pixels, *, thorough=False):
        return self.read_codes(pixels, 0.0, hint=thorough, budget_ms=0.0)


def test_the_kernel_prefers_the_cheap_steps_for_codes_to_all_that_can_wait():
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    ranked = Ranked(), Ranked(), Ranked()
    with at_work(Readers(*ranked)) as bench:
        bench.show()
        codes, thorough_codes, plates = (reader.niceness.get(timeout=PATIENCE_S) for reader in ranked)
    assert codes == usual
    assert plates == min(19, usual + 10)
    assert thorough_codes == min(19, usual + 15)


def test_without_the_right_to_give_way_the_readers_read_all_the_same(mocker, caplog):
    mocker.patch(
        "agent.vision.worker.cpu_budget.os.setpriority", side_effect=PermissionError(1, "Operation not permitted")
    )
    plates = Gated(MANY)
    with at_work(Readers(plates=plates)) as bench:
        bench.show()
        plates.asked.get(timeout=PATIENCE_S)
    assert "Operation not permitted" in caplog.text


# ------------------------------------------------------------------------------------------------------- odd pictures


def noise(height, width):
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


ODD = {
    "one pixel": np.zeros((1, 1, 3), np.uint8),
    "one row": noise(1, 2000),
    "one column": noise(2000, 1),
    "two pixels": noise(2, 1),
    "a strip of 20,000 px": noise(40, 20_000),
    "a post of 20,000 px": noise(20_000, 40),
    "noise": noise(480, 640),
    "black": np.zeros((480, 640, 3), np.uint8),
    "white": np.full((480, 640, 3), 255, np.uint8),
    "not contiguous": np.full((480, 1280, 3), 90, np.uint8)[::2, ::2],
    "read only": np.frombuffer(bytes(640 * 480 * 3), np.uint8).reshape(480, 640, 3),
}


@pytest.fixture(scope="module")
def shown():
    return draw_scene(Scene(vehicle=Vehicle(plate="京A12345"), code=ShownCode(text=PAYLOAD.decode())))


def test_after_pictures_of_every_size_and_kind_a_permit_is_read_and_nothing_was_invented(shown):
    readers = made_readers(Configure(camera_kind="x", camera={}))
    with at_work(readers) as bench:
        at = 0.0
        for pixels in ODD.values():
            at += 2.0
            before = bench.reading.plates.taken().frames, bench.reading.thorough_looks.taken().frames
            bench.show(pixels, at=at)
            eventually(lambda before=before: bench.reading.plates.taken().frames > before[0], 60, "the plates")
            eventually(
                lambda before=before: bench.reading.thorough_looks.taken().frames > before[1], 60, "the thorough look"
            )
        bench.show(shown, at=at + 2.0)
        heard = []
        while not any(message.codes for message in heard):
            heard += bench.heard()
        figures = [bench.reading.codes.taken(), bench.reading.plates.taken(), bench.reading.thorough_looks.taken()]
    assert {message.frame for message in heard} == {len(ODD) + 1}
    assert {code.payload for message in heard for code in message.codes} == {PAYLOAD}
    assert [one.failures for one in figures] == [0, 0, 0]
