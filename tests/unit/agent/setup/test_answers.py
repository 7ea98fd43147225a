"""One place judges the answers of a set-up, in words that somebody at a barrier understands."""

from __future__ import annotations

import pytest

from agent.setup.answers import AnswerError, AnswerSheet, check_camera_address, checked_lane_name, judged_answer

SHEET = AnswerSheet({})
URL = ("lanes", "out", "cameras", 0, "url")


def with_camera():
    sheet = AnswerSheet({})
    sheet.set_value(URL[:-1], {"kind": "opencv"})
    return sheet.schema


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        (("gate", "site"), "17", 17),
        (("console", "listen"), "127.0.0.1, 192.168.1.10", ["127.0.0.1", "192.168.1.10"]),
        (("lanes", "out", "direction"), "import", "import"),
    ],
)
def test_an_answer_is_the_value_that_the_file_holds(path, text, value):
    assert judged_answer(SHEET.schema, path, text) == value


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        (("gate", "site"), "abc", "Enter a whole number from 1 to 4294967295."),
        (("gate", "site"), "0", "Enter a whole number from 1 to 4294967295."),
        (("gate", "id"), "gate 7", "may not hold ' '"),
        (("lanes", "out", "direction"), "both", 'Enter one of "export", "import".'),
        (("permits", "root_keys"), "12", "64 hexadecimal digits"),
        (("lanes", "out", "barrier", "open_channel"), "0", "Enter a whole number"),
    ],
)
def test_what_does_not_fit_is_refused_in_plain_words(path, text, words):
    with pytest.raises(AnswerError) as refused:
        judged_answer(SHEET.schema, path, text)
    said = str(refused.value.text)
    assert words in said
    assert not any(raw in said for raw in ("Input should", "validation", "in quotes", "Value error"))


@pytest.mark.parametrize("address", ["n", "192.168.1.64", "camera.mp4", "file:///etc/passwd"])
def test_what_is_not_an_address_of_a_camera_is_refused(address):
    with pytest.raises(AnswerError):
        check_camera_address(address)


def test_addresses_of_cameras_are_taken():
    for address in ("rtsp://192.168.1.64/stream1", "/dev/v4l/by-path/x", "https://camera/stream"):
        check_camera_address(address)
    with pytest.raises(AnswerError):
        judged_answer(with_camera(), URL, "n")


@pytest.mark.parametrize("name", ["", "exit 1", "выезд", "a/b", "x" * 41])
def test_the_name_of_a_lane_is_short_and_plain(name):
    with pytest.raises(AnswerError):
        checked_lane_name(name)
    assert checked_lane_name("exit-1") == "exit-1"


def test_back_proposes_the_last_answers_and_keeps_none_of_them():
    sheet = AnswerSheet({"gate": {"id": "khorgos-7"}, "mqtt": {"window": 50}})
    saved = sheet.saved()
    sheet.set_value(("gate", "id"), "khorgos-8")
    sheet.set_value(("mqtt", "enabled"), value=True)
    sheet.go_back(saved)
    assert sheet.values == {}
    assert (sheet.before(("gate", "id")), sheet.original(("gate", "id"))) == ("khorgos-8", "khorgos-7")
    sheet.keep(("mqtt",))
    assert sheet.values == {"mqtt": {"window": 50}}
