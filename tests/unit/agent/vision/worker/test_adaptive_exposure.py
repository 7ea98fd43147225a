"""A phone that is white in a dark yard gets its exposure, for a while and within bounds."""

from functools import cache

import cv2
import numpy as np
import pytest
import zxingcpp

from agent.devices.port_supervisor import PortState
from agent.vision.process import COMMAND
from agent.vision.worker.adaptive_exposure import (
    GONE_S,
    LEAST_SHARE,
    LONGEST_REST_S,
    LONGEST_S,
    READ_HOLD_S,
    REST_S,
    BrightScreen,
    ExposureGuide,
    screen,
)
from agent.vision.worker.protocol import ChangeDetectorSettings
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene
from tests.support.vision import yard_films as films
from tests.support.vision.numbered_pictures import numbered_picture
from tests.support.vision.rtsp_server import RtspServer, write_clip
from tests.support.vision.watched_supervisor import watching
from tests.support.waiting import eventually

BEAT_S = 0.25
NEVER = float("-inf")
WHITE = BrightScreen(253.0, 1.0, 30.0)
FINE = BrightScreen(150.0, 0.1, 5.0)
TEXT = "GP1:" + "7WK$ABCDE1" * 25
VEHICLE = Vehicle(plate="新A12345")
NIGHT = Scene(vehicle=VEHICLE, code=ShownCode(text=TEXT), light="night")


@cache
def shot(scene, share):
    noise = np.random.default_rng(3).integers(0, 5, (720, 1280, 3), np.uint8)
    return np.minimum(draw_scene(scene, share), 251).astype(np.uint8) + noise


def reads(pixels):
    return [code.text for code in zxingcpp.read_barcodes(pixels, formats=zxingcpp.BarcodeFormat.QRCode)] == [TEXT]


def guided(guide, shown, seconds, begin_s=0.0, code_at=NEVER):
    """The shares that the guide asks for, beat by beat, with their times."""
    steps = [begin_s + heartbeat * BEAT_S for heartbeat in range(round(seconds / BEAT_S))]
    return [(at, guide.share(shown, code_at, at)) for at in steps]


def first_end(told):
    """When the automatic was taken up again."""
    begun = next(index for index, (_, share) in enumerate(told) if share is not None)
    return next(at for at, share in told[begun:] if share is None)


# ----------------------------------------------------------------------------------------------- what is a screen


def test_a_phone_at_night_is_found_while_it_is_white_and_while_it_is_not():
    for share in (1.0, 0.25, 1 / 16, 1 / 64):
        found = screen(shot(NIGHT, share))
        assert found is not None, share
        assert found.brightness > 2.5 * found.around
    assert screen(shot(NIGHT, 1.0)).white > 0.9
    assert screen(shot(NIGHT, 1 / 64)).white == 0.0


NO_SCREENS = {
    "a yard": films.yard,
    "a car": films.car,
    "a night": films.night,
    "headlamps": films.headlamps,
    "a vehicle at night": lambda: draw_scene(Scene(vehicle=VEHICLE, light="night")),
    "a phone by day": lambda: draw_scene(NIGHT.model_copy(update={"light": "day"})),
    "paper at night": lambda: draw_scene(
        Scene(vehicle=VEHICLE, code=ShownCode(text=TEXT, carrier="paper"), light="night")
    ),
    "black": lambda: np.zeros((720, 1280, 3), np.uint8),
    "white": lambda: np.full((720, 1280, 3), 255, np.uint8),
    "one pixel": lambda: np.full((1, 1, 3), 255, np.uint8),
    "a few lines": lambda: np.full((3, 20_000, 3), 255, np.uint8),
}


@pytest.mark.parametrize("what", NO_SCREENS)
def test_yards_headlamps_paper_and_flat_pictures_are_no_screen(what):
    assert screen(NO_SCREENS[what]()) is None


# -------------------------------------------------------------------------------------------------- the steps


def test_the_light_is_halved_until_the_screen_is_white_no_more_and_never_below_the_least():
    shares = [share for _, share in guided(ExposureGuide(), WHITE, LONGEST_S)]
    assert shares[:4] == [0.5, 0.25, 0.125, 0.0625]
    assert min(shares) == LEAST_SHARE
    guide = ExposureGuide()
    guided(guide, WHITE, 2 * BEAT_S)
    assert {share for _, share in guided(guide, FINE, 1.0, begin_s=0.5)} == {0.25}


def test_a_screen_that_has_become_too_dark_gets_more_light_again_but_never_more_than_the_automatics():
    guide = ExposureGuide()
    guided(guide, WHITE, 4 * BEAT_S)
    shares = [share for _, share in guided(guide, BrightScreen(20.0, 0.0, 2.0), 3.5, begin_s=1.0)]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(0.0625 * 1.5)
    assert shares[-1] == 1.0


