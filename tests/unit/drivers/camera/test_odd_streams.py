"""Real streams that are not as they should be, through the video library, awake and at rest."""

from itertools import pairwise

import numpy as np
import pytest

from drivers.api import DeviceUnavailableError
from drivers.camera.opencv import OpenCvCamera
from drivers.camera.settings import OpenCvSettings
from tests.support.vision.numbered_pictures import number_in, numbered_picture
from tests.support.vision.packet_rtsp import PacketCamera, encoded
from tests.support.waiting import eventually, scaled

SIZE = (320, 240)
PATIENT = {"open_timeout_ms": min(60_000, round(scaled(4000))), "read_timeout_ms": min(30_000, round(scaled(1000)))}
RATE_HZ = 10


def pictures(count, begin=0, size=SIZE):
    return [numbered_picture(number, *size) for number in range(begin, begin + count)]


@pytest.fixture
def calm(mocker):
    """The sizes of numbered pictures leap for no reason; here it is not to matter."""
    mocker.patch("drivers.camera.packet_size_motion.SizeWatch.leaps", return_value=False)


@pytest.fixture(scope="module")
def plain():
    return encoded("H264", pictures(4 * RATE_HZ), rate_hz=RATE_HZ)


def opened(camera):
    device = OpenCvCamera(OpenCvSettings(url=camera.url, **PATIENT))
    device.open()
    return device


def rests(device, reads):
    """Ask for rest and read on; whether it came to that, and the numbers of the pictures."""
    device.rest(True)
    seen, resting = [], False
    for _ in range(reads):
        seen.append(number_in(device.read().pixels))
        resting = resting or device.stream_figures().resting
        if resting and len(seen) > 3:
            break
    return resting, seen


def read_on(device):
    for _ in range(10):
        device.read()


def until_resting(device):
    device.rest(True)
    return eventually(lambda: device.read() is not None and device.stream_figures().resting, what="rest")


STREAMS = {
    "H.264": (lambda: encoded("H264", pictures(20), rate_hz=RATE_HZ), True),
    "H.265": (lambda: encoded("H265", pictures(20), rate_hz=RATE_HZ), True),
    "JPEG": (lambda: encoded("JPEG", pictures(20), rate_hz=RATE_HZ), True),
    "1 fps": (lambda: encoded("H264", pictures(8), rate_hz=1), True),
    "60 fps": (lambda: encoded("H264", pictures(60), rate_hz=60, g=30), True),
    "B frames": (
        lambda: encoded("H264", pictures(20), rate_hz=RATE_HZ, bf=2, tune="film", preset="veryfast"),
        False,
    ),
    "key pictures 4 s apart": (lambda: encoded("H264", pictures(40), rate_hz=RATE_HZ, g=40), False),
}


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.usefixtures("calm")
def test_every_kind_of_stream_is_read_and_rests_where_that_can_be(kind):
    make, can_rest = STREAMS[kind]
    with PacketCamera(make()) as camera:
        device = opened(camera)
        try:
            seen = [number_in(device.read().pixels) for _ in range(6)]
            assert len(set(seen)) == 6, seen
            resting, at_rest = rests(device, 240 if can_rest else 45)
            assert resting is can_rest, at_rest
            device.rest(False)
            awake = [number_in(device.read().pixels) for _ in range(4)]
            assert len(set(awake)) == 4, awake
            assert device.stream_figures().came >= len(seen) + len(at_rest)
        finally:
            device.close()


@pytest.mark.usefixtures("calm")
def test_at_rest_a_picture_comes_with_each_key_picture_and_all_that_came_when_woken(plain):
    with PacketCamera(plain) as camera:
        device = opened(camera)
        try:
            until_resting(device)
            seen = [number_in(device.read().pixels) for _ in range(4)]
            assert {number % RATE_HZ for number in seen} == {0}
            before = device.stream_figures().came
            eventually(lambda: device.stream_figures().came >= before + 5)
            device.rest(False)
            woken = number_in(device.read().pixels)
            # The newest of those that came, not the one after the key picture.
            assert (woken - seen[-1]) % 40 >= 5
        finally:
            device.close()


def test_a_stream_without_key_pictures_after_its_first_is_read_on(plain):
    first = encoded("H264", pictures(20), rate_hz=RATE_HZ, g=1000)
    with PacketCamera(first, first=1) as camera:
        device = opened(camera)
        try:
            device.rest(True)
            for _ in range(45):  # more than twice around
                device.read()
            assert not device.stream_figures().resting
        finally:
            device.close()


