import os
import socket
import threading
import time
from contextlib import contextmanager, suppress

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from drivers.api import (
    CameraNeeds,
    DeviceLockingError,
    DeviceMisconfiguredError,
    DeviceUnavailableError,
    EndOfStreamError,
)
from drivers.camera import capture_opening, diagnosis
from drivers.camera.opencv import OpenCvCamera, OpenCvSettings
from drivers.contracts.camera import CameraContract, Rig
from drivers.registry import camera
from tests.support.vision.numbered_pictures import number_in, numbered_picture
from tests.support.vision.rtsp_server import RtspServer, write_clip
from tests.support.waiting import PATIENCE_S, eventually, scaled, scaled_ms

SECRET = "hunter2secret"  # noqa: S105 - made up


PATIENT = {"open_timeout_ms": min(60_000, round(scaled(4000))), "read_timeout_ms": min(30_000, round(scaled(1000)))}
"""For servers that answer, on a busy machine."""


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """What the driver allows beside its settings, as much longer as the machine is busy."""
    monkeypatch.setattr(capture_opening, "_LEAST_SILENCE_MS", round(scaled(capture_opening._LEAST_SILENCE_MS)))
    for name in ("_CONNECT_TIMEOUT_S", "_ANSWER_TIMEOUT_S"):
        monkeypatch.setattr(diagnosis, name, scaled(getattr(diagnosis, name)))


def opened(url, **settings):
    device = OpenCvCamera(OpenCvSettings(url=str(url), **settings))
    device.open()
    return device


def refusal(url, **settings):
    """The error that opening raises; its text must not hold the password."""
    device = OpenCvCamera(OpenCvSettings(url=str(url), **(PATIENT | settings)))
    with pytest.raises((DeviceUnavailableError, DeviceMisconfiguredError)) as caught:
        device.open()
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(device._settings)
    return caught.value


def until_it_fails(device, take=lambda frame: None):
    while True:
        take(device.read())