@pytest.mark.parametrize("shown", [None, FINE, BrightScreen(253.0, 1.0, 150.0), BrightScreen(250.0, 0.4, 30.0)])
def test_the_automatic_is_left_alone_by_day_and_where_nothing_is_white(shown):
    assert {share for _, share in guided(ExposureGuide(), shown, 10.0)} == {None}


def test_the_automatic_comes_back_a_moment_after_the_code_was_read():
    guide = ExposureGuide()
    guided(guide, WHITE, 1.0)
    told = [(at, guide.share(FINE, min(at, 2.0), at)) for at in np.arange(1.0, 4.0, BEAT_S)]
    assert first_end(told) == 2.0 + READ_HOLD_S
    assert {share for _, share in guided(guide, WHITE, REST_S - BEAT_S, 3.25, code_at=2.0)} == {None}


def test_the_automatic_comes_back_when_the_screen_goes():
    guide = ExposureGuide()
    guided(guide, WHITE, 1.0)
    told = guided(guide, None, 3.0, begin_s=1.0)
    assert told[0][1] is not None
    assert first_end(told) <= 1.0 + GONE_S
    assert guide.share(WHITE, NEVER, 5.0) == 0.5


def test_a_white_board_that_is_no_phone_darkens_the_yard_less_and_less():
    told = guided(ExposureGuide(), WHITE, 600.0)
    assert first_end(told) == LONGEST_S
    dark = [at for at, share in told if share is not None]
    assert max(np.diff(dark)) == pytest.approx(LONGEST_REST_S, abs=2 * BEAT_S)
    assert len([at for at in dark if at > 300.0]) < 0.1 * 300.0 / BEAT_S


def test_in_a_closed_loop_the_phone_becomes_readable_within_a_second_and_a_half():
    guide, share, at = ExposureGuide(), 1.0, 0.0
    assert not reads(shot(NIGHT, share))
    while not reads(shot(NIGHT, share)):
        share = guide.share(screen(shot(NIGHT, share)), NEVER, at) or 1.0
        at += BEAT_S
        assert at <= 1.5


# --------------------------------------------------------------------------------------------- through a vision worker


@pytest.fixture
def scene(tmp_path):
    path = tmp_path / "scene.json"
    path.write_text(NIGHT.model_dump_json())
    return path


def looking(scene, exposure):
    camera = {"scene_file": str(scene)}
    return watching(
        "",
        command=COMMAND,
        camera_kind="simulated",
        camera=camera,
        exposure=exposure,
        read_plates=False,
        heartbeat_s=0.25,
    )


def test_the_vision_worker_reads_a_phone_at_night_by_adapting_and_returns_to_the_automatic(scene):
    with looking(scene, "adapt") as watched:
        seen = watched.detection(lambda seen: seen.presentations)
        assert seen.presentations[0].payload == TEXT.encode()
        eventually(lambda: watched.port.last_heartbeat.exposure < 1.0)
        scene.write_text(Scene(light="night").model_dump_json())
        eventually(lambda: watched.port.last_heartbeat.exposure == 1.0)
        assert watched.port.status.detail == ""
        assert {status.view for status in watched.statuses} == {"clear"}


def test_without_adapting_the_same_phone_stays_white(scene):
    with looking(scene, "camera") as watched:
        watched.status(lambda one: one.up)
        eventually(lambda: watched.port.last_heartbeat and watched.port.last_heartbeat.read >= 25, within_s=30)
        assert watched.detections.empty()
        assert watched.port.last_heartbeat.exposure == 1.0


def test_a_network_camera_that_is_to_be_adapted_says_that_it_cannot_and_reads_on(tmp_path):
    write_clip(tmp_path / "yard.mp4", (numbered_picture(number) for number in range(100)))
    server = RtspServer(tmp_path).start()
    camera = {"url": server.url("yard.mp4")}
    gate = ChangeDetectorSettings(enabled=False)
    with watching(
        "count", camera_kind="opencv", camera=camera, read_plates=False, exposure="adapt", gate=gate
    ) as watched:
        status = watched.status(lambda one: one.up)
        assert status.state is PortState.UP
        assert "exposure cannot be set here" in status.detail
        watched.detection()
    server.kill()


def test_pictures_from_a_folder_that_are_to_be_adapted_say_that_they_cannot(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), numbered_picture(1))
    camera = {"path": str(tmp_path), "interval_ms": 50}
    with watching("count", camera_kind="folder", camera=camera, read_plates=False, exposure="adapt") as watched:
        assert "kind folder cannot be set" in watched.status(lambda one: one.up).detail
