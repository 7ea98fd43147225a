"""The addresses that a technician types and that cameras name: which host is connected to."""

from __future__ import annotations

import pytest

from drivers.camera.onvif.service_address import ServiceAddress, service_address, stream_address
from drivers.untrusted_text import DocumentError

HERE = ServiceAddress("192.168.1.64", 8080)


@pytest.mark.parametrize(
    ("typed", "place", "target", "secure"),
    [
        ("192.168.1.64", "192.168.1.64", "/onvif/device_service", False),
        (" 192.168.1.64:8080 ", "192.168.1.64:8080", "/onvif/device_service", False),
        ("camera-1.lan", "camera-1.lan", "/onvif/device_service", False),
        ("http://192.168.1.64/", "192.168.1.64", "/onvif/device_service", False),
        ("https://192.168.1.64/other?a=b", "192.168.1.64", "/other?a=b", True),
        ("[fe80::1]:8080", "[fe80::1]:8080", "/onvif/device_service", False),
    ],
)
def test_what_a_technician_types_is_understood(typed, place, target, secure):
    found = ServiceAddress.typed(typed)
    assert (found.place, found.target, found.secure) == (place, target, secure)
    assert ServiceAddress.typed(found.url) == found


BAD = ["", "http://", "ftp://192.168.1.64/", "http://host:99999/", "http://host:x/", "http://[::1/", "http://a b/"]
BAD += [
    "http://host/\r\nX: y",
    "http://h\u0131st/",
    "http://h/" + "x" * 2000,
    "file:///etc/passwd",
    "http://[fe80::1%25eth0]/",
]


@pytest.mark.parametrize("url", BAD)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(DocumentError):
        service_address(url)


def test_a_service_at_another_port_of_the_camera_is_asked_there():
    found = HERE.of("http://192.168.1.64:9000/onvif/media", other_hosts=False)
    assert (found.host, found.port, found.target) == ("192.168.1.64", 9000, "/onvif/media")


@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "localhost", "192.168.1.65"])
def test_a_service_at_another_host_is_asked_at_the_camera_itself(host):
    url = f"https://{host}:9000/latest/meta-data?a=b"
    assert HERE.of(url, other_hosts=False) == ServiceAddress("192.168.1.64", 8080, "/latest/meta-data?a=b")
    assert HERE.of(url, other_hosts=True) == ServiceAddress(host, 9000, "/latest/meta-data?a=b", secure=True)


@pytest.mark.parametrize(
    ("url", "taken", "other"),
    [
        ("rtsp://192.168.1.64:554/Streaming/1?a=b&c=d", "rtsp://192.168.1.64:554/Streaming/1?a=b&c=d", ""),
        ("RTSP://admin:secret@192.168.1.64/a", "rtsp://192.168.1.64/a", ""),
        ("rtsp://10.0.0.1:8554/a", "rtsp://192.168.1.64:8554/a", "10.0.0.1"),
        ("rtsp://x:y@10.0.0.1/a#b", "rtsp://192.168.1.64/a", "10.0.0.1"),
    ],
)
def test_a_stream_is_at_the_camera_and_without_a_login(url, taken, other):
    assert stream_address(url, "192.168.1.64", other_hosts=False) == (taken, other)


def test_a_stream_at_another_host_is_taken_where_somebody_says_so():
    assert stream_address("rtsp://10.0.0.1:8554/a", "192.168.1.64", other_hosts=True) == (
        "rtsp://10.0.0.1:8554/a",
        "10.0.0.1",
    )


@pytest.mark.parametrize("url", ["http://192.168.1.64/a", "rtsp:///a", "/a", "rtsp://192.168.1.64:0x/a", "file:///a"])
def test_a_stream_that_is_none_is_refused(url):
    with pytest.raises(DocumentError):
        stream_address(url, "192.168.1.64", other_hosts=True)