@contextmanager
def answering(answer):
    """A server that gives one answer to every request, or none."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stopping = threading.Event()

        def serve(link):
            with link:
                while link.recv(4096):
                    if answer is not None:
                        link.sendall(answer)
                        return
                stopping.wait(PATIENCE_S)

        def accept():
            while not stopping.is_set():
                try:
                    link, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(link,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        stopping.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE_S)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder / "yard.mp4", (numbered_picture(number) for number in range(50)))
    write_clip(folder / "short.mp4", (numbered_picture(number, 320, 240) for number in range(5)))
    return folder


@pytest.fixture
def server(clips):
    server = RtspServer(clips).start()
    yield server
    server.kill()


class TestOpenCvClip(CameraContract):
    kind = "opencv"

    @pytest.fixture
    def rig(self, clips):
        clip = clips / "short.mp4"
        return Rig({"url": str(clip), "loop": True, "real_time": False}, CameraNeeds(files=(clip,)))


# ------------------------------------------------------------------------------------------------------- streams


@contextmanager
def halting(silence_s):
    """A camera that sends pictures over HTTP, says nothing for so long, and goes on."""
    picture = cv2.imencode(".jpg", numbered_picture(1))[1].tobytes()
    part = b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(picture), picture)
    ended = threading.Event()

    def serve():
        link, _ = listener.accept()
        with link, suppress(OSError):
            link.recv(4096)
            link.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n" + 50 * part)
            ended.wait(silence_s)
            link.sendall(part)
            ended.wait(PATIENCE_S)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/video"
        finally:
            ended.set()
            thread.join(PATIENCE_S)


def test_a_stream_may_be_silent_for_as_long_as_the_setting_says(monkeypatch):
    monkeypatch.setattr(capture_opening, "_LEAST_SILENCE_MS", 200)
    with halting(silence_s=1.0) as url:
        device = opened(url, open_timeout_ms=60_000, read_timeout_ms=30_000)
        try:
            assert [number_in(device.read().pixels) for _ in range(51)] == [1] * 51
        finally:
            device.close()


def test_a_stream_gives_frames_in_order_at_the_newest_picture(server):
    device = OpenCvCamera(OpenCvSettings(url=server.url("yard.mp4"), **PATIENT))
    details = device.open()
    assert (details.width_px, details.height_px, details.backend) == (640, 480, "FFMPEG")
    frames = [device.read() for _ in range(10)]
    device.close()
    numbers = [number_in(frame.pixels) for frame in frames]
    assert numbers == sorted(set(numbers))  # some were passed over: the newest counts
    assert frames[0].pixels.shape == (480, 640, 3)
    assert frames[0].at < frames[9].at


def test_opening_leaves_no_trace_in_the_environment(server):
    device = opened(server.url("yard.mp4"), **PATIENT)
    device.close()
    assert "OPENCV_FFMPEG_CAPTURE_OPTIONS" not in os.environ


def test_a_camera_that_stops_answering_is_reported(server):
    device = opened(server.url("yard.mp4"), **(PATIENT | {"read_timeout_ms": scaled_ms(300)}))
    device.read()
    server.freeze()
    with pytest.raises(DeviceUnavailableError, match=r"no picture for \d"):
        until_it_fails(device)
    device.close()


def test_a_camera_that_hangs_up_is_reported_at_once(server):
    device = opened(server.url("yard.mp4"), **(PATIENT | {"read_timeout_ms": max(5000, PATIENT["read_timeout_ms"])}))
    device.read()
    server.kill()
    with pytest.raises(DeviceUnavailableError, match="the stream ended"):
        until_it_fails(device)
    device.close()


def test_the_same_camera_object_opens_again_after_a_failure(server):
    device = opened(server.url("yard.mp4"), **PATIENT)
    server.kill()
    with pytest.raises(DeviceUnavailableError):
        until_it_fails(device)
    server.start()
    device.open()
    numbers = [number_in(device.read().pixels) for _ in range(5)]
    device.close()
    assert numbers == sorted(set(numbers))


def test_two_cameras_open_at_the_same_time(server):
    devices = [OpenCvCamera(OpenCvSettings(url=server.url("yard.mp4"), **PATIENT)) for _ in range(2)]
    threads = [threading.Thread(target=device.open) for device in devices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert [device.read().pixels.shape for device in devices] == [(480, 640, 3)] * 2
    for device in devices:
        device.close()


def test_a_refused_port_says_so():
    with socket.socket() as taken:  # nobody else can listen there, and nobody does
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = refusal(f"rtsp://admin:{SECRET}@127.0.0.1:{port}/stream")
    assert isinstance(error, DeviceUnavailableError)
    assert f"127.0.0.1 refused port {port}" in str(error)
    assert "admin:***@" in str(error)


def test_a_server_that_never_answers_says_so():
    with answering(None) as port:
        error = refusal(f"rtsp://admin:{SECRET}@127.0.0.1:{port}/stream", open_timeout_ms=700)
    assert isinstance(error, DeviceUnavailableError)
    assert "never answers" in str(error)


def test_a_path_that_is_not_there_says_so(server):
    error = refusal(server.url("nowhere.mp4", credentials=f"admin:{SECRET}@"))
    assert isinstance(error, DeviceMisconfiguredError)
    assert "no such stream" in str(error)


@pytest.mark.parametrize(
    ("scheme", "status", "credentials", "kind", "text"),
    [
        ("rtsp", "401 Unauthorized", f"u:{SECRET}@", DeviceLockingError, "password is refused"),
        ("rtsp", "401 Unauthorized", "", DeviceLockingError, "requires a user and password"),
        ("rtsp", "403 Forbidden", f"u:{SECRET}@", DeviceLockingError, "may not see"),
        ("rtsp", "503 Busy", f"u:{SECRET}@", DeviceUnavailableError, "status 503"),
        ("rtsp", "200 OK", f"u:{SECRET}@", DeviceUnavailableError, "no video that can be decoded"),
        ("http", "404 Not Found", f"u:{SECRET}@", DeviceMisconfiguredError, "no such stream"),
        ("http", "200 OK", f"u:{SECRET}@", DeviceUnavailableError, "no video that can be decoded"),
    ],
)
def test_what_the_server_answers_decides_what_is_said(scheme, status, credentials, kind, text):
    protocol = "RTSP/1.0" if scheme == "rtsp" else "HTTP/1.1"
    with answering(f"{protocol} {status}\r\nCSeq: 1\r\nContent-Length: 0\r\n\r\n".encode()) as port:
        error = refusal(f"{scheme}://{credentials}127.0.0.1:{port}/a?pwd={SECRET}")
    assert type(error) is kind
    assert text in str(error)


def test_a_server_without_tls_behind_a_tls_address_says_so():
    with answering(b"RTSP/1.0 400 Bad Request\r\n\r\n") as port:
        assert "no TLS" in str(refusal(f"rtsps://127.0.0.1:{port}/stream"))


def test_another_service_on_the_port_is_no_camera():
    with answering(b"SSH-2.0-OpenSSH_9.9\r\n") as port:
        assert "another service" in str(refusal(f"rtsp://127.0.0.1:{port}/stream"))


def test_an_unknown_host_says_so():
    assert "host name" in str(refusal("rtsp://no-such-host.invalid/stream"))


# --------------------------------------------------------------------------------------------------------- clips


def test_a_clip_ends_with_its_last_frame(clips):
    device = opened(clips / "short.mp4", real_time=False)
    assert [number_in(device.read().pixels) for _ in range(5)] == list(range(5))
    with pytest.raises(EndOfStreamError, match="has ended"):
        device.read()
    device.close()


def test_a_clip_starts_again_when_it_loops(clips):
    device = opened(clips / "short.mp4", real_time=False, loop=True)
    assert [number_in(device.read().pixels) for _ in range(12)] == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]
    device.close()


def test_a_clip_in_real_time_keeps_to_its_frame_rate(clips):
    device = opened(clips / "short.mp4")
    began_at = time.monotonic()  # not the first stamp: a frame that is decoded late leaves the next ones their times
    stamps = [device.read().at for _ in range(5)]
    device.close()
    assert stamps[4] - began_at >= 4 * 0.04 * 0.8


def test_a_change_of_the_frame_size_within_a_stream_is_scaled_to_the_first_size(tmp_path):
    sizes = [(640, 480), (320, 240)]
    parts = [
        write_clip(tmp_path / f"{width}.h264", (numbered_picture(n, width, height) for n in range(8)), kind="h264")
        for width, height in sizes
    ]
    clip = tmp_path / "both.h264"
    clip.write_bytes(b"".join(part.read_bytes() for part in parts))
    device = opened(clip, real_time=False)
    shapes = []
    with pytest.raises(EndOfStreamError):
        until_it_fails(device, lambda frame: shapes.append(frame.pixels.shape))
    device.close()
    assert shapes == [(480, 640, 3)] * 16


def test_files_that_are_no_clips_say_why(tmp_path, mocker):
    junk = tmp_path / "junk.mp4"
    junk.write_bytes(b"hello" * 1000)
    assert "is not a video" in str(refusal(junk))
    assert "no such file" in str(refusal(tmp_path / "missing.mp4"))
    assert "kind folder" in str(refusal(tmp_path))
    mocker.patch("os.access", return_value=False)
    assert "no permission" in str(refusal(junk))


# ------------------------------------------------------------------------------------------------------- devices


def test_a_device_that_is_not_there_says_so():
    error = refusal("/dev/v4l/by-path/nothing")
    assert isinstance(error, DeviceUnavailableError)
    assert "plugged in" in str(error)


def test_a_device_that_is_no_camera_says_so(mocker):
    assert "not a video source" in str(refusal("/dev/null"))
    mocker.patch("os.access", return_value=False)
    error = refusal("/dev/null")
    assert isinstance(error, DeviceMisconfiguredError)
    assert "group video" in str(error)


def test_a_usb_camera_is_asked_for_compressed_pictures_and_a_short_queue(mocker):
    capture = mocker.Mock(spec=cv2.VideoCapture)
    capture.isOpened.return_value = True
    capture.get.return_value = 30.0
    capture.getBackendName.return_value = "V4L2"
    capture.retrieve.return_value = (True, np.zeros((4, 4, 3), np.uint8))
    made = mocker.patch("cv2.VideoCapture", return_value=capture)
    device = opened("/dev/v4l/by-path/camera", width_px=1280, height_px=720, frame_rate_hz=30)
    made.assert_called_once_with("/dev/v4l/by-path/camera", cv2.CAP_V4L2)
    wanted = dict(call.args for call in capture.set.call_args_list)
    assert wanted[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"MJPG")
    assert (wanted[cv2.CAP_PROP_FRAME_WIDTH], wanted[cv2.CAP_PROP_FRAME_HEIGHT]) == (1280, 720)
    assert wanted[cv2.CAP_PROP_BUFFERSIZE] == 1
    assert os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"] == "2"
    capture.grab.return_value = False
    with pytest.raises(DeviceUnavailableError, match="unplugged"):
        device.read()


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_a_picture_of_a_strange_shape_is_refused(mocker, shape):
    capture = mocker.Mock(spec=cv2.VideoCapture)
    capture.get.return_value = float("nan")
    capture.retrieve.return_value = (True, np.zeros(shape, np.uint8))
    mocker.patch("cv2.VideoCapture", return_value=capture)
    device = opened("/dev/v4l/by-path/camera")
    with pytest.raises(DeviceUnavailableError):
        device.read()


def test_a_few_pictures_that_cannot_be_decoded_are_passed_over_and_many_are_a_lost_camera(mocker):
    capture = mocker.Mock(spec=cv2.VideoCapture)
    capture.get.return_value = 30.0
    device_of = mocker.patch("cv2.VideoCapture", return_value=capture)
    device = opened("/dev/v4l/by-path/camera")
    device_of.assert_called_once()
    whole = np.full((4, 4, 3), 7, np.uint8)
    capture.retrieve.side_effect = [(False, None), (False, None), (True, whole), *[(False, None)] * 5]
    assert np.array_equal(device.read().pixels, whole)
    with pytest.raises(DeviceUnavailableError, match="cannot be decoded"):
        device.read()


def test_an_error_of_the_library_is_a_lost_camera_and_leaves_nobody_waiting_for_it(mocker):
    with pytest.raises(cv2.error):
        cv2.imdecode(np.empty(0, np.uint8), cv2.IMREAD_COLOR)  # of another thread: not what is told here
    mocker.patch("cv2.VideoCapture", side_effect=cv2.error("boom\n in file x"))
    with pytest.raises(DeviceUnavailableError, match="boom"):
        opened("rtsp://127.0.0.1/x")
    eventually(lambda: "stream relay" not in [thread.name for thread in threading.enumerate()])


# ------------------------------------------------------------------------------------------------------ settings


def test_a_wrong_address_is_refused_without_showing_it():
    with pytest.raises(ValidationError) as refused:
        camera("opencv", {"url": f"rtsp://u:{SECRET}/x@host/"})
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"second_url": "/srv/clip.mp4"}, "only a network camera has a second stream"),
        ({"second_url": f"rtsp://u:{SECRET}/x@host/"}, "host in the address is not valid"),
        ({"url": "/dev/video0", "second_url": f"rtsp://u:{SECRET}@host/"}, "only a network camera"),
        ({"decoder": "h264_v4l2m2m"}, "decoder_device, such as /dev/video10"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_with_what_to_write(settings, advice):
    with pytest.raises(ValidationError, match=advice) as refused:
        camera("opencv", {"url": "rtsp://host/"} | settings)
    assert SECRET not in str(refused.value)


def test_the_second_stream_is_a_camera_of_its_own_without_the_video_engine():
    engine = {"decoder": "h264_v4l2m2m", "decoder_device": "/dev/video10"}
    first = camera("opencv", {"url": "rtsp://host/1", "second_url": "rtsp://host/2"} | engine)
    second = first.second()
    settings = second._settings
    assert (settings.url, settings.decoder, settings.decoder_device) == ("rtsp://host/2", "software", None)
    assert second.second() is None
    with pytest.raises(DeviceUnavailableError, match="not open"):
        second.read()


def test_a_video_engine_that_is_not_there_is_done_without_and_that_is_told(server):
    settings = {"decoder": "h264_v4l2m2m", "decoder_device": "/dev/null"}
    device = OpenCvCamera(OpenCvSettings(url=server.url("yard.mp4"), **settings, **PATIENT))
    try:
        assert device.open().note == "h264_v4l2m2m cannot be used; the processor decodes"
        assert number_in(device.read().pixels) >= 0
    finally:
        device.close()


def test_reading_a_camera_that_is_not_open_is_an_error():
    with pytest.raises(DeviceUnavailableError, match="not open"):
        OpenCvCamera(OpenCvSettings(url="clip.mp4")).read()


def test_closing_twice_is_allowed(clips):
    device = opened(clips / "short.mp4")
    device.close()
    device.close()
