"""Pictures come when they were sent, and a relay ends with either of its ends."""

import select
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import numpy as np
import pytest

from drivers.camera.frame_boundaries import FrameSplitter
from drivers.camera.opencv import OpenCvCamera
from drivers.camera.settings import OpenCvSettings
from drivers.camera.stream_relay import StreamRelay, relay_port
from tests.support.vision.live_rtsp import LiveCamera
from tests.support.waiting import PATIENCE_S, eventually, scaled
from tests.unit.drivers.camera.test_frame_boundaries import STREAM, described, rtp

SIZE = (640, 360)
BRIGHT, DARK = (np.full((SIZE[1], SIZE[0], 3), grey, np.uint8) for grey in (200, 40))


def test_a_picture_comes_though_the_next_one_has_not_begun(tmp_path, mocker):
    # Without them the library would wait for the next one as long as it takes.
    mocker.patch("drivers.camera.capture_opening._STREAM_OPTIONS", "rtsp_transport;{transport}|analyzeduration;200000")
    brightness = []

    def read():
        while not brightness or brightness[-1] < 190:
            brightness.append(device.read().pixels[100:].mean())

    with LiveCamera(tmp_path, *SIZE) as live:
        live.show(DARK)
        device = OpenCvCamera(OpenCvSettings(**live.settings | {"read_timeout_ms": 30_000}))
        device.open()
        reader = threading.Thread(target=read)
        reader.start()
        live.show_once(BRIGHT)
        try:
            eventually(lambda: not reader.is_alive(), 15, "the picture")
        finally:
            live.show(BRIGHT)
            reader.join(scaled(30))
            device.close()


