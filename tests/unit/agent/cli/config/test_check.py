"""`gate-agent config check` and `schema`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from agent.cli import exit_codes
from agent.cli.main import application
from tests.support.gate.config_files import HEAD, write

if TYPE_CHECKING:
    from pathlib import Path

LANE = """
[lanes.out]
number = 1
direction = "export"
relay = { kind = "simulated" }
cameras = [{ id = "front", kind = "simulated" }]
scanners = [{ id = "post", kind = "serial_lines", port = "/dev/gate-scanner" }]
"""


@pytest.fixture
def check(monkeypatch):
    for name in ("CREDENTIALS_DIRECTORY", "GATE_MQTT__PASSWORD"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str | Path):
        given = ["config", "check", *map(str, arguments)]
        return CliRunner().invoke(application(given), given)

    return call


def test_a_good_configuration_is_summed_up(check, tmp_path):
    answer = check(write(tmp_path, HEAD + LANE))
    assert answer.exit_code == exit_codes.OK
    assert "can be used" in answer.stdout
    assert "out, number 1, export; relay simulated; no inputs (passages are assumed)" in answer.stdout
    assert "cameras front (simulated: qr+plate); scanners post (serial_lines)" in answer.stdout


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ru", ("можно использовать", "полоса", "камеры front", "шлагбаум")),
        ("kk", ("пайдалануға болады", "жолақ", "камералар front", "шлагбаум")),
        ("zh", ("可以使用", "车道", "摄像机 front", "道闸")),
    ],
)
def test_the_summary_is_in_the_language_that_is_asked_for(check, tmp_path, language, words):
    told = check(write(tmp_path, HEAD + LANE), "--language", language).stdout
    assert all(word in told for word in words), told
    assert not re.search(r"\b(can be used|brokers|commands|lane|relay board|none|closes|inputs|assumed|site)\b", told)


def test_how_many_errors_there_are_is_in_the_language_that_is_asked_for(check, tmp_path):
    path = write(tmp_path, HEAD + LANE.replace("number = 1", "number = 99\nnumbr = 1"))
    assert check(path, "--language", "ru").stderr.splitlines()[-1] == f"{path}: 2 ошибки"


def test_a_lane_in_dry_run_is_told_before_its_devices(check, tmp_path):
    answer = check(write(tmp_path, HEAD + LANE.replace("number = 1", 'number = 1\nmode = "dry_run"', 1)))
    assert answer.exit_code == exit_codes.OK
    assert "out, number 1, export; DRY RUN, nothing moves; relay simulated" in answer.stdout


def test_what_lanes_have_in_common_is_said(check, tmp_path):
    lanes = HEAD + "".join(
        f"""
[lanes.{name}]
number = {number}
direction = "{direction}"
{more}
barrier = {{ open_channel = {channel} }}
relay = {{ kind = "simulated", name = "post" }}
inputs = {{ kind = "simulated", name = "post" }}
signals = {{ presence = {number}, safety = {3 + channel}, closed = {5 + channel} }}
"""
        for name, number, direction, channel, more in (
            ("in", 1, "import", 1, 'interlock = ["inner"]'),
            ("out", 2, "export", 1, 'shares_arm = "in"'),
            ("inner", 3, "import", 2, ""),
        )
    )
    path = write(tmp_path, lanes)
    assert check(path).stdout.splitlines()[-3:] == [
        "  together in and out and inner are on one relay board, simulated post",
        "  together in and out share one arm: while one uses it the other waits",
        "  together in opens only while inner is closed and at rest, and the other way round",
    ]
    facts = json.loads(check("--json", path).stdout)
    assert facts["relay_boards"] == {"simulated post": ["in", "out", "inner"]}
    assert (facts["shared_arms"], facts["interlocks"]) == ([["in", "out"]], [["in", "inner"]])


def test_a_lane_whose_inputs_show_no_vehicle_is_said_to_assume_its_passages(check, tmp_path):
    text = HEAD + LANE.replace(
        'relay = { kind = "simulated" }',
        'relay = { kind = "simulated" }\ninputs = { kind = "simulated" }\nsignals = { key = 1 }',
    )
    assert "inputs simulated (passages are assumed)" in check(write(tmp_path, text)).stdout


def test_a_bad_configuration_is_told_on_standard_error(check, tmp_path):
    path = write(tmp_path, HEAD + LANE.replace("number = 1", "number = 99\nnumbr = 1"))
    answer = check(path)
    assert answer.exit_code == exit_codes.CONFIGURATION
    assert answer.stdout == ""
    assert f"{path}:15:1: error: lanes.out.number: expected a whole number from 1 to 64; got 99" in answer.stderr
    assert answer.stderr.splitlines()[-1] == f"{path}: 2 errors"


def test_json_holds_what_a_program_needs(check, tmp_path):
    good = json.loads(check("--json", write(tmp_path, HEAD + LANE)).stdout)
    assert (good["usable"], good["gate"], good["problems"]) == (True, "gate-7", [])
    assert good["lanes"]["out"]["cameras"] == {"front": "simulated"}
    assert good["lanes"]["out"]["scanners"] == {"post": "serial_lines"}
    assert len(good["digest"]) == 64
    answer = check(write(tmp_path, HEAD), "--json")
    bad = json.loads(answer.stdout)
    assert answer.exit_code == exit_codes.CONFIGURATION
    assert not bad["usable"]
    assert [(problem["key"], problem["severity"]) for problem in bad["problems"]] == [("lanes", "error")]


def test_a_missing_file_is_an_error_of_the_configuration(check, tmp_path):
    answer = check(tmp_path / "none.toml")
    assert answer.exit_code == exit_codes.CONFIGURATION
    assert "none.toml: error: cannot be read: No such file or directory" in answer.stderr


def test_credentials_and_variables_are_read_as_by_the_service(check, tmp_path, monkeypatch):
    path = write(tmp_path, HEAD + LANE)
    write(tmp_path, "s3cr3t-word", "credentials/mqtt.password")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    answer = check(path)
    assert answer.exit_code == exit_codes.CONFIGURATION
    assert f"{tmp_path}/credentials/mqtt.password: error: mqtt.password: needs mqtt.username beside it" in answer.stderr
    assert "s3cr3t-word" not in answer.stderr
    monkeypatch.setenv("GATE_MQTT__USERNAME", "gate-7")
    assert check(path).exit_code == exit_codes.OK


def test_channels_are_checked_against_the_driver(check, tmp_path):
    path = write(tmp_path, HEAD + LANE + "barrier = { open_channel = 9 }\n")
    assert "expected a channel from 1 to 8" in check(path).stderr


def test_the_schema_is_json_and_knows_the_drivers_keys():
    given = ["config", "schema"]
    schema = json.loads(CliRunner().invoke(application(given), given).stdout)
    lcus = next(form for form in schema["$defs"]["Relay"]["oneOf"] if form["title"] == "relay lcus")
    assert {"kind", "port", "channels"} <= set(lcus["properties"])
    assert schema["additionalProperties"] is False
