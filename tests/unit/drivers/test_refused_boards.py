from __future__ import annotations

import pytest
from typer.testing import CliRunner

from agent.cli import exit_codes
from agent.cli.main import application
from drivers import registry
from drivers.api import DeviceMisconfiguredError
from tests.support.gate.config_files import HEAD, write

LANE = """
[lanes.out]
number = 1
direction = "export"
cameras = [{ id = "front", kind = "simulated" }]

[lanes.out.relay]
kind = "KIND"
"""


def checked(tmp_path, kind: str) -> tuple[int, str]:
    given = ["config", "check", str(write(tmp_path, HEAD + LANE.replace("KIND", kind)))]
    answer = CliRunner().invoke(application(given), given)
    return answer.exit_code, answer.stderr


@pytest.mark.parametrize("kind", registry.REFUSED)
def test_a_refused_board_is_refused_with_its_reason_and_what_to_take_instead(kind: str) -> None:
    reason = registry.REFUSED[kind]
    assert "; use " in reason or "; load " in reason
    for family, make in ((registry.RELAYS, registry.relay), (registry.INPUTS, registry.inputs)):
        assert kind not in family
        with pytest.raises(DeviceMisconfiguredError) as refused:
            make(kind, {"port": "/dev/x"})
        assert str(refused.value) == f"a board of kind {kind!r} is not used: {reason}"


def test_what_is_named_instead_of_a_refused_board_is_there() -> None:
    named = {word.strip('"') for reason in registry.REFUSED.values() for word in reason.split() if word.startswith('"')}
    assert {kind.rstrip('",;)') for kind in named} <= {*registry.RELAYS, "coils", "waveshare_d"}


def test_a_camera_or_a_scanner_of_a_refused_kind_is_merely_unknown() -> None:
    for family in (registry.CAMERAS, registry.SCANNERS):
        with pytest.raises(DeviceMisconfiguredError, match=r"^no driver of kind 'dtr'; expected one of "):
            registry.settings_model(family, "dtr")


def test_the_check_of_the_configuration_shows_the_place_and_the_reason(tmp_path) -> None:
    code, text = checked(tmp_path, "icse012a")
    line = (HEAD + LANE).split('kind = "KIND"')[0].count("\n") + 1
    reason = registry.REFUSED["icse012a"]
    assert code == exit_codes.CONFIGURATION
    assert f"gate.toml:{line}:1: error: lanes.out.relay.kind: a board of kind 'icse012a' is not used: {reason}" in text
    assert "did you mean" not in text


def test_a_kind_that_nobody_knows_is_answered_with_those_there_are_and_the_nearest(tmp_path) -> None:
    code, text = checked(tmp_path, "numatto")
    assert code == exit_codes.CONFIGURATION
    assert f"no driver of kind 'numatto'; expected one of {', '.join(sorted(registry.RELAYS))}" in text
    assert '; did you mean "numato"?' in text