@contextmanager
def relayed():
    """A relay, the library's end of it and the camera's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE_S)
        relay = StreamRelay(f"rtsp://user:pa%40ss@127.0.0.1:{server.getsockname()[1]}/live?a=1", PATIENCE_S)
        try:
            with (
                socket.create_connection(("127.0.0.1", relay_port()), PATIENCE_S) as library,
                server.accept()[0] as camera,
            ):
                camera.settimeout(PATIENCE_S)
                yield relay, library, camera
        finally:
            relay.close()


def received(end, size):
    data = b""
    while len(data) < size and (piece := end.recv(size - len(data))):
        data += piece
    return data


def test_both_directions_pass_and_the_ends_of_pictures_are_marked():
    with relayed() as (relay, library, camera):
        assert not relay.answered
        library.sendall(b"DESCRIBE rtsp://127.0.0.1/live RTSP/1.0\r\n\r\n")
        assert received(camera, 43) == b"DESCRIBE rtsp://127.0.0.1/live RTSP/1.0\r\n\r\n"
        camera.sendall(STREAM)
        expected = FrameSplitter().fed(STREAM)
        assert len(expected) > len(STREAM)
        assert received(library, len(expected)) == expected
        assert relay.answered


@pytest.mark.parametrize("gone", ["camera", "library"])
def test_when_one_end_goes_the_other_is_told(gone):
    with relayed() as (_, library, camera):
        left, other = (camera, library) if gone == "camera" else (library, camera)
        left.close()
        assert other.recv(1) == b""


def test_closing_ends_both_connections():
    with relayed() as (relay, library, camera):
        relay.close()
        assert library.recv(1) == camera.recv(1) == b""
        relay.close()


def test_a_camera_that_refuses_ends_the_connection_of_the_library():
    with socket.socket() as taken:  # nobody else can listen there, and nobody does
        taken.bind(("127.0.0.1", 0))
        relay = StreamRelay(f"rtsp://127.0.0.1:{taken.getsockname()[1]}/live", PATIENCE_S)
        with socket.create_connection(("127.0.0.1", relay_port()), PATIENCE_S) as library:
            assert library.recv(1) == b""
    assert not relay.answered
    relay.close()


def test_a_relay_to_which_nobody_connects_can_be_closed_and_lets_the_next_one_serve():
    StreamRelay("rtsp://127.0.0.1:9/live", PATIENCE_S).close()
    with relayed() as (_, library, camera):
        camera.sendall(b"RTSP/1.0 200 OK\r\n\r\n")
        assert received(library, 19) == b"RTSP/1.0 200 OK\r\n\r\n"


def test_a_relay_whose_connection_another_took_waits_on_and_takes_none_after_its_end(mocker):
    taken = threading.Event()
    real = select.select

    def seen(readable, *more):
        if threading.current_thread().name == "stream relay" and not taken.is_set():
            taken.set()
            return readable[:1], [], []  # it had come, and is gone
        return real(readable, *more)

    mocker.patch("drivers.camera.stream_relay.select.select", seen)
    relay = StreamRelay("rtsp://127.0.0.1:9/live", PATIENCE_S)
    assert taken.wait(PATIENCE_S)
    relay.close()
    eventually(lambda: not relay._thread.is_alive())
    with relayed() as (_, library, camera):
        camera.sendall(b"RTSP/1.0 200 OK\r\n\r\n")
        assert received(library, 19) == b"RTSP/1.0 200 OK\r\n\r\n"


def test_who_connected_while_nobody_waited_is_turned_away():
    with (
        socket.create_connection(("127.0.0.1", relay_port()), PATIENCE_S) as stranger,
        relayed() as (_, library, camera),
    ):
        assert stranger.recv(1) == b""
        camera.sendall(b"RTSP/1.0 200 OK\r\n\r\n")
        assert received(library, 19) == b"RTSP/1.0 200 OK\r\n\r\n"


def test_the_address_keeps_its_credentials_and_its_path_and_names_the_relay():
    with relayed() as (relay, _, _):
        parts = urlsplit(relay.url)
    assert (parts.scheme, parts.netloc) == ("rtsp", f"user:pa%40ss@127.0.0.1:{relay_port()}")
    assert (parts.path, parts.query) == ("/live", "a=1")


def picture(number, *, key=False):
    return rtp((b"\x65" if key else b"\x41") + bytes(50), marked=True, number=number, stamp=3600 * number)


@contextmanager
def at_rest():
    """A relay that rests, after four key pictures; the library has taken all."""
    with relayed() as (relay, library, camera):
        splitter = FrameSplitter()
        data = described() + b"".join(picture(number, key=True) for number in range(4))
        camera.sendall(data)
        received(library, len(splitter.fed(data)))
        eventually(lambda: relay.came == 4)
        relay.asked()
        while relay.waiting:
            relay.took(-1.0)
        assert relay.rest()
        yield relay, library, camera


def marked_picture(number, *, key=False):
    splitter = FrameSplitter()
    splitter.fed(described())
    return splitter.fed(picture(number, key=key))


def test_at_rest_a_key_picture_passes_and_the_others_are_held_until_woken():
    with at_rest() as (relay, library, camera):
        camera.sendall(picture(4, key=True) + picture(5) + picture(6))
        assert relay.await_picture(PATIENCE_S)
        assert received(library, len(marked_picture(4))) == marked_picture(4, key=True)
        eventually(lambda: relay.came == 7)
        assert select.select([library], [], [], 0)[0] == []
        relay.wake()
        expected = marked_picture(5) + marked_picture(6)
        assert received(library, len(expected)) == expected
        assert (relay.waiting, relay.resting) == (3, False)


def test_who_waits_at_rest_is_woken_by_who_wants_all_pictures():
    with at_rest() as (relay, _, _), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(relay.await_picture, PATIENCE_S)
        relay.wake()
        assert waiting.result(PATIENCE_S)


def test_who_waits_at_rest_learns_that_the_camera_says_nothing_or_has_gone():
    with at_rest() as (relay, _, camera):
        assert not relay.await_picture(0.05)
        camera.close()
        assert relay.await_picture(PATIENCE_S)


def test_all_that_the_camera_said_passes_before_the_connection_ends():
    with at_rest() as (relay, library, camera):
        camera.sendall(b"RTSP/1.0 454 Session Not Found\r\n\r\n")
        camera.close()
        assert received(library, 1000) == b"RTSP/1.0 454 Session Not Found\r\n\r\n"
        assert relay.came == 4
