"""One camera, asked by a real connection: logins, clocks, both media services, and cameras that do harm."""

from __future__ import annotations

import logging
import ssl
import time
from contextlib import contextmanager

import pytest

from drivers.api import DeviceError, DeviceMisconfiguredError, DeviceUnavailableError
from drivers.camera.onvif import CameraSession, LoginRefusedError, NotOnvifError
from drivers.contracts.certificates import Authority
from drivers.emulators.onvif import OnvifCamera
from drivers.emulators.onvif_form import PICTURE, EmulatedProfile, OnvifFault, OnvifForm
from tests.support.waiting import scaled

pytestmark = pytest.mark.usefixtures("no_leaks")

PHRASE = 'hush "hush", 口令 & <more>'
UTC = 1_780_000_000.0


@contextmanager
def camera(fault=None, **form):
    with OnvifCamera("gate", PHRASE, OnvifForm(**form), utc=lambda: UTC) as running:
        running.fault = fault
        yield running


def session(running, user="gate", password=PHRASE, **more):
    return CameraSession(running.place, user, password, **({"utc": lambda: UTC, "patience_s": scaled(5)} | more))


@pytest.mark.parametrize("media", [(1,), (2,), (1, 2)])
@pytest.mark.parametrize(
    ("login", "algorithm"),
    [("digest", "MD5"), ("digest", "SHA-256"), ("token", "MD5"), ("both", "MD5"), ("none", "MD5")],
)
def test_a_camera_says_what_it_is_its_streams_and_shows_a_picture(login, algorithm, media):
    with camera(login=login, algorithm=algorithm, media=media, ahead_s=-10_000.0) as running:
        asked = session(running)
        assert asked.clock_error_s() == -10_000.0
        assert (asked.identity().maker, asked.identity().model) == ("Gate agent", "ONVIF emulator")
        main, small = asked.profiles()
        assert asked.thumbnail(small) == PICTURE
        assert (running.guard.wrong, running.tokens.wrong) == (0, 0)
    assert (main.width_px, main.height_px, main.codec, main.frame_rate_hz) == (1920, 1080, "H264", 25.0)
    assert (small.key_picture_s, small.url) == (1.0, "rtsp://127.0.0.1:554/small?profile=1&trackID=1")


@pytest.mark.parametrize("login", ["digest", "token"])
def test_a_camera_with_https_alone_is_asked_by_digests(login, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*Authority(tmp_path).issue("camera", hosts=["127.0.0.1"]))
    with OnvifCamera("gate", PHRASE, OnvifForm(login=login), utc=lambda: UTC, tls=context) as running:
        asked = session(running)
        assert asked.thumbnail(asked.profiles()[0]) == PICTURE


def test_a_camera_of_before_2011_is_asked_for_its_capabilities():
    with camera(knows_services=False) as running:
        assert len(session(running).profiles()) == 2
    assert "GetCapabilities" in running.asked


def test_a_camera_without_video_says_so():
    with camera(media=()) as running, pytest.raises(DeviceMisconfiguredError, match="offers no video"):
        session(running).profiles()


@pytest.mark.parametrize("ahead_s", [86_400.0 * 365, -86_400.0 * 365, 7.0])
def test_a_token_is_made_with_the_cameras_time(ahead_s):
    with camera(login="token", ahead_s=ahead_s) as running:
        asked = session(running)
        assert asked.identity().serial == "0001"
        assert asked.clock_error_s() == ahead_s
        assert running.tokens.wrong == 0


@pytest.mark.parametrize("login", ["digest", "token"])
@pytest.mark.parametrize(("user", "password"), [("gate", "not it"), ("other", PHRASE)])
def test_a_wrong_login_is_refused_after_few_tries_and_without_the_password(login, user, password, caplog):
    caplog.set_level(logging.DEBUG)
    with camera(login=login) as running, pytest.raises(LoginRefusedError, match="refuses the user") as refused:
        session(running, user, password).identity()
    assert password not in str(refused.value) + repr(refused.value.__context__) + caplog.text
    assert running.guard.wrong + running.tokens.wrong <= 2


@pytest.mark.parametrize("login", ["digest", "token"])
def test_without_a_user_the_camera_asks_for_one_and_no_login_is_tried(login):
    with camera(login=login) as running:
        asked = session(running, "", "")
        assert asked.clock_error_s() == 0.0
        with pytest.raises(LoginRefusedError, match="asks for a user"):
            asked.identity()
        assert running.guard.wrong + running.tokens.wrong == 0


