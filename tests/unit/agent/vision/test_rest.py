"""A camera at rest, with a real stream through a real vision worker: what wakes it, and what is still noticed."""

import numpy as np
import pytest

from agent.vision.preview import PreviewRequest
from agent.vision.worker.protocol import ChangeDetectorSettings
from agent.vision.worker.wakefulness import LOOKED_AT_S
from tests.support.vision.numbered_pictures import numbered_picture
from tests.support.vision.packet_rtsp import PacketCamera, encoded
from tests.support.vision.watched_supervisor import watching
from tests.support.waiting import eventually, scaled

RATE_HZ = 10
SIZE = (320, 240)


@pytest.fixture(scope="module")
def films():
    """Streams of a second, by the number in their pictures, in which nothing moves but a camera's noise.

    Number 0 has none: its pictures are all the same. Number 2 shows what 1 does, and has a key picture in two seconds.
    """
    noise = np.random.default_rng(1)

    def seen(number):
        pixels = numbered_picture(number, *SIZE).astype(np.int16)
        levels = [noise.integers(-2, 3, pixels.shape) for _ in range(RATE_HZ)]
        return [np.clip(pixels + level, 0, 255).astype(np.uint8) for level in levels]

    flat = [np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)] * RATE_HZ
    pictures = {0: flat, 1: seen(1), 9: seen(9)}
    one_key_in_two_s = encoded("H264", seen(1) + seen(1), rate_hz=RATE_HZ, g=2 * RATE_HZ)
    return {number: encoded("H264", one, rate_hz=RATE_HZ) for number, one in pictures.items()} | {2: one_key_in_two_s}


@pytest.fixture
def camera(films):
    with PacketCamera(films[1]) as camera:
        yield camera


def looking_at(camera, **settings):
    table = {
        "url": camera.url,
        "open_timeout_ms": round(scaled(1000)),
        "read_timeout_ms": round(scaled(500)),
        "decode_at_rest": settings.pop("decode_at_rest", "key_pictures"),
        "second_url": settings.pop("second_url", None),
    }
    usual = {"camera_kind": "opencv", "read_plates": False, "retry_first_s": 0.1, "retry_cap_s": 0.3, "frozen_s": 0.0}
    gate = ChangeDetectorSettings(hold_s=0.3, settle_s=1.0)
    return watching("count", camera=table, view_s=0.0, gate=gate, **(usual | settings))


def beat_when(watched, wanted):
    return eventually(lambda: (beat := watched.port.last_heartbeat) and wanted(beat) and beat, 30, "a heartbeat")


def number(seen):
    return int(seen.presentations[0].payload)


def test_where_nothing_moves_few_pictures_are_decoded_and_the_camera_is_as_well_as_before(camera):
    with looking_at(camera) as watched:
        before = beat_when(watched, lambda beat: beat.resting)
        later = beat_when(watched, lambda beat: beat.captured >= before.captured + 3 * RATE_HZ)
        assert later.decoded - before.decoded <= (later.captured - before.captured) // 2
        assert watched.port.status.up
        assert later.at - later.captured_at < scaled(1.0)
        assert watched.port.status.restarts == 0


def test_what_appears_is_read_and_the_camera_rests_again_after_it(camera, films):
    with looking_at(camera) as watched:
        beat_when(watched, lambda beat: beat.resting)
        camera.show(films[9])
        assert watched.detection(lambda seen: number(seen) == 9)
        beat_when(watched, lambda beat: not beat.resting)
        beat_when(watched, lambda beat: beat.resting)


def test_a_vehicle_that_waits_keeps_each_picture_decoded(camera):
    with looking_at(camera) as watched:
        beat_when(watched, lambda beat: beat.resting)
        watched.port.set_vehicle_present(True)
        before = beat_when(watched, lambda beat: not beat.resting)
        later = beat_when(watched, lambda beat: beat.captured >= before.captured + 2 * RATE_HZ)
        assert not later.resting
        watched.port.set_vehicle_present(False)
        beat_when(watched, lambda beat: beat.resting)


def test_who_looks_at_the_camera_gets_a_picture_of_now(camera):
    with looking_at(camera) as watched:
        beat_when(watched, lambda beat: beat.resting)
        assert watched.port.snapshot(scaled(5.0)).startswith(b"\xff\xd8\xff")