def test_a_stream_that_changes_its_size_keeps_the_size_it_was_opened_with_also_at_rest():
    small = encoded("H264", pictures(10, size=(160, 128)), rate_hz=RATE_HZ)
    with PacketCamera(encoded("H264", pictures(10), rate_hz=RATE_HZ).then(small)) as camera:
        device = opened(camera)
        try:
            device.rest(True)
            shapes = {device.read().pixels.shape for _ in range(30)}
            assert shapes == {(SIZE[1], SIZE[0], 3)}
        finally:
            device.close()


@pytest.mark.usefixtures("calm")
def test_two_sequences_that_take_turns_are_both_read():
    other = encoded("H264", pictures(10, begin=100), rate_hz=RATE_HZ, level="4.1", preset="medium")
    with PacketCamera(encoded("H264", pictures(10), rate_hz=RATE_HZ).then(other)) as camera:
        device = opened(camera)
        try:
            until_resting(device)
            seen = {number_in(device.read().pixels) for _ in range(4)}
            assert {0, 100} <= seen
        finally:
            device.close()


def test_a_key_picture_that_cannot_be_decoded_costs_the_connection_and_no_more(plain):
    with PacketCamera(plain.broken(RATE_HZ)) as camera:
        device, seen, lost = opened(camera), [], 0
        try:
            while lost < 2:
                try:
                    seen.append(number_in(device.read().pixels))
                except DeviceUnavailableError:
                    lost += 1
                    device.open()
            assert set(seen) <= set(range(RATE_HZ))
        finally:
            device.close()


@pytest.mark.usefixtures("calm")
def test_a_broken_picture_that_nobody_looks_at_costs_nothing(plain):
    with PacketCamera(plain.broken(3 * RATE_HZ + 5)) as camera:
        device = opened(camera)
        try:
            until_resting(device)
            seen = [number_in(device.read().pixels) for _ in range(5)]
            assert {number % RATE_HZ for number in seen} == {0}
        finally:
            device.close()


@pytest.mark.usefixtures("calm")
def test_silence_at_rest_is_a_lost_camera(plain):
    with PacketCamera(plain) as camera:
        device = opened(camera)
        try:
            until_resting(device)
            camera.pause()
            with pytest.raises(DeviceUnavailableError, match=r"no picture for \d"):
                read_on(device)
        finally:
            device.close()


@pytest.mark.usefixtures("calm")
def test_a_camera_that_hangs_up_at_rest_is_lost_at_once(plain):
    with PacketCamera(plain) as camera:
        device = opened(camera)
        until_resting(device)
    try:
        with pytest.raises(DeviceUnavailableError, match="the stream ended"):
            read_on(device)
    finally:
        device.close()


def test_what_moves_shows_in_the_sizes_and_is_decoded_before_the_next_key_picture():
    flat = np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)
    noise = np.random.default_rng(1)
    still = [np.clip(flat + noise.integers(-3, 4, flat.shape), 0, 255).astype(np.uint8) for _ in range(60)]
    moved = pictures(1)
    # One group of pictures, of which the last show something else.
    film = [*still[:12], *moved * 8]
    quiet = encoded("H264", still[:20] * 3, rate_hz=RATE_HZ, g=20)
    with PacketCamera(quiet.then(encoded("H264", film, rate_hz=RATE_HZ, g=20))) as camera:
        device = opened(camera)
        try:
            device.rest(True)
            rested, means = False, []
            for _ in range(250):
                frame = device.read()
                rested = rested or device.stream_figures().resting
                means.append(float(frame.pixels.std()))
                if rested and means[-1] > 15:
                    break
            assert rested
            assert means[-1] > 15, means
        finally:
            device.close()


@pytest.mark.usefixtures("calm")
def test_the_times_of_pictures_at_rest_and_awake_tell_no_delay(plain):
    with PacketCamera(plain) as camera:
        device = opened(camera)
        try:
            until_resting(device)
            late = [device.read().behind_s for _ in range(3)]
            device.rest(False)
            late += [device.read().behind_s for _ in range(10)]
            assert max(late) < scaled(0.5), late
        finally:
            device.close()


def test_a_reader_that_was_away_comes_back_to_the_newest_picture(plain):
    with PacketCamera(plain) as camera:
        device = opened(camera)
        try:
            for _ in range(12):
                device.read()
            sent = camera.sent
            eventually(lambda: camera.sent >= sent + 3 * RATE_HZ)
            numbers = [number_in(device.read().pixels) for _ in range(5)]
            # A picture may be here before the camera has counted it.
            eventually(lambda: (camera.sent - number_in(device.read().pixels)) % 40 <= 4)
            assert all((later - before) % 40 > 0 for before, later in pairwise(numbers))
        finally:
            device.close()