def test_basic_alone_is_not_answered():
    with camera(OnvifFault.BASIC) as running, pytest.raises(LoginRefusedError, match="only Basic"):
        session(running).identity()


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (OnvifFault.NOT_ONVIF, NotOnvifError, "turn ONVIF on"),
        (OnvifFault.HTML, NotOnvifError, "not as an ONVIF camera"),
        (OnvifFault.GARBAGE, NotOnvifError, "not as an ONVIF camera"),
        (OnvifFault.BOMB, NotOnvifError, "a document type, an entity"),
        (OnvifFault.DEEP, NotOnvifError, "nested too deeply"),
        (OnvifFault.SENDS_ELSEWHERE, DeviceMisconfiguredError, "https"),
        (OnvifFault.BUSY, DeviceUnavailableError, "status 503"),
        (OnvifFault.NOT_HTTP, DeviceUnavailableError, "does not use HTTP"),
        (OnvifFault.ENDLESS, DeviceUnavailableError, "does not end"),
        (OnvifFault.WRONG_LOGIN, LoginRefusedError, "refuses the user"),
    ],
)
def test_what_is_wrong_with_a_camera_is_said(fault, kind, words):
    with camera(fault) as running, pytest.raises(kind, match=words) as said:
        session(running).identity()
    assert running.place in str(said.value)


@pytest.mark.parametrize("fault", [OnvifFault.DRIP, OnvifFault.LATE])
def test_a_camera_that_is_too_slow_is_given_up_by_the_clock(fault):
    with camera(fault) as running, pytest.raises(DeviceUnavailableError, match="in time"):
        session(running, patience_s=scaled(0.1)).identity()


def test_all_profiles_together_have_their_time_too():
    with camera() as running, pytest.raises(DeviceUnavailableError, match="in time"):
        session(running).profiles(within_s=0.0)


def test_where_nobody_listens_it_is_said():
    with camera() as running:
        asked = session(running)
        running.unplug()
        with pytest.raises(DeviceUnavailableError, match="no connection"):
            asked.identity()


def test_addresses_of_other_hosts_are_not_followed():
    with camera(named_host="192.0.2.9", media=(1, 2)) as running:
        asked = session(running)
        main, _ = asked.profiles()
        assert asked.thumbnail(main) == PICTURE
    assert (main.url, main.other_host) == ("rtsp://127.0.0.1:554/main?profile=1&trackID=1", "192.0.2.9")


def test_a_host_that_the_technician_believes_is_followed():
    stream = EmulatedProfile("main", 640, 360, url="rtsp://192.0.2.9/main")
    with camera(named_host="localhost", profiles=(stream,)) as running:
        (main,) = session(running, other_hosts=True).profiles()
    assert (main.url, main.other_host) == ("rtsp://192.0.2.9/main", "192.0.2.9")


@pytest.mark.parametrize(
    ("fault", "words"),
    [(OnvifFault.NO_PICTURE, "does not offer single pictures"), (OnvifFault.ODD_PICTURE, "not a JPEG")],
)
def test_a_picture_that_is_none_is_refused(fault, words):
    with camera(fault) as running:
        asked = session(running)
        main, _ = asked.profiles()
        with pytest.raises(DeviceError, match=words):
            asked.thumbnail(main)


def test_a_picture_that_is_too_large_is_given_up():
    with camera() as running:
        running.picture = PICTURE + b"x" * 5_000_000
        asked = session(running)
        with pytest.raises(DeviceUnavailableError, match="does not end"):
            asked.thumbnail(asked.profiles()[0])


@pytest.mark.parametrize("url", ["file:///etc/passwd", "rtsp://127.0.0.1/a b", "http://127.0.0.1/", "rtsp://"])
def test_an_odd_stream_address_is_refused(url):
    odd = EmulatedProfile("main", 640, 360, url=url)
    with camera(profiles=(odd,)) as running, pytest.raises(DeviceUnavailableError, match="cannot be read"):
        session(running).profiles()


def test_what_a_technician_mistypes_is_said_before_anything_is_asked():
    with pytest.raises(DeviceMisconfiguredError, match=r"such as 192\.168\.1\.64"):
        CameraSession("rtsp://192.168.1.64/", utc=time.monotonic)
