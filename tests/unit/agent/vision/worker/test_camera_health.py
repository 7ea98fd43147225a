"""The state of a camera: what is told of it, and when."""

from hypothesis import given
from hypothesis import strategies as st

from agent.core.model.camera_view import View
from agent.vision.worker.camera_health import CameraMonitor, FrameFacts
from agent.vision.worker.protocol import CameraPhase


def facts(at, *, same=False, size=(640, 480)):
    return FrameFacts(at, *size, same)


def streaming(at=10.0):
    health = CameraMonitor(stale_s=2.0, frozen_s=3.0)
    health.connecting()
    health.opened(25.0)
    health.frame(facts(at))
    return health


def test_a_camera_streams_with_its_first_frame():
    health = CameraMonitor(2.0, 3.0)
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
    health = CameraMonitor(2.0, 0.0)
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
    health = CameraMonitor(2.0, 3.0)
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
