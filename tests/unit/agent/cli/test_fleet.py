"""The commands that simulate a fleet: what they take, refuse and print."""

import json

import pytest
from typer.testing import CliRunner

from agent.cli import exit_codes
from agent.cli.main import application
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto
from tests.support.waiting import scaled

USAGE = 2
WIDE = {"COLUMNS": "200", "TERMINAL_WIDTH": "200"}


def run(*arguments):
    return CliRunner().invoke(application(arguments), list(arguments), env=WIDE)


def test_without_a_broker_it_says_what_to_name():
    for command in (("fleet",), ("fleet", "simulate")):
        answer = run(*command)
        assert answer.exit_code == USAGE
        assert "--broker" in answer.output


@pytest.mark.parametrize("command", [("fleet",), ("fleet", "simulate")])
def test_a_broker_elsewhere_must_be_meant(command):
    answer = run(*command, "--broker", "mqtt://192.0.2.7")
    assert answer.exit_code == USAGE
    assert "mqtt://192.0.2.7:1883 is not on this computer" in " ".join(answer.output.replace("│", " ").split())


def test_the_help_of_the_group_names_the_other_command_and_the_options():
    answer = run("fleet", "--help")
    assert answer.exit_code == exit_codes.OK
    assert {"simulate", "--rate", "--consume"} <= set(answer.output.split())


@pytest.mark.broker
@needs_mosquitto
def test_the_small_fleet_runs_without_the_name_of_a_command_and_prints_what_is_lost_and_what_is_late(tmp_path):
    with Broker(tmp_path) as broker:
        answer = run(
            *("fleet", "--broker", f"mqtt://127.0.0.1:{broker.port}", "--gates", "2", "--rate", "4", "--for", "1"),
            *("--settle", str(scaled(20)), "--start-spread", "0.1", "--consume", "--json"),
        )
    told = json.loads(answer.output)
    assert answer.exit_code == exit_codes.OK
    assert (told["lost"], told["not_acknowledged"], told["gates"]) == (0, 0, 2)
    assert told["recorded"] == told["consumed"]["events"] > 0
