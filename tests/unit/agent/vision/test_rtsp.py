"""The faults of a network camera, with real streams through a real vision worker."""

import socket

import numpy as np
import pytest

from agent.core.model.camera_view import View
from agent.devices.port_supervisor import PortState
from agent.vision.process import COMMAND
from agent.vision.worker.protocol import CameraPhase, ChangeDetectorSettings
from tests.support.vision.numbered_pictures import numbered_picture
from tests.support.vision.rtsp_server import RtspServer, write_clip
from tests.support.vision.watched_supervisor import watching
from tests.support.waiting import eventually, scaled


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder / "yard.mp4", (numbered_picture(number) for number in range(250)))
    write_clip(folder / "small.mp4", (numbered_picture(number, 320, 240) for number in range(50)))
    write_clip(folder / "still.mp4", (np.full((480, 640, 3), 120, np.uint8) for _ in range(50)))
    return folder


@pytest.fixture
def server(drawn, tmp_path):
    for clip in drawn.iterdir():
        (tmp_path / clip.name).hardlink_to(clip)
    server = RtspServer(tmp_path).start()
    yield server
    server.kill()


def looking_at(url, mode="count", **settings):
    camera = {
        "url": url,
        "open_timeout_ms": settings.pop("open_timeout_ms", round(scaled(1000))),
        "read_timeout_ms": round(scaled(500)),
    }
    table = {"camera_kind": "opencv", "read_plates": False, "retry_first_s": 0.1, "retry_cap_s": 0.3}
    return watching(mode, camera=camera, **(table | settings))


def number(seen):
    return int(seen.presentations[0].payload)


def test_a_stream_is_read_to_the_newest_frame_by_a_slow_reader(server):
    with looking_at(server.url("yard.mp4"), mode="slow") as watched:
        first = watched.detection()
        seen = [watched.detection() for _ in range(6)]
        eventually(lambda: (heartbeat := watched.port.last_heartbeat) and heartbeat.skipped > 0)
    # A reading takes as long as five frames: a queue would give frame after frame.
    assert number(seen[-1]) - number(first) > len(seen)
    assert all(one.presentations[0].at == one.at for one in seen)


def test_a_closed_port_is_reported_and_the_camera_found_once_it_is_there(server):
    server.kill()
    with looking_at(server.url("yard.mp4")) as watched:
        lost = watched.status(lambda one: one.state is PortState.LOST)
        assert "refused port" in lost.detail
        server.start()
        watched.status(lambda one: one.up)
        watched.detection()


def test_a_camera_that_accepts_and_never_answers_is_reported():
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        looking_at(f"rtsp://127.0.0.1:{silent.getsockname()[1]}/x", open_timeout_ms=500) as watched,
    ):
        assert "never answers" in watched.status(lambda one: one.state is PortState.LOST).detail


def test_a_stream_that_does_not_exist_is_reported_as_a_matter_of_configuration(server):
    with looking_at(server.url("nowhere.mp4")) as watched:
        lost = watched.status(lambda one: one.state is PortState.LOST)
        assert lost.misconfigured
        assert "404" in lost.detail


def test_a_table_that_the_camera_cannot_take_is_reported_without_its_values():
    with watching("count", camera_kind="opencv", camera={"url": "ftp://u:hunter2@host/", "tranport": "tcp"}) as watched:
        lost = watched.status(lambda one: one.state is PortState.LOST)
        assert lost.misconfigured
        assert "tranport" in lost.detail
        assert "hunter2" not in lost.detail


def test_a_camera_that_hangs_is_stale_and_comes_back(server):
    with looking_at(server.url("yard.mp4"), stale_s=0.5) as watched:
        watched.status(lambda one: one.up)
        server.freeze()
        stale = watched.status(lambda one: not one.up)
        assert (stale.state, stale.phase) == (PortState.STALE, CameraPhase.STALE)
        assert "no picture" in stale.detail
        watched.status(lambda one: one.state is PortState.LOST)
        server.thaw()
        watched.status(lambda one: one.up)
        assert watched.status(lambda one: one.up).restarts == 0


def test_a_camera_that_dies_comes_back_with_another_frame_size(server):
    with looking_at(server.url("yard.mp4")) as watched:
        assert watched.status(lambda one: one.up).width_px == 640
        before = watched.detection().frame
        server.kill()
        watched.status(lambda one: one.state is PortState.LOST)
        (server.folder / "small.mp4").replace(server.folder / "yard.mp4")
        server.start()
        assert watched.status(lambda one: one.up).width_px == 320
        assert watched.detection(lambda seen: seen.frame > before)


def test_a_picture_that_stands_still_is_reported_and_not_read_any_more(server):
    with looking_at(server.url("still.mp4"), frozen_s=0.5, gate=ChangeDetectorSettings(enabled=False)) as watched:
        frozen = watched.status(lambda one: one.phase is CameraPhase.FROZEN)
        assert frozen.state is PortState.STALE
        assert "the same picture" in frozen.detail
        # A beat that was sent after the picture was found to stand still; the one that is there may be older.
        before = watched.port.last_heartbeat
        still = eventually(lambda: (heartbeat := watched.port.last_heartbeat) is not before and heartbeat)
        eventually(lambda: watched.port.last_heartbeat.captured > still.captured + 10)
        assert watched.port.last_heartbeat.read <= still.read + 1


def test_a_covered_lens_is_a_warning_and_not_a_lost_camera(server):
    with looking_at(server.url("still.mp4"), frozen_s=0.0, view_s=0.2) as watched:
        covered = watched.status(lambda one: one.view is View.COVERED)
        assert covered.up


def test_the_true_readers_see_permit_and_plate_in_the_drawn_yard(tmp_path):
    scene = tmp_path / "scene.json"
    camera = {"scene_file": str(scene)}
    with watching(
        "", command=COMMAND, camera_kind="simulated", camera=camera, gate=ChangeDetectorSettings()
    ) as watched:
        watched.status(lambda one: one.up)
        scene.write_text('{"vehicle": {"plate": "123ABC02", "style": "kz"}, "code": {"text": "GP1:HELLO"}}')
        permit = watched.detection(lambda seen: seen.presentations)
        plate = watched.detection(lambda seen: seen.readings)
    assert permit.presentations[0].payload == b"GP1:HELLO"
    assert permit.overview in permit.pictures
    assert plate.readings[0].text == "123ABC02"
    assert plate.readings[0].picture in plate.pictures


def test_a_camera_with_a_name_is_read_from_within_the_sandbox_and_found_again_after_it_was_away(server):
    with looking_at(server.url("yard.mp4").replace("127.0.0.1", "localhost")) as watched:
        watched.status(lambda one: one.up)
        server.kill()
        watched.status(lambda one: not one.up)
        server.start()
        watched.status(lambda one: one.up)
        assert (watched.port.sandbox.missing, watched.port.status.restarts) == ((), 0)
