"""Witnesses in the configuration: cameras that read plates by themselves."""

from __future__ import annotations

from functools import partial

import pytest

from agent.settings import SettingsError, Witness, load
from agent.settings.configuration_loading import models
from drivers import registry
from tests.support.gate.config_files import HEAD, write

LANE = """
[lanes.out]
number = 1
direction = "export"

[lanes.out.relay]
kind = "simulated"
name = "one"

[[lanes.out.cameras]]
id = "front"
kind = "simulated"
"""
WITNESS = """
[[lanes.out.witnesses]]
id = "second"
kind = "hikvision"
host = "192.168.1.64"
user = "gate"
password = "hush hush"
"""
loaded = partial(load, credentials_directory=None, models=models, relays=registry.relay)


def problems(path):
    with pytest.raises(SettingsError) as refused:
        loaded(path, environment={})
    return {problem.key: problem.message for problem in refused.value.problems}


def test_a_lane_has_any_number_of_witnesses_with_the_keys_of_their_drivers(tmp_path):
    other = WITNESS.replace('"second"', '"third"\ncamera_lane = 2').replace('"hikvision"', '"dahua"\ncertain = 100')
    answer = loaded(write(tmp_path, HEAD + LANE + WITNESS + other), environment={})
    second, third = answer.settings.lanes["out"].witnesses
    assert isinstance(second, Witness)
    assert (second.id, second.kind, second.camera_lane) == ("second", "hikvision", None)
    assert (third.id, third.kind, third.camera_lane, third.table["certain"]) == ("third", "dahua", 2, 100)
    assert answer.warnings == ()


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ('"second"', '"front"', "lanes.out.witnesses[0].id", "a camera of lane out has the id front already"),
        ('"second"', '"relay"', "lanes.out.witnesses[0].id", "the lane's relay board has this name"),
        ('"hikvision"', '"hikvison"', "lanes.out.witnesses[0].kind", "expected one of dahua, hikvision"),
        ("host", "hots", "lanes.out.witnesses[0].hots", "there is no such key here"),
        ("192.168", "http://192.168", "lanes.out.witnesses[0].host", "with no http:// before it"),
        ('"gate"', '"gate"\ntls = true', "lanes.out.witnesses[0]", "needs ca_file or certificate_sha256"),
        ('"gate"', '"gate"\ncamera_lane = -1', "lanes.out.witnesses[0].camera_lane", "0"),
    ],
)
def test_a_mistake_in_a_witness_is_told_at_its_key_and_never_with_the_password(tmp_path, old, new, key, words):
    found = problems(write(tmp_path, HEAD + LANE + WITNESS.replace(old, new, 1)))
    assert words in found[key]
    assert "hush" not in str(found)


def test_no_two_witnesses_have_one_id(tmp_path):
    found = problems(write(tmp_path, HEAD + LANE + WITNESS + WITNESS))
    assert "a witness of lane out has the id second already" in found["lanes.out.witnesses[1].id"]


def test_the_environment_sets_the_witnesses_so_that_no_file_has_the_password(tmp_path):
    table = '[{"id": "second", "kind": "dahua", "host": "10.0.0.1", "user": "u", "password": "other"}]'
    answer = loaded(write(tmp_path, HEAD + LANE), environment={"GATE_LANES__OUT__WITNESSES": table})
    (witness,) = answer.settings.lanes["out"].witnesses
    assert witness.table == {"host": "10.0.0.1", "user": "u", "password": "other"}
