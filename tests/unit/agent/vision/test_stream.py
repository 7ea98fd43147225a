"""A camera that sends garbage, or pictures of another size, in the middle of its stream."""

import cv2
import numpy as np
import pytest

from agent.core.model.camera_view import View
from agent.devices.port_supervisor import PortState
from agent.vision.process import COMMAND
from agent.vision.worker.protocol import ChangeDetectorSettings
from drivers.camera.opencv import OpenCvCamera
from drivers.camera.settings import OpenCvSettings
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene
from tests.support.vision.live_rtsp import RATE_HZ, LiveCamera
from tests.support.vision.watched_supervisor import watching
from tests.support.waiting import eventually

SCENE = Scene(vehicle=Vehicle(plate="新A12345"), code=ShownCode(text="GP1:HELLO"))
SIZES = ((640, 360), (960, 540))
VIEW_S = 0.5
"""So long a bad view is borne here: it would be told after that, and one measure."""


def of_size(width, height):
    return cv2.resize(draw_scene(SCENE), (width, height), interpolation=cv2.INTER_AREA)


@pytest.fixture
def live(tmp_path):
    with LiveCamera(tmp_path, *SIZES[1]) as live:
        live.show(of_size(*SIZES[1]))
        yield live


def looking(live):
    table = {"camera_kind": "opencv", "read_plates": False, "retry_first_s": 0.1, "retry_cap_s": 0.3}
    table["view_s"] = VIEW_S
    return watching("", command=COMMAND, camera=live.settings, gate=ChangeDetectorSettings(enabled=False), **table)


def test_a_stream_of_another_size_is_scaled_to_the_size_at_its_opening(live):
    device = OpenCvCamera(OpenCvSettings(**live.settings))
    device.open()
    first = device.read().pixels
    live.show(of_size(*SIZES[0]))
    shapes = {device.read().pixels.shape for _ in range(2 * RATE_HZ)}
    live.show(np.full((SIZES[1][1], SIZES[1][0], 3), 200, np.uint8))
    while (last := device.read().pixels)[400:, 700:].mean() < 190:
        shapes.add(last.shape)
    device.close()
    assert shapes == {first.shape}


def test_a_vision_worker_reads_on_when_the_stream_changes_its_size(live):
    with looking(live) as watched:
        watched.detection()
        for size in SIZES:
            live.show(of_size(*size))
            frame = watched.detection().frame
            live.wait(2 * RATE_HZ)
            assert watched.detection(lambda seen, before=frame: seen.frame > before + RATE_HZ).presentations
        assert watched.port.status.view is View.CLEAR
        assert watched.port.status.restarts == 0
        assert {seen.presentations[0].payload for seen in list(watched.detections.queue)} <= {b"GP1:HELLO"}


def test_garbage_in_the_stream_is_a_lost_camera_that_comes_back_and_nothing_is_read_in_it(live):
    with looking(live) as watched:
        watched.detection()
        live.garble(4 * RATE_HZ)
        lost = watched.status(lambda one: one.state is PortState.LOST)
        assert "the stream ended" in lost.detail
        watched.status(lambda one: one.up)
        frame = watched.detection().frame
        assert watched.detection(lambda seen: seen.frame > frame).presentations[0].payload == b"GP1:HELLO"
        eventually(lambda: watched.port.status.view is View.CLEAR)
        assert watched.port.status.restarts == 0
        assert {code.payload for seen in list(watched.detections.queue) for code in seen.presentations} <= {
            b"GP1:HELLO"
        }
