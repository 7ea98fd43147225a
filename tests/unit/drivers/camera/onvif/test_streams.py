"""Which streams of a camera a gate takes, and how their addresses are written."""

from __future__ import annotations

import pytest

from drivers.camera.onvif.streams import VideoProfile, choose_streams
from drivers.camera.source import redacted, source_kind


def profile(token, width_px=1920, height_px=1080, codec="H264", **more):
    given = {"frame_rate_hz": 25.0, "key_picture_s": 1.0, "url": f"rtsp://192.168.1.64:554/{token}"} | more
    return VideoProfile(token, token, codec, width_px, height_px, **given)


MAIN, SMALL = profile("main"), profile("small", 640, 360)


def tokens(choice):
    return choice.main.token, choice.second and choice.second.token


@pytest.mark.parametrize(
    ("offered", "taken", "advice"),
    [
        ([SMALL, MAIN], ("main", "small"), 0),
        ([MAIN, profile("tiny", 320, 180), SMALL], ("main", "small"), 0),
        ([MAIN, profile("cif", 352, 288), profile("d1", 704, 576)], ("main", "cif"), 0),
        ([MAIN, profile("d1", 704, 576)], ("main", "d1"), 1),
        ([MAIN, profile("hd", 1280, 720)], ("main", None), 1),
        ([MAIN], ("main", None), 1),
        ([SMALL], ("small", None), 1),
        ([profile("jpeg", 3840, 2160, "JPEG"), MAIN, SMALL], ("main", "small"), 0),
        ([profile("jpeg", codec="JPEG"), profile("j2", 640, 360, "JPEG")], ("jpeg", None), 2),
        ([profile("a", codec="H265"), profile("b", 640, 360, "H265")], ("a", "b"), 0),
        ([profile("a", source="1"), profile("b", 3840, 2160, source="2")], ("a", None), 1),
        ([profile("a", source="1"), profile("b", 640, 360, source="2")], ("a", None), 1),
        ([profile("slow", key_picture_s=4.0), SMALL], ("slow", "small"), 1),
        ([profile("unknown", 0, 0), SMALL], ("small", None), 1),
        ([profile("absurd", 999_999_999, 999_999_999), MAIN], ("main", None), 1),
    ],
)
def test_the_largest_and_a_small_one_of_the_same_lens_are_taken(offered, taken, advice):
    choice = choose_streams(offered)
    assert tokens(choice) == taken
    assert len(choice.advice) == advice


def test_the_technicians_choice_of_the_main_stream_is_kept():
    hd = profile("hd", 1280, 720)
    assert tokens(choose_streams([MAIN, hd, SMALL], hd)) == ("hd", "small")


def test_without_any_stream_there_is_no_choice():
    assert choose_streams([]) is None


def test_user_and_password_are_written_so_that_the_configuration_takes_them():
    url = MAIN.url_for("gate@site", "a/b:c@d#e%f?ß")
    assert url == "rtsp://gate%40site:a%2Fb%3Ac%40d%23e%25f%3F%C3%9F@192.168.1.64:554/main"
    assert source_kind(url).value == "rtsp"
    assert "a%2Fb" not in redacted(url)
    assert MAIN.url_for("", "") == MAIN.url
    assert MAIN.url_for("gate", "") == "rtsp://gate@192.168.1.64:554/main"


def test_the_address_is_in_no_repr():
    assert "rtsp" not in repr(profile("x", url="rtsp://192.168.1.64/user=admin_password=hush"))
