"""Signs in the configuration."""

from __future__ import annotations

import pytest

from agent.settings import SettingsError, Sign, load
from agent.settings.configuration_loading import models
from drivers import registry
from tests.support.gate.config_files import HEAD, write

LANE = """
[lanes.out]
number = 1
direction = "export"

[lanes.out.relay]
kind = "kmtronic"
port = "/dev/gate-barrier"

[[lanes.out.cameras]]
id = "front"
kind = "opencv"
url = "rtsp://10.0.0.5/stream"
"""
FK = """
[[lanes.out.signs]]
id = "sign"
kind = "fk"
port = "/dev/gate-sign"
"""
ONBON = """
[[lanes.out.signs]]
id = "panel"
kind = "onbon"
host = "10.0.0.9"
"""
SIMULATED = """
[[lanes.out.signs]]
id = "drawn"
kind = "simulated"
"""


def loaded(folder, text):
    path = write(folder, HEAD + LANE + text)
    return load(path, environment={}, credentials_directory=None, models=models, relays=registry.relay)


def problems(folder, text):
    with pytest.raises(SettingsError) as refused:
        loaded(folder, text)
    return {problem.key: problem.message for problem in refused.value.problems}


def test_a_lane_has_any_number_of_signs_with_the_keys_of_their_drivers_and_none_by_default(tmp_path):
    assert loaded(tmp_path, "").settings.lanes["out"].signs == ()
    lane = loaded(tmp_path, FK + 'languages = ["ru", "en"]\n' + ONBON + SIMULATED).settings.lanes["out"]
    assert [(one.id, one.kind, one.table, one.languages) for one in lane.signs] == [
        ("sign", "fk", {"port": "/dev/gate-sign"}, ("ru", "en")),
        ("panel", "onbon", {"host": "10.0.0.9"}, ("zh", "en")),
        ("drawn", "simulated", {}, ("zh", "en")),
    ]
    assert isinstance(lane.signs[0], Sign)


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ('"sign"', '"front"', "signs[0].id", "a camera of lane out has the id front already"),
        ('"sign"', '"relay"', "signs[0].id", "the lane's relay board has this name among its devices"),
        ('id = "sign"\n', "", "signs[0].id", "is required"),
        ('kind = "fk"\n', "", "signs[0].kind", "is required"),
        ('"fk"', '"fx"', "signs[0].kind", "no driver of kind 'fx'; expected one of aa55, fk, onbon, simulated"),
        ("port", "prot", "signs[0].prot", "there is no such key here"),
        ("/dev/gate-sign", "/dev/gate-barrier", "signs[0].port", "lanes.out.relay has this port already, and a fk"),
        ('"/dev/gate-sign"', '"/dev/gate-sign"\ncolumns = 9', "signs[0].columns", "expected an even number"),
        ('"/dev/gate-sign"', '"/dev/gate-sign"\nlanguages = []', "signs[0].languages", "a list of at least 1 items"),
        ('"/dev/gate-sign"', '"/dev/gate-sign"\nlanguages = ["de"]', "signs[0].languages[0]", "expected one of"),
        ('"/dev/gate-sign"', '"/dev/gate-sign"\nlanguages = ["en", "en"]', "signs[0].languages", "each of them once"),
        ('port = "/dev/gate-sign"\n', "", "signs[0]", "expected either port, of a serial line, or host"),
        ('port = "/dev/gate-sign"', 'host = "sign.example"', "signs[0].host", "expected an IP address"),
    ],
)
def test_a_mistake_in_a_sign_is_told_at_its_key(tmp_path, old, new, key, words):
    found = problems(tmp_path, FK.replace(old, new, 1))
    assert words in found[f"lanes.out.{key}"]


SECOND = FK.replace('"sign"', '"other"')


def test_signs_of_one_kind_with_addresses_of_their_own_share_a_line(tmp_path):
    assert loaded(tmp_path, FK + SECOND + "address = 1\n").warnings == ()


@pytest.mark.parametrize(
    ("second", "key", "words"),
    [
        (SECOND, "signs[1].port", "lanes.out.signs[0] has this port already, and a fk sign and a fk sign cannot share"),
        (SECOND + "address = 1\nbaud = 19200\n", "signs[1].baud", "is on the same port with baud = 9600; got 19200"),
        (SECOND.replace('"fk"', '"aa55"'), "signs[1].port", "lanes.out.signs[0] has this port already, and a aa55"),
        (SECOND.replace('"other"', '"sign"') + "address = 1\n", "signs[1].id", "a sign of lane out has the id sign"),
    ],
)
def test_signs_that_cannot_share_a_line_are_told(tmp_path, second, key, words):
    assert words in problems(tmp_path, FK + second)[f"lanes.out.{key}"]


def test_no_two_signs_are_at_one_address_or_one_simulated_sign(tmp_path):
    found = problems(tmp_path, ONBON + ONBON.replace('"panel"', '"other"'))
    assert found == {"lanes.out.signs[1].host": "lanes.out.signs[0] is at this address already"}
    assert loaded(tmp_path, ONBON + ONBON.replace('"panel"', '"other"') + "tcp_port = 5006\n").settings
    found = problems(tmp_path, SIMULATED + SIMULATED.replace('"drawn"', '"other"'))
    assert found == {"lanes.out.signs[1].name": "lanes.out.signs[0] is the sign with this name already"}


def test_a_card_with_a_chinese_font_tells_nothing_in_kazakh(tmp_path):
    (warning,) = loaded(tmp_path, FK + 'languages = ["zh", "kk"]\n').warnings
    assert warning.key == "lanes.out.signs[0].languages"
    assert "no Kazakh letters: it uses another of the languages instead" in warning.message
    found = problems(tmp_path, FK + 'languages = ["kk"]\n')
    assert "add another language" in found["lanes.out.signs[0].languages"]
    assert loaded(tmp_path, SIMULATED + 'languages = ["kk"]\n').warnings == ()
