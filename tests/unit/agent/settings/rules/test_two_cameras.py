"""Lanes that ask for permit and plate by two cameras."""

from __future__ import annotations

import pytest

from agent.settings import SettingsError
from tests.support.gate.config_files import GOOD, loaded, write

RULES = "\n[lanes.out.rules]\nrequire_two_cameras = true\n"
SECOND = """
[[lanes.out.cameras]]
id = "side"
kind = "cam"
url = "rtsp://10.0.0.6/stream"
"""
SCANNER = """
[[lanes.out.scanners]]
id = "post"
kind = "lines"
port = "/dev/gate-scanner"
"""
KEY = "lanes.out.rules.require_two_cameras"


def reading(what, text=SECOND):
    return text.replace('kind = "cam"', f'kind = "cam"\nreaders = ["{what}"]')


def refused(path):
    with pytest.raises(SettingsError) as error:
        loaded(path)
    return [problem.message for problem in error.value.problems if problem.key == KEY]


@pytest.mark.parametrize(
    "added",
    [SECOND, SCANNER, reading("qr"), reading("plate")],
    ids=["two cameras", "a scanner and a camera", "one of codes too", "one of plates too"],
)
def test_it_is_taken_where_two_can_read(tmp_path, added):
    assert loaded(write(tmp_path, GOOD + added + RULES)).settings.lanes["out"].rules.require_two_cameras


@pytest.mark.parametrize(
    "text",
    [GOOD, reading("plate", GOOD), reading("qr", GOOD) + reading("qr"), reading("qr", GOOD) + SCANNER],
    ids=["one camera", "one of plates alone", "two of codes", "nothing reads plates"],
)
def test_it_is_refused_where_one_reads_both_or_nothing_reads_one(tmp_path, text):
    (message,) = refused(write(tmp_path, text + RULES))
    assert "needs two cameras, or a scanner and a camera" in message


def test_a_lane_with_one_camera_is_told_how_many_it_has(tmp_path):
    (message,) = refused(write(tmp_path, GOOD + RULES))
    assert message.endswith("this lane has 1 cameras and 0 scanners")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ('require = "permit"', 'needs rules.require = "permit_and_plate"'),
        ('require = "either"', 'needs rules.require = "permit_and_plate"'),
        ('require = "plate"', 'needs rules.require = "permit_and_plate"'),
        ('without_plate = "pass"', 'needs rules.without_plate = "manual"'),
    ],
)
def test_it_is_refused_where_one_of_the_two_would_be_enough(tmp_path, rule, words):
    assert any(words in message for message in refused(write(tmp_path, f"{GOOD}{SECOND}{RULES}{rule}\n")))


def test_it_is_off_where_nobody_asks_for_it(tmp_path):
    assert not loaded(write(tmp_path, GOOD)).settings.lanes["out"].rules.require_two_cameras