def numbers_watched(watched, request, until):
    """The numbers of the pictures that a viewer sees until this holds of a heartbeat."""
    numbers = set()

    def look():
        shown = watched.port.watch(request)
        if shown is not None:
            numbers.add(shown.number)
        beat = watched.port.last_heartbeat
        return beat is not None and until(beat) and beat

    return numbers, eventually(look, 60, "a heartbeat")


def stays_awake(watched, request):
    """Wait until the camera has not rested for longer than it does for who only begins to watch."""
    awake = []

    def for_long(beat):
        awake[:] = [] if beat.resting else [*awake, beat]
        return awake and beat.captured - awake[0].captured >= 2 * LOOKED_AT_S * RATE_HZ

    numbers_watched(watched, request, for_long)


def test_who_watches_a_camera_before_which_nothing_moves_lets_it_rest_and_still_sees_pictures(camera):
    with looking_at(camera) as watched:
        beat_when(watched, lambda beat: beat.resting)
        small = PreviewRequest()
        numbers_watched(watched, small, lambda beat: not beat.resting)
        beats = []

        def rested(beat):
            beats.append(beat)
            return any(
                (came := beat.captured - one.captured) >= 4 * RATE_HZ and beat.decoded - one.decoded <= came // 2
                for one in beats
            )

        numbers_watched(watched, small, rested)
        seen, _ = numbers_watched(watched, small, lambda beat: beat.captured >= beats[-1].captured + 4 * RATE_HZ)
        assert len(seen) >= 3


def test_who_watches_a_camera_with_few_key_pictures_has_each_picture(films):
    with PacketCamera(films[2]) as camera, looking_at(camera) as watched:
        beat_when(watched, lambda beat: beat.resting)
        stays_awake(watched, PreviewRequest())


def test_who_watches_sees_at_once_what_begins_to_move(camera, films):
    with looking_at(camera) as watched:
        small = PreviewRequest()
        numbers_watched(watched, small, lambda beat: not beat.resting)
        numbers_watched(watched, small, lambda beat: beat.resting)
        camera.show(films[9])
        numbers_watched(watched, small, lambda beat: not beat.resting)


def test_who_aims_a_camera_has_each_of_its_pictures(camera):
    with looking_at(camera) as watched:
        beat_when(watched, lambda beat: beat.resting)
        stays_awake(watched, PreviewRequest(measured=True))


def test_a_picture_that_stands_still_is_noticed_at_rest(camera, films):
    with looking_at(camera, frozen_s=scaled(0.5)) as watched:
        beat_when(watched, lambda beat: beat.resting)
        camera.show(films[0])
        assert "the same picture" in watched.status(lambda one: not one.up and one.detail).detail


def test_a_camera_that_hangs_or_hangs_up_at_rest_is_lost_and_comes_back(camera):
    with looking_at(camera, stale_s=scaled(0.5)) as watched:
        beat_when(watched, lambda beat: beat.resting)
        camera.pause()
        watched.status(lambda one: not one.up)
        camera.go_on()
        watched.status(lambda one: one.up)
        beat_when(watched, lambda beat: beat.resting)
        camera.stop()
        watched.status(lambda one: not one.up)
        camera.start()
        watched.status(lambda one: one.up)
        assert watched.port.status.restarts == 0


def test_a_camera_that_is_not_to_rest_does_not(camera):
    with looking_at(camera, decode_at_rest="all") as watched:
        beat = beat_when(watched, lambda beat: beat.captured > 3 * RATE_HZ)
        assert not beat.resting
        assert beat.decoded > beat.captured // 2


def test_what_moves_in_the_second_stream_wakes_the_first(camera, films):
    with PacketCamera(films[1]) as second, looking_at(camera, second_url=second.url) as watched:
        beat_when(watched, lambda beat: beat.resting)
        second.show(films[9])
        beat_when(watched, lambda beat: not beat.resting)
        assert watched.port.status.detail == ""
        # Nothing moves in the first, whose word counts.
        beat_when(watched, lambda beat: beat.resting)


def test_a_second_stream_that_is_away_is_told_and_costs_nothing_else(camera, films):
    with PacketCamera(films[1]) as second, looking_at(camera, second_url=second.url) as watched:
        beat_when(watched, lambda beat: beat.resting)
        second.stop()
        assert "without its second stream" in watched.status(lambda one: one.detail).detail
        assert watched.port.status.up
        camera.show(films[9])
        assert watched.detection(lambda seen: number(seen) == 9)
        second.start()
        watched.status(lambda one: one.up and not one.detail)
        assert watched.port.sandbox.missing == ()
