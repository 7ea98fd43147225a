import queue
import socket
import threading
import time
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model.camera_view import View
from agent.vision.worker.camera_health import CameraHealth, FrameFacts
from agent.vision.worker.change_detector import ChangeDetector
from agent.vision.worker.latest_frame import LatestFrame, NumberedFrame
from agent.vision.worker.parent_link import ParentConnection
from agent.vision.worker.picture_selector import PictureSelector, crop_jpeg, frame_jpeg
from agent.vision.worker.protocol import CameraPhase, Configure, GateSettings
from agent.vision.worker.reader_stats import ReaderStats
from agent.vision.worker.reader_threads import ReaderThreads
from agent.vision.worker.readers import Readers
from drivers.api import Frame
from tests.support.waiting import PATIENCE_S

# ----------------------------------------------------------------------------------------------------------- health


def facts(at, *, same=False, size=(640, 480)):
    return FrameFacts(at, *size, same)


def streaming(at=10.0):
    health = CameraHealth(stale_s=2.0, frozen_s=3.0)
    health.connecting()
    health.opened(25.0)
    health.frame(facts(at))
    return health


def test_a_camera_streams_with_its_first_frame():
    health = CameraHealth(2.0, 3.0)
    assert health.connecting().phase is CameraPhase.CONNECTING
    health.opened(25.0)
    assert health.phase is CameraPhase.CONNECTING
    state = health.frame(facts(10.0))
    assert (state.phase, state.width_px, state.height_px, state.frame_rate_hz) == (
        CameraPhase.STREAMING,
        640,
        480,
        25.0,
    )
    assert health.frame(facts(10.04)) is None


def test_a_camera_without_frames_is_stale_and_streams_again_with_the_next():
    health = streaming()
    assert health.ticked(11.99) is None
    assert health.ticked(12.0).phase is CameraPhase.STALE
    assert health.ticked(12.5) is None
    assert health.frame(facts(13.0)).phase is CameraPhase.STREAMING


def test_the_same_picture_for_too_long_is_frozen_until_it_moves():
    health = streaming()
    assert health.frame(facts(12.9, same=True)) is None
    assert health.frame(facts(13.0, same=True)).phase is CameraPhase.FROZEN
    assert health.frame(facts(20.0, same=True)) is None
    assert health.still_s == 10.0
    assert health.frame(facts(20.1)).phase is CameraPhase.STREAMING


def test_a_frozen_picture_stays_frozen_over_a_reconnection():
    health = streaming()
    health.frame(facts(13.0, same=True))
    health.failed("the same picture", misconfigured=False)
    health.connecting()
    health.opened(25.0)
    assert health.frame(facts(20.0, same=True)).phase is CameraPhase.FROZEN


def test_pictures_may_stand_still_where_that_is_allowed():
    health = CameraHealth(2.0, 0.0)
    health.connecting()
    health.opened(0)
    health.frame(facts(10.0))
    assert health.frame(facts(100.0, same=True)) is None


def test_a_change_of_the_size_is_told():
    state = streaming().frame(facts(10.1, size=(1920, 1080)))
    assert (state.phase, state.width_px) == (CameraPhase.STREAMING, 1920)


def test_a_failure_tells_why_and_the_reason_stands_until_the_camera_is_back():
    health = streaming()
    failed = health.failed("x" * 900, misconfigured=True)
    assert (failed.phase, failed.misconfigured, len(failed.detail)) == (CameraPhase.BACKOFF, True, 500)
    trying = health.connecting()
    assert (trying.phase, trying.detail) == (CameraPhase.CONNECTING, failed.detail)
    assert health.ticked(1e6) is None
    health.opened(25)
    assert health.frame(facts(30.0)).detail == ""


@given(st.lists(st.tuples(st.sampled_from(["frame", "same", "tick", "view", "fail", "open"]), st.floats(0.0, 4.0))))
def test_every_told_state_differs_from_the_one_before(steps):
    health = CameraHealth(2.0, 3.0)
    told = [health.connecting()]
    at = 1.0
    for step, pause in steps:
        at += pause
        match step:
            case "frame" | "same":
                state = health.frame(facts(at, same=step == "same"))
            case "tick":
                state = health.ticked(at)
            case "view":
                state = health.viewed(View.DARK)
            case "fail":
                state = health.failed("x", misconfigured=False)
            case _:
                state = health.connecting()
        if state is not None:
            assert state != told[-1]
            told.append(state)


# ------------------------------------------------------------------------------------------------------ change gate


@cache
def noisy_yard(seed, width, height):
    rng = np.random.default_rng(seed)
    rows = np.linspace(60, 140, height)[:, None, None]
    return (rows + rng.normal(0, 6, (height, width, 3))).clip(0, 255).astype(np.uint8)


def yard(number, width=1280, height=720):
    """An empty yard; the noise differs from one number to the next."""
    return noisy_yard(number % 5, width, height)


def with_object(pixels, left, top, size_px):
    changed = pixels.copy()
    changed[top : top + size_px, left : left + size_px] = 230
    return changed


def settled(settings=None):
    """A gate that has long seen an empty yard and is closed."""
    gate = ChangeDetector(settings or GateSettings())
    for step in range(80):
        gate.passes(yard(step), step * 0.1)
    return gate


def passes(gate, pictures, begin, step=0.04):
    return [gate.passes(pixels, begin + index * step) for index, pixels in enumerate(pictures)]


def test_an_empty_yard_is_looked_at_only_every_so_often():
    gate = settled()
    passed = passes(gate, [yard(n) for n in range(100)], 8.0)
    assert 3 <= sum(passed) <= 5


