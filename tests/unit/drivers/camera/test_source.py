import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drivers.camera.source import SourceKind, host_and_port, redacted, source_kind, without_credentials

secrets = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=6, max_size=20)


@given(secrets)
def test_a_password_never_shows_in_a_message(secret):
    address = "rtsp://admin:{}@192.168.1.64:554/stream1"
    assume(secret not in address.format("***"))
    assert secret not in redacted(address.format(secret))


@pytest.mark.parametrize("name", ["password", "pwd", "Password", "auth_token", "api-key", "sig"])
def test_a_password_in_the_query_does_not_show(name):
    assert redacted(f"http://host/snap?channel=1&{name}=hunter2&x=2") == f"http://host/snap?channel=1&{name}=***&x=2"


def test_an_address_without_a_secret_stays_readable():
    assert redacted("rtsp://10.0.0.5:554/Streaming/Channels/101") == "rtsp://10.0.0.5:554/Streaming/Channels/101"
    assert redacted("/srv/clips/a@b.mp4") == "/srv/clips/a@b.mp4"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("rtsp://10.0.0.5/stream", SourceKind.RTSP),
        ("RTSPS://10.0.0.5/stream", SourceKind.RTSP),
        ("http://10.0.0.5/video.mjpg", SourceKind.HTTP),
        ("https://[fe80::1]:8443/video", SourceKind.HTTP),
        ("/dev/v4l/by-path/pci-0000:00:14.0-usb-0:2:1.0-video-index0", SourceKind.DEVICE),
        ("/srv/clip.mp4", SourceKind.FILE),
        ("clip.mp4", SourceKind.FILE),
    ],
)
def test_the_kind_of_a_source_shows_in_its_address(url, kind):
    assert source_kind(url) is kind


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("0", "by-path"),
        ("", "address"),
        ("concat:///etc/passwd", "starts with"),
        ("ftp://host/x", "starts with"),
        ("rtsp:///stream", "host in the address is not valid"),
        ("rtsp://admin:pa/ss@host/stream", "%2F"),
        ("rtsp://host:99999/stream", "host in the address is not valid"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_with_a_hint(url, hint):
    with pytest.raises(ValueError, match=hint) as refusal:
        source_kind(url)
    assert "pa/ss" not in str(refusal.value)


def test_host_and_port_are_taken_from_the_address_or_the_scheme():
    assert host_and_port("rtsp://u:p@10.0.0.5/x") == ("10.0.0.5", 554)
    assert host_and_port("http://cam:8080/x") == ("cam", 8080)


def test_the_request_line_carries_no_credentials():
    assert without_credentials("rtsp://u:p@10.0.0.5:554/a?b=c#d") == "rtsp://10.0.0.5:554/a?b=c"
