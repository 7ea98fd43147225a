"""The step Cameras: addresses, and cameras of the network that are found, odd, slow, or none at all."""

from __future__ import annotations

import re
import ssl
from functools import partial

import pytest

from agent.console.wizard import camera_search
from drivers.camera.onvif import CameraSession, FoundCamera
from drivers.camera.onvif.service_address import ServiceAddress
from drivers.contracts.certificates import Authority
from drivers.emulators.onvif import OnvifCamera
from drivers.emulators.onvif_form import OnvifFault, OnvifForm
from tests.support.console.setup_steps import apply, send, setup_gate, value_of
from tests.support.waiting import scaled

USER, PASSWORD = "gate", "phrase"


@pytest.fixture
def gate(tmp_path):
    with setup_gate(tmp_path) as gate:
        yield gate


@pytest.fixture
def search(gate, monkeypatch):
    """Search for cameras, where the network has this one."""
    browser = gate.browser("technician")

    def searched(onvif):
        one = FoundCamera(ServiceAddress.typed(onvif.place), "Exit", "X1")
        monkeypatch.setattr(camera_search, "find_cameras", lambda _s: (one,))
        return browser, browser.post("/settings/setup/out/cameras/search")

    return searched


def log_in(browser, shown, phrase=PASSWORD):
    """Log in to the camera that a page shows."""
    login = {"address": value_of(shown, "address"), "title": value_of(shown, "title"), "user": USER}
    return browser.post("/settings/setup/out/cameras/streams", data=login | {"password": phrase})


@pytest.mark.parametrize("address", ["n", "192.168.1.64", ""])
def test_what_is_not_the_address_of_a_camera_is_refused_at_its_field(gate, address):
    answer = send(gate.browser("technician"), "cameras", url=address, camera="front")
    assert (answer.status_code, "rtsp://, rtsps://" in answer.text) == (422, True)


def test_a_camera_is_put_into_the_lane(gate):
    browser = gate.browser("technician")
    proposed = send(browser, "cameras", url="rtsp://192.168.1.64/stream1", camera="front")
    assert apply(browser, "cameras", proposed).status_code == 200
    assert 'url = "rtsp://192.168.1.64/stream1"' in gate.path.read_text()


def test_a_camera_is_found_logged_in_to_and_its_stream_used_without_showing_the_password(gate, search):
    with OnvifCamera(USER, PASSWORD) as onvif:
        browser, found = search(onvif)
        assert (found.status_code, f"Exit X1 {onvif.place}" in found.text) == (200, True)
        wrong = log_in(browser, found, "no")
        assert "refuses the user" in wrong.text
        shown = log_in(browser, wrong)
    assert PASSWORD not in shown.text
    token = value_of(shown, "stream")
    picture = browser.get("/settings/setup/out/cameras/thumbnail", params={"token": token})
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert browser.get("/settings/setup/out/cameras/thumbnail", params={"token": "other"}).status_code == 404
    proposed = send(browser, "cameras", stream=token, camera="front")
    assert PASSWORD not in proposed.text
    assert apply(browser, "cameras", proposed).status_code == 200
    assert f"rtsp://{USER}:{PASSWORD}@" in gate.path.read_text()
    old = send(browser, "cameras", stream="forgotten", camera="front")
    assert (old.status_code, "found too long ago" in old.text) == (422, True)


def test_a_camera_that_is_found_at_https_is_asked_by_https(search, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*Authority(tmp_path).issue("camera", hosts=["127.0.0.1"]))
    with OnvifCamera(USER, PASSWORD, tls=context) as onvif:
        browser, found = search(onvif)
        assert value_of(found, "address") == f"https://127.0.0.1:{onvif.port}/onvif/device_service"
        shown = log_in(browser, found)
    assert "Use this stream" in shown.text


def test_where_no_camera_answers_one_is_logged_in_to_by_its_address(gate, monkeypatch):
    monkeypatch.setattr(camera_search, "find_cameras", lambda _s: ())
    browser = gate.browser("technician")
    none = browser.post("/settings/setup/out/cameras/search")
    assert ("No camera answered" in none.text, 'name="address"' in none.text) == (True, True)
    with OnvifCamera(USER, PASSWORD) as onvif:
        login = {"address": f" {onvif.place} ", "user": USER, "password": PASSWORD}
        shown = browser.post("/settings/setup/out/cameras/streams", data=login)
    assert "Use this stream" in shown.text


ODD = [
    (OnvifFault.NOT_ONVIF, "turn ONVIF on"),
    (OnvifFault.HTML, "not as an ONVIF camera"),
    (OnvifFault.GARBAGE, "not as an ONVIF camera"),
    (OnvifFault.BOMB, "not as an ONVIF camera"),
    (OnvifFault.DEEP, "nested too deeply"),
    (OnvifFault.SENDS_ELSEWHERE, "does it require https"),
    (OnvifFault.BUSY, "status 503"),
    (OnvifFault.NOT_HTTP, "does not use HTTP"),
    (OnvifFault.ENDLESS, "does not end"),
    (OnvifFault.BASIC, "offers only Basic"),
    (OnvifFault.WRONG_LOGIN, "refuses the user"),
    (OnvifFault.DRIP, "in time"),
    (OnvifFault.LATE, "in time"),
]


@pytest.mark.parametrize(("fault", "words"), ODD)
def test_what_is_wrong_with_a_camera_is_on_the_page_and_it_can_be_asked_again(gate, search, monkeypatch, fault, words):
    if fault in {OnvifFault.DRIP, OnvifFault.LATE}:
        monkeypatch.setattr(camera_search, "CameraSession", partial(CameraSession, patience_s=scaled(0.1)))
    before = gate.path.read_bytes()
    with OnvifCamera(USER, PASSWORD) as onvif:
        browser, found = search(onvif)
        onvif.fault = fault
        shown = log_in(browser, found)
        assert (shown.status_code, words in shown.text) == (200, True), shown.text
        assert re.search(r'class="notice is-refused"\s+role="alert"', shown.text)
        assert PASSWORD not in shown.text
        monkeypatch.setattr(camera_search, "CameraSession", CameraSession)
        onvif.fault = None
        assert "Use this stream" in log_in(browser, shown).text
    assert gate.path.read_bytes() == before


@pytest.mark.parametrize("ahead_s", [-40 * 365 * 86_400.0, 7200.0])
def test_a_camera_whose_clock_is_wrong_is_logged_in_to_by_its_own_time(search, ahead_s):
    with OnvifCamera(USER, PASSWORD, OnvifForm(login="token", ahead_s=ahead_s)) as onvif:
        browser, found = search(onvif)
        assert "Use this stream" in log_in(browser, found).text


def test_a_camera_that_gives_no_picture_can_be_used(search):
    with OnvifCamera(USER, PASSWORD) as onvif:
        onvif.fault = OnvifFault.ODD_PICTURE
        browser, found = search(onvif)
        shown = log_in(browser, found)
    assert ("Use this stream" in shown.text, "<img" in shown.text) == (True, False)


def test_a_camera_that_is_unplugged_between_search_and_login_is_told(search):
    with OnvifCamera(USER, PASSWORD) as onvif:
        browser, found = search(onvif)
    assert "no connection" in log_in(browser, found).text