def test_a_phone_sized_change_opens_the_gate_at_once():
    gate = settled()
    gate.passes(yard(1), 8.0)
    assert gate.passes(with_object(yard(2), 600, 300, 90), 8.04)


def test_the_gate_stays_open_for_its_hold_time():
    gate = settled(GateSettings(hold_s=2.0, look_every_s=10.0))
    gate.passes(with_object(yard(2), 600, 300, 300), 20.0)
    assert gate.passes(yard(3), 21.9)
    assert gate.passes(yard(3), 22.0)
    assert not gate.passes(yard(3), 22.1)


def test_a_parked_vehicle_fades_into_the_background():
    gate = settled(GateSettings(settle_s=5.0, hold_s=1.0, look_every_s=1e1))
    passed = passes(gate, [with_object(yard(n), 300, 200, 300) for n in range(300)], 10.0, step=0.2)
    assert passed[0]
    assert not any(passed[-20:-10])


def test_a_step_of_the_exposure_does_not_open_the_gate():
    gate = settled(GateSettings(look_every_s=60))
    flat = np.full((720, 1280, 3), 100, np.uint8)
    for step in range(200):
        gate.passes(flat, 10.0 + step * 0.5)
    assert not gate.passes(flat + 30, 111.0)


def test_a_switched_off_gate_lets_everything_through():
    gate = ChangeDetector(GateSettings(enabled=False))
    assert all(passes(gate, [yard(0)] * 5, 0.0))


def test_another_frame_size_is_no_trouble():
    gate = settled()
    assert isinstance(gate.passes(yard(0, width=1920, height=1080), 9.0), bool)
    assert isinstance(gate.passes(yard(0, width=320, height=240), 9.1), bool)


# ------------------------------------------------------------------------------------------------- slot and pictures


def numbered(number):
    return NumberedFrame(number, Frame(np.zeros((2, 2, 3), np.uint8), float(number)))


def test_the_slot_gives_the_newest_frame_once():
    slot = LatestFrame()
    slot.put(numbered(1))
    slot.put(numbered(2))
    assert slot.newer_than(0).number == 2
    threading.Timer(0.05, slot.put, [numbered(3)]).start()
    assert slot.newer_than(2).number == 3


def test_a_closed_slot_wakes_and_turns_away_everybody():
    slot = LatestFrame()
    threading.Timer(0.05, slot.close).start()
    begun_at = time.monotonic()
    assert slot.newer_than(0) is None
    assert time.monotonic() - begun_at < PATIENCE_S
    slot.put(numbered(1))
    assert slot.newer_than(0) is None


def test_a_frame_becomes_a_small_jpeg_and_a_crop_keeps_its_size():
    frame = cv2.imdecode(np.frombuffer(frame_jpeg(yard(0, width=1920, height=1080), 640), np.uint8), cv2.IMREAD_COLOR)
    assert frame.shape == (360, 640, 3)
    small = cv2.imdecode(np.frombuffer(frame_jpeg(yard(0)[:100, :100], 640), np.uint8), cv2.IMREAD_COLOR)
    assert small.shape == (100, 100, 3)
    assert cv2.imdecode(np.frombuffer(crop_jpeg(yard(0)[:40, :640]), np.uint8), cv2.IMREAD_COLOR).shape == (40, 640, 3)


def test_a_finding_is_pictured_again_only_after_a_while():
    album = PictureSelector(every_s=2.0)
    assert album.wants([b"a"], 10.0)
    assert not album.wants([b"a"], 11.0)
    assert album.wants([b"a", b"b"], 11.5)
    assert not album.wants([b"a"], 12.5)
    assert album.wants([b"a"], 14.0)
    for number in range(500):
        album.wants([b"%d" % number], 20.0)
    assert len(album._pictured_at) == 64


# ---------------------------------------------------------------------------------------------------------- reading


class Recorder:
    """A reader that finds nothing and notes how it was asked."""

    def __init__(self):
        self.asked = queue.Queue()

    def read(self, pixels, *, thorough=False):
        self.asked.put(thorough)
        return []

    def look(self, pixels, at, *, hint, budget_ms):
        self.asked.put(hint and budget_ms > 0)
        return []


def reading(readers, **settings):
    slot = LatestFrame()
    configure = Configure(camera_kind="x", camera={}, **settings)
    ours, theirs = socket.socketpair()
    started = ReaderThreads(slot, readers, configure, ParentConnection(ours))
    started.start()
    return slot, started, (ours, theirs)


def test_a_thorough_look_is_taken_only_while_something_changes():
    codes, dear_codes, plates = Recorder(), Recorder(), Recorder()
    gate = GateSettings(hold_s=1.0, look_every_s=0.5)
    slot, started, ends = reading(Readers(codes, dear_codes, plates), gate=gate)
    asked = []
    for number in range(1, 9):
        slot.put(NumberedFrame(number, Frame(yard(0), number * 0.6)))
        asked.append(tuple(reader.asked.get(timeout=PATIENCE_S) for reader in (codes, dear_codes, plates)))
    slot.close()
    assert started.stop(10)
    for end in ends:
        end.close()
    assert [code for code, _, _ in asked] == [False] * 8
    assert [dear for _, dear, _ in asked] == [True, True, False, False, False, False, False, False]
    assert [plate for _, _, plate in asked] == [True, True, False, False, False, False, False, False]


def test_a_reader_that_always_fails_ends_the_eye(caplog):
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
            assert time.monotonic() - computing.taken().busy_since >= 0.2
    assert waiting.taken().busy_since is None


def test_one_success_forgives_the_failures_before_it():
    watch = ReaderStats("code")
    for _ in range(3):
        for _ in range(20):
            with watch.timing():
                raise RuntimeError("no")
        with watch.timing():
            pass
    assert watch.taken().failures == 60
